import { feedEntities } from '../../../src/core/feeds/imports.ts'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { csvColumns, feedRows, fromCsv, refusalOfIssues } from '../../../src/core/feeds/rows.ts'

const customer = { source: 'core', externalId: 'C1', kind: 'individual', name: '王小明', institutionCode: 'B1' }
const assignment = {
  source: 'core',
  externalId: 'A1',
  customerExternalId: 'C1',
  staffNumber: '7',
  businessLine: 'personal',
  startsOn: '2026-01-01',
}
const holding = { source: 'core', externalId: 'H1', customerExternalId: 'C1', productCode: 'TD', currency: 'CNY' }
const activity = {
  source: 'core',
  customerExternalId: 'C1',
  month: '2026-10',
  channel: 'mobile',
  type: 'transfer',
  currency: 'CNY',
  count: 3,
}
const movement = {
  source: 'core',
  externalId: 'M1',
  holdingExternalId: 'H1',
  direction: 'in',
  amount: '1',
  bookedOn: '2026-11-01',
}
const staff = { source: 'core', externalId: 'S1', name: 'Anna', institutionCode: 'B1', roles: ['teller'] }
const product = { source: 'core', externalId: 'P1', name: 'P', family: 'deposit', category: 'deposit' }
const rate = { source: 'core', currency: 'USD', day: '2026-11-20', rate: '7.1' }
const institution = { source: 'core', externalId: 'B1', name: 'B', kind: 'branch' }

function problem(entity: (typeof feedEntities)[number], row: unknown): string {
  const result = feedRows[entity].safeParse(row)
  if (result.success) return 'fine'
  const { field, code } = refusalOfIssues(result.error.issues)
  return `${field}: ${code}`
}

describe('a row schema', () => {
  test('describes every field and can be published', () => {
    for (const entity of feedEntities) {
      const { properties } = z.toJSONSchema(feedRows[entity], { io: 'input' }) as {
        properties: Record<string, { description?: string; type?: string }>
      }
      expect(Object.keys(properties)).toEqual(csvColumns(entity))
      for (const [field, { description, type }] of Object.entries(properties))
        expect(description && type, `${entity}.${field}`).toBeTruthy()
    }
  })

  test('takes only real examples', () => {
    for (const entity of feedEntities) {
      for (const [field, schema] of Object.entries(feedRows[entity].shape as Record<string, z.ZodType>)) {
        for (const example of (schema.meta()?.['examples'] as unknown[] | undefined) ?? [])
          expect(schema.safeParse(example).success, `${entity}.${field}`).toBe(true)
      }
    }
  })

  test('accepts the least that each entity needs', () => {
    expect(problem('institutions', institution)).toBe('fine')
    expect(problem('staff', staff)).toBe('fine')
    expect(problem('products', product)).toBe('fine')
    expect(problem('exchangeRates', rate)).toBe('fine')
    expect(problem('customers', customer)).toBe('fine')
    expect(problem('assignments', assignment)).toBe('fine')
    expect(problem('holdings', holding)).toBe('fine')
    expect(
      problem('holdingParties', { source: 'core', holdingExternalId: 'H1', customerExternalId: 'C2', role: 'guarantor' }),
    ).toBe('fine')
    expect(problem('balances', { source: 'core', holdingExternalId: 'H1', day: '2026-11-01', amount: '-1.50' })).toBe('fine')
    expect(problem('activity', activity)).toBe('fine')
    expect(problem('movements', movement)).toBe('fine')
  })

  test.each([
    ['customers', { ...customer, surprise: 1 }, 'surprise: invalid_input'],
    ['customers', { ...customer, name: 'a\u0000b' }, 'name: invalid_input'],
    ['customers', { ...customer, name: ' \u200b ' }, 'name: invalid_input'],
    ['customers', { ...customer, externalId: 'a\nb' }, 'externalId: invalid_input'],
    ['customers', { ...customer, source: 'core banking' }, 'source: invalid_input'],
    ['customers', { ...customer, birthDate: '2026-02-30' }, 'birthDate: invalid_input'],
    ['customers', { ...customer, asOf: '2026-11-22T08:00:00' }, 'asOf: invalid_input'],
    ['customers', { ...customer, asOf: '2026-02-30T08:00:00Z' }, 'asOf: invalid_input'],
    ['customers', { ...customer, country: 'XX' }, 'country: invalid_input'],
    ['customers', { ...customer, preferredLanguage: 'not a language' }, 'preferredLanguage: invalid_input'],
    ['customers', { ...customer, industry: 'Z1' }, 'industry: invalid_input'],
    ['customers', { ...customer, documentType: 'passport' }, 'documentNumber: invalid_input'],
    ['customers', { ...customer, documentNumber: 'E1' }, 'documentType: invalid_input'],
    ['customers', { ...customer, foundedOn: '2020-01-01' }, 'foundedOn: invalid_input'],
    ['customers', { ...customer, kind: 'company', gender: 'male' }, 'gender: invalid_input'],
    ['customers', { ...customer, status: 'closed' }, 'closedOn: invalid_input'],
    ['customers', { ...customer, closedOn: '2026-01-01' }, 'closedOn: invalid_input'],
    ['customers', { ...customer, status: 'merged' }, 'status: invalid_input'],
    ['institutions', { ...institution, latitude: 22 }, 'longitude: invalid_input'],
    ['institutions', { ...institution, timeZone: 'Asia/Nowhere' }, 'timeZone: invalid_input'],
    ['institutions', { ...institution, timeZone: '+08:00' }, 'timeZone: invalid_input'],
    ['staff', { ...staff, roles: [] }, 'roles: invalid_input'],
    ['staff', { ...staff, roles: ['teller', 'teller'] }, 'roles: invalid_input'],
    ['staff', { ...staff, roles: ['king'] }, 'roles: invalid_input'],
    ['staff', { ...staff, activeFrom: '2026-01-02', activeUntil: '2026-01-02' }, 'activeUntil: invalid_input'],
    ['products', { ...product, annualYield: '11' }, 'annualYield: invalid_input'],
    ['products', { ...product, annualYield: '0.0000001' }, 'annualYield: invalid_input'],
    ['products', { ...product, currency: 'XXX' }, 'currency: unknown_currency'],
    ['exchangeRates', { ...rate, rate: '0' }, 'rate: invalid_input'],
    ['exchangeRates', { ...rate, currency: 'usd' }, 'currency: unknown_currency'],
    ['assignments', { ...assignment, endsOn: '2026-01-01' }, 'endsOn: invalid_input'],
    ['holdings', { ...holding, currency: 'JPY', balance: '1.5' }, 'balance: invalid_input'],
    ['holdings', { ...holding, balance: '99999999999999999999' }, 'balance: invalid_input'],
    ['holdings', { ...holding, balance: 1.5 }, 'balance: invalid_input'],
    ['holdings', { ...holding, autoRenewal: 'yes' }, 'autoRenewal: invalid_input'],
    ['activity', { ...activity, amount: '-1' }, 'amount: invalid_input'],
    ['activity', { ...activity, month: '2026-13' }, 'month: invalid_input'],
    ['activity', { ...activity, count: -1 }, 'count: invalid_input'],
    ['movements', { ...movement, amount: '0.00' }, 'amount: invalid_input'],
    ['movements', { ...movement, currency: 'JPY', amount: '1.5' }, 'amount: invalid_input'],
  ] as const)('of %s refuses %j as %s', (entity, row, expected) => {
    expect(problem(entity, row)).toBe(expected)
  })

  test('of NDJSON is told of null to leave the field out', () => {
    const result = feedRows.customers.safeParse({ ...customer, gender: null, phone: null })
    const message = 'null is not allowed: omit the field.'
    expect(result.error?.issues).toMatchObject([
      { path: ['gender'], message },
      { path: ['phone'], message },
    ])
  })

  test('cleans text and writes instants in UTC and language tags in their canonical form', () => {
    expect(
      feedRows.customers.parse({
        ...customer,
        name: ' 王小明\u200b ',
        asOf: '2026-11-22T00:30:00.5+08:00',
        preferredLanguage: 'ZH-cn',
      }),
    ).toMatchObject({
      name: '王小明',
      asOf: '2026-11-21T16:30:00.500Z',
      preferredLanguage: 'zh-CN',
    })
  })
})

