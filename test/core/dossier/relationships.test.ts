import { parseShare } from '../../../src/core/kernel/shares.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { customerKinds } from '../../../src/core/dossier/customers.ts'
import {
  companyOf,
  fits,
  inverseOf,
  hierarchyOf,
  relationshipKinds,
  requireFit,
  requireRoom,
  requireTerms,
  requireDifferentCustomers,
} from '../../../src/core/dossier/relationships.ts'
import { refusal } from '../refusals.ts'

const kind = fc.constantFrom(...relationshipKinds)
const customerKind = fc.constantFrom(...customerKinds)

const nothing = { duplicate: false, married: false, sharesTaken: '0', closesCircle: false }
const party = (id: string, customer: (typeof customerKinds)[number], status: 'active' | 'merged' = 'active') => ({
  id,
  kind: customer,
  status,
})

describe('the inverse of a kind', () => {
  test('has the kind as its own inverse', () => {
    fc.assert(
      fc.property(kind, (one) => {
        expect(inverseOf(inverseOf(one))).toBe(one)
      }),
    )
  })

  test('fits the same two customers the other way round', () => {
    fc.assert(
      fc.property(kind, customerKind, customerKind, (one, from, to) => {
        expect(fits(inverseOf(one), to, from)).toBe(fits(one, from, to))
      }),
    )
  })

  test('of a parent is a child, of a shareholder an investee, of a spouse a spouse', () => {
    expect((['parent', 'owner', 'shareholder', 'supplier', 'referrer', 'spouse'] as const).map(inverseOf)).toEqual([
      'child',
      'owned_by',
      'investee',
      'customer_of',
      'referred',
      'spouse',
    ])
  })

  test('tells of the same line and the same company', () => {
    fc.assert(
      fc.property(kind, (one) => {
        expect(hierarchyOf(inverseOf(one), 'b', 'a')).toEqual(hierarchyOf(one, 'a', 'b'))
        expect(companyOf(inverseOf(one), 'b', 'a')).toBe(companyOf(one, 'a', 'b'))
      }),
    )
    expect(hierarchyOf('child', 'mother', 'son')).toEqual({ kind: 'parent', below: 'son', above: 'mother' })
    expect([companyOf('investee', 'holder', 'company'), companyOf('partner', 'a', 'b')]).toEqual(['company', undefined])
  })
})

describe('a kind', () => {
  test.for([
    ['spouse', 'individual', 'individual', true],
    ['spouse', 'individual', 'company', false],
    ['legal_representative', 'company', 'individual', true],
    ['legal_representative', 'sole_trader', 'individual', true],
    ['legal_representative', 'individual', 'individual', false],
    ['represented_by', 'individual', 'company', true],
    ['shareholder', 'company', 'individual', true],
    ['shareholder', 'company', 'company', true],
    ['shareholder', 'sole_trader', 'individual', false],
    ['employer', 'individual', 'company', true],
    ['employer', 'company', 'individual', false],
    ['supplier', 'company', 'sole_trader', true],
    ['supplier', 'individual', 'company', false],
    ['community_member', 'individual', 'company', true],
  ] as const)('%s from %s to %s: %s', ([one, from, to, possible]) => {
    expect(fits(one, from, to)).toBe(possible)
    expect(refusal(() => requireFit(one, party('a', from), party('b', to)))).toEqual(
      possible ? undefined : ['invalid_input', '/kind', 'kind_pair'],
    )
  })

  test('is refused for a record that is merged, naming which of the two it is', () => {
    expect(refusal(() => requireFit('partner', party('a', 'company'), party('b', 'company', 'merged')))).toEqual([
      'conflict',
      '/relatedCustomerId',
      'record_removed',
    ])
  })
})

describe('a share', () => {
  test('is read exactly, from 0 to 100 with four decimals', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (share) => {
        const text = `${Math.floor(share / 10_000)}.${String(share % 10_000).padStart(4, '0')}`
        expect(parseShare(text)).toBe(share)
      }),
    )
    expect(['100', '33.5', '0'].map(parseShare)).toEqual([1_000_000, 335_000, 0])
    expect(['100.0001', '101', '-1', '1.23456', '1e1', '', '.5', ' 5'].map(parseShare)).toEqual(Array(8).fill(undefined))
  })

  test('belongs to shareholders only, and all of a company are 100 % at most', () => {
    expect(refusal(() => requireTerms('partner', { share: '5' }, '2026-11-22'))).toEqual([
      'invalid_input',
      '/share',
      'share_not_applicable',
    ])
    expect(refusal(() => requireTerms('investee', { share: '5' }, '2026-11-22'))).toBeUndefined()
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }), (taken, more) => {
        const told = refusal(() => requireRoom('shareholder', String(more), { ...nothing, sharesTaken: String(taken) }))
        expect(told).toEqual(taken + more > 100 ? ['conflict', '/share', 'shares_exceeded'] : undefined)
      }),
    )
    expect(refusal(() => requireRoom('shareholder', '0.0001', { ...nothing, sharesTaken: '99.9999' }))).toBeUndefined()
  })
})

describe('a relationship', () => {
  test('is refused with oneself, twice, as a second marriage and in a circle', () => {
    expect(refusal(() => requireDifferentCustomers('a', 'a'))).toEqual(['invalid_input', '/relatedCustomerId', 'self'])
    expect(refusal(() => requireRoom('partner', undefined, { ...nothing, duplicate: true }))?.[2]).toBe('duplicate')
    expect(refusal(() => requireRoom('spouse', undefined, { ...nothing, married: true }))).toEqual([
      'conflict',
      '/kind',
      'already_married',
    ])
    expect(refusal(() => requireRoom('partner', undefined, { ...nothing, married: true }))).toBeUndefined()
    expect(refusal(() => requireRoom('parent', undefined, { ...nothing, closesCircle: true }))?.[0]).toBe('cycle')
    expect(refusal(() => requireRoom('parent', undefined, { ...nothing, closesCircle: null }))?.[2]).toBe('line_too_long')
  })

  test('does not begin in days to come, and only a referral is thanked for', () => {
    expect(refusal(() => requireTerms('spouse', { since: '2026-11-23' }, '2026-11-22'))).toEqual([
      'outside_period',
      '/since',
      'future',
    ])
    expect(refusal(() => requireTerms('spouse', { since: '2026-11-22' }, '2026-11-22'))).toBeUndefined()
    expect(refusal(() => requireTerms('spouse', { thankedOn: '2026-11-22' }, '2026-11-22'))?.[2]).toBe('not_a_referral')
    expect(refusal(() => requireTerms('referred', { thankedOn: '2026-11-22' }, '2026-11-22'))).toBeUndefined()
  })
})
