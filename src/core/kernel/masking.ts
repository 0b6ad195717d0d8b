import { parsePhoneNumberFromString } from 'libphonenumber-js/max'

/** The parts of a postal address, each in a field of its own. */
export interface AddressParts {
  readonly country?: string | undefined
  readonly province?: string | undefined
  readonly city?: string | undefined
  readonly district?: string | undefined
  readonly street?: string | undefined
  readonly postalCode?: string | undefined
}

/** What stands for a part that is hidden whole. */
export const hidden = '***'
const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' })

/**
 * Masks an E.164 number. Mainland mobiles show the usual first three and last four of eleven digits (`138****5678`); all others show the
 * country code and the last four, never more than half of the digits after the country code (`+852****4567`). What no
 * country's plan could hold is hidden whole.
 */
export function maskPhone(e164: string): string {
  if (/^\+861\d{10}$/.test(e164)) return `${e164.slice(3, 6)}****${e164.slice(-4)}`
  const phone = parsePhoneNumberFromString(e164, { extract: false })
  if (!phone?.isPossible()) return hidden
  const national = phone.nationalNumber
  const shown = Math.min(4, Math.floor(national.length / 2))
  return `+${phone.countryCallingCode}${maskMiddle([...national], 0, shown)}`
}

/**
 * Masks an identity document's number: of 18 characters the first three and the last four show, of fewer a sixth at the front and a
 * quarter at the end (`E12345678` is `E******78`), of four or fewer nothing. The length stays visible.
 */
export function maskDocumentNumber(number: string): string {
  const characters = graphemes(number)
  if (characters.length <= 4) return '*'.repeat(characters.length)
  return maskMiddle(characters, Math.min(3, Math.floor(characters.length / 6)), Math.min(4, Math.floor(characters.length / 4)))
}

/** Masks an e-mail address: the first character and the domain show (`l***@example.com`); a single character before the @ is hidden too. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@')
  if (at < 0) return hidden
  const local = graphemes(email.slice(0, at))
  return `${local.length > 1 ? local[0] : ''}${hidden}${email.slice(at)}`
}

/** Masks an address: country, province and city show as given; district, street and postal code become `***` where they are present. */
export function maskAddress({ country, province, city, district, street, postalCode }: AddressParts): AddressParts {
  const closed = { district, street, postalCode }
  const present = Object.entries({ country, province, city, ...closed }).filter(([, text]) => text !== undefined && text !== '')
  return Object.fromEntries(present.map(([part, text]) => [part, part in closed ? hidden : text]))
}

/** Masks a day: its year shows (`1990-**-**`). */
export function maskDay(day: string): string {
  return `${day.slice(0, 4)}-**-**`
}

/** Masks a name: its first character shows, and that there is more (`王小明` and `欧阳小明` are `王**` and `欧**`, `李雷` is `李*`). */
export function maskName(name: string): string {
  const [first = '', ...rest] = graphemes(name.trim())
  if (rest.length === 0) return first === '' ? '' : '*'
  return `${first}${rest.length === 1 ? '*' : '**'}`
}

function maskMiddle(characters: readonly string[], head: number, tail: number): string {
  const end = characters.length - tail
  return characters.map((character, index) => (index < head || index >= end ? character : '*')).join('')
}

function graphemes(text: string): readonly string[] {
  // Segmenting is slow, and ASCII and plain Chinese need none.
  return /^[\x20-\x7e\u4e00-\u9fff]*$/.test(text) ? [...text] : Array.from(segmenter.segment(text), ({ segment }) => segment)
}
