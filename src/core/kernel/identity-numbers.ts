import { type Day, parseDay } from './calendar.ts'

/** Kinds of identity document the dossier knows. */
export const documentTypes = [
  'resident_id',
  'passport',
  'mainland_travel_permit',
  'foreign_permanent_resident',
  'military_id',
  'unified_social_credit_code',
  'business_licence',
  'other',
] as const

export type DocumentType = (typeof documentTypes)[number]

/** Why a number is not what its document type says. */
export type DocumentRule = 'country' | 'format' | 'length' | 'characters' | 'region' | 'birth_date' | 'check_digit'

export interface ResidentId {
  readonly ok: true
  /** 18 characters, a final `X` in upper case. */
  readonly number: string
  readonly birthDate: Day
  readonly gender: 'male' | 'female'
  /** Six digits of GB/T 2260: where the number was first issued. */
  readonly region: string
}

export interface CreditCode {
  readonly ok: true
  /** 18 characters in upper case. */
  readonly number: string
  /** Six digits of GB/T 2260: where the body is registered; 100000 is the national level. */
  readonly region: string
}

export interface Refusal {
  readonly ok: false
  readonly rule: DocumentRule
}

export interface CheckedDocument {
  /** Upper case, half-width, without spaces, hyphens, dots and brackets: the form that is stored, compared and indexed. */
  readonly number: string
  /** True only where the number carries a check digit and it agrees. */
  readonly verified: boolean
  /** The rules the number breaks. Empty and not verified: well-formed, of a type without a check digit. */
  readonly reasons: readonly DocumentRule[]
}

// GB/T 2260 provinces; 81, 82 and 83 on residence permits of people from Hong Kong, Macao and Taiwan (State Council order 2018).
const provinces = new Set(
  '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83'.split(' '),
)
// GB 11643: the weight of position i, counted from the right with the check digit as 1, is 2^(i-1) mod 11.
const residentWeights = Array.from({ length: 17 }, (_, index) => 2 ** (17 - index) % 11)
const residentCheckDigits = '10X98765432'
// GB 32100: no I, O, S, V, Z; the weight of position i, counted from the left, is 3^(i-1) mod 31.
const creditAlphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'
const creditWeights = Array.from({ length: 17 }, (_, index) => 3 ** index % 31)

/** The 18th character (`0` to `9` or `X`) that GB 11643 (ISO 7064 MOD 11-2) gives to 17 digits. */
export function residentIdCheckDigit(first17: string): string {
  const sum = residentWeights.reduce((total, weight, index) => total + weight * Number(first17[index]), 0)
  return residentCheckDigits.charAt(sum % 11)
}

/** The 18th character that GB 32100 (MOD 31) gives to the first 17 of a unified social credit code. */
export function creditCodeCheckDigit(first17: string): string {
  const sum = creditWeights.reduce((total, weight, index) => total + weight * creditAlphabet.indexOf(first17.charAt(index)), 0)
  return creditAlphabet.charAt((31 - (sum % 31)) % 31)
}

/**
 * Reads a resident ID by GB 11643: known province, real birth date from 1800 on, sex in the 17th digit (odd is male), check digit. Spaces,
 * hyphens, full-width digits and a small `x` are accepted. Whether the birth date lies in the future is the caller's question.
 */
export function parseResidentId(text: string): ResidentId | Refusal {
  const number = normaliseNumber(text)
  if (number.length !== 18) return refuse('length')
  if (!/^\d{17}[\dX]$/.test(number)) return refuse('characters')
  if (!provinces.has(number.slice(0, 2))) return refuse('region')
  return parsePersonNumber(number)
}

/** Reads a unified social credit code by GB 32100: its alphabet, six region digits, check digit. Small letters, spaces and hyphens are accepted. */
export function parseCreditCode(text: string): CreditCode | Refusal {
  const number = normaliseNumber(text)
  if (number.length !== 18) return refuse('length')
  if (!/^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$/.test(number)) return refuse('characters')
  if (creditCodeCheckDigit(number) !== number[17]) return refuse('check_digit')
  return { ok: true, number, region: number.slice(2, 8) }
}

/**
 * Normalises an identity document's number and checks what its type allows to check. `country` is the issuing country (ISO 3166-1
 * alpha-2). The number comes back normalised also when it breaks a rule, so that a feed's row can be stored and listed as unverified.
 */
