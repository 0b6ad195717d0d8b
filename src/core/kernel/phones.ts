import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'

export type { CountryCode }

// The longest a person writes a number of 15 digits, with separators.
const longestPhone = 40
// RFC 5321: 64 octets before the @, 254 for the whole path.
const longestEmail = 254
const longestLocalPart = 64

/**
 * Reads a phone number as people write it and returns it in E.164 (`+8613812345678`). Numbers without a country code belong to
 * `defaultCountry`. `undefined` for what the numbering plan does not know, short service numbers, and numbers with an extension, which
 * E.164 cannot hold.
 */
export function normalisePhone(text: string, defaultCountry: CountryCode = 'CN'): string | undefined {
  const trimmed = text.trim()
  if (trimmed.length > longestPhone) return undefined
  const phone = parsePhoneNumberFromString(trimmed, { defaultCountry, extract: false })
  return phone?.isValid() && phone.ext === undefined ? phone.number : undefined
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
