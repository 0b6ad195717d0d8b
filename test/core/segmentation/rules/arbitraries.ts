import fc from 'fast-check'
import { addDays, type Day } from '../../../../src/core/kernel/calendar.ts'
import { type FactName, factNames, facts, type FactValue, storedFacts } from '../../../../src/core/segmentation/facts.ts'
import { elapsedOn } from '../../../../src/core/segmentation/elapsed.ts'
import { type Fact } from '../../../../src/core/segmentation/fact-types.ts'
import { formatAmount } from '../../../../src/core/kernel/money.ts'
import { checkRule } from '../../../../src/core/segmentation/rules/check.ts'
import { type CheckContext } from '../../../../src/core/segmentation/rules/check-conditions.ts'
import type { Subject } from '../../../../src/core/segmentation/rules/evaluate.ts'
import type { RuleContext } from '../../../../src/core/segmentation/rules/resolve.ts'
import { below, partsOf, type Rule } from '../../../../src/core/segmentation/rules/rule.ts'

export const today: Day = '2026-11-22'

const extremeAmounts = [2n ** 63n - 1n, -(2n ** 63n), 0n, 1n, -1n]
const amount = fc.oneof(
  fc.bigInt({ min: -5n, max: 5n }),
  fc.bigInt({ min: -200n, max: 200n }).map((one) => one * 10_000n),
  fc.constantFrom(...extremeAmounts),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
)
const number = fc.oneof(
  fc.integer({ min: -3, max: 30 }),
  fc.integer({ min: -300, max: 1_000 }).map((one) => one / 10),
  fc.constantFrom(0, -0, 1 / 3, 0.1 + 0.2, 5e-324, 2 ** 53, 2 ** 53 + 2, 1.7976931348623157e308, -1e-7),
)
const percent = fc.oneof(
  fc.integer({ min: 0, max: 100 }),
  fc.integer({ min: 0, max: 10_000 }).map((one) => one / 100),
)
const day: fc.Arbitrary<Day> = fc.oneof(
  fc.integer({ min: -45, max: 45 }).map((days) => addDays(today, days)),
  fc.integer({ min: -40_000, max: 400 }).map((days) => addDays(today, days)),
  fc.constantFrom('1800-01-01', '9999-12-31', '2000-02-29', '2024-02-29', '2026-10-31', '2025-11-22', '2026-02-28'),
)
const words = ['deposit', '北京', `O'Brien`, 'back\\slash', '{a,"b"}', 'null', 'NULL', 'a b', '1'] as const
const word = fc.constantFrom(...words)

const wordOf = ({ values }: Fact): fc.Arbitrary<string> => (values ? fc.constantFrom(...values) : word)

/** A value that a fact may have. */
export function factValue(name: FactName): fc.Arbitrary<FactValue> {
  const fact: Fact = facts[name]
  switch (fact.type) {
    case 'number':
      return fc.option(fact.unit === 'percent' ? fc.oneof(percent, number) : number)
    case 'money':
      return fc.option(amount)
    case 'day':
      return fc.option(day)
    case 'boolean':
      return fc.option(fc.boolean())
    case 'enum':
      return fc.option(wordOf(fact))
    case 'set':
      return fc.option(fc.uniqueArray(wordOf(fact), { maxLength: 4 }))
  }
}

/** What is stored of a customer: a value or none for each stored fact. */
export const storedValues = fc.record(Object.fromEntries(storedFacts.map((name) => [name, factValue(name)]))) as fc.Arbitrary<
  Readonly<Record<string, FactValue>>
>

/** A fact on a day, those that follow with the calendar included. */
export function valueOf(stored: Readonly<Record<string, FactValue>>, name: FactName): FactValue {
  const fact: Fact = facts[name]
  return fact.since
    ? elapsedOn((stored[fact.since.fact] ?? null) as Day | null, today, fact.since.elapsed)
    : (stored[name] ?? null)
}

/** Hundredths of some facts are known, of others not. */
const cutsOf: Readonly<Partial<Record<FactName, (percentile: number) => string>>> = {
  aum: (percentile) => String((percentile - 50) * 10_000),
  profit: (percentile) => String(percentile < 50 ? 0 : percentile - 50),
  recency: (percentile) => String(percentile),
  frequency: (percentile) => String(percentile / 10),
  age: (percentile) => String(Math.floor(percentile / 2)),
  daysToMaturity: (percentile) => String(percentile),
}
export const ruleContext: RuleContext = {
  today,
  baseCurrency: 'CNY',
  cut: (fact, institution, percentile) => (institution === 'B2' ? undefined : cutsOf[fact]?.(percentile)),
}
export const checkContext: CheckContext = {
  baseCurrency: 'CNY',
  segment: () => undefined,
  institution: (code) => code === 'B1' || code === 'B2',
}

const relativeDay = fc.oneof(
  fc.record({ days: fc.integer({ min: -400, max: 60 }) }),
  fc.record({ months: fc.integer({ min: -30, max: 3 }) }),
  fc.record({ years: fc.integer({ min: -80, max: 1 }) }),
  fc.record({ monthEnd: fc.integer({ min: -24, max: 2 }) }),
)

function operand(name: FactName): fc.Arbitrary<unknown> {
  const fact: Fact = facts[name]
  switch (fact.type) {
    case 'number':
      return fact.unit === 'percent' ? percent : number
    case 'money':
      return amount.map((one) => formatAmount(one, 'CNY'))
    case 'day':
      return fc.oneof(day, relativeDay)
    case 'boolean':
      return fc.boolean()
    default:
      return wordOf(fact)
  }
}

