import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Day } from '../../../../src/core/kernel/calendar.ts'
import { addDays } from '../../../../src/core/kernel/calendar.ts'
import { type FactName, facts, type FactValue } from '../../../../src/core/segmentation/facts.ts'
import { evaluateRule, type Subject } from '../../../../src/core/segmentation/rules/evaluate.ts'
import { conditionsOf, type Explained, type ExplainedFact, explainRule } from '../../../../src/core/segmentation/rules/explain.ts'
import { type Change, nextNumber } from '../../../../src/core/segmentation/rules/nearest-change.ts'
import { stepsToReverse } from '../../../../src/core/segmentation/rules/steps.ts'
import { canonicalRule, inlineSegments, type Rule, type SegmentMeaning } from '../../../../src/core/segmentation/rules/rule.ts'
import { condition, rule, ruleContext, subject, today } from './arbitraries.ts'

type Values = Readonly<Partial<Record<FactName, FactValue>>>

const nobody: Subject = { fact: () => null, since: () => null, listed: () => false, chance: () => 50 }
const customer = (values: Values, more: Partial<Subject> = {}): Subject => ({
  ...nobody,
  fact: (name) => values[name] ?? null,
  ...more,
})
const explain = (one: object, values: Values = {}, more: Partial<Subject> = {}): Explained =>
  explainRule(one as Rule, customer(values, more), ruleContext)
const changeOf = (one: object, values: Values = {}): Change | null => {
  const { toHold, toFail, result } = explain(one, values) as ExplainedFact
  return result === true ? toFail : toHold
}
const move = (by: unknown, to: unknown, more: object = {}): object => ({
  kind: 'move',
  by,
  to,
  beyond: null,
  dueOn: null,
  ...more,
})

/** The value that a change leads to. */
function changed(value: FactValue, change: Change): FactValue {
  switch (change.kind) {
    case 'move':
      return change.beyond === null ? change.to : nextNumber(change.to as number, change.beyond)
    case 'become':
      return change.oneOf[0]!
    case 'become_other':
      return Array.isArray(value) || value === null ? ['something else'] : 'something else'
    case 'add':
      return [...((value as string[] | null) ?? []), change.oneOf[0]!]
    case 'remove':
      return (value as string[]).filter((one) => !change.all.includes(one))
    case 'gain':
      return 1
    case 'lose':
      return null
    default:
      throw new Error(`${change.kind} changes no value.`)
  }
}

/** All that a change turned, judged by itself. */
const evaluateWith = (one: Rule, value: FactValue): boolean | null =>
  evaluateRule(one, { ...nobody, fact: () => value }, ruleContext)

