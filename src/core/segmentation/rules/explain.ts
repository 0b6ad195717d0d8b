import { addDays, addMonths, type Day, daysBetween } from '../../kernel/calendar.ts'
import { type Elapsed, elapsedOn, type Fact, type FactName, facts, type FactUnit, type FactValue } from '../facts.ts'
import { compare, every, negate, type Subject, type Truth } from './evaluate.ts'
import { resolveCondition, type Resolved, resolvePercentile, type RuleContext } from './resolve.ts'
import { canonicalRule, type FactCondition, inlineSegments, type Operator, type Rule, type SegmentMeaning } from './rule.ts'
import type { PercentileCondition } from './rule.ts'

/** What would have to become of one thing that is known of a customer. */
export type Change =
  /**
   * The value moves by so much (minor units, days), to `to`, or just beyond it on the side that is named. `by` is null where there is no value yet.
   * `dueOn`: the day on which the calendar alone brings it.
   */
  | {
      readonly kind: 'move'
      readonly by: number | bigint | null
      readonly to: number | bigint | Day
      readonly beyond: 'above' | 'below' | null
      readonly dueOn: Day | null
    }
  | { readonly kind: 'become'; readonly oneOf: readonly FactValue[] }
  | { readonly kind: 'become_other'; readonly than: readonly FactValue[] }
  | { readonly kind: 'add'; readonly oneOf: readonly string[] }
  | { readonly kind: 'remove'; readonly all: readonly string[] }
  /** Any value, where none is known. */
  | { readonly kind: 'gain' }
  | { readonly kind: 'lose' }
  /** Time passes while the condition goes on to hold; `until` is null where it does not hold yet. */
  | { readonly kind: 'wait'; readonly days: number; readonly until: Day | null }
  /** What was watched holds no more: the next refresh notes it. */
  | { readonly kind: 'end' }
  | { readonly kind: 'list' }
  | { readonly kind: 'unlist' }

interface Node {
  /** A JSON Pointer into the rule, its segments inlined. */
  readonly pointer: string
  readonly result: Truth
  /** The id of the segment whose rule stands here. */
  readonly segment?: string
}

/** What a condition by itself would need to hold, or to fail; null where it does already, or never will. */
interface Leaf extends Node {
  readonly toHold: Change | null
  readonly toFail: Change | null
}

export interface ExplainedGroup extends Node {
  readonly form: 'all' | 'any' | 'not'
  readonly parts: readonly Explained[]
}

export interface ExplainedFact extends Leaf {
  readonly form: 'fact'
  readonly fact: FactName
  readonly operator: Operator
  readonly value: FactValue
  /** Days, amounts and the values behind hundredths as they stand; null where a hundredth is not known. */
  readonly operands: readonly FactValue[] | null
  readonly condition: FactCondition | PercentileCondition
}

export interface ExplainedHasBeen extends Leaf {
  readonly form: 'hasBeen'
  readonly days: number
  /** Since when it has held; null where it did not, undefined where that was not kept. */
  readonly since: Day | null | undefined
  /** It must have held since this day or an earlier one. */
  readonly latest: Day
  /** The condition that is watched, as it is answered now. */
  readonly parts: readonly [Explained]
}

export interface ExplainedBucket extends Leaf {
  readonly form: 'bucket'
  readonly seed: string
  readonly from: number
  readonly to: number
  readonly chance: number
}

export interface ExplainedList extends Leaf {
  readonly form: 'listed'
}

export type ExplainedCondition = ExplainedFact | ExplainedHasBeen | ExplainedBucket | ExplainedList
export type Explained = ExplainedGroup | ExplainedCondition

/**
 * A rule with what each of its parts answers for a customer, why, and what would turn the answer. `meaning` tells what stands for the segments that it names; it need
 * not where they are inlined. The result at the top is that of `evaluateRule`.
 */
export function explainRule(
  rule: Rule,
  subject: Subject,
  context: RuleContext,
  meaning: (segmentId: string) => SegmentMeaning = unknownSegment,
): Explained {
  return explainPart(rule, '', { subject, context, meaning })
}