const ordered = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte'] as const

const comparison = fc.constantFrom(...factNames).chain((name): fc.Arbitrary<unknown> => {
  const { type } = facts[name]
  const one = operand(name)
  const with_ = (operator: string, value: fc.Arbitrary<unknown>) => value.map((given) => ({ fact: name, [operator]: given }))
  const list = fc.array(one, { minLength: 1, maxLength: 4 })
  const exists = with_('exists', fc.boolean())
  if (type === 'set') return fc.oneof({ weight: 4, arbitrary: with_('overlaps', list) }, exists)
  const compared = (type === 'boolean' || type === 'enum' ? ordered.slice(0, 2) : ordered).map((operator) => with_(operator, one))
  if (type === 'boolean') return fc.oneof(...compared, exists)
  if (type === 'enum') return fc.oneof(...compared, with_('in', list), exists)
  return fc.oneof(...compared, with_('between', fc.tuple(one, one)), ...(type === 'day' ? [] : [with_('in', list)]), exists)
})

const percentileBound = fc.integer({ min: 0, max: 100 })
const institution = fc.constantFrom({}, {}, { institution: 'B1' }, { institution: 'B2' })
const percentile = fc
  .tuple(
    fc.constantFrom('aum', 'profit', 'recency', 'frequency', 'age', 'daysToMaturity', 'products'),
    institution,
    fc.oneof(
      ...ordered.slice(2).map((operator) => percentileBound.map((one) => ({ [operator]: one }))),
      fc.tuple(percentileBound, percentileBound).map((two) => ({ between: two.toSorted((one, other) => one - other) })),
    ),
  )
  .map(([fact, place, line]) => ({ fact, percentile: { ...place, ...line } }))

const bucket = fc
  .tuple(
    fc.constantFrom('spring', '秋', "a'b"),
    fc.uniqueArray(fc.integer({ min: 0, max: 10_000 }), { minLength: 2, maxLength: 2 }),
  )
  .map(([seed, bounds]) => {
    const [from, to] = bounds.toSorted((one, other) => one - other)
    return { bucket: { seed, from: from! / 100, to: to! / 100 } }
  })
const listed = fc.integer({ min: 1, max: 4 }).map((segment) => ({ listed: segment }))

const leaf = fc.oneof(
  { weight: 8, arbitrary: comparison },
  { weight: 2, arbitrary: percentile },
  { weight: 1, arbitrary: bucket },
  { weight: 1, arbitrary: listed },
)

/** A rule of at most so many levels. */
const ruleOf = (watched: boolean) =>
  fc.memo((depth: number): fc.Arbitrary<unknown> => {
    if (depth <= 1) return leaf
    const inner = ruleOf(watched)(depth - 1)
    const many = fc.array(inner, { minLength: 1, maxLength: 3 })
    return fc.oneof(
      { withCrossShrink: true },
      { weight: 2, arbitrary: leaf },
      { weight: 2, arbitrary: many.map((all) => ({ all })) },
      { weight: 2, arbitrary: many.map((any) => ({ any })) },
      { weight: 1, arbitrary: inner.map((not) => ({ not })) },
      ...(watched
        ? []
        : [
            {
              weight: 1,
              arbitrary: fc
                .tuple(ruleOf(true)(Math.min(depth - 1, 3)), fc.constantFrom(1, 7, 30, 3_650))
                .map(([hasBeen, days]) => ({ hasBeen, days })),
            },
          ]),
    )
  })

/** Whether a rule would be taken. Lists are what inlining leaves: no rule that is sent holds one. */
function isTaken(rule: unknown): rule is Rule {
  const asSent = JSON.parse(JSON.stringify(rule), (_key, value: object) =>
    value !== null && typeof value === 'object' && 'listed' in value ? { fact: 'aum', exists: true } : value,
  )
  return checkRule(asSent, checkContext).problems === undefined
}

/** Any valid rule up to eight levels deep, its segments inlined. */
export const rule = fc.integer({ min: 1, max: 8 }).chain(ruleOf(false)).filter(isTaken)

/** Any condition by itself. */
export const condition = fc.oneof(comparison, percentile).filter(isTaken)

/** A customer by what is stored; watched conditions and lists by chance. */
export const subject: fc.Arbitrary<Subject & { readonly stored: Readonly<Record<string, FactValue>> }> = fc
  .record({
    stored: storedValues,
    days: fc.array(fc.option(fc.integer({ min: 0, max: 40 })), { minLength: 3, maxLength: 3 }),
    lists: fc.subarray([1, 2, 3, 4]),
    chance: fc.integer({ min: 0, max: 9_999 }),
  })
  .map(({ stored, days, lists, chance }) => ({
    stored,
    fact: (name) => valueOf(stored, name),
    since(text) {
      const ago = days[text.length % 3]!
      return ago === null ? null : addDays(today, -ago)
    },
    listed: (segment) => lists.includes(segment),
    chance: (seed) => ((chance + seed.length) % 10_000) / 100,
  }))

export const depthOf = (one: Rule): number => 1 + Math.max(0, ...below(one).map(depthOf))

/** The forms of all parts of a rule; of a comparison its operator. */
export const formsOf = (one: Rule): readonly string[] =>
  partsOf(one).map((part) => Object.keys(part).find((key) => key !== 'fact' && key !== 'days')!)
