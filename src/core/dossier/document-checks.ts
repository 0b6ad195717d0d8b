import type { Day } from '../kernel/calendar.ts'
import { checkDocument, type DocumentRule, type DocumentType } from '../kernel/identity-numbers.ts'
import { maskDay, maskDocumentNumber } from '../kernel/masking.ts'

/** Why a document counts as unverified: a rule of its number, or a profile that says something else. */
export type UnverifiedReason = DocumentRule | 'birth_date_conflict' | 'gender_conflict'

export interface DocumentCheck {
  /** Normalised: what is stored, compared and indexed. */
  readonly number: string
  readonly verified: boolean
  /** Null with `verified` false: of a type whose numbers cannot be checked. */
  readonly reason: UnverifiedReason | null
}

/** What the profile says about the person; null where it says nothing. */
export interface Profile {
  readonly birthDate: Day | null
  readonly gender: 'male' | 'female' | null
}

/**
 * Checks a document's number and, where a verified number tells birth date and sex (resident ID by GB 11643, permanent residence card since
 * 2023), whether the profile agrees and the birth date has come.
 */
export function checkDocumentAgainstProfile(
  type: DocumentType,
  country: string,
  text: string,
  profile: Profile,
  today: Day,
): DocumentCheck {
  const { number, verified, reasons } = checkDocument(type, country, text)
  const inside = verified ? personInside(type, number) : undefined
  const reason = reasons[0] ?? (inside && disagreement(inside, profile, today)) ?? null
  return { number, verified: verified && reason === null, reason }
}

function personInside(
  type: DocumentType,
  number: string,
): { readonly birthDate: Day; readonly gender: 'male' | 'female' } | undefined {
  if (type !== 'resident_id' && type !== 'foreign_permanent_resident') return undefined
  return {
    birthDate: `${number.slice(6, 10)}-${number.slice(10, 12)}-${number.slice(12, 14)}`,
    gender: Number(number[16]) % 2 === 1 ? 'male' : 'female',
  }
}

function disagreement(
  inside: { readonly birthDate: Day; readonly gender: string },
  { birthDate, gender }: Profile,
  today: Day,
): UnverifiedReason | undefined {
  if (inside.birthDate > today) return 'birth_date'
  if (birthDate !== null && birthDate !== inside.birthDate) return 'birth_date_conflict'
  if (gender !== null && gender !== inside.gender) return 'gender_conflict'
  return undefined
}

const unverifiedMessages: Readonly<Record<UnverifiedReason, string>> = {
  country: 'Documents of this type are not issued by this country: stored as unverified.',
  format: 'The number does not have the form of its type: stored as unverified.',
  length: 'The number does not have the length of its type: stored as unverified.',
  characters: 'The number has characters that its type does not know: stored as unverified.',
  region: 'The number names no known region: stored as unverified.',
  birth_date: 'The number holds no possible birth date: stored as unverified.',
  check_digit: 'The check digit of the number is wrong: stored as unverified.',
  birth_date_conflict: 'The number does not match the birth date: stored as unverified.',
  gender_conflict: 'The number does not match the gender: stored as unverified.',
}

/** What a feed is warned of whose document does not pass. */
export function unverifiedMessage(reason: UnverifiedReason): string {
  return unverifiedMessages[reason]
}

/**
 * What to tell a person whose entry does not pass: the field, and both values masked. Of a birth date the year shows; of two sexes that differ nothing
 * is left to hide.
 */
export function identityRefusal(
  { number, reason }: { readonly number: string; readonly reason: UnverifiedReason },
  { birthDate }: Profile,
): {
  readonly field: string
  readonly code: 'identity_mismatch' | 'invalid_input'
  readonly message: string
} {
  const masked = maskDocumentNumber(number)
  if (reason === 'birth_date_conflict') {
    const [inside, stated] = [maskDay(`${number.slice(6, 10)}-`), maskDay(birthDate ?? '')]
    return {
      field: 'birthDate',
      code: 'identity_mismatch',
      message: `The birth date ${stated} does not match ${inside} in the identity document ${masked}.`,
    }
  }
  if (reason === 'gender_conflict') {
    return { field: 'gender', code: 'identity_mismatch', message: `The gender does not match the identity document ${masked}.` }
  }
  const field = reason === 'country' ? 'documentCountry' : 'documentNumber'
  return { field, code: 'invalid_input', message: `The identity document ${masked} breaks the rule "${reason}" of its type.` }
}

/** Why a document does not pass, or undefined where it does. */
export function failedIdentity(
  { number, reason }: Pick<DocumentCheck, 'number' | 'reason'>,
  profile: Profile,
): ReturnType<typeof identityRefusal> | undefined {
  return reason === null ? undefined : identityRefusal({ number, reason }, profile)
}