function unknownSegment(segmentId: string): never {
  throw new Error(`The segment ${segmentId} is not resolved.`)
}

interface Ground {
  readonly subject: Subject
  readonly context: RuleContext
  readonly meaning: (segmentId: string) => SegmentMeaning
}

function explainPart(rule: Rule, pointer: string, ground: Ground): Explained {
  const { subject, context, meaning } = ground
  if ('all' in rule || 'any' in rule) {
    const [form, rules] = 'all' in rule ? (['all', rule.all] as const) : (['any', rule.any] as const)
    const parts = rules.map((one, index) => explainPart(one, `${pointer}/${form}/${index}`, ground))
    const results = parts.map(({ result }) => result)
    return { form, pointer, result: form === 'all' ? every(results) : negate(every(results.map(negate))), parts }
  }
  if ('not' in rule) {
    const part = explainPart(rule.not, `${pointer}/not`, ground)
    return { form: 'not', pointer, result: negate(part.result), parts: [part] }
  }
  if ('segment' in rule) {
    const found = meaning(rule.segment)
    const part: Rule = 'rule' in found ? found.rule : { listed: found.number }
    return { ...explainPart(part, pointer, ground), segment: rule.segment }
  }
  if ('hasBeen' in rule) return explainHasBeen(rule, pointer, ground)
  if ('bucket' in rule) {
    const chance = subject.chance(rule.bucket.seed)
    const result = chance >= rule.bucket.from && chance < rule.bucket.to
    return { form: 'bucket', pointer, result, ...rule.bucket, chance, toHold: null, toFail: null }
  }
  if ('listed' in rule) {
    const result = subject.listed(rule.listed) ?? null
    return { form: 'listed', pointer, result, ...turning(result, (goal) => ({ kind: goal ? 'list' : 'unlist' })) }
  }
  const resolved = 'percentile' in rule ? resolvePercentile(rule, context) : resolveCondition(rule, context)
  const { fact, operator, operands } = resolved
  const value = subject.fact(fact)
  const result = compare(resolved, value)
  const turn = (goal: boolean): Change | null => dated(changeOf(resolved, value, goal), fact, subject)
  return { form: 'fact', pointer, result, fact, operator, value, operands, condition: rule, ...turning(result, turn) }
}

function turning(result: Truth, change: (goal: boolean) => Change | null): Pick<Leaf, 'toHold' | 'toFail'> {
  return { toHold: result === true ? null : change(true), toFail: result === false ? null : change(false) }
}

function explainHasBeen(
  rule: Rule & { readonly hasBeen: Rule; readonly days: number },
  pointer: string,
  ground: Ground,
): Explained {
  const { days } = rule
  const { today } = ground.context
  const since = ground.subject.since(canonicalRule(inlineSegments(rule.hasBeen, ground.meaning)))
  const latest = addDays(today, -days)
  const part = explainPart(rule.hasBeen, `${pointer}/hasBeen`, ground)
  const shared = { form: 'hasBeen', pointer, days, since, latest, parts: [part] } as const
  if (since === undefined) return { ...shared, result: null, toHold: null, toFail: null }
  const result = since !== null && since <= latest
  // Where it fails now, the next refresh starts counting again.
  const until = since === null || part.result !== true ? null : addDays(since, days)
  return {
    ...shared,
    result,
    toHold: result ? null : { kind: 'wait', days: until === null ? days : daysBetween(today, until), until },
    toFail: result && part.result !== true ? { kind: 'end' } : null,
  }
}

/** Values in minor units, days and numbers, by which a change is measured. */
type Ordered = number | bigint | Day

