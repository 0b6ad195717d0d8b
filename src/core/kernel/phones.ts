import { type CountryCode, parsePhoneNumberFromString, type PhoneNumber } from 'libphonenumber-js/max'

export type { CountryCode }

// The longest a person writes a number of 15 digits, with separators and an extension.
const longestPhone = 40
// RFC 5321: 64 octets before the @, 254 for the whole path.
const longestEmail = 254
const longestLocalPart = 64
const withExtensions: ReadonlySet<string | undefined> = new Set([
  'FIXED_LINE',
  'FIXED_LINE_OR_MOBILE',
  'SHARED_COST',
  'TOLL_FREE',
  'UAN',
])
// What separates an extension where the library does not know it: a hyphen after a whole number, and Chinese words.
const extension = /^(.+?)\s*(?:\p{Pd}|转|轉|分机|分機|内线)\s*(?:分机|分機)?\s*[:：]?\s*(\d{1,6})$/u

/**
 * Reads a phone number as people write it and returns it in E.164 (`+8613812345678`), that of a landline with its extension as RFC 3966 adds it
 * (`+8675526000012;ext=801`). Numbers without a country code belong to `defaultCountry`; a local number of seven or eight digits gets the area code
 * (`0755`) where there is one. `undefined` for what the numbering plan does not know, short service numbers, and mobiles with an extension.
 */
export function normalisePhone(text: string, defaultCountry: CountryCode = 'CN', areaCode?: string): string | undefined {
  const trimmed = text.trim().normalize('NFKC').replace(/;ext=/, ' ext. ')
  if (trimmed.length > longestPhone) return undefined
  const read = (number: string): PhoneNumber | undefined => parsePhoneNumberFromString(number, { defaultCountry, extract: false })
  const whole = read(trimmed)
  if (whole?.isValid()) return formatted(whole, whole.ext)
  const [, base, ext] = extension.exec(trimmed) ?? []
  const called = base === undefined ? undefined : read(base)
  if (called?.isValid() && called.ext === undefined) return formatted(called, ext)
  const withoutExt = whole?.ext === undefined ? base : trimmed.replace(/\D*\d+$/, '')
  if (areaCode === undefined || ![trimmed, withoutExt ?? ''].some(isLocal)) return undefined
  return normalisePhone(`${areaCode} ${trimmed}`, defaultCountry)
}

const isLocal = (text: string): boolean => /^[2-8](?:[\s\p{Pd}]?\d){6,7}$/u.test(text.trim())

function formatted(phone: PhoneNumber, ext: string | undefined): string | undefined {
  if (ext === undefined) return phone.number
  return withExtensions.has(phone.getType()) ? `${phone.number};ext=${ext}` : undefined
}

/** What a stored contact is found by: as it is, and a landline with an extension without that too. */
export function searchedAs(kind: string, value: string): readonly string[] {
  const base = kind === 'phone' ? value.replace(/;ext=\d+$/, '') : value
  return base === value ? [value] : [value, base]
}

/**
 * The numbers in a field that may hold several, separated by `/`, `;`, `,`, `、`, `|`, a line or a word for "or"; each once, in their order. What is no number is
 * left out: `complete` tells whether there is such a part.
 */
export function readPhones(text: string, areaCode?: string): { readonly phones: readonly string[]; readonly complete: boolean } {
  const one = normalisePhone(text, 'CN', areaCode)
  if (one !== undefined) return { phones: [one], complete: true }
  const parts = text.split(/[/;；,，、|\n]|\s+或\s*|或/).flatMap((part) => (part.trim() === '' ? [] : [part]))
  const read = parts.map((part) => normalisePhone(part, 'CN', areaCode))
  return {
    phones: [...new Set(read.filter((phone) => phone !== undefined))],
    complete: read.every((phone) => phone !== undefined),
  }
}

/**
 * Reads an e-mail address and returns it half-width, without outer spaces, its domain in lower case; the part before the @ keeps its case
 * (RFC 5321 leaves it to the receiving host). `undefined` unless it is a dot-atom (RFC 5322, letters of any script) of at most 64 octets,
 * one @ and a domain of at least two labels, 254 octets in all. Quoted local parts and address literals are refused.
 */
export function normaliseEmail(text: string): string | undefined {
  if (text.length > 2 * longestEmail) return undefined
  const [local = '', domain = '', ...more] = text.trim().normalize('NFKC').split('@')
  if (more.length > 0 || !isLocalPart(local) || !isDomain(domain)) return undefined
  const email = `${local}@${domain.toLowerCase()}`
  return octets(email) <= longestEmail ? email : undefined
}

function isLocalPart(local: string): boolean {
  if (octets(local) > longestLocalPart) return false
  return local.split('.').every((atom) => /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+$/u.test(atom))
}

function isDomain(domain: string): boolean {
  const labels = domain.split('.')
  return (
    labels.length >= 2 && labels.every((label) => /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?$/u.test(label))
  )
}

function octets(text: string): number {
  return new TextEncoder().encode(text).length
}
