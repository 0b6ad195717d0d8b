import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { currencyCodes, currencyExponent, isCurrency } from '../../../src/core/kernel/currencies.ts'
import { convert, formatAmount, formatRate, parseAmount, parseRate } from '../../../src/core/kernel/money.ts'

const currency = fc.constantFrom(...currencyCodes)
const amount = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

describe('the table of currencies', () => {
  test('holds active ISO 4217 codes once each, with the decimals of their minor unit', () => {
    expect(new Set(currencyCodes).size).toBe(currencyCodes.length)
    expect(currencyCodes.every((code) => /^[A-Z]{3}$/.test(code))).toBe(true)
    expect(currencyCodes.map(currencyExponent).filter((exponent) => exponent === 0)).toHaveLength(17)
    expect((['CNY', 'JPY', 'KWD', 'CLF'] as const).map(currencyExponent)).toEqual([2, 0, 3, 4])
  })

  test('holds no code that the runtime cannot name', () => {
    const names = new Intl.DisplayNames('en', { type: 'currency', fallback: 'none' })
    // XAD, the Arab accounting dinar of 2025, is too young for the runtime's tables.
    expect(currencyCodes.filter((code) => names.of(code) === undefined)).toEqual(['XAD'])
  })

  test.each(['cny', 'XAU', 'HRK', 'BGN', 'ANG', 'ZWL', 'XXX', '', 'CNY ', '__proto__'])('does not know %j', (text) => {
    expect(isCurrency(text)).toBe(false)
  })

  test.each(['CNY', 'XCG', 'ZWG', 'SLE'])('knows %s', (text) => {
    expect(isCurrency(text)).toBe(true)
  })
})

describe('an amount', () => {
  test.each([
    ['6000000.00', 'CNY', 600000000n],
    ['-0.05', 'CNY', -5n],
    ['12.5', 'CNY', 1250n],
    ['007', 'CNY', 700n],
    ['-0', 'CNY', 0n],
    ['5', 'JPY', 5n],
    ['1.001', 'KWD', 1001n],
    ['92233720368547758.07', 'CNY', 2n ** 63n - 1n],
    ['-92233720368547758.08', 'CNY', -(2n ** 63n)],
  ] as const)('reads %j %s as minor units', (text, code, minor) => {
    expect(parseAmount(text, code)).toBe(minor)
  })

  test.each([
    ['', 'CNY'],
    ['1.234', 'CNY'],
    ['5.0', 'JPY'],
    ['1.', 'CNY'],
    ['.5', 'CNY'],
    ['+1', 'CNY'],
    ['--1', 'CNY'],
    [' 1', 'CNY'],
    ['1\n', 'CNY'],
    ['1e3', 'CNY'],
    ['1,000', 'CNY'],
    ['１', 'CNY'],
    ['NaN', 'CNY'],
    ['0x10', 'CNY'],
    ['92233720368547758.08', 'CNY'],
    ['-92233720368547758.09', 'CNY'],
    ['0'.repeat(41), 'CNY'],
  ] as const)('refuses %j %s', (text, code) => {
    expect(parseAmount(text, code)).toBeUndefined()
  })

  test('shows every decimal of its currency', () => {
    expect(formatAmount(600000000n, 'CNY')).toBe('6000000.00')
    expect(formatAmount(-5n, 'CNY')).toBe('-0.05')
    expect(formatAmount(5n, 'JPY')).toBe('5')
    expect(formatAmount(12345n, 'CLF')).toBe('1.2345')
  })

  test('comes back unchanged from its text, in any currency', () => {
    fc.assert(fc.property(amount, currency, (minor, code) => parseAmount(formatAmount(minor, code), code) === minor))
  })
})

describe('a rate', () => {
  test.each([
    ['7.1', 71000000000n],
    ['0.0000000001', 1n],
    ['9999999999.9999999999', 10n ** 20n - 1n],
  ])('reads %j exactly', (text, scaled) => {
    expect(parseRate(text)).toBe(scaled)
    expect(parseRate(formatRate(scaled))).toBe(scaled)
  })

  test.each(['0', '0.00000000001', '-1', '10000000000', '1e-3', '', ' 1'])('refuses %j', (text) => {
    expect(parseRate(text)).toBeUndefined()
  })
})

describe('converting an amount', () => {
  test.each([
    ['dollars to yuan', 10000n, 'USD', 'CNY', '7.1234', 71234n],
    ['yen to yuan, over different exponents', 1000n, 'JPY', 'CNY', '0.0482', 4820n],
    ['dinars to yen', 1500n, 'KWD', 'JPY', '480.5', 721n],
    ['a half down to the even neighbour', 5n, 'CNY', 'USD', '0.5', 2n],
    ['a half up to the even neighbour', 7n, 'CNY', 'USD', '0.5', 4n],
    ['a negative half to the even neighbour', -5n, 'CNY', 'USD', '0.5', -2n],
    ['a negative half up to the even neighbour', -7n, 'CNY', 'USD', '0.5', -4n],
    ['less than a unit, away from zero past the half', -3n, 'CNY', 'USD', '0.2', -1n],
    ['half a unit to zero', 1n, 'CNY', 'USD', '0.5', 0n],
    ['a debt of half a unit to zero', -1n, 'CNY', 'USD', '0.5', 0n],
  ] as const)('takes %s', (_, minor, from, to, rate, expected) => {
    expect(convert(minor, from, to, parseRate(rate) as bigint)).toBe(expected)
  })

  test('says when the result does not fit in 64 bits', () => {
    expect(convert(2n ** 62n, 'CNY', 'USD', parseRate('2') as bigint)).toBeUndefined()
    expect(convert(-(2n ** 62n), 'CNY', 'USD', parseRate('2') as bigint)).toBe(-(2n ** 63n))
  })

  test('misses the exact product by at most half a minor unit, and lands on an even one where it is exactly half', () => {
    const rate = fc.bigInt({ min: 1n, max: 10n ** 15n })
    const small = fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n })
    fc.assert(
      fc.property(small, currency, currency, rate, (minor, from, to, scaled) => {
        const converted = convert(minor, from, to, scaled) as bigint
        const denominator = 10n ** BigInt(10 + currencyExponent(from))
        const twiceError = 2n * (converted * denominator - minor * scaled * 10n ** BigInt(currencyExponent(to)))
        expect(twiceError <= denominator && -twiceError <= denominator).toBe(true)
        if (twiceError === denominator || -twiceError === denominator) expect(converted % 2n).toBe(0n)
        expect(convert(-minor, from, to, scaled)).toBe(-converted)
      }),
    )
  })
})