function changeOf(resolved: Resolved, value: FactValue, goal: boolean): Change | null {
  const { fact, type, operator, operands } = resolved
  if (operands === null) return null
  if (operator === 'exists') return { kind: operands[0] === goal ? 'gain' : 'lose' }
  switch (type) {
    case 'set': {
      const texts = operands as readonly string[]
      if (goal) return { kind: 'add', oneOf: texts }
      return value === null
        ? { kind: 'become_other', than: texts }
        : { kind: 'remove', all: (value as readonly string[]).filter((one) => texts.includes(one)) }
    }
    case 'boolean':
      return { kind: 'become', oneOf: [(operator === 'eq') === goal ? operands[0]! : operands[0] !== true] }
    case 'enum': {
      if ((operator !== 'ne') === goal) return { kind: 'become', oneOf: operands }
      const { values }: Fact = facts[fact]
      if (!values) return { kind: 'become_other', than: operands }
      const others = values.filter((one) => !operands.includes(one))
      return others.length === 0 ? null : { kind: 'become', oneOf: others }
    }
    default:
      return nearest(resolved, value as Ordered | null, goal)
  }
}

interface Candidate {
  readonly to: Ordered
  readonly beyond: 'above' | 'below' | null
  /** A value there. */
  readonly there: Ordered
}

/** The least move to a value that answers `goal`: it lies at one of the lines or next to it. */
function nearest(resolved: Resolved, value: Ordered | null, goal: boolean): Change | null {
  const candidates = (resolved.operands as readonly Ordered[])
    .flatMap((line) => aroundLine(resolved, line))
    .filter(({ there }) => compare(resolved, there) === goal)
  const distance = ({ to }: Candidate): number | bigint =>
    value === null ? 0 : typeof to === 'bigint' ? magnitude(to - (value as bigint)) : Math.abs(moved(value, to) as number)
  const [first, ...others] = candidates
  if (!first) return null
  const best = others.reduce((least, one) => (distance(one) < distance(least) ? one : least), first)
  const by = value === null ? null : moved(value, best.to)
  return {
    kind: 'move',
    by: typeof by === 'number' && !Number.isFinite(by) ? null : by,
    to: best.to,
    beyond: best.beyond,
    dueOn: null,
  }
}

const magnitude = (amount: bigint): bigint => (amount < 0n ? -amount : amount)

function moved(from: Ordered, to: Ordered): number | bigint {
  if (typeof to === 'bigint') return to - (from as bigint)
  // Adding zero takes the sign from a negative zero.
  return typeof to === 'string' ? daysBetween(from as Day, to) : to - (from as number) + 0
}

const smallestAmount = -(2n ** 63n)
const largestAmount = 2n ** 63n - 1n
const firstDay: Day = '1800-01-01'
const lastDay: Day = '9999-12-31'
const wholeUnits: ReadonlySet<FactUnit | undefined> = new Set<FactUnit>(['years', 'months', 'days', 'count', 'score'])

/** A line, and what comes next on either side: one minor unit, one day, one where a fact counts, else whatever lies just beyond. */
function aroundLine({ fact, type }: Resolved, line: Ordered): readonly Candidate[] {
  const at = (to: Ordered): Candidate => ({ to, beyond: null, there: to })
  if (typeof line === 'bigint')
    return [line, line + 1n, line - 1n].filter((one) => one >= smallestAmount && one <= largestAmount).map(at)
  if (typeof line === 'string')
    return [line, ...(line < lastDay ? [addDays(line, 1)] : []), ...(line > firstDay ? [addDays(line, -1)] : [])].map(at)
  const beyond = (['above', 'below'] as const)
    .map((side) => ({ to: line + 0, beyond: side, there: nextNumber(line, side) }))
    .filter(({ there }) => Number.isFinite(there))
  const { unit }: Fact = facts[fact]
  if (type !== 'number' || !wholeUnits.has(unit)) return [at(line + 0), ...beyond]
  const [above, below] = [Math.floor(line) + 1, Math.ceil(line) - 1]
  // Beyond 2^53 there is no next whole number but the next number.
  if (above === line || below === line) return [at(line), ...beyond]
  return [Math.floor(line), Math.ceil(line), above, below].map((one) => at(one + 0))
}

/** The double next to one. */
export function nextNumber(from: number, side: 'above' | 'below'): number {
  if (from === 0) return side === 'above' ? Number.MIN_VALUE : -Number.MIN_VALUE
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, from)
  view.setBigInt64(0, view.getBigInt64(0) + (from > 0 === (side === 'above') ? 1n : -1n))
  return view.getFloat64(0)
}

