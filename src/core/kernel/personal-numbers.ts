import { parseResidentId } from './identity-numbers.ts'

/** What a text about a customer may not hold in clear: such values have fields of their own, which are encrypted and masked. */
export type PersonalNumber = 'resident_id' | 'bank_card' | 'phone'

// Digits in groups, as people write them.
const runs = /\+?[0-9](?:[ -]?[0-9])*[Xx]?/g
const mobile = /^(?:0?86)?1[3-9]\d{9}$/
// Ranges of card issuers: UnionPay, Visa, Mastercard, JCB, American Express.
const card = /^(?:62|4|5[1-5]|35|3[47])\d+$/

/**
 * The first number of a person in a text: a resident ID whose check digit is right, a bank card by its issuer and Luhn’s check digit (ISO/IEC 7812-1), a Chinese
 * mobile number or any that begins with `+`. Dates, amounts and other numbers pass. Undefined where there is none.
 */
export function personalNumberIn(text: string): PersonalNumber | undefined {
  for (const [run] of text.normalize('NFKC').matchAll(runs)) {
    const international = run.startsWith('+')
    const groups = run.replace('+', '').split(/[ -]/)
    if (international && groups.join('').length >= 8) return 'phone'
    // What is written in groups may stand beside other numbers.
    for (let first = 0; first < groups.length; first++)
      for (let digits = '', last = first; last < groups.length && digits.length < 20; last++) {
        digits += groups[last]
        const kind = kindOf(digits, groups.slice(first, last + 1))
        if (kind) return kind
      }
  }
  return undefined
}

function kindOf(text: string, groups: readonly string[]): PersonalNumber | undefined {
  if (text.length === 18 && parseResidentId(text).ok) return 'resident_id'
  // The letter is of the next word.
  const digits = text.replace(/x$/i, '')
  // Cards and phones are written in groups of three and more, the code of the country aside; an amount before a date is not.
  if (groups.some((group, index) => group.length < 3 && !(index === 0 && group === '86'))) return undefined
  if (digits.length >= 15 && digits.length <= 19 && card.test(digits) && passesLuhn(digits)) return 'bank_card'
  // Nobody has a number that ends with so many zeros: it is an amount.
  return mobile.test(digits) && !digits.endsWith('000000') ? 'phone' : undefined
}

function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index])
    sum += index % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0)
  }
  return sum % 10 === 0
}
