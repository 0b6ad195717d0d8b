import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { customerRow } from '../../../src/core/dossier/customer-rows.ts'
import {
  emptyProfile,
  fieldCode,
  fieldOfCode,
  incomeBandFrom,
  incomeBands,
  isNewConflict,
  decideFeedValue,
  kindProblem,
  type Profile,
  profileAfter,
  profileFields,
  profileRefusal,
  sameValue,
} from '../../../src/core/dossier/profiles.ts'

const instant = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2050-01-01'), noInvalidDate: true })
  .map((at) => at.toISOString())
const winner = fc.constantFrom('person' as const, 'feed' as const)

describe('a value that a feed sends', () => {
  test('is applied where nothing is known of the field, or what is known is older and nobody has made sure of it', () => {
    expect(decideFeedValue(undefined, '2026-01-01T00:00:00.000Z', 'person')).toBe('apply')
    const stored = { source: 'guanxi', asOf: '2026-06-01T00:00:00.000Z', verifiedAt: null }
    expect(decideFeedValue(stored, '2026-06-02T00:00:00.000Z', 'person')).toBe('apply')
    expect(decideFeedValue(stored, '2026-05-31T00:00:00.000Z', 'person')).toBe('keep')
  })

  test('never replaces what a person has made sure of, however new it is, unless the policy lets feeds win', () => {
    fc.assert(
      fc.property(instant, instant, instant, winner, (held, verifiedAt, asOf, wins) => {
        const judged = decideFeedValue({ source: 'core', asOf: held, verifiedAt }, asOf, wins)
        if (wins === 'person') expect(judged).toBe('conflict')
        else expect(judged).toBe(asOf >= held ? 'apply' : 'keep')
      }),
    )
  })

  test('never replaces what held later', () => {
    fc.assert(
      fc.property(instant, instant, fc.option(instant), winner, (held, asOf, verifiedAt, wins) => {
        fc.pre(held > asOf)
        expect(decideFeedValue({ source: 'core', asOf: held, verifiedAt }, asOf, wins)).not.toBe('apply')
      }),
    )
  })
})

describe('a conflict', () => {
  test('comes up once for a value, and again for another one or when it was settled otherwise', () => {
    expect(isNewConflict(undefined, 'a')).toBe(true)
    for (const status of ['open', 'dismissed'] as const) {
      expect(isNewConflict({ status, valueSent: 'a' }, 'a')).toBe(false)
      expect(isNewConflict({ status, valueSent: 'a' }, 'b')).toBe(true)
    }
    for (const status of ['accepted', 'withdrawn'] as const) expect(isNewConflict({ status, valueSent: 'a' }, 'a')).toBe(true)
  })
})

const profile: fc.Arbitrary<Profile> = fc.record({
  occupation: fc.option(fc.string()),
  incomeBand: fc.option(fc.constantFrom(...incomeBands)),
  deceasedOn: fc.constant(null),
  companySize: fc.option(fc.constantFrom('micro', 'large')),
  registeredCapital: fc.option(fc.constant('1.00 CNY')),
  merchantSince: fc.option(fc.constant('2020-01-01')),
  merchantUntil: fc.constant(null),
  merchantCategoryCode: fc.constant(null),
  riskAppetite: fc.option(fc.constant('growth')),
  interests: fc.uniqueArray(fc.string()),
  familyNotes: fc.option(fc.string()),
  situations: fc.uniqueArray(fc.constantFrom('opening', 'export')),
  creditWilling: fc.option(fc.boolean()),
})
const kind = fc.constantFrom('individual' as const, 'sole_trader' as const, 'company' as const)

describe('a profile', () => {
  test('keeps what is not said, and loses what does not go with the kind', () => {
    fc.assert(
      fc.property(profile, kind, (before, of) => {
        const after = profileAfter(before, {}, [], of)
        for (const field of Object.keys(emptyProfile) as (keyof Profile)[]) {
          const kept = kindProblem(field, of) === undefined
          expect(after[field], field).toEqual(kept ? before[field] : emptyProfile[field])
        }
      }),
    )
  })

  test('takes what is given, and is empty where it is cleared', () => {
    const before = { ...emptyProfile, occupation: '教师', interests: ['茶'] }
    expect(profileAfter(before, { incomeBand: 'high' }, ['occupation', 'interests'], 'individual')).toEqual({
      ...emptyProfile,
      incomeBand: 'high',
    })
  })

  test('compares lists as sets', () => {
    expect(sameValue(['a', 'b'], ['b', 'a'])).toBe(true)
    expect(sameValue(['a'], ['a', 'b'])).toBe(false)
    expect(sameValue('a', 'b')).toBe(false)
  })

  test.for([
    [{ deceasedOn: '1980-01-01' }, 'deceasedOn'],
    [{ merchantUntil: '2020-01-01' }, 'merchantSince'],
    [{ merchantCategoryCode: '5411' }, 'merchantSince'],
    [{ merchantSince: '2020-01-02', merchantUntil: '2020-01-01' }, 'merchantUntil'],
  ] as const)('of %j is refused at %s', ([said, field]) => {
    expect(profileRefusal({ ...emptyProfile, ...said }, { birthDate: '1990-01-01' })?.field).toBe(field)
  })

  test('names its fields by codes that lead back', () => {
    for (const field of profileFields) {
      expect(fieldCode(field)).toMatch(/^[a-z_]+$/)
      expect(fieldOfCode(fieldCode(field))).toBe(field)
    }
    expect(() => fieldOfCode('nothing')).toThrow('There is no field nothing.')
  })

  test('has income bands that rise', () => {
    const limits = incomeBands.map((band) => incomeBandFrom[band])
    expect(limits).toEqual(limits.toSorted((one, other) => one - other))
    expect(new Set(limits).size).toBe(limits.length)
  })
})

describe('a row of a feed', () => {
  const row = { source: 'core', externalId: 'C1', name: '客户', institutionCode: 'B1' }
  test.for([
    ['company', { occupation: '教师' }, 'occupation'],
    ['company', { incomeBand: 'high' }, 'incomeBand'],
    ['company', { deceasedOn: '2026-01-01' }, 'deceasedOn'],
    ['individual', { companySize: 'small' }, 'companySize'],
    ['individual', { merchantSince: '2026-01-01' }, 'merchantSince'],
    ['company', { registeredCapital: '1.00' }, 'registeredCapitalCurrency'],
    ['company', { registeredCapitalCurrency: 'CNY' }, 'registeredCapital'],
    ['company', { registeredCapital: '1.005', registeredCapitalCurrency: 'CNY' }, 'registeredCapital'],
    ['company', { registeredCapital: '-1', registeredCapitalCurrency: 'CNY' }, 'registeredCapital'],
    ['company', { merchantSince: '2026-01-02', merchantUntil: '2026-01-01' }, 'merchantUntil'],
    ['company', { merchantCategoryCode: '541' }, 'merchantCategoryCode'],
    ['individual', { incomeBand: 'rich' }, 'incomeBand'],
  ] as const)('of a %s with %j is refused at %s', ([of, said, field]) => {
    const result = customerRow.safeParse({ ...row, kind: of, ...said })
    expect(result.error?.issues.map(({ path }) => path[0])).toContain(field)
  })

  test('of a sole trader may say both what a person and what a business is', () => {
    const said = {
      occupation: '店主',
      incomeBand: 'middle',
      companySize: 'micro',
      merchantSince: '2020-01-01',
      merchantCategoryCode: '5411',
    }
    expect(customerRow.safeParse({ ...row, kind: 'sole_trader', ...said }).success).toBe(true)
  })
})
