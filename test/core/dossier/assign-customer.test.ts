import { overlaps } from '../../../src/core/kernel/periods.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  customerProblem,
  type AssignableStaff,
  requireCapacity,
  requireAssignable,
  type KnownAssignment,
  stateOn,
  assignmentChange,
} from '../../../src/core/dossier/assignments.ts'
import { addDays, type Day } from '../../../src/core/kernel/calendar.ts'
import { refusal } from '../refusals.ts'

const today = '2026-11-22'
const day = fc.integer({ min: -60, max: 60 }).map((days) => addDays(today, days))

/** What can stand: periods of each line one after the other, some of them taken back, in the state of the day. */
const standing: fc.Arbitrary<KnownAssignment[]> = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 0, max: 20 }),
      length: fc.integer({ min: 1, max: 40 }),
      open: fc.boolean(),
      line: fc.constantFrom('personal' as const, 'corporate' as const),
      staffId: fc.constantFrom('A', 'B', 'C'),
      cancelled: fc.boolean(),
    }),
    { maxLength: 6 },
  )
  .map((parts) => {
    const ends: Record<string, Day | null> = { personal: addDays(today, -60), corporate: addDays(today, -60) }
    return parts.flatMap(({ gap, length, open, line, staffId, cancelled }, at): KnownAssignment[] => {
      const after = ends[line]
      if (after === null || after === undefined) return []
      const startsOn = addDays(after, gap)
      const endsOn = open ? null : addDays(startsOn, length)
      if (!cancelled) ends[line] = endsOn
      const state = cancelled ? 'cancelled' : stateOn({ startsOn, endsOn }, today)
      return [{ id: `${at}`, staffId, businessLine: line, startsOn, endsOn, state }]
    })
  })

/** What stands once it is done. */
function after(before: readonly KnownAssignment[], request: Parameters<typeof assignmentChange>[1]): readonly KnownAssignment[] {
  const taken = assignmentChange(before, request)
  if ('refusal' in taken) return before
  const { former, state } = taken
  return [
    ...before.map((one) => (one.id === former?.id ? { ...one, ...former } : one)),
    { id: 'new', staffId: request.staffId, businessLine: request.businessLine, startsOn: request.startsOn, endsOn: null, state },
  ]
}

const keeperOn = (all: readonly KnownAssignment[], line: string, on: Day) =>
  all.find(
    (one) =>
      one.businessLine === line && one.state !== 'cancelled' && one.startsOn <= on && (one.endsOn === null || on < one.endsOn),
  )?.staffId

const request = fc.record({
  staffId: fc.constantFrom('A', 'B', 'C', 'D'),
  businessLine: fc.constantFrom('personal' as const, 'corporate' as const),
  startsOn: day,
  today: fc.constant(today),
})

describe('giving a customer to somebody', () => {
  test('leaves nobody beside another in one line of business, and every state as its days say', () => {
    fc.assert(
      fc.property(standing, request, (before, asked) => {
        const all = after(before, asked).filter(({ state }) => state !== 'cancelled')
        for (const one of all) {
          expect(one.state).toBe(stateOn(one, today))
          expect(one.endsOn === null || one.endsOn > one.startsOn).toBe(true)
          for (const other of all)
            expect(one.id !== other.id && one.businessLine === other.businessLine && overlaps(one, other)).toBe(false)
        }
      }),
    )
  })

  test('changes who keeps the customer from the day on, and on no day before it and in no other line', () => {
    fc.assert(
      fc.property(standing, request, day, (before, asked, on) => {
        const taken = assignmentChange(before, asked)
        for (const line of ['personal', 'corporate']) {
          const changes = !('refusal' in taken) && line === asked.businessLine && on >= asked.startsOn
          // Whoever would have begun on that very day has kept the customer on none.
          expect(keeperOn(after(before, asked), line, on)).toBe(changes ? asked.staffId : keeperOn(before, line, on))
        }
      }),
    )
  })

  test('is refused to whoever keeps the customer, for the past and where something is planned', () => {
    const held = {
      id: '1',
      staffId: 'A',
      businessLine: 'personal',
      startsOn: '2024-01-01',
      endsOn: null,
      state: 'current',
    } as const
    const planned = { ...held, id: '2', staffId: 'B', startsOn: '2026-12-01', state: 'planned' } as const
    const asked = { staffId: 'B', businessLine: 'personal', startsOn: today, today } as const
    const told = (all: readonly KnownAssignment[], more: object) => {
      const taken = assignmentChange(all, { ...asked, ...more })
      return 'refusal' in taken
        ? [taken.refusal.about, taken.refusal.rule]
        : [taken.state, taken.former?.state, taken.former?.endsOn]
    }
    expect(told([held], {})).toEqual(['current', 'ended', today])
    expect(told([held], { startsOn: '2026-12-01' })).toEqual(['planned', 'current', '2026-12-01'])
    expect(told([held], { staffId: 'A' })).toEqual(['customer', 'already_assigned'])
    expect(told([held], { startsOn: '2026-11-21' })).toEqual(['startsOn', 'outside_period'])
    expect(told([{ ...held, endsOn: '2026-12-01' }, planned], {})).toEqual(['startsOn', 'period_overlap'])
    expect(told([{ ...held, startsOn: today }], {})).toEqual(['current', 'cancelled', null])
    expect(told([], { businessLine: 'corporate' })).toEqual(['current', undefined, undefined])
  })
})

describe('the capacity of somebody', () => {
  test('is the most that they keep, and nobody is refused without one', () => {
    expect(refusal(() => requireCapacity({ has: 299, capacity: 300 }, 1))).toBeUndefined()
    expect(refusal(() => requireCapacity({ has: 300, capacity: 300 }, 1))).toEqual(['conflict', '/staffId', 'over_capacity'])
    expect(refusal(() => requireCapacity({ has: 0, capacity: 0 }, 1))).toEqual(['conflict', '/staffId', 'over_capacity'])
    expect(refusal(() => requireCapacity({ has: 310, capacity: 300 }, 1))).toEqual(['conflict', '/staffId', 'over_capacity'])
    // Whom they keep in the other line of business already.
    expect(refusal(() => requireCapacity({ has: 310, capacity: 300 }, 0))).toBeUndefined()
    expect(refusal(() => requireCapacity({ has: 1_000, capacity: null }, 500))).toBeUndefined()
  })
})

describe('whoever is given a customer', () => {
  const keeper: AssignableStaff = { id: 'A', roles: ['teller'], status: 'active', activeFrom: null, activeUntil: null }

  test.each([
    ['a teller at work', {}, undefined],
    ['a relationship manager', { roles: ['relationship_manager'] }, undefined],
    ['a lobby manager', { roles: ['lobby_manager'] }, 'role'],
    ['somebody who left', { status: 'inactive' }, 'inactive'],
    ['somebody whose last day was before', { activeUntil: today }, 'inactive'],
    ['somebody who leaves later', { activeUntil: '2026-11-23' }, undefined],
    ['somebody who has not begun', { activeFrom: '2026-11-23' }, 'inactive'],
  ] as const)('is %s', (_case, said, rule) => {
    expect(refusal(() => requireAssignable({ ...keeper, ...said }, today))?.[2]).toBe(rule)
  })
})

test('closed, merged and erased customers are kept by nobody anew', () => {
  expect((['prospect', 'active', 'closed', 'merged', 'erased'] as const).filter((status) => !customerProblem(status))).toEqual([
    'prospect',
    'active',
  ])
})
