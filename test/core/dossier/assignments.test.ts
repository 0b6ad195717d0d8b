import { describe, expect, test } from 'vitest'
import { changedPeriodRefusal, endingOf, type AssignmentTerms } from '../../../src/core/dossier/assignments.ts'
import { DomainError } from '../../../src/core/kernel/errors.ts'

const today = '2026-11-22'
const keeping = (said: Partial<AssignmentTerms> = {}): AssignmentTerms => ({
  staffId: 'R1',
  businessLine: 'personal',
  startsOn: '2024-01-01',
  endsOn: null,
  state: 'current',
  ...said,
})
const running = keeping()
const over = keeping({ endsOn: '2026-06-01', state: 'ended' })
const planned = keeping({ startsOn: '2026-12-01', state: 'planned' })
const takenBack = keeping({ state: 'cancelled' })

describe('a change by a person', () => {
  test.each([
    ['hands over what has begun', running, { ...running, staffId: 'R2' }, 'staffNumber'],
    ['moves what has begun to another line', running, { ...running, businessLine: 'corporate' }, 'businessLine'],
    ['lets what has begun begin earlier', running, { ...running, startsOn: '2023-01-01' }, 'startsOn'],
    ['lets what has begun begin later', running, { ...running, startsOn: '2026-12-01' }, 'startsOn'],
    ['takes back what has begun', running, { ...running, state: 'cancelled' }, 'status'],
    ['ends it before today', running, { ...running, endsOn: '2026-11-21' }, 'endsOn'],
    ['ends it today', running, { ...running, endsOn: today }, undefined],
    ['ends it later', running, { ...running, endsOn: '2027-01-01' }, undefined],
    ['takes its end away', { ...running, endsOn: '2027-01-01' }, running, undefined],
    ['lets what has ended go on', over, { ...over, endsOn: null }, 'endsOn'],
    ['hands over what has ended', over, { ...over, staffId: 'R2' }, 'staffNumber'],
    ['hands over what is planned', planned, { ...planned, staffId: 'R2' }, undefined],
    ['lets what is planned begin today', planned, { ...planned, startsOn: today }, undefined],
    ['lets what is planned begin in the past', planned, { ...planned, startsOn: '2026-11-21' }, 'startsOn'],
    ['takes back what is planned', planned, { ...planned, state: 'cancelled' }, undefined],
    ['hands over what begins today', { ...running, startsOn: today }, { ...running, startsOn: today, staffId: 'R2' }, undefined],
    ['brings back what was taken back', takenBack, running, 'startsOn'],
  ] as const)('that %s', (_case, before, after, field) => {
    expect(changedPeriodRefusal(before, keeping(after), today, true)?.field).toBe(field)
  })
})

describe('a change by a feed', () => {
  test.each([
    ['hands over what is running', running, { ...running, staffId: 'R2' }, undefined],
    ['hands over what has ended', over, { ...over, staffId: 'R2' }, 'staffNumber'],
    ['hands over what has ended, without its end', over, { ...over, endsOn: null, staffId: 'R2' }, 'staffNumber'],
    ['hands over and ends in the past', running, { ...running, endsOn: '2026-06-01', staffId: 'R2' }, 'staffNumber'],
    ['ends in the past', running, { ...running, endsOn: '2026-06-01' }, undefined],
    ['takes back what has begun', running, { ...running, state: 'cancelled' }, undefined],
    ['brings back what was taken back and has ended', takenBack, over, 'endsOn'],
  ] as const)('that %s', (_case, before, after, field) => {
    expect(changedPeriodRefusal(before, keeping(after), today, false)?.field).toBe(field)
  })
})

describe('the end of an assignment', () => {
  const told = (before: AssignmentTerms, endsOn?: string): unknown => {
    try {
      return endingOf(before, endsOn, today)
    } catch (error) {
      if (error instanceof DomainError) return error.code
      throw error
    }
  }
  test.each([
    ['has begun, without a day', running, undefined, { endsOn: today }],
    ['has begun, today', running, today, { endsOn: today }],
    ['has begun, on a day to come', running, '2026-12-01', { endsOn: '2026-12-01' }],
    ['has begun, on a day gone by', running, '2026-11-21', 'outside_period'],
    ['begins today, without a day', keeping({ startsOn: today }), undefined, { status: 'cancelled' }],
    ['begins today, today', keeping({ startsOn: today }), today, { status: 'cancelled' }],
    ['begins today, on a day to come', keeping({ startsOn: today }), '2026-12-01', { endsOn: '2026-12-01' }],
    ['is planned, without a day', planned, undefined, { status: 'cancelled' }],
    ['is planned, on a day after it begins', planned, '2026-12-24', { endsOn: '2026-12-24' }],
    ['has ended', over, undefined, 'already_closed'],
    ['has ended at midnight, though no job has said so yet', keeping({ endsOn: today }), undefined, 'already_closed'],
    ['was taken back', takenBack, '2026-12-24', 'already_closed'],
  ] as const)('that %s', (_case, before, endsOn, expected) => {
    expect(told(before, endsOn)).toEqual(expected)
  })
})
