import { addDays, type Day } from '../kernel/calendar.ts'
import type { CustomerStatus } from './customers.ts'
import { DomainError } from '../kernel/errors.ts'
import { type KeyDate, nextOccurrences } from './key-dates.ts'

/** What a look-up at the counter came to. */
export const recognitionOutcomes = ['found', 'multiple', 'ambiguous', 'unknown'] as const
export type RecognitionOutcome = (typeof recognitionOutcomes)[number]

/** A phone that more share tells nobody apart: nobody is shown (product description, section 2, Recognise). */
export const MAX_CANDIDATES = 5

/** Days before and after a birthday on which a greeting is welcome. Ours to choose. */
const BIRTHDAY_WINDOW_DAYS = 7

export const cautions = ['closed', 'deceased', 'do_not_contact'] as const
export type Caution = (typeof cautions)[number]

/** What the number of customers who carry a value means. */
export function recognitionOf(found: number): RecognitionOutcome {
  return found === 0 ? 'unknown' : found === 1 ? 'found' : found <= MAX_CANDIDATES ? 'multiple' : 'ambiguous'
}

/**
 * Whether a birthday lies within seven days of today, before or after, across the turn of the year too. One that is stored as a key date by the lunar calendar
 * goes before that of the birth date; one by the other calendar stands beside it, should they differ. Who was born on 29 February has it on the 28th in other years.
 */
export function isInBirthdayWindow(birthDate: Day | null, keyDate: KeyDate | null, today: Day): boolean {
  const birthdays = [
    ...(keyDate ? [keyDate] : []),
    ...(birthDate !== null && keyDate?.calendar !== 'lunar' ? [birthdayOf(birthDate)] : []),
  ]
  const last = addDays(today, BIRTHDAY_WINDOW_DAYS)
  return birthdays.some((birthday) =>
    nextOccurrences(birthday, addDays(today, -BIRTHDAY_WINDOW_DAYS)).some(({ on }) => on <= last),
  )
}

const birthdayOf = (birthDate: Day): KeyDate => ({
  calendar: 'gregorian',
  month: Number(birthDate.slice(5, 7)),
  day: Number(birthDate.slice(8)),
  leapMonth: false,
  year: null,
  recurrence: 'yearly',
})

/** What to mind before a word is said. */
export function cautionsOf({
  status,
  deceased,
  doNotContact,
}: {
  readonly status: CustomerStatus
  readonly deceased: boolean
  readonly doNotContact: boolean
}): readonly Caution[] {
  return [
    ...(status === 'closed' ? (['closed'] as const) : []),
    ...(deceased ? (['deceased'] as const) : []),
    ...(doNotContact ? (['do_not_contact'] as const) : []),
  ]
}

export const suggestionBases = ['need', 'life_stage'] as const

/** The one thing to speak of: the latest need that is open, else the first that the stages of the customer suggest. None to the dead or to former customers. */
export function suggestionOf(
  cautioned: readonly Caution[],
  need: string | null,
  stages: readonly { readonly offers: readonly { readonly name: string }[] }[],
): { readonly basis: (typeof suggestionBases)[number]; readonly about: string } | null {
  if (cautioned.includes('deceased') || cautioned.includes('closed')) return null
  if (need !== null) return { basis: 'need', about: need }
  const [offer] = stages.flatMap(({ offers }) => offers)
  return offer ? { basis: 'life_stage', about: offer.name } : null
}

/** Throws `rate_limited` for a caller who has asked more often than that in a minute. */
export function requireWithinLimit(calls: number, most: number): void {
  if (calls > most) throw new DomainError('rate_limited', `More than ${most} recognitions in a minute. Wait for the next minute.`)
}
