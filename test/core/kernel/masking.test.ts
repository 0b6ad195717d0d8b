import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maskAddress, maskDocumentNumber, maskEmail, maskName, maskPhone } from '../../../src/core/kernel/masking.ts'
import { normalisePhone } from '../../../src/core/kernel/phones.ts'

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })

describe('a masked phone number', () => {
  test.each([
    ['+8613812345678', '138****5678'],
    ['+861066551234', '+86******1234'],
    ['+85291234567', '+852****4567'],
    ['+12125550123', '+1******0123'],
    ['+290123', '***'],
    ['13812345678', '***'],
    ['王小明', '***'],
    ['', '***'],
  ])('of %j is %s', (phone, masked) => {
    expect(maskPhone(phone)).toBe(masked)
  })

  test('from abroad shows at most half of the digits after the country code, and at most four', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\+(1[2-9]|33|4[49]|65|85[23]|886|8610)\d{7,8}$/), (text) => {
        const phone = normalisePhone(text)
        fc.pre(phone !== undefined)
        const [, masked = '', shown = ''] = /^\+\d{1,3}?(\*+)(\d*)$/.exec(maskPhone(phone)) ?? []
        expect(shown.length).toBeLessThanOrEqual(4)
        expect(shown.length).toBeLessThanOrEqual(masked.length)
        expect(phone?.endsWith(shown)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a masked document number', () => {
  test.each([
    ['11010519491231002X', '110***********002X'],
    ['E12345678', 'E******78'],
    ['12345', '****5'],
    ['1234', '****'],
    ['', ''],
    ['军字第2001988号', '军********8号'],
  ])('of %j is %s', (number, masked) => {
    expect(maskDocumentNumber(number)).toBe(masked)
  })

  test('keeps the length and shows at most three in front, four behind and five twelfths in all', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9A-Z]{1,40}$/), (number) => {
        const masked = maskDocumentNumber(number)
        const [, head = '', stars = '', tail = ''] = /^([^*]*)(\*+)([^*]*)$/.exec(masked) ?? []
        expect(masked).toHaveLength(number.length)
        expect(number.startsWith(head) && number.endsWith(tail)).toBe(true)
        expect(head.length).toBeLessThanOrEqual(3)
        expect(tail.length).toBeLessThanOrEqual(4)
        expect(stars.length * 12).toBeGreaterThanOrEqual(number.length * 7)
      }),
    )
  })
})

describe('a masked e-mail address', () => {
  test.each([
    ['li.ming@example.com', 'l***@example.com'],
    ['l@example.com', '***@example.com'],
    ['𠮷野@example.jp', '𠮷***@example.jp'],
    ['nobody', '***'],
  ])('of %j is %s', (email, masked) => {
    expect(maskEmail(email)).toBe(masked)
  })

  test('does not tell how long the part before the @ is', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^a[a-z]{1,30}$/), (local) => {
        expect(maskEmail(`${local}@example.com`)).toBe('a***@example.com')
      }),
    )
  })
})

describe('a masked address', () => {
  test('shows country, province and city, and hides the rest where there is a rest', () => {
    const address = {
      country: 'CN',
      province: '广东省',
      city: '深圳市',
      district: '南山区',
      street: '科技路1号',
      postalCode: '518057',
    }
    const masked = { country: 'CN', province: '广东省', city: '深圳市', district: '***', street: '***', postalCode: '***' }
    expect(maskAddress(address)).toEqual(masked)
    expect(maskAddress({ city: '深圳市', street: '', province: undefined })).toEqual({ city: '深圳市' })
  })
})

describe('a masked name', () => {
  test.each([
    ['王小明', '王**'],
    ['李雷', '李*'],
    ['王', '*'],
    ['', ''],
    ['𠮷野家', '𠮷**'],
    ['👨‍👩‍👧 family', '👨‍👩‍👧**'],
    ['Li Ming', 'L**'],
  ])('of %j is %s', (text, masked) => {
    expect(maskName(text)).toBe(masked)
  })

  test('shows one character at most, never half of one', () => {
    fc.assert(
      fc.property(name, (text) => {
        const masked = maskName(text)
        expect(masked.isWellFormed()).toBe(true)
        expect(masked.length).toBeLessThanOrEqual(text.trim().length)
        expect(masked === text.trim() && !/^\*{0,2}$/.test(masked)).toBe(
          text.trim().length > 1 && /^.\*{1,2}$/su.test(text.trim()),
        )
      }),
    )
  })
})