export function checkDocument(type: DocumentType, country: string, text: string): CheckedDocument {
  const number = normaliseNumber(text)
  const reasons: DocumentRule[] = isCountry(type, country) ? [] : ['country']
  const checked = checkNumber(type, country, number)
  if (checked.broken) reasons.push(checked.broken)
  return { number, verified: checked.verified && reasons.length === 0, reasons }
}

interface NumberCheck {
  readonly verified: boolean
  readonly broken?: DocumentRule
}

function checkNumber(type: DocumentType, country: string, number: string): NumberCheck {
  switch (type) {
    case 'resident_id':
      return byCheckDigit(parseResidentId(number))
    case 'unified_social_credit_code':
      return byCheckDigit(parseCreditCode(number))
    case 'foreign_permanent_resident':
      return checkPermanentResident(number)
    case 'business_licence':
      return checkBusinessLicence(country, number)
    case 'passport':
      // Chinese passports: a letter and 8 digits, or two letters and 7; others: what ICAO 9303 and older books allow.
      return byForm(number, country === 'CN' ? /^[A-Z](?:\d{8}|[A-Z]\d{7})$/ : /^[A-Z0-9]{3,20}$/)
    case 'mainland_travel_permit':
      // H or M for Hong Kong and Macao, digits only for Taiwan; older permits add two digits of issue, at times a letter.
      return byForm(number, /^[HM]?\d{8}(?:\d{2}[A-Z]?)?$/)
    case 'military_id':
      return byForm(number, /^[\p{L}\p{N}]{4,24}$/u)
    case 'other':
      return byForm(number, /^[\p{L}\p{N}]{1,64}$/u)
  }
}

// Since 2023 the card's number has 18 digits: 9, province, nationality, then birth date, sequence and check digit as in GB 11643.
// Before, three letters and twelve digits, whose check digit is not published.
function checkPermanentResident(number: string): NumberCheck {
  if (number.length !== 18) return byForm(number, /^[A-Z]{3}\d{12}$/)
  return byCheckDigit(/^9\d{16}[\dX]$/.test(number) ? parsePersonNumber(number) : refuse('characters'))
}

// Since 2015 a licence bears the unified social credit code; before, a registration number of 13 digits, or of 15 with a check digit.
function checkBusinessLicence(country: string, number: string): NumberCheck {
  if (country !== 'CN') return byForm(number, /^[\p{L}\p{N}]{1,64}$/u)
  if (number.length === 18) return byCheckDigit(parseCreditCode(number))
  if (!/^\d{15}$/.test(number)) return byForm(number, /^\d{13}$/)
  return licenceCheckDigit(number) === number[14] ? { verified: true } : { verified: false, broken: 'check_digit' }
}

/** The 15th digit that ISO 7064 MOD 11,10 gives to the first 14 of a registration number (GS 15, since 2007). */
export function licenceCheckDigit(first14: string): string {
  const product = Array.from(first14.slice(0, 14)).reduce((before, digit) => (((before + Number(digit)) % 10 || 10) * 2) % 11, 10)
  return String((11 - product) % 10)
}

function byCheckDigit(parsed: { readonly ok: true } | Refusal): NumberCheck {
  return parsed.ok ? { verified: true } : { verified: false, broken: parsed.rule }
}

function byForm(number: string, form: RegExp): NumberCheck {
  return form.test(number) ? { verified: false } : { verified: false, broken: 'format' }
}

function parsePersonNumber(number: string): ResidentId | Refusal {
  const birthDate = parseDay(`${number.slice(6, 10)}-${number.slice(10, 12)}-${number.slice(12, 14)}`)
  if (birthDate === undefined) return refuse('birth_date')
  if (residentIdCheckDigit(number) !== number[17]) return refuse('check_digit')
  const gender = Number(number[16]) % 2 === 1 ? 'male' : 'female'
  return { ok: true, number, birthDate, gender, region: number.slice(0, 6) }
}

function isCountry(type: DocumentType, country: string): boolean {
  if (!/^[A-Z]{2}$/.test(country)) return false
  switch (type) {
    case 'unified_social_credit_code':
    case 'foreign_permanent_resident':
    case 'military_id':
      return country === 'CN'
    // Residence permits of people from Hong Kong, Macao and Taiwan are numbered as resident IDs, and forms send either place.
    case 'resident_id':
    case 'mainland_travel_permit':
      return ['CN', 'HK', 'MO', 'TW'].includes(country)
    default:
      return true
  }
}

function normaliseNumber(text: string): string {
  return text
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[\s\p{Pd}.·/()[\]]/gu, '')
}

function refuse(rule: DocumentRule): Refusal {
  return { ok: false, rule }
}
