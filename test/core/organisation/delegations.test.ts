import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays } from '../../../src/core/kernel/calendar.ts'
import {
  type Cover,
  delegationCycle,
  type Delegate,
  delegationEnding,
  delegationRefusal,
} from '../../../src/core/organisation/delegations.ts'
import { refusal } from '../refusals.ts'

const today = '2026-11-22'
const cover = (staffId: string, deputyId: string, from = 0, days = 10): Cover => ({
  staffId,
  deputyId,
  startsOn: addDays(today, from),
  endsOn: addDays(today, from + days),
})

/** Whether on some day whoever is away is reached by following who covers, one after the other. */
function closesCircleOn(existing: readonly Cover[], added: Cover, on: string): boolean {
  const holds = ({ startsOn, endsOn }: Cover) => startsOn <= on && on < endsOn
  if (!holds(added)) return false
  let at: string | undefined = added.deputyId
  for (let steps = 0; at !== undefined && steps <= existing.length; steps++) {
    if (at === added.staffId) return true
    at = existing.find((one) => one.staffId === at && holds(one))?.deputyId
  }
  return false
}

/** Of one person one delegation holds on a day. */
const existing = fc
  .array(
    fc.record({
      staffId: fc.constantFrom(...'ABCDEF'),
      deputyId: fc.constantFrom(...'ABCDEF'),
      from: fc.integer({ min: 0, max: 12 }),
      days: fc.integer({ min: 1, max: 8 }),
    }),
    { maxLength: 14 },
  )
  .map((parts) =>
    parts.reduce<Cover[]>((all, { staffId, deputyId, from, days }) => {
      const one = cover(staffId, deputyId, from, days)
      const taken = all.some((other) => other.staffId === staffId && other.startsOn < one.endsOn && one.startsOn < other.endsOn)
      return staffId === deputyId || taken || delegationCycle(all, one) ? all : [...all, one]
    }, []),
  )

describe('a circle of covers', () => {
  test('is found exactly where on some day the line from the deputy leads back', () => {
    fc.assert(
      fc.property(existing, fc.constantFrom(...'ABCDEF'), fc.constantFrom(...'ABCDEF'), (all, staffId, deputyId) => {
        fc.pre(staffId !== deputyId)
        const added = cover(staffId, deputyId, 2, 9)
        const days = Array.from({ length: 30 }, (_, at) => addDays(today, at))
        const circle = delegationCycle(all, added)
        expect(circle !== undefined).toBe(days.some((on) => closesCircleOn(all, added, on)))
        if (circle) expect([circle[0], circle[1], new Set(circle).size]).toEqual([staffId, deputyId, circle.length])
      }),
      { numRuns: 500 },
    )
  })

  test('takes a day that all of it shares', () => {
    expect(delegationCycle([cover('B', 'C'), cover('C', 'A')], cover('A', 'B'))).toEqual(['A', 'B', 'C'])
    expect(delegationCycle([cover('B', 'C', 0, 5), cover('C', 'A', 5, 5)], cover('A', 'B'))).toBeUndefined()
    expect(delegationCycle([cover('B', 'C', 0, 5), cover('C', 'A', 4, 5)], cover('A', 'B', 4, 1))).toEqual(['A', 'B', 'C'])
    expect(delegationCycle([cover('B', 'A', 10, 5)], cover('A', 'B', 0, 10))).toBeUndefined()
  })
})

describe('a delegation', () => {
  const person = (id: string, said: Partial<Delegate> = {}): Delegate => ({
    id,
    roles: ['relationship_manager'],
    status: 'active',
    activeFrom: null,
    activeUntil: null,
    ...said,
  })
  const request = { absent: person('A'), deputy: person('B'), startsOn: today, endsOn: '2026-12-01', today, existing: [] }

  test.each([
    ['to a colleague', {}, undefined],
    ['to oneself', { deputy: person('A') }, 'self'],
    ['that ends before it begins', { endsOn: today }, 'period'],
    ['of the past', { startsOn: '2026-11-21' }, 'past'],
    ['to somebody who left', { deputy: person('B', { status: 'inactive' }) }, 'role'],
    ['to somebody who leaves before its end', { deputy: person('B', { activeUntil: addDays(today, 1) }) }, 'inactive'],
    ['to somebody who comes after its beginning', { deputy: person('B', { activeFrom: addDays(today, 1) }) }, 'inactive'],
    ['to somebody who sees the branch', { deputy: person('B', { roles: ['branch_manager'] }) }, 'role'],
    ['to whom they cover for', { existing: [cover('B', 'A')] }, 'cycle'],
    ['to whose deputy’s deputy they are', { existing: [cover('B', 'C'), cover('C', 'A')] }, 'cycle'],
    ['to whose deputy they are at another time', { existing: [cover('B', 'A', 20)] }, undefined],
  ] as const)('%s', (_case, said, rule) => {
    expect(delegationRefusal({ ...request, ...said })?.problems[0]?.rule).toBe(rule)
  })

  test('ends early, today or later, or is taken back where it has not begun', () => {
    const running = { status: 'active', startsOn: '2026-11-01', endsOn: '2026-12-01' } as const
    const planned = { ...running, startsOn: '2026-11-25' }
    expect(delegationEnding(running, undefined, today)).toEqual({ endsOn: today })
    expect(delegationEnding(running, '2026-11-25', today)).toEqual({ endsOn: '2026-11-25' })
    expect(delegationEnding({ ...running, startsOn: today }, undefined, today)).toEqual({ status: 'revoked' })
    expect(delegationEnding(planned, undefined, today)).toEqual({ status: 'revoked' })
    expect(delegationEnding(planned, '2026-11-28', today)).toEqual({ endsOn: '2026-11-28' })
    expect(refusal(() => delegationEnding(running, '2026-11-21', today))?.[0]).toBe('outside_period')
    expect(refusal(() => delegationEnding(running, '2026-12-02', today))?.[0]).toBe('outside_period')
    expect(refusal(() => delegationEnding({ ...running, endsOn: today }, undefined, today))?.[0]).toBe('already_closed')
    expect(refusal(() => delegationEnding({ ...running, status: 'revoked' }, undefined, today))?.[0]).toBe('already_closed')
  })
})
