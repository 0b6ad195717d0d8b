import { describe, expect, test } from 'vitest'
import { residentIdCheckDigit } from '../../../src/core/kernel/identity-numbers.ts'
import { personalNumberIn } from '../../../src/core/kernel/personal-numbers.ts'

const first17 = '11010119900307002'
const resident = `${first17}${residentIdCheckDigit(first17)}`
const wrong = `${first17}${residentIdCheckDigit(first17) === '0' ? '1' : '0'}`

// Amounts of two digits before two dates: as one number a tenth of them would have a card's check digit.
const withDates = Array.from({ length: 10 }, (_, day) => `45 2026-11-1${day} 2027-11-22`)

describe('a text', () => {
  test.each([
    [`身份证${resident}，请核对`, 'resident_id'],
    [`证件 ${resident.slice(0, 6)} ${resident.slice(6, 14)} ${resident.slice(14)}`, 'resident_id'],
    [`１１０１０１１９９００３０７００２${resident.slice(17)}`, 'resident_id'],
    ['卡号6222 0212 3456 7890 128', 'bank_card'],
    ['visa 4111-1111-1111-1111 expires 2028', 'bank_card'],
    ['来电13812345678', 'phone'],
    ['2026-11-22 138 1234 5678 回访', 'phone'],
    ['8613812345678', 'phone'],
    ['86 138-1234-5678', 'phone'],
    ['1391 234 5678', 'phone'],
    ['微信13812345678xiaowang', 'phone'],
    ['378282246310005', 'bank_card'],
    ['call +44 20 7946 0958', 'phone'],
  ])('that holds one of a person: %s', (text, kind) => {
    expect(personalNumberIn(text)).toBe(kind)
  })

  test.each([
    '想了解大额存单 50 万，2026-11-22 到期',
    '年收入 1,200,000.00，房产 15000000000',
    '合同 2026112200001234，编号 C000000001',
    `号码 ${wrong} 有误`,
    'plan 2026-2030, 100 000 000 CNY in 3 tranches of 10 000',
    '电话 010-6655 1234',
    '+5% a year',
    '存 150 2026-11-22 到期',
    '186 2026-01-05 会面',
    ...withDates,
    '',
  ])('of other numbers passes: %s', (text) => {
    expect(personalNumberIn(text)).toBeUndefined()
  })
})