describe('a CSV record', () => {
  test('becomes numbers, booleans and lists, and leaves out what is empty', () => {
    expect(
      fromCsv('staff', { source: 'core', roles: 'teller|lobby_manager', customerCapacity: '300', industries: '', number: '007' }),
    ).toEqual({
      source: 'core',
      roles: ['teller', 'lobby_manager'],
      customerCapacity: 300,
      number: '007',
    })
    expect(fromCsv('holdings', { autoRenewal: 'true', balance: '12.50' })).toEqual({ autoRenewal: true, balance: '12.50' })
    expect(fromCsv('institutions', { latitude: '-22.5' })).toEqual({ latitude: -22.5 })
  })

  test.each([
    ['holdings', { ...holding, autoRenewal: 'yes' }, 'Must be true or false.'],
    ['staff', { ...staff, roles: 'teller', customerCapacity: '1,000' }, 'Must be an integer.'],
    ['staff', { ...staff, roles: 'teller', customerCapacity: '1.5' }, 'Must be an integer.'],
    ['institutions', { ...institution, latitude: '22,5' }, 'Must be a number.'],
    ['holdings', { ...holding, balance: '1,000.00' }, 'Must be a decimal number, such as 1234.50.'],
    [
      'holdings',
      { ...holding, balance: '99999999999999999999999999.00' },
      'The amount is too large: the maximum is 92233720368547758.07 in a currency with two decimals.',
    ],
    [
      'holdings',
      { ...holding, balance: '92233720368547758.08' },
      'The amount is too large: the maximum is 92233720368547758.07 CNY.',
    ],
    ['holdings', { ...holding, balance: '1.005' }, 'An amount in CNY can have at most 2 decimals.'],
    ['holdings', { ...holding, balance: '1.00005' }, 'An amount has at most 4 decimals, and no more than its currency allows.'],
    ['holdings', { ...holding, currency: 'JPY', balance: '1.5' }, 'An amount in JPY can have no decimals.'],
    ['exchangeRates', { ...rate, rate: '10000000000' }, 'The rate is too large: it must be below 10000000000.'],
    ['exchangeRates', { ...rate, rate: '99999999999999999999999999.00' }, 'The rate is too large: it must be below 10000000000.'],
    ['exchangeRates', { ...rate, rate: '0' }, 'Must be a positive decimal number with at most 10 decimals.'],
  ] as const)('of %s is told what is needed: %j', (entity, fields, message) => {
    const result = feedRows[entity].safeParse(fromCsv(entity, fields))
    expect(result.error && refusalOfIssues(result.error.issues).message).toBe(message)
  })

  test('keeps what does not convert as text, so that the schema names the field', () => {
    expect(problem('staff', fromCsv('staff', { ...staff, roles: 'teller', customerCapacity: 'many' }))).toBe(
      'customerCapacity: invalid_input',
    )
    expect(problem('holdings', fromCsv('holdings', { ...holding, autoRenewal: 'maybe' }))).toBe('autoRenewal: invalid_input')
  })
})
