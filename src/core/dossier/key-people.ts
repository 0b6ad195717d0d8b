import { type Day, parseDay } from '../kernel/calendar.ts'
import type { CustomerKind } from './customers.ts'
import { refuseField } from '../kernel/errors.ts'

export const keyPersonRoles = ['decision_maker', 'influencer', 'information_provider', 'operator', 'executive'] as const
export const keyPersonStatuses = ['active', 'ended'] as const

/** At which level of the bank the relation with a key person is held. */
export const counterpartLevels = ['relationship_manager', 'manager', 'executive'] as const

/** A birthday is a day of the year; the year itself is often not known. */
export interface Birthday {
  readonly birthMonth?: number | null | undefined
  readonly birthDay?: number | null | undefined
  readonly birthYear?: number | null | undefined
}

/** Refuses what is no birthday: half of one, a day that no year has, or one to come. Throws `invalid_input` or `outside_period`. */
export function requireBirthday({ birthMonth, birthDay, birthYear }: Birthday, today: Day): void {
  const parts = [birthMonth, birthDay, birthYear].filter((part) => part != null)
  if (parts.length === 0) return
  if (birthMonth == null || birthDay == null)
    throw refuseField(
      'invalid_input',
      birthMonth == null ? 'birthMonth' : 'birthDay',
      'birthday',
      'A birthday requires both month and day.',
    )
  // Of the days that only some years have, a leap year has all.
  const [year, month, day] = [birthYear ?? 2000, birthMonth, birthDay].map((part) => String(part).padStart(2, '0'))
  const whole = parseDay(`${year}-${month}-${day}`)
  if (whole === undefined) throw refuseField('invalid_input', 'birthDay', 'birthday', 'There is no such date.')
  if (birthYear != null && whole > today)
    throw refuseField('outside_period', 'birthYear', 'future', 'The day must not be in the future.')
}

/** Refuses key people of anybody but a business. Throws `conflict`. */
export function requireBusiness(kind: CustomerKind, field: string): void {
  if (kind === 'individual')
    throw refuseField('conflict', field, 'not_a_business', 'Only companies and sole traders have key people.')
}

/** Refuses a record of anybody but a person as the person's own. Throws `conflict`. */
export function requirePerson(kind: CustomerKind, field: string): void {
  if (kind !== 'individual') throw refuseField('conflict', field, 'not_a_person', 'This customer is not an individual.')
}