describe('an explained rule', () => {
  test('has the result of the rule at the top, and of each part at its place', () => {
    fc.assert(
      fc.property(rule, subject, (one, somebody) => {
        const explained = explainRule(one, somebody, ruleContext)
        const check = (part: Rule, node: Explained): void => {
          expect(node.result).toBe(evaluateRule(part, somebody, ruleContext))
          const inner =
            'all' in part
              ? part.all
              : 'any' in part
                ? part.any
                : 'not' in part
                  ? [part.not]
                  : 'hasBeen' in part
                    ? [part.hasBeen]
                    : []
          const parts: readonly Explained[] = 'parts' in node ? node.parts : []
          expect(parts).toHaveLength(inner.length)
          inner.forEach((each, index) => check(each, parts[index]!))
        }
        check(one, explained)
        for (const { pointer, form } of conditionsOf(explained)) {
          const part = pointer
            .split('/')
            .slice(1)
            .reduce<any>((whole, key) => whole[key], one)
          expect(Object.keys(part)).toContain(form)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('names for each condition a change that turns it, and none only where no value does', () => {
    fc.assert(
      fc.property(condition, subject, (one, somebody) => {
        const node = explainRule(one, somebody, ruleContext) as ExplainedFact
        for (const [goal, change] of [
          [true, node.toHold],
          [false, node.toFail],
        ] as const)
          if (change) expect(evaluateWith(one, changed(node.value, change)), JSON.stringify(one)).toBe(goal)
        expect(node.result === true && node.toHold !== null).toBe(false)
        expect(node.result === false && node.toFail !== null).toBe(false)
      }),
      { numRuns: 5_000 },
    )
  })

  test('says how far a value lies from the line, by the sum of both', () => {
    fc.assert(
      fc.property(condition, subject, (one, somebody) => {
        const { value, toHold, toFail } = explainRule(one, somebody, ruleContext) as ExplainedFact
        for (const change of [toHold, toFail]) {
          if (change?.kind !== 'move') continue
          if (typeof change.to === 'bigint')
            expect(change.by === null ? null : (value as bigint) + (change.by as bigint)).toBe(value === null ? null : change.to)
          if (typeof change.to === 'string' && change.by !== null)
            expect(addDays(value as Day, change.by as number)).toBe(change.to)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('can be turned by its steps where each condition asks for something else', () => {
    // Every condition of a rule gets a fact of its own, so that no two steps exclude each other.
    const names = Object.keys(facts).filter((name) => facts[name as FactName].type === 'money') as FactName[]
    const shape = fc.letrec<{ rule: unknown }>((tie) => ({
      rule: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom('gte', 'lt', 'eq', 'exists').map((operator) => ({ operator })),
        fc.array(tie('rule'), { minLength: 1, maxLength: 2 }).map((all) => ({ all })),
        fc.array(tie('rule'), { minLength: 1, maxLength: 2 }).map((any) => ({ any })),
        tie('rule').map((not) => ({ not })),
      ),
    })).rule
    const amounts = fc.array(fc.option(fc.bigInt({ min: -3n, max: 3n })), { minLength: names.length, maxLength: names.length })
    fc.assert(
      fc.property(shape, amounts, (drawn, values) => {
        let next = 0
        const one = JSON.parse(JSON.stringify(drawn), (_key, value: any) =>
          value?.operator === undefined
            ? value
            : { fact: names[next++ % names.length], [value.operator]: value.operator === 'exists' ? true : '0.00' },
        ) as Rule
        fc.pre(next <= names.length)
        const stored = Object.fromEntries(names.map((name, index) => [name, values[index]!]))
        const explained = explainRule(one, customer(stored), ruleContext)
        const after: Record<string, FactValue> = { ...stored }
        for (const { pointer, change } of stepsToReverse(explained)!) {
          const { fact, value } = conditionsOf(explained).find((each) => each.pointer === pointer) as ExplainedFact
          after[fact] = change.kind === 'gain' ? 0n : changed(value, change)
        }
        expect(evaluateRule(one, customer(after), ruleContext)).toBe(explained.result !== true)
      }),
      { numRuns: 1_000 },
    )
  })

  test('shows the rule of a segment where the segment is named', () => {
    const wealthy = { fact: 'aum', gte: '1.00' } as const
    const meaning = (id: string): SegmentMeaning => (id === 'w' ? { rule: { any: [wealthy] } } : { number: 7 })
    const sent = { all: [{ segment: 'w' }, { hasBeen: { segment: 'l' }, days: 3 }] } as const
    const somebody = customer({ aum: 100n }, { listed: (number) => number === 7 })
    const watched: string[] = []
    const noting = { ...somebody, since: (text: string) => (watched.push(text), addDays(today, -2)) }
    const explained = explainRule(sent, noting, ruleContext, meaning)
    expect(watched).toEqual([canonicalRule({ listed: 7 })])
    expect(explained.result).toBe(evaluateRule(inlineSegments(sent, meaning), noting, ruleContext))
    expect(explained).toMatchObject({
      parts: [
        { form: 'any', segment: 'w', pointer: '/all/0', parts: [{ pointer: '/all/0/any/0', result: true }] },
        { form: 'hasBeen', result: false, parts: [{ form: 'listed', segment: 'l', result: true }] },
      ],
    })
    expect(stepsToReverse(explained)).toEqual([
      { pointer: '/all/1', goal: true, change: { kind: 'wait', days: 1, until: addDays(today, 1) } },
    ])
  })
})

describe('the change that turns a condition', () => {
  test.each<[string, object, Values, object | null]>([
    ['an amount below a line', { fact: 'aum', gte: '50.00' }, { aum: 4_999n }, move(1n, 5_000n)],
    ['an amount on a line', { fact: 'aum', gte: '50.00' }, { aum: 5_000n }, move(-1n, 4_999n)],
    ['an open bound: the next fen', { fact: 'aum', gt: '50.00' }, { aum: 5_000n }, move(1n, 5_001n)],
    ['exact beyond 2^53', { fact: 'aum', lt: '0.00' }, { aum: 2n ** 63n - 1n }, move(-(2n ** 63n), -1n)],
    ['nothing above the largest amount', { fact: 'aum', gt: '92233720368547758.07' }, { aum: 0n }, null],
    ['the nearer side of a range', { fact: 'aum', between: ['1.00', '2.00'] }, { aum: 190n }, move(11n, 201n)],
    ['into a range from below', { fact: 'aum', between: ['1.00', '2.00'] }, { aum: -5n }, move(105n, 100n)],
    ['into a range from above', { fact: 'aum', between: ['1.00', '2.00'] }, { aum: 500n }, move(-300n, 200n)],
    ['out of a list with neighbours', { fact: 'aum', in: ['0.01', '0.02', '0.03'] }, { aum: 3n }, move(1n, 4n)],
    ['a value that is missing', { fact: 'aum', gte: '50.00' }, {}, move(null, 5_000n)],
    ['a share: just beyond', { fact: 'depositShare', gt: 40 }, { depositShare: 30.5 }, move(9.5, 40, { beyond: 'above' })],
    ['a share: just below', { fact: 'depositShare', gte: 40 }, { depositShare: 50 }, move(-10, 40, { beyond: 'below' })],
    ['a share that is equal', { fact: 'depositShare', eq: 40 }, { depositShare: 40 }, move(0, 40, { beyond: 'above' })],
    ['a count: the next whole number', { fact: 'products', gt: 2 }, { products: 2 }, move(1, 3)],
    ['a count against a broken number', { fact: 'products', gte: 2.5 }, { products: 1 }, move(2, 3)],
    ['a count that no whole number reaches', { fact: 'products', eq: 2.5 }, { products: 1 }, null],
    [
      'days',
      { fact: 'lastTransactionOn', lt: { days: -90 } },
      { lastTransactionOn: addDays(today, -80) },
      move(-11, addDays(today, -91)),
    ],
    ['no day after the last', { fact: 'birthDate', gt: '9999-12-31' }, { birthDate: today }, null],
    ['a truth', { fact: 'receivesSalary', ne: true }, { receivesSalary: true }, { kind: 'become', oneOf: [false] }],
    ['one of known values', { fact: 'gender', ne: 'male' }, { gender: 'male' }, { kind: 'become', oneOf: ['female'] }],
    ['any other value', { fact: 'industry', in: ['A', 'B'] }, { industry: 'A' }, { kind: 'become_other', than: ['A', 'B'] }],
    [
      'a set that lacks all',
      { fact: 'needs', overlaps: ['car', 'home'] },
      { needs: [] },
      { kind: 'add', oneOf: ['car', 'home'] },
    ],
    [
      'a set that has some',
      { fact: 'needs', overlaps: ['car', 'home'] },
      { needs: ['home', 'tax'] },
      { kind: 'remove', all: ['home'] },
    ],
    ['what is to exist', { fact: 'aum', exists: true }, {}, { kind: 'gain' }],
    ['what is not to exist', { fact: 'aum', exists: false }, { aum: 0n }, { kind: 'lose' }],
    ['a percentile', { fact: 'aum', percentile: { gte: 90 } }, { aum: 399_999n }, move(1n, 400_000n)],
    ['a percentile that is not known', { fact: 'products', percentile: { gte: 90 } }, { products: 1 }, null],
    ['a chance', { bucket: { seed: 's', from: 0, to: 10 } }, {}, null],
  ])('%s', (_what, one, values, wanted) => {
    expect(changeOf(one, values)).toEqual(wanted)
  })

  test.each<[string, object, Values, string]>([
    ['age, on the birthday', { fact: 'age', gte: 27 }, { birthDate: '2000-03-01', age: 26 }, '2027-03-01'],
    ['age, on 1 March for 29 February', { fact: 'age', gte: 27 }, { birthDate: '2000-02-29', age: 26 }, '2027-03-01'],
    ['age, on 29 February in leap years', { fact: 'age', gte: 28 }, { birthDate: '2000-02-29', age: 26 }, '2028-02-29'],
    [
      'tenure, after the end of a short month',
      { fact: 'tenure', gt: 12 },
      { customerSince: '2026-01-31', tenure: 9 },
      '2027-03-01',
    ],
    ['recency', { fact: 'recency', gt: 30 }, { lastTransactionOn: '2026-11-01', recency: 21 }, '2026-12-02'],
    ['maturity', { fact: 'daysToMaturity', lte: 7 }, { nextMaturityOn: '2026-12-31', daysToMaturity: 39 }, '2026-12-24'],
  ])('comes with the calendar: %s', (_what, one, values, dueOn) => {
    expect(changeOf(one, values)).toMatchObject({ kind: 'move', dueOn })
  })
})

describe('the steps that turn a rule', () => {
  const rich = { fact: 'aum', gte: '50.00' }
  const many = { fact: 'products', gte: 3 }
  const old = { fact: 'age', gte: 60 }
  const pointersOf = (one: object, values: Values, more: Partial<Subject> = {}): readonly string[] | undefined =>
    stepsToReverse(explain(one, values, more))?.map(({ pointer, goal }) => `${pointer} ${goal}`)

  test('are all that fail of an all, and the shortest branch of an any', () => {
    expect(pointersOf({ all: [rich, many, old] }, { aum: 1n, products: 3, age: 20 })).toEqual(['/all/0 true', '/all/2 true'])
    expect(pointersOf({ any: [{ all: [rich, many] }, old] }, { aum: 1n, products: 1, age: 20 })).toEqual(['/any/1 true'])
  })

  test('are one of an all that holds, and all of an any', () => {
    expect(pointersOf({ all: [{ any: [rich, many] }, old] }, { aum: 5_000n, products: 3, age: 61 })).toEqual(['/all/1 false'])
    expect(pointersOf({ any: [rich, many, old] }, { aum: 5_000n, products: 3, age: 1 })).toEqual(['/any/0 false', '/any/1 false'])
  })

  test('ask for a value where it is missing, and for a failing one below a not', () => {
    expect(pointersOf({ not: rich }, {})).toEqual(['/not false'])
    expect(stepsToReverse(explain({ not: rich }, {}))).toMatchObject([{ change: move(null, 4_999n) }])
    expect(pointersOf({ not: { all: [rich, many] } }, { aum: 5_000n, products: 3 })).toEqual(['/not/all/0 false'])
  })

  test('let time pass for what has been too short, begin it first where it does not hold, and end it', () => {
    const been = { hasBeen: rich, days: 10 }
    const since = (days: number) => ({ since: () => addDays(today, -days) })
    expect(stepsToReverse(explain(been, { aum: 5_000n }, since(4)))).toEqual([
      { pointer: '', goal: true, change: { kind: 'wait', days: 6, until: addDays(today, 6) } },
    ])
    expect(stepsToReverse(explain(been, { aum: 1n }))).toMatchObject([
      { pointer: '/hasBeen', change: move(4_999n, 5_000n) },
      { pointer: '', change: { kind: 'wait', days: 10, until: null } },
    ])
    expect(pointersOf(been, { aum: 5_000n }, since(10))).toEqual(['/hasBeen false'])
    expect(stepsToReverse(explain(been, { aum: 1n }, since(10)))).toEqual([{ pointer: '', goal: false, change: { kind: 'end' } }])
  })

  test('put on a list or take off it, and are none for chance and for what was not kept', () => {
    expect(stepsToReverse(explain({ listed: 3 }))).toEqual([{ pointer: '', goal: true, change: { kind: 'list' } }])
    expect(stepsToReverse(explain({ bucket: { seed: 's', from: 0, to: 10 } }))).toBeUndefined()
    expect(pointersOf({ any: [{ bucket: { seed: 's', from: 0, to: 10 } }, many] }, { products: 1 })).toEqual(['/any/1 true'])
    const unkept = explain({ hasBeen: rich, days: 3 }, { aum: 5_000n }, { since: () => undefined })
    expect([unkept.result, stepsToReverse(unkept)]).toEqual([null, undefined])
  })
})
