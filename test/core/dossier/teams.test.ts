import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AssignableStaff, stateOn } from '../../../src/core/dossier/assignments.ts'
import { addDays } from '../../../src/core/kernel/calendar.ts'
import { endedMember, requireMember, type StoredMember } from '../../../src/core/dossier/teams.ts'
import { refusal } from '../refusals.ts'

const today = '2026-11-22'
const staff: AssignableStaff = { id: 'A', roles: ['marketing'], status: 'active', activeFrom: null, activeUntil: null }
const member = (said: Partial<StoredMember> = {}): StoredMember => ({
  id: '1',
  staffId: 'A',
  duty: 'adviser',
  startsOn: '2026-01-01',
  endsOn: null,
  state: 'current',
  ...said,
})
const joining = { staff, duty: 'adviser', startsOn: today, endsOn: null } as const

describe('somebody who joins a team', () => {
  test.each([
    ['joins an empty one', {}, [], undefined],
    ['has another duty in it', {}, [member({ duty: 'planner' })], undefined],
    ['has the duty as a colleague has', {}, [member({ staffId: 'B' })], undefined],
    ['has the duty already', {}, [member()], 'period_overlap'],
    ['had the duty until today', {}, [member({ endsOn: today, state: 'ended' })], undefined],
    ['will have the duty', {}, [member({ startsOn: '2026-12-01', state: 'planned' })], 'period_overlap'],
    [
      'will have it after they leave',
      { endsOn: '2026-12-01' },
      [member({ startsOn: '2026-12-01', state: 'planned' })],
      undefined,
    ],
    ['was taken back', {}, [member({ state: 'cancelled' })], undefined],
    ['joined yesterday', { startsOn: '2026-11-21' }, [], 'outside_period'],
    ['leaves before they join', { startsOn: '2026-12-02', endsOn: '2026-12-01' }, [], 'period'],
    ['works here no more', { staff: { ...staff, status: 'inactive' } }, [], 'inactive'],
    ['is a relationship manager in name only', { duty: 'relationship_manager' }, [], 'role'],
    ['finds it full', {}, Array.from({ length: 20 }, (_, at) => member({ staffId: `${at}` })), 'team_full'],
    [
      'finds it full of those who left',
      {},
      Array.from({ length: 20 }, (_, at) => member({ staffId: `${at}`, endsOn: '2026-06-01', state: 'ended' })),
      undefined,
    ],
  ] as const)('%s', (_case, said, standing, rule) => {
    expect(refusal(() => requireMember({ ...joining, ...said }, standing, today))?.[2]).toBe(rule)
  })
})

describe('a place in a team that is ended', () => {
  const days = fc.integer({ min: -40, max: 40 })

  test('lasts no longer than before, not into the past, and is in the state of its days', () => {
    fc.assert(
      fc.property(days, fc.option(fc.integer({ min: 1, max: 60 })), fc.option(days), (start, length, end) => {
        const startsOn = addDays(today, start)
        const endsOn = length === null ? null : addDays(startsOn, length)
        const before = member({ startsOn, endsOn, state: stateOn({ startsOn, endsOn }, today) })
        let after: ReturnType<typeof endedMember> | undefined
        const refused = refusal(() => {
          after = endedMember(before, end === null ? undefined : addDays(today, end), today)
        })
        if (refused) expect(['already_closed', 'outside_period']).toContain(refused[0])
        else if (after!.state === 'cancelled') expect(startsOn >= today).toBe(true)
        else {
          expect(after!.endsOn! >= today && after!.endsOn! > startsOn).toBe(true)
          expect(endsOn === null || after!.endsOn! <= endsOn).toBe(true)
          expect(after!.state).toBe(stateOn({ startsOn, endsOn: after!.endsOn }, today))
        }
      }),
    )
  })

  test('is taken back where it has not begun, and refused where it is over or would last longer', () => {
    const planned = member({ startsOn: '2026-12-01', endsOn: '2026-12-31', state: 'planned' })
    expect(endedMember(planned, undefined, today)).toEqual({ state: 'cancelled', endsOn: '2026-12-31' })
    expect(endedMember(planned, '2026-12-01', today)).toEqual({ state: 'cancelled', endsOn: '2026-12-31' })
    expect(endedMember(planned, '2026-12-10', today)).toEqual({ state: 'planned', endsOn: '2026-12-10' })
    expect(refusal(() => endedMember(planned, '2027-01-10', today))).toEqual(['outside_period', '/endsOn', 'outside_period'])
    expect(refusal(() => endedMember(member({ state: 'cancelled' }), undefined, today))?.[0]).toBe('already_closed')
    expect(endedMember(member(), undefined, today)).toEqual({ state: 'ended', endsOn: today })
  })
})
