import { describe, expect, test } from 'vitest'
import { residentIdCheckDigit } from '../../../src/core/kernel/identity-numbers.ts'
import { personalNumberIn } from '../../../src/core/kernel/personal-numbers.ts'

const first17 = '11010119900307002'
const resident = `${first17}${residentIdCheckDigit(first17)}`
const wrong = `${first17}${residentIdCheckDigit(first17) === '0' ? '1' : '0'}`

// Amounts of two digits before two dates: as one number a tenth of them would have a card's check digit.
const withDates = Array.from({ length: 10 }, (_, day) => `45 2026-11-1${day} 2027-11-22`)

const residence17 = '91108419900307002'
const residence = `${residence17}${residentIdCheckDigit(residence17)}`

/** Remarks as staff write them, with amounts, days and product codes, the same each time. */
const harmless = Array.from({ length: 500 }, (_, index) => {
  const draw = (below: number, salt: number): number => ((index + 1) * 7919 + salt * 104_729) % below
  const day = `20${20 + draw(15, 1)}-${String(1 + draw(12, 2)).padStart(2, '0')}-${String(1 + draw(28, 3)).padStart(2, '0')}`
  const amount = (1 + draw(9_999, 4)) * 10 ** draw(5, 5)
  const grouped = amount.toLocaleString('en')
  const code = `${'ABCDEFGH'[draw(8, 6)]}${String(100_000 + draw(899_999, 7))}`
  return [
    `客户想在${day}前买入产品${code}，金额${grouped}元`,
    `存单 ${amount} 元 ${day} 到期，利率 ${(draw(500, 8) / 100).toFixed(2)}%`,
    `${code} ${grouped}.00 ${day.replaceAll('-', '/')}`,
    `转入 ${amount} ${day} ${day.slice(0, 4)} 年 ${draw(12, 9) + 1} 月对账`,
    `产品 ${code} 与 ${code.slice(0, 4)} 比较，期限 ${draw(60, 10)} 个月，起点 ${draw(20, 11) * 10_000}`,
    `${day.replaceAll('-', '')} 至 ${day.replaceAll('-', '.')}，${draw(99, 12)} 万`,
  ][index % 6]!
})

describe('a text', () => {
  test('of 500 harmless remarks with amounts, days and product codes passes', () => {
    expect(harmless.filter((text) => personalNumberIn(text) !== undefined)).toEqual([])
  })

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
    ['借记卡9558821020031234563', 'bank_card'],
    ['9558 8012 3456 7897', 'bank_card'],
    ['老卡 6013820123456789010', 'bank_card'],
    ['Mastercard 2221000123456781', 'bank_card'],
    ['JCB 3528 0000 1234 5671', 'bank_card'],
    ['大来卡36000012345672', 'bank_card'],
    ['6858001234567897', 'bank_card'],
    ['9843011234567898', 'bank_card'],
    ['6907551234567892', 'bank_card'],
    ['6222·0212·3456·7890·128', 'bank_card'],
    [`永居卡${residence}`, 'document'],
    [residence, 'document'],
    ['JPN310072122501', 'document'],
    ['护照号E12345678', 'document'],
    ['passport no. G1234567', 'document'],
    ['通行证：H1234567801', 'document'],
    ['来电008613812345678', 'phone'],
    ['来电 00 86 138 1234 5678', 'phone'],
    ['138 12 345 678', 'phone'],
    ['13 812 345 678', 'phone'],
    ['1 3 8 1 2 3 4 5 6 7 8', 'phone'],
    ['138.1234.5678', 'phone'],
    ['138－1234－5678', 'phone'],
    ['(+86)138-1234-5678', 'phone'],
    ['(86) 13812345678', 'phone'],
    ['电话0044 20 7946 0958', 'phone'],
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
