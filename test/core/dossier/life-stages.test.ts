import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays } from '../../../src/core/kernel/calendar.ts'
import { incomeBands } from '../../../src/core/dossier/profiles.ts'
import {
  ageOn,
  type Assessment,
  type ProductOnSale,
  type LifeStageFacts,
  lifeStagesOf,
} from '../../../src/core/dossier/life-stages.ts'
import { defaultLifeStagePolicy, lifeStages, lifeStageRulesRefusal } from '../../../src/core/dossier/life-stage-policies.ts'

const today = '2026-11-22'
const policies = { life_stage: defaultLifeStagePolicy('life_stage'), situation: defaultLifeStagePolicy('situation') }
const person: LifeStageFacts = {
  kind: 'individual',
  birthDate: '1986-04-12',
  deceasedOn: null,
  foundedOn: null,
  incomeBand: null,
  situations: [],
  today,
}
const company: LifeStageFacts = { ...person, kind: 'company', birthDate: null }
const decide = (facts: LifeStageFacts, products: readonly ProductOnSale[] = [], assessment: Assessment | null = null) =>
  lifeStagesOf(facts, policies, products, assessment)
const told = (facts: LifeStageFacts) => decide(facts).map(({ subject, stage, basis }) => `${subject} ${stage} ${basis}`)

describe('the age of a person', () => {
  test('is in full years, and grows with time', () => {
    expect([ageOn('1990-11-22', today), ageOn('1990-11-23', today)]).toEqual([36, 35])
    expect([ageOn('2000-02-29', '2026-02-28'), ageOn('2000-02-29', '2026-03-01')]).toEqual([25, 26])
    const day = fc.integer({ min: 0, max: 40_000 }).map((days) => addDays('1920-01-01', days))
    fc.assert(fc.property(day, day, (born, on) => ageOn(born, addDays(on, 1)) - ageOn(born, on) <= 1))
    fc.assert(fc.property(day, day, (born, on) => ageOn(born, addDays(on, 1)) >= ageOn(born, on)))
  })
})

describe('the life stage of a person', () => {
  test.for([
    ['2008-11-23', null, 'life_stage null no_rule'],
    ['2008-11-22', null, 'life_stage starter rule'],
    ['1996-11-23', 'high', 'life_stage starter rule'],
    ['1996-11-22', 'high', 'life_stage mid_life_high_income rule'],
    ['1996-11-22', 'upper_middle', 'life_stage null no_rule'],
    ['1986-04-12', null, 'life_stage null no_rule'],
    ['1966-11-23', 'very_high', 'life_stage mid_life_high_income rule'],
    ['1966-11-22', 'very_high', 'life_stage retired rule'],
    [null, 'very_high', 'life_stage null birth_date_unknown'],
  ] as const)('of one born %s with income %s is %s', ([birthDate, incomeBand, expected]) => {
    expect(told({ ...person, birthDate, incomeBand })).toEqual([expected])
  })

  test('is none of somebody who has died', () => {
    expect(told({ ...person, birthDate: '1950-01-01', deceasedOn: today })).toEqual(['life_stage null deceased'])
  })

  test('is one at most, and holds what its rule demands', () => {
    const birth = fc.integer({ min: 0, max: 45_000 }).map((days) => addDays('1910-01-01', days))
    fc.assert(
      fc.property(birth, fc.option(fc.constantFrom(...incomeBands)), (birthDate, incomeBand) => {
        const [decision, ...others] = decide({ ...person, birthDate, incomeBand })
        expect(others).toEqual([])
        const rule = policies.life_stage.rules.find(({ stage }) => stage === decision!.stage)
        if (!rule) return
        const age = ageOn(birthDate, today)
        expect(age >= (rule.ageFrom ?? 0) && age < (rule.ageBelow ?? Infinity)).toBe(true)
        expect(lifeStages).toContain(decision!.stage)
        expect(decision!.policyVersion).toBe(0)
      }),
    )
  })
})

