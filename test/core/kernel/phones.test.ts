import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { normaliseEmail, normalisePhone, readPhones, searchedAs } from '../../../src/core/kernel/phones.ts'

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
    '+86 138 1234 5678 ext 12',
    'tel 13812345678',
    '138****5678',
    '+1 555 0100',
    '1'.repeat(500),
  ])('%j is refused', (text) => {
    expect(normalisePhone(text)).toBeUndefined()
  })

  test.each([
    '0755-26000012-801',
    '0755-26000012转801',
    '0755-26000012 转 801',
    '0755-26000012 分机801',
    '0755-26000012转分机801',
    '0755-26000012 ext. 801',
    '0755-26000012x801',
    '(0755) 2600 0012－801',
    '+86-755-26000012-801',
    '+8675526000012;ext=801',
  ])('%j keeps its extension', (text) => {
    expect(normalisePhone(text)).toBe('+8675526000012;ext=801')
    expect(searchedAs('phone', normalisePhone(text)!)).toEqual(['+8675526000012;ext=801', '+8675526000012'])
  })

  test.each([
    ['26000012', '0755', '+8675526000012'],
    ['2600-0012', '0755', '+8675526000012'],
    ['26000012-801', '0755', '+8675526000012;ext=801'],
    ['26000012 ext. 801', '0755', '+8675526000012;ext=801'],
    ['0755-26000012', '020', '+8675526000012'],
    ['13812345678', '0755', '+8613812345678'],
    ['26000012', undefined, undefined],
    ['12345678', '0755', undefined],
    ['95588', '0755', undefined],
  ] as const)('%j at an institution in %s is %s', (text, areaCode, expected) => {
    expect(normalisePhone(text, 'CN', areaCode)).toBe(expected)
  })

  test.each([
    ['13812345678/0755-26000012', ['+8613812345678', '+8675526000012'], true],
    ['13812345678；13900001111', ['+8613812345678', '+8613900001111'], true],
    ['13812345678、26000012转801', ['+8613812345678', '+8675526000012;ext=801'], true],
    ['13812345678或13812345678', ['+8613812345678'], true],
    ['0755-26000012,801', ['+8675526000012;ext=801'], true],
    ['13812345678,无', ['+8613812345678'], false],
    ['无', [], false],
    ['138****5678', [], false],
  ] as const)('%j holds %j', (text, phones, complete) => {
    expect(readPhones(text, '0755')).toEqual({ phones, complete })
  })

  test('is unchanged when normalised again', () => {
    const text = fc.oneof(fc.stringMatching(/^1[3-9]\d{9}$/), fc.stringMatching(/^\+\d{8,14}$/), fc.string())
    fc.assert(
      fc.property(text, (written) => {
        const phone = normalisePhone(written)
        if (phone === undefined) return
        expect(phone).toMatch(/^\+[1-9]\d{4,14}(;ext=\d+)?$/)
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

  test.each([
    '0755-26000012-801',
    '0755-26000012转801',
    '0755-26000012 转 801',
    '0755-26000012 分机801',
    '0755-26000012转分机801',
    '0755-26000012 ext. 801',
    '0755-26000012x801',
    '(0755) 2600 0012－801',
    '+86-755-26000012-801',
    '+8675526000012;ext=801',
  ])('%j keeps its extension', (text) => {
    expect(normalisePhone(text)).toBe('+8675526000012;ext=801')
    expect(searchedAs('phone', normalisePhone(text)!)).toEqual(['+8675526000012;ext=801', '+8675526000012'])
  })

  test.each([
    ['26000012', '0755', '+8675526000012'],
    ['2600-0012', '0755', '+8675526000012'],
    ['26000012-801', '0755', '+8675526000012;ext=801'],
    ['26000012 ext. 801', '0755', '+8675526000012;ext=801'],
    ['0755-26000012', '020', '+8675526000012'],
    ['13812345678', '0755', '+8613812345678'],
    ['26000012', undefined, undefined],
    ['12345678', '0755', undefined],
    ['95588', '0755', undefined],
  ] as const)('%j at an institution in %s is %s', (text, areaCode, expected) => {
    expect(normalisePhone(text, 'CN', areaCode)).toBe(expected)
  })

  test.each([
    ['13812345678/0755-26000012', ['+8613812345678', '+8675526000012'], true],
    ['13812345678；13900001111', ['+8613812345678', '+8613900001111'], true],
    ['13812345678、26000012转801', ['+8613812345678', '+8675526000012;ext=801'], true],
    ['13812345678或13812345678', ['+8613812345678'], true],
    ['0755-26000012,801', ['+8675526000012;ext=801'], true],
    ['13812345678,无', ['+8613812345678'], false],
    ['无', [], false],
    ['138****5678', [], false],
  ] as const)('%j holds %j', (text, phones, complete) => {
    expect(readPhones(text, '0755')).toEqual({ phones, complete })
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
