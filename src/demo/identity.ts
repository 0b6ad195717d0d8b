import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { addDays, type Day } from '../core/kernel/calendar.ts'
import { creditCodeCheckDigit, type DocumentType, residentIdCheckDigit } from '../core/kernel/identity-numbers.ts'
import { type Generator, digits, numberBelow, pick } from './draws.ts'
import { cities, elsewhereRegions, streets } from './places.ts'

// Ranges of mobile numbers that the numbering plan knows.
const mobilePrefixes =
  '130 131 132 133 135 136 137 138 139 150 151 152 155 157 158 159 166 176 177 178 180 181 182 183 185 186 187 188 189 191 198 199'.split(
    ' ',
  )
const creditCharacters = '0123456789ABCDEFGHJKLMNPQRTUWXY'
// Reserved for examples (RFC 2606): no message ever reaches anybody.
const mailDomains = ['example.com', 'example.com', 'example.net', 'example.org']

/** Whom made-up numbers are for. */
export interface Person {
  readonly kind: string
  readonly gender: 'male' | 'female' | null
  readonly birthDate: Day | null
  readonly nationality: string
  /** Index in `cities`. */
  readonly city: number
}

export interface MadeDocument {
  readonly type: DocumentType
  readonly country: string
  readonly number: string
  /** Whether it carries a check digit. */
  readonly verified: boolean
  readonly validUntil: Day | null
}

/** A made-up document of the right type: its check digit, region, birth date and sex agree. */
export function madeDocument(person: Person, today: Day, next: Generator): MadeDocument {
  if (person.kind === 'company')
    return {
      type: 'unified_social_credit_code',
      country: 'CN',
      number: creditCode(person.city, next),
      verified: true,
      validUntil: null,
    }
  const validUntil = addDays(today, numberBelow(next, 5400) - 120)
  if (person.nationality === 'CN') {
    // From the age of 46 on a resident's card is valid for life.
    const forLife = person.birthDate! < addDays(today, -46 * 366)
    return {
      type: 'resident_id',
      country: 'CN',
      number: residentId(person, next),
      verified: true,
      validUntil: forLife ? null : validUntil,
    }
  }
  if (person.nationality === 'HK')
    return { type: 'mainland_travel_permit', country: 'HK', number: `H${digits(next, 8)}`, verified: false, validUntil }
  return {
    type: 'passport',
    country: person.nationality,
    number: `${pick(next, [...'CEGKLMPX'])}${digits(next, 8)}`,
    verified: false,
    validUntil,
  }
}

function residentId({ birthDate, gender, city }: Person, next: Generator): string {
  const region = pick(next, numberBelow(next, 10) < 6 ? cities[city]!.regions : elsewhereRegions)
  const sequence = numberBelow(next, 499) * 2 + (gender === 'male' ? 1 : 2)
  const first17 = `${region}${birthDate!.replaceAll('-', '')}${String(sequence).padStart(3, '0')}`
  return first17 + residentIdCheckDigit(first17)
}

function creditCode(city: number, next: Generator): string {
  let first17 = `91${pick(next, cities[city]!.regions)}MA`
  while (first17.length < 17) first17 += creditCharacters.charAt(numberBelow(next, creditCharacters.length))
  return first17 + creditCodeCheckDigit(first17)
}

/** A number in E.164: mobile for persons, at times a landline for companies. */
export function madePhone({ kind, city }: Pick<Person, 'kind' | 'city'>, next: Generator): string {
  if (kind === 'company' && numberBelow(next, 2) === 0)
    return `+86${cities[city]!.code.slice(1)}${cities[city]!.code.length === 3 ? '6' : '8'}${digits(next, 7)}`
  return `+86${pick(next, mobilePrefixes)}${digits(next, 8)}`
}

export function madeEmail(emailName: string, next: Generator): string {
  return `${emailName}${numberBelow(next, 9000) + 100}@${pick(next, mailDomains)}`
}

export function madeAddressLine(district: string, next: Generator): string {
  return `${district}${pick(next, streets)}${numberBelow(next, 380) + 1}号${numberBelow(next, 24) + 1}栋${numberBelow(next, 30) + 1}0${numberBelow(next, 6) + 1}室`
}

/** One line of `COPY … FROM`: texts may hold no tab, line end or backslash. */
export function copyLine(values: readonly (string | Buffer | number | boolean | null)[]): string {
  let line = ''
  for (const value of values) {
    if (line !== '') line += '\t'
    line += value === null ? '\\N' : value instanceof Buffer ? `\\\\x${value.toString('hex')}` : value
  }
  return `${line}\n`
}

/** Sends lines to a table in one go. */
export async function copyLines(client: Client, table: string, lines: string): Promise<void> {
  const copying = client.query(copyFrom(`copy ${table} from stdin`))
  await new Promise<void>((resolve, reject) => {
    copying.once('error', reject).once('finish', () => resolve())
    copying.end(lines)
  })
}
