import { describe, expect, test } from 'vitest'
import { readRow } from '../../../src/core/feeds/read-row.ts'
import { defaultPlaceholders, placeholdersOf } from '../../../src/core/kernel/unusable-values.ts'

const placeholders = placeholdersOf(defaultPlaceholders)
const customer = { source: 'core', externalId: 'C1', kind: 'individual', name: '王小明', institutionCode: 'B1' }

const read = (fields: object) => {
  const result = readRow('customers', { ...customer, ...fields }, placeholders)
  if ('refusal' in result) return `refused ${result.refusal.field}`
  const { source: _source, externalId: _id, kind: _kind, institutionCode: _code, ...row } = result.row as Record<string, unknown>
  return { row, warnings: result.warnings.map(({ field, code }) => `${field}: ${code}`) }
}
const name = '王小明'

describe('a row of customers from a file', () => {
  test.each([
    [{ documentType: 'resident_id', documentNumber: '110***********0062' }, ['documentNumber: masked']],
    [
      { documentType: 'resident_id', documentNumber: '1.10101E+17', documentValidUntil: '2031-05-05' },
      ['documentNumber: spreadsheet'],
    ],
    [{ documentType: 'resident_id', documentNumber: "'110101199003070062" }, ['documentNumber: apostrophe']],
    [{ documentType: '身份证', documentNumber: '110101199003070062' }, ['documentType: invalid_value']],
    [{ documentNumber: '110101199003070062' }, ['documentType: invalid_value']],
    [{ phone: '138****5678' }, ['phone: masked']],
    [{ phone: '无' }, ['phone: placeholder']],
    [{ email: 'l***@example.com' }, ['email: masked']],
    [{ gender: '未知' }, ['gender: placeholder']],
    [{ gender: 'M' }, ['gender: invalid_value']],
    [{ birthDate: '1990-02-30' }, ['birthDate: invalid_value']],
    [{ addressRegion: '广东省', addressLine: '深南大道*号' }, ['addressLine: masked']],
    [{ occupation: 'NULL', country: 'China' }, ['occupation: placeholder', 'country: invalid_value']],
  ])('%j goes without what is no value', (fields, warnings) => {
    expect(read(fields)).toEqual({ row: { name }, warnings })
  })

  test('is taken without a name that says nothing, whose customer may be known', () => {
    for (const [given, rule] of [
      ['王*', 'masked'],
      ['NULL', 'placeholder'],
      ['王\ufffd明', 'wrong_encoding'],
    ] as const)
      expect(read({ name: given })).toEqual({ row: {}, warnings: [`name: ${rule}`] })
  })

  test('is warned of a day that many systems fill in, and takes it', () => {
    expect(read({ birthDate: '1900-01-01' })).toEqual({
      row: { name, birthDate: '1900-01-01' },
      warnings: ['birthDate: placeholder_day'],
    })
  })

  test.each([
    [{ externalId: 'NULL' }, 'externalId'],
    [{ externalId: '\\N' }, 'externalId'],
    [{ externalId: '6.22202E+15' }, 'externalId'],
    [{ externalId: '无' }, 'externalId'],
    [{ institutionCode: '???' }, 'institutionCode'],
    [{ kind: '个人' }, 'kind'],
    [{ status: 'A' }, 'status'],
    [{ registeredCapital: 'x', registeredCapitalCurrency: 'CNY', kind: 'company' }, 'registeredCapital'],
    [{ asOf: 'yesterday' }, 'asOf'],
    [{ unknownField: 1 }, 'unknownField'],
  ])('%j is refused: who it is, what it is worth or what may be done cannot be read', (fields, field) => {
    expect(read(fields)).toBe(`refused ${field}`)
  })

  test('takes the lists that the bank has set', () => {
    const own = placeholdersOf({ texts: ['-9999'], days: ['1911-11-11'] })
    expect(readRow('customers', { ...customer, occupation: '-9999', birthDate: '1911-11-11' }, own)).toMatchObject({
      warnings: [
        { field: 'occupation', code: 'placeholder' },
        { field: 'birthDate', code: 'placeholder_day' },
      ],
    })
    expect(readRow('customers', { ...customer, occupation: '无' }, own)).toMatchObject({
      row: { occupation: '无' },
      warnings: [],
    })
  })
})

describe('rows of other entities', () => {
  test('are refused for keys that say nothing, and go without what is dispensable', () => {
    const holding = { source: 'core', externalId: 'A1', customerExternalId: 'C1', productCode: 'CUR', currency: 'CNY' }
    expect(readRow('holdings', { ...holding, customerExternalId: 'NULL' }, placeholders)).toMatchObject({
      refusal: { field: 'customerExternalId', code: 'invalid_input' },
    })
    expect(readRow('holdings', { ...holding, accountNumber: '6222****1234', balance: '1.00' }, placeholders)).toMatchObject({
      row: { balance: '1.00' },
      warnings: [{ field: 'accountNumber', code: 'masked' }],
    })
    expect(readRow('holdings', { ...holding, balance: '1,00' }, placeholders)).toMatchObject({ refusal: { field: 'balance' } })
    expect(
      readRow('staff', { source: 'core', externalId: 'S1', name: '???', institutionCode: 'B1', roles: ['teller'] }, placeholders),
    ).toMatchObject({ refusal: { field: 'name' } })
  })
})
