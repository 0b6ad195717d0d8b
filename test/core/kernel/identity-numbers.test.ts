import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays } from '../../../src/core/kernel/calendar.ts'
import {
  checkDocument,
  creditCodeCheckDigit,
  type DocumentType,
  parseCreditCode,
  parseResidentId,
  residentIdCheckDigit,
} from '../../../src/core/kernel/identity-numbers.ts'

const creditAlphabet = [...'0123456789ABCDEFGHJKLMNPQRTUWXY']
const digits = (length: number) =>
  fc.integer({ min: 0, max: 10 ** length - 1 }).map((number) => String(number).padStart(length, '0'))
const residentId = fc
  .tuple(fc.constantFrom('11', '31', '44', '65', '81'), digits(4), fc.integer({ min: 0, max: 80_000 }), digits(3))
  .map(
    ([province, county, days, sequence]) => `${province}${county}${addDays('1850-01-01', days).replaceAll('-', '')}${sequence}`,
  )
  .map((first17) => first17 + residentIdCheckDigit(first17))
const creditCode = fc
  .tuple(
    fc.constantFrom('91', '92', '11', 'N2'),
    digits(6),
    fc.array(fc.constantFrom(...creditAlphabet), { minLength: 9, maxLength: 9 }),
  )
  .map(([kind, region, body]) => `${kind}${region}${body.join('')}`)
  .map((first17) => first17 + creditCodeCheckDigit(first17))

describe('a resident ID', () => {
  test.each([
    ['11010519491231002X', '1949-12-31', 'female', '110105'],
    ['440524188001010014', '1880-01-01', 'male', '440524'],
  ])('as printed in the standard, %s, is read', (number, birthDate, gender, region) => {
    expect(parseResidentId(number)).toEqual({ ok: true, number, birthDate, gender, region })
  })

  test.each([' 110105 19491231 002x ', '１１０１０５１９４９１２３１００２Ｘ', '110105-19491231-002X'])(
    'may be written %j',
    (text) => {
      expect(parseResidentId(text)).toMatchObject({ ok: true, number: '11010519491231002X' })
    },
  )

  test.each([
    ['110105491231002', 'length'],
    ['11010519491231002XX', 'length'],
    ['', 'length'],
    ['1101051949123100XX', 'characters'],
    ['110105********002X', 'characters'],
    [valid('99010519491231002'), 'region'],
    [valid('11010519490230002'), 'birth_date'],
    [valid('11010517991231002'), 'birth_date'],
    ['110105194912310021', 'check_digit'],
  ])('%j is refused: %s', (text, rule) => {
    expect(parseResidentId(text)).toEqual({ ok: false, rule })
  })

  test('with any one character changed is refused', () => {
    fc.assert(
      fc.property(residentId, fc.nat(17), fc.constantFrom(...'0123456789X'), (number, position, character) => {
        const changed = number.slice(0, position) + character + number.slice(position + 1)
        expect(parseResidentId(changed).ok).toBe(changed === number)
      }),
      { numRuns: 1000 },
    )
  })

  test('with any two neighbours exchanged is refused', () => {
    fc.assert(
      fc.property(residentId, fc.nat(16), (number, position) => {
        const changed = exchange(number, position)
        expect(parseResidentId(changed).ok).toBe(changed === number)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a unified social credit code', () => {
  // Published codes of Tencent, Alibaba, Huawei and Baidu.
  test.each([
    ['9144030071526726XG', '440300'],
    ['91330100799655058B', '330100'],
    ['914403001922038216', '440300'],
    ['91110000802100433B', '110000'],
  ])('%s is read', (number, region) => {
    expect(parseCreditCode(number)).toEqual({ ok: true, number, region })
    expect(parseCreditCode(` ${number.toLowerCase()} `)).toEqual({ ok: true, number, region })
  })

  test.each([
    ['9144030071526726X', 'length'],
    ['9144030O71526726XG', 'characters'],
    ['91440300715267I6XG', 'characters'],
    ['91A40300715267261G', 'characters'],
    ['9144030071526726XH', 'check_digit'],
  ])('%j is refused: %s', (text, rule) => {
    expect(parseCreditCode(text)).toEqual({ ok: false, rule })
  })

  test('with any one character changed, or two neighbours exchanged, is refused', () => {
    fc.assert(
      fc.property(creditCode, fc.nat(16), fc.constantFrom(...creditAlphabet), (number, position, character) => {
        const changed = number.slice(0, position) + character + number.slice(position + 1)
        expect(parseCreditCode(changed).ok).toBe(changed === number)
        const exchanged = exchange(number, position)
        expect(parseCreditCode(exchanged).ok).toBe(exchanged === number)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a document', () => {
  test.each<[DocumentType, string, string, string, boolean]>([
    ['resident_id', 'CN', '11010519491231002x', '11010519491231002X', true],
    ['unified_social_credit_code', 'CN', '91 330100 799655058b', '91330100799655058B', true],
    ['business_licence', 'CN', '91330100799655058B', '91330100799655058B', true],
    ['business_licence', 'CN', '110108000000016', '110108000000016', true],
    ['business_licence', 'CN', '4401030000001', '4401030000001', false],
    ['resident_id', 'HK', '810000199408230021', '810000199408230021', true],
    ['resident_id', 'CN', '810000199408230021', '810000199408230021', true],
    ['resident_id', 'TW', '830000199201300022', '830000199201300022', true],
    ['business_licence', 'DE', 'HRB 12345', 'HRB12345', false],
    ['foreign_permanent_resident', 'CN', 'usa 1100 7901 0112', 'USA110079010112', false],
    ['foreign_permanent_resident', 'CN', valid('91184019790101123'), valid('91184019790101123'), true],
    ['passport', 'CN', 'e12345678', 'E12345678', false],
    ['passport', 'CN', 'EA1234567', 'EA1234567', false],
    ['passport', 'GB', '925665416', '925665416', false],
    ['mainland_travel_permit', 'HK', 'H01234567', 'H01234567', false],
    ['mainland_travel_permit', 'TW', '01234567', '01234567', false],
    ['military_id', 'CN', '军字第2001988号', '军字第2001988号', false],
    ['other', 'HK', 'A123456(7)', 'A1234567', false],
  ])('of type %s from %s, %j, is accepted', (type, country, text, number, verified) => {
    expect(checkDocument(type, country, text)).toEqual({ number, verified, reasons: [] })
  })

  test.each<[DocumentType, string, string, string, readonly string[]]>([
    ['resident_id', 'CN', '110105194912310021', '110105194912310021', ['check_digit']],
    ['resident_id', 'US', '11010519491231002X', '11010519491231002X', ['country']],
    ['resident_id', 'China', '110105********002X', '110105********002X', ['country', 'characters']],
    ['passport', 'CN', '12345', '12345', ['format']],
    ['passport', 'GB', 'E1***5678', 'E1***5678', ['format']],
    ['foreign_permanent_resident', 'CN', '91184019790101123A', '91184019790101123A', ['characters']],
    ['mainland_travel_permit', 'US', 'X1', 'X1', ['country', 'format']],
    ['other', 'CN', ' - ', '', ['format']],
  ])('of type %s from %s, %j, is kept with what is wrong', (type, country, text, number, reasons) => {
    expect(checkDocument(type, country, text)).toEqual({ number, verified: false, reasons })
  })
})

function valid(first17: string): string {
  return first17 + residentIdCheckDigit(first17)
}

function exchange(number: string, position: number): string {
  return number.slice(0, position) + number.charAt(position + 1) + number.charAt(position) + number.slice(position + 2)
}
