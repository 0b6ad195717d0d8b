import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Birthday, requireBirthday, requireBusiness, requirePerson } from '../../../src/core/dossier/key-people.ts'
import { refusal } from '../refusals.ts'

const today = '2026-11-22'

const told = (birthday: Birthday) => refusal(() => requireBirthday(birthday, today))?.slice(0, 2)

describe('a birthday', () => {
  test('is any day of a real date, with or without its year', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('1900-01-01'), max: new Date('2026-11-22'), noInvalidDate: true }), (date) => {
        const [birthMonth, birthDay, birthYear] = [date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCFullYear()]
        expect([told({ birthMonth, birthDay }), told({ birthMonth, birthDay, birthYear })]).toEqual([undefined, undefined])
      }),
    )
  })

  test.for([
    [{}, undefined],
    [{ birthMonth: 2, birthDay: 29 }, undefined],
    [{ birthMonth: 2, birthDay: 29, birthYear: 2001 }, ['invalid_input', '/birthDay']],
    [{ birthMonth: 2, birthDay: 30 }, ['invalid_input', '/birthDay']],
    [{ birthMonth: 4, birthDay: 31 }, ['invalid_input', '/birthDay']],
    [{ birthMonth: 4 }, ['invalid_input', '/birthDay']],
    [{ birthDay: 4 }, ['invalid_input', '/birthMonth']],
    [{ birthYear: 1980 }, ['invalid_input', '/birthMonth']],
    [{ birthMonth: 11, birthDay: 23, birthYear: 2026 }, ['outside_period', '/birthYear']],
  ] as const)('%j: %j', ([birthday, expected]) => {
    expect(told(birthday)).toEqual(expected)
  })
})

describe('a key person', () => {
  test('belongs to a business and is a person', () => {
    const kinds = ['individual', 'sole_trader', 'company'] as const
    expect(kinds.map((kind) => refusal(() => requireBusiness(kind, 'customerId')) === undefined)).toEqual([false, true, true])
    expect(kinds.map((kind) => refusal(() => requirePerson(kind, 'personCustomerId')) === undefined)).toEqual([
      true,
      false,
      false,
    ])
  })
})
