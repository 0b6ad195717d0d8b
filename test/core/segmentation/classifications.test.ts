import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  classificationKinds,
  classificationProblems,
  classificationValues,
  classify,
  defaultClassification,
} from '../../../src/core/segmentation/classifications.ts'
import type { FactName, FactValue } from '../../../src/core/segmentation/facts.ts'
import {
  defaultScoreParts,
  type RelationScoreKind,
  scoreOf,
  scoreProblems,
} from '../../../src/core/segmentation/relation-scores.ts'
import { checkRule } from '../../../src/core/segmentation/rules/check.ts'
import { evaluateRule } from '../../../src/core/segmentation/rules/evaluate.ts'

const context = {
  today: '2026-11-22',
  baseCurrency: 'CNY' as const,
  cut: (fact: FactName, _within: string | undefined, hundredth: number) => (fact === 'profit' ? `${hundredth * 10}` : undefined),
}
const decided = (kind: (typeof classificationKinds)[number], known: Partial<Record<FactName, FactValue>>) =>
  classify(defaultClassification(kind), (rule) =>
    evaluateRule(rule, { fact: (name) => known[name] ?? null, since: () => null, listed: () => false, chance: () => 0 }, context),
  )

describe('the defaults of classifications', () => {
  test('have rules that the language takes and values of their kind', () => {
    for (const kind of classificationKinds) {
      const policy = defaultClassification(kind)
      expect(classificationProblems(policy), kind).toEqual([])
      for (const { rule } of policy.rules) {
        const checked = checkRule(rule, { baseCurrency: 'CNY', segment: () => undefined, institution: () => false })
        expect(checked.problems, `${kind} ${JSON.stringify(rule)}`).toBeUndefined()
      }
    }
  })

  test('tell the stage from status, tenure, trend, products and activity', () => {
    const stage = (known: object) => decided('lifecycle_stage', { status: 'active', ...known })?.value
    expect(stage({ status: 'closed' })).toBe('ended')
    expect(stage({ tenure: 6, recency: 10 })).toBe('exploration')
    expect(stage({ tenure: 6, aumChange90: -80 })).toBe('exploration')
    expect(stage({ tenure: 48, aumChange90: 25 })).toBe('growth')
    expect(stage({ tenure: 24, products: 2 })).toBe('growth')
    expect(stage({ tenure: 24, products: 3 })).toBe('maturity')
    expect(stage({ tenure: 48, aumChange90: -30 })).toBe('decline')
    expect(stage({ tenure: 48, recency: 366 })).toBe('decline')
    expect(stage({})).toBe('maturity')
  })

  test('tell activity, product preference and marketing grade', () => {
    expect(decided('activity', { recency: 366 })?.value).toBe('dormant')
    expect(decided('activity', { tenure: 12 })?.value).toBe('dormant')
    expect(decided('activity', { recency: 90, frequency: 12 })?.value).toBe('active')
    expect(decided('activity', { recency: 91, frequency: 12, families: 2 })).toEqual({ value: 'potential', ruleIndex: null })
    expect(decided('product_preference', { depositShare: 60, loanShare: 40, feeShare: 0 })?.value).toBe('deposit_led')
    expect(decided('product_preference', { depositShare: 30, loanShare: 10, feeShare: 60 })?.value).toBe('fee_led')
    expect(decided('product_preference', { depositShare: 50, loanShare: 50, feeShare: 0 })?.value).toBe('balanced')
    expect(decided('product_preference', {})).toBeNull()
    expect(decided('marketing_grade', { profit: 900n })?.value).toBe('key')
    expect(decided('marketing_grade', { profit: 700n, aum: 0n })?.value).toBe('standard')
    expect(decided('marketing_grade', { profit: 0n, aum: 0n, tenure: 30 })?.value).toBe('exit')
  })
})

