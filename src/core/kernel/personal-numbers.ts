import { checkDocument } from './identity-numbers.ts'
import { normalisePhone } from './phones.ts'

/** What a text about a customer may not hold in clear: such values have fields of their own, which are encrypted and masked. */
export type PersonalNumber = 'resident_id' | 'document' | 'bank_card' | 'phone'

// Digits in groups, as people write them: one or two signs between two of them.
const runs = /\+?\(?\+?[0-9](?:[ ().·/–—-]{0,2}[0-9])*[Xx]?/g
const separators = /[ ().·/–—-]+/
const mobile = /^(?:0|86|0086|086)?1[3-9]\d{9}$/

/**
 * Cards by the beginning of their numbers (ISO/IEC 7812: issuer identification numbers) and their lengths: Visa, Mastercard with its second series, American Express, Diners
 * Club, JCB; Maestro, Discover and UnionPay, with the debit cards that Chinese banks have issued under 60, 68 and 69; UnionPay abroad and cards of Chinese banks under
 * numbers of their own, which are still in use, as 9558 of ICBC.
 */
const cards: readonly (readonly [RegExp, least: number, most: number])[] = [
  [/^4/, 16, 19],
  [/^5[1-5]/, 16, 16],
  [/^2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)/, 16, 16],
  [/^3[47]/, 15, 15],
  [/^3(?:0[0-5]|095|6|[89])/, 14, 19],
  [/^35(?:2[89]|[3-8]\d)/, 16, 19],
  [/^(?:50|5[6-8]|6)/, 16, 19],
  [/^(?:81|8[4-8])/, 16, 19],
  [/^9[014-689]/, 16, 19],
]

/** What is written before a number without a check digit. */
const documentWord =
  /(?:护照|passport|通行证|回乡证|台胞证|军官证|士兵证|永居证|永久居留|证件号?码?|证号)\s*(?:号码?|no\.?|number)?\s*[:：#是为]?\s*([A-Za-z]{0,3}\d{6,12}[A-Za-z]?)/iu
// Three letters of the nationality and twelve digits: permanent residence cards before 2023.
const oldResidenceCard = /(?<![A-Za-z0-9])[A-Z]{3}\d{12}(?![A-Za-z0-9])/

/**
 * The first number of a person in a text: a resident ID or permanent residence card whose check digit is right, another identity document that is called one, a bank card by its
 * issuer and Luhn’s check digit (ISO/IEC 7812-1), a Chinese mobile number or any that begins with `+` or `00`, however they are spaced. Dates, amounts and other numbers pass.
 * Undefined where there is none.
 */
export function personalNumberIn(text: string): PersonalNumber | undefined {
  const plain = text.normalize('NFKC')
  for (const [run] of plain.matchAll(runs)) {
    const groups = run
      .split(separators)
      .map((group) => group.replace('+', ''))
      .filter((group) => group !== '')
    if (run.includes('+') && groups.join('').length >= 8) return 'phone'
    for (const part of betweenDays(groups)) {
      const kind = kindIn(part)
      if (kind) return kind
    }
  }
  return documentWord.test(plain) || oldResidenceCard.test(plain) ? 'document' : undefined
}

/** The groups before, between and after days, such as 2026-11-22: an amount beside a day is no number. */
function betweenDays(groups: readonly string[]): readonly (readonly string[])[] {
  const parts: string[][] = [[]]
  for (let at = 0; at < groups.length; at++) {
    if (!isDay(groups.slice(at, at + 3))) {
      parts.at(-1)!.push(groups[at]!)
      continue
    }
    parts.push([])
    at += 2
  }
  return parts
}

function isDay([year = '', month = '', day = '']: readonly string[]): boolean {
  return /^(?:19|20)\d\d$/.test(year) && /^(?:0?[1-9]|1[0-2])$/.test(month) && /^(?:0?[1-9]|[12]\d|3[01])$/.test(day)
}

/** What is written in groups may be beside other numbers. */
function kindIn(groups: readonly string[]): PersonalNumber | undefined {
  for (let first = 0; first < groups.length; first++)
    for (let digits = '', last = first; last < groups.length && digits.length < 20; last++) {
      digits += groups[last]
      const kind = kindOf(digits, groups.slice(first, last + 1), first === 0 && last === groups.length - 1)
      if (kind) return kind
    }
  return undefined
}

function kindOf(text: string, groups: readonly string[], alone: boolean): PersonalNumber | undefined {
  if (text.length === 18) {
    if (checkDocument('resident_id', 'CN', text).verified) return 'resident_id'
    if (checkDocument('foreign_permanent_resident', 'CN', text).verified) return 'document'
  }
  // The letter is of the next word.
  const digits = text.replace(/x$/i, '')
  // Nobody has a number that ends with so many zeros: it is an amount.
  if (digits.endsWith('000000')) return undefined
  // In groups of any length only where nothing else is beside them.
  if (alone && isPhone(digits)) return 'phone'
  // Cards and phones are written in groups of three and more, the code of the country aside; an amount before a date is not.
  if (groups.some((group, index) => group.length < 3 && !(index === 0 && group === '86'))) return undefined
  if (isCard(digits)) return 'bank_card'
  return isPhone(digits) ? 'phone' : undefined
}

function isPhone(digits: string): boolean {
  if (mobile.test(digits)) return true
  return /^00[1-9]\d{8,13}$/.test(digits) && normalisePhone(`+${digits.slice(2)}`) !== undefined
}

function isCard(digits: string): boolean {
  const { length } = digits
  return cards.some(([prefix, least, most]) => length >= least && length <= most && prefix.test(digits)) && passesLuhn(digits)
}

function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index])
    sum += index % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0)
  }
  return sum % 10 === 0
}