/** A move with the day on which the calendar alone makes it, for facts that follow from a day. */
function dated(change: Change | null, name: FactName, subject: Subject): Change | null {
  const fact: Fact = facts[name]
  if (change?.kind !== 'move' || typeof change.to !== 'number' || typeof change.by !== 'number' || !fact.since) return change
  const dueOn = dayOfCount(subject.fact(fact.since.fact as FactName) as Day | null, fact.since.elapsed, change.to, change.by)
  return { ...change, dueOn }
}

const countsAYear: Readonly<Record<Elapsed, number>> = { years: 1, months: 12, days: 365, days_until: -365 }

/** The day on which so much has gone by since a day; null where time leads away from it, or beyond the years that there are. */
function dayOfCount(day: Day | null, elapsed: Elapsed, count: number, by: number): Day | null {
  const comes = elapsed === 'days_until' ? by < 0 && count >= 0 : by > 0
  if (day === null || !comes || !Number.isInteger(count)) return null
  const year = Number(day.slice(0, 4)) + count / countsAYear[elapsed]
  if (year < 1801 || year > 9997) return null
  if (elapsed === 'days' || elapsed === 'days_until') return addDays(day, elapsed === 'days' ? count : -count)
  const due = addMonths(day, elapsed === 'years' ? count * 12 : count)
  // Who was born on 29 February is a year older on 1 March where there is no such day.
  return elapsedOn(day, due, elapsed)! < count ? addDays(due, 1) : due
}

/** One condition that has to answer otherwise. */
export interface Step {
  readonly pointer: string
  /** What it has to answer. */
  readonly goal: boolean
  readonly change: Change
}

/**
 * The fewest conditions that have to answer otherwise so that the whole rule does: all that fail of an `all`, the branch of an `any` with the fewest, and the other
 * way round where it holds. They are looked at one by one: two of the same fact may exclude each other. Undefined where nothing turns it.
 */
export function stepsToReverse(explained: Explained): readonly Step[] | undefined {
  return stepsTo(explained, explained.result !== true)
}

function stepsTo(node: Explained, goal: boolean): readonly Step[] | undefined {
  if (node.result === goal) return []
  switch (node.form) {
    case 'not':
      return stepsTo(node.parts[0]!, !goal)
    case 'all':
    case 'any':
      return (node.form === 'all') === goal
        ? together(node.parts.map((part) => stepsTo(part, goal)))
        : fewest(node.parts.map((part) => stepsTo(part, goal)))
    case 'hasBeen': {
      const [part] = node.parts
      if (!goal && part.result === true) return stepsTo(part, false)
      const own = ownStep(node, goal)
      return goal && node.since === null && part.result !== true ? together([stepsTo(part, true), own]) : own
    }
    default:
      return ownStep(node, goal)
  }
}

function ownStep({ pointer, toHold, toFail }: ExplainedCondition, goal: boolean): readonly Step[] | undefined {
  const change = goal ? toHold : toFail
  return change === null ? undefined : [{ pointer, goal, change }]
}

function together(all: readonly (readonly Step[] | undefined)[]): readonly Step[] | undefined {
  return all.includes(undefined) ? undefined : all.flatMap((steps) => steps!)
}

function fewest(all: readonly (readonly Step[] | undefined)[]): readonly Step[] | undefined {
  return all.reduce(
    (least, steps) => (steps !== undefined && (least === undefined || steps.length < least.length) ? steps : least),
    undefined,
  )
}

/** The conditions of a rule in their order, those that are watched over time after what watches them. */
export function conditionsOf(node: Explained): readonly ExplainedCondition[] {
  switch (node.form) {
    case 'all':
    case 'any':
    case 'not':
      return node.parts.flatMap(conditionsOf)
    case 'hasBeen':
      return [node, ...conditionsOf(node.parts[0])]
    default:
      return [node]
  }
}