describe('a policy of a classification', () => {
  test('names values of its kind only, and a confidence exactly where it infers', () => {
    const rule = { fact: 'aum', gte: '1' } as const
    const told = (policy: object) =>
      classificationProblems({ defaultValue: null, rules: [], ...policy } as never).map(
        ({ pointer, rule: broken }) => `${pointer} ${broken}`,
      )
    expect(told({ kind: 'activity', rules: [{ value: 'key', rule }] })).toEqual(['/rules/0/value unknown_value'])
    expect(told({ kind: 'activity', defaultValue: 'key' })).toEqual(['/defaultValue unknown_value'])
    expect(told({ kind: 'activity', rules: [{ value: 'active', rule, confidence: 0.5 }] })).toEqual([
      '/rules/0/confidence confidence',
    ])
    expect(told({ kind: 'relationship_preference', rules: [{ value: 'price', rule }] })).toEqual([
      '/rules/0/confidence confidence',
    ])
  })

  test('is decided by the first rule that is met, whatever follows it', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(true, false, null), { maxLength: 6 }), (truths) => {
        const values = classificationValues.activity
        const rules = truths.map((truth, index) => ({ value: values[index % 3]!, rule: { listed: index }, truth }))
        const found = classify({ rules, defaultValue: 'potential' }, (rule) => truths['listed' in rule ? rule.listed : 0]!)
        const first = truths.indexOf(true)
        expect(found).toEqual(
          first < 0 ? { value: 'potential', ruleIndex: null } : { value: values[first % 3], ruleIndex: first },
        )
      }),
    )
  })
})

describe('relation scores', () => {
  const score = (kind: RelationScoreKind, known: Partial<Record<FactName, FactValue>>) =>
    scoreOf(
      defaultScoreParts[kind],
      (name) => known[name] ?? null,
      () => 80,
      'CNY',
    )

  test('have defaults whose weights add up', () => {
    expect(scoreProblems(defaultScoreParts)).toEqual([])
  })

  test('leave out what is missing and say so', () => {
    expect(score('satisfaction', {})).toMatchObject({ score: null, known: 0 })
    expect(score('satisfaction', { lastCsat: 5 })).toMatchObject({ score: 100, known: 30 })
    expect(score('satisfaction', { lastCsat: 3, lastNps: 10 })).toMatchObject({ score: 75, known: 60 })
    expect(score('loyalty', { tenure: 60, receivesSalary: true })).toMatchObject({ score: 66.7, known: 45 })
    expect(score('contribution', { profit: 1n })).toMatchObject({
      score: 80,
      known: 70,
      parts: [{ fact: 'profit', points: 80 }, { points: null }],
    })
  })

  test('lie between 0 and 100, and rise with any part', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
        fc.double({ noNaN: true, min: 0, max: 1e3 }),
        (tenure, more) => {
          const one = score('loyalty', { tenure, families: 2 }).score!
          const other = score('loyalty', { tenure: tenure + more, families: 2 }).score!
          expect(one >= 0 && other <= 100 && other >= one).toBe(true)
        },
      ),
    )
  })

  test('are refused with weights that do not add up, unknown facts and scales without ends', () => {
    const parts = (part: object) => ({ ...defaultScoreParts, contribution: [part] }) as never
    const told = (part: object) => scoreProblems(parts(part)).map(({ pointer, rule }) => `${pointer} ${rule}`)
    expect(told({ fact: 'profit', weight: 90, by: 'percentile' })).toEqual(['/contribution weights'])
    expect(told({ fact: 'nothing', weight: 100, by: 'percentile' })).toEqual(['/contribution/0/fact unknown_fact'])
    expect(told({ fact: 'gender', weight: 100, by: 'scale', zeroAt: 0, fullAt: 1 })).toEqual(['/contribution/0/by type'])
    expect(told({ fact: 'aum', weight: 100, by: 'scale', zeroAt: 1, fullAt: 1 })).toEqual(['/contribution/0/fullAt scale'])
    expect(told({ fact: 'aum', weight: 100, by: 'percentile', zeroAt: 0, fullAt: 1 })).toEqual(['/contribution/0/fullAt scale'])
  })
})
