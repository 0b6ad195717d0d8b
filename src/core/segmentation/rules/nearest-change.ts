import { addDays, addMonths, type Day, daysBetween } from '../../kernel/calendar.ts'
import { type FactName, facts, type FactValue } from '../facts.ts'
import { elapsedOn } from '../elapsed.ts'
import type { Elapsed, Fact, FactUnit } from '../fact-types.ts'
import { compare, type Subject } from './evaluate.ts'
import type { Resolved } from './resolve.ts'

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

/** Values in minor units, days and numbers, by which a change is measured. */
type Ordered = number | bigint | Day

export function changeOf(resolved: Resolved, value: FactValue, goal: boolean): Change | null {
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
export function dated(change: Change | null, name: FactName, subject: Subject): Change | null {
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