describe('the situation of a business', () => {
  test('is what bankers declare, several at once', () => {
    expect(told({ ...company, situations: ['export', 'employees'], foundedOn: today })).toEqual([
      'situation export declared',
      'situation employees declared',
    ])
  })

  test('is opening within a year of the founding day where nothing is declared', () => {
    expect(told({ ...company, foundedOn: '2025-11-23' })).toEqual(['situation opening rule'])
    expect(told({ ...company, foundedOn: '2025-11-22' })).toEqual(['situation null nothing_declared'])
    expect(told({ ...company, foundedOn: '2026-11-23' })).toEqual(['situation null nothing_declared'])
    expect(told(company)).toEqual(['situation null nothing_declared'])
  })

  test('stands beside the life stage of a sole trader', () => {
    expect(told({ ...person, kind: 'sole_trader', birthDate: '1960-01-01', situations: ['acquisition'] })).toEqual([
      'life_stage retired rule',
      'situation acquisition declared',
    ])
  })
})

describe('what a stage suggests', () => {
  const product = (code: string, family: ProductOnSale['family'], riskLevel: number | null = null): ProductOnSale => ({
    id: code,
    code,
    name: code,
    family,
    riskLevel,
  })
  const shelf = [product('D', 'deposit'), product('W1', 'wealth', 1), product('W3', 'wealth', 3), product('L', 'loan')]
  const starter = { ...person, birthDate: '2000-01-01' }
  const assessment = { level: 2, expiresOn: '2027-01-01', firstTimeBuyer: false, status: 'active' }
  const offered = (of: Assessment | null) =>
    decide(starter, shelf, of)[0]!.offers.map(({ name, products, excluded }) => [
      name,
      products.map(({ code }) => code),
      excluded.map(({ code, reason }) => `${code} ${reason}`),
    ])

  test('are products on sale of its families and risk levels, as far as they fit an assessment that holds', () => {
    expect(offered(assessment)).toEqual([
      ['flexible saving', ['D'], []],
      ['low-risk products', ['W1'], []],
      ['consumer credit', ['L'], []],
    ])
    expect(offered(null)[1]).toEqual(['low-risk products', [], ['W1 not_assessed']])
    expect(offered({ ...assessment, expiresOn: today })[1]).toEqual(['low-risk products', [], ['W1 assessment_expired']])
    const wealthy = { ...person, incomeBand: 'high' as const }
    const funds = [product('F1', 'fund', 1), product('F5', 'fund', 5)]
    expect(decide(wealthy, funds, assessment)[0]!.offers[1]).toMatchObject({
      products: [{ code: 'F1' }],
      excluded: [{ code: 'F5', reason: 'too_risky' }],
    })
  })

  test('never holds a product that bears more risk than was assessed', () => {
    const risks = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 30 })
    fc.assert(
      fc.property(risks, fc.integer({ min: 1, max: 5 }), fc.boolean(), (levels, level, firstTimeBuyer) => {
        const funds = levels.map((risk, at) => product(`F${at}`, 'fund', risk))
        const [decision] = decide({ ...person, incomeBand: 'high' }, funds, { ...assessment, level, firstTimeBuyer })
        for (const { products } of decision!.offers)
          for (const { code } of products) expect(levels[Number(code.slice(1))]).toBeLessThanOrEqual(firstTimeBuyer ? 1 : level)
      }),
    )
  })
})

describe('rules of stages', () => {
  test('by default are ones that a bank may set', () => {
    for (const subject of ['life_stage', 'situation'] as const)
      expect(lifeStageRulesRefusal(subject, defaultLifeStagePolicy(subject).rules)).toBeUndefined()
  })

  test.for([
    ['life_stage', [{ stage: 'export', offers: [] }], '/rules/0/stage'],
    ['situation', [{ stage: 'export', ageFrom: 3, offers: [] }], '/rules/0/ageFrom'],
    ['life_stage', [{ stage: 'retired', foundedWithinMonths: 3, offers: [] }], '/rules/0/foundedWithinMonths'],
    ['life_stage', [{ stage: 'retired', ageFrom: 60, ageBelow: 60, offers: [] }], '/rules/0/ageBelow'],
    [
      'situation',
      [
        { stage: 'export', offers: [] },
        { stage: 'export', offers: [] },
      ],
      '/rules/1/stage',
    ],
  ] as const)('of a %s like %j are refused at %s', ([subject, rules, pointer]) => {
    expect(lifeStageRulesRefusal(subject, rules)?.problems[0]?.pointer).toBe(pointer)
  })
})
