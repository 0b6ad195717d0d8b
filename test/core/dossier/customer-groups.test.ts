import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  groupKinds,
  MAX_GROUP_MEMBERS,
  requireGroupKind,
  requireHead,
  requireMember,
  requireNotHead,
} from '../../../src/core/dossier/customer-groups.ts'
import { refusal } from '../refusals.ts'

const nothing = { inHousehold: false, heads: false, follows: false, inside: false }
const standing = fc.record({ inHousehold: fc.boolean(), heads: fc.boolean(), follows: fc.boolean(), inside: fc.boolean() })

describe('a group', () => {
  test('of people and sole traders only is a household', () => {
    expect(
      (['individual', 'sole_trader', 'company'] as const).map(
        (kind) => refusal(() => requireGroupKind('household', kind, 'customerId'))?.[2],
      ),
    ).toEqual([undefined, undefined, 'group_kind'])
    expect(refusal(() => requireGroupKind('group', 'company', 'customerId'))).toBeUndefined()
  })

  test('takes nobody into a second household, and stands in no other of its kind', () => {
    fc.assert(
      fc.property(fc.constantFrom(...groupKinds), standing, (kind, facts) => {
        const taken = kind === 'household' && facts.inHousehold
        expect(refusal(() => requireHead(kind, facts)) === undefined).toBe(!taken && !facts.follows)
        expect(refusal(() => requireMember(kind, facts, 1)) === undefined).toBe(!taken && !facts.heads && !facts.inside)
      }),
    )
    expect(refusal(() => requireMember('household', { ...nothing, inHousehold: true }, 1))).toEqual([
      'conflict',
      '/memberCustomerId',
      'in_household',
    ])
    expect(refusal(() => requireMember('group', { ...nothing, heads: true }, 1))).toEqual([
      'conflict',
      '/memberCustomerId',
      'nested',
    ])
    expect(refusal(() => requireHead('group', { ...nothing, follows: true }))).toEqual(['conflict', '/customerId', 'nested'])
  })

  test('has a bound and keeps its head', () => {
    expect(refusal(() => requireMember('group', nothing, MAX_GROUP_MEMBERS - 1))).toBeUndefined()
    expect(refusal(() => requireMember('group', nothing, MAX_GROUP_MEMBERS))?.[2]).toBe('full')
    expect(refusal(() => requireNotHead('a', 'a'))?.[2]).toBe('group_head')
    expect(refusal(() => requireNotHead('b', 'a'))).toBeUndefined()
  })
})
