import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { normaliseEmail, normalisePhone } from '../../../src/core/kernel/phones.ts'

describe('a phone number', () => {
  test.each([
    '13812345678',
    '138 1234 5678',
    '138-1234-5678',
    '+86 138 1234 5678',
    '0086 13812345678',
    '8613812345678',
    '１３８１２３４５６７８',
    ' +8613812345678\n',
  ])('%j is one mainland mobile', (text) => {
    expect(normalisePhone(text)).toBe('+8613812345678')
  })

  test.each([
    ['010-66551234', 'CN', '+861066551234'],
    ['400-820-8820', 'CN', '+864008208820'],
    ['+852 9123 4567', 'CN', '+85291234567'],
    ['9123 4567', 'HK', '+85291234567'],
    ['+886 912 345 678', 'CN', '+886912345678'],
  ] as const)('%j of %s is %s', (text, country, expected) => {
    expect(normalisePhone(text, country)).toBe(expected)
  })

  test.each([
    '',
    '95588',
    '110',
    '12345678901',
    '15412345678',
    '1381234567',
    '138123456789',
    '010-66551234-801',
    '+86 138 1234 5678 ext 12',
    'tel 13812345678',
    '138****5678',
    '+1 555 0100',
    '1'.repeat(500),
  ])('%j is refused', (text) => {
    expect(normalisePhone(text)).toBeUndefined()
  })

  test('is unchanged when normalised again', () => {
    const text = fc.oneof(fc.stringMatching(/^1[3-9]\d{9}$/), fc.stringMatching(/^\+\d{8,14}$/), fc.string())
    fc.assert(
      fc.property(text, (written) => {
        const phone = normalisePhone(written)
        if (phone === undefined) return
        expect(phone).toMatch(/^\+[1-9]\d{4,14}$/)
        expect(normalisePhone(phone)).toBe(phone)
      }),
    )
  })
})

describe('an e-mail address', () => {
  test.each([
    [' Li.Ming@Example.COM ', 'Li.Ming@example.com'],
    ['a+b@mail.example.co', 'a+b@mail.example.co'],
    ['李明@例子.中国', '李明@例子.中国'],
    ['ｌｉ＠ｅｘａｍｐｌｅ．ｃｏｍ', 'li@example.com'],
    [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
  ])('%j is read as %s', (text, expected) => {
    expect(normaliseEmail(text)).toBe(expected)
  })

  test.each([
    '',
    'li',
    '@example.com',
    'li@',
    'li@localhost',
    'li@@example.com',
    'li@a@example.com',
    'li@example.com@example.org',
    'li ming@example.com',
    'li\u0000@example.com',
    'li\u007f@example.com',
    '.li@example.com',
    'li..ming@example.com',
    'li@-example.com',
    'li@example..com',
    '"li ming"@example.com',
    'li@[192.0.2.1]',
    'li\u200b@example.com',
    'Li <li@example.com>',
    `${'a'.repeat(65)}@example.com`,
    `${'李'.repeat(22)}@example.com`,
    `a@${'b'.repeat(64)}.com`,
    `a@${`${'b'.repeat(60)}.`.repeat(5)}com`,
    ' '.repeat(1000) + 'li@example.com',
  ])('%j is refused', (text) => {
    expect(normaliseEmail(text)).toBeUndefined()
  })

  test('is unchanged when normalised again', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (written) => {
        const email = normaliseEmail(written)
        expect(email).toBeDefined()
        expect(normaliseEmail(email as string)).toBe(email)
      }),
    )
  })
})
