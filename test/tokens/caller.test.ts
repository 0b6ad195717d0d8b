import { describe, expect, test } from 'vitest'
import { callerOf } from '../../src/tokens/caller.ts'

const usual = { staffClaim: 'sub', clientClaim: 'client_id' }
const ownClaims = { staffClaim: 'employee_number', clientClaim: 'azp' }
const staff = (number: string) => ({ kind: 'staff', number })
const client = (clientId: string) => ({ kind: 'client', clientId })

describe('a token stands for', () => {
  test.each<[string, Record<string, unknown>, object]>([
    ['the staff member it names', { sub: 'E1001' }, staff('E1001')],
    ['the staff member, whatever front end asked for it', { sub: 'E1001', client_id: 'workbench' }, staff('E1001')],
    ['the client it names', { client_id: 'core-feed' }, client('core-feed')],
    [
      'the client when subject and client are the same (RFC 9068)',
      { sub: 'core-feed', client_id: 'core-feed' },
      client('core-feed'),
    ],
    ['the client when Auth0 says so', { sub: 'abc@clients', client_id: 'abc', gty: 'client-credentials' }, client('abc')],
    ['the client when Entra ID says so', { sub: '7d1e', client_id: 'abc', idtyp: 'app' }, client('abc')],
  ])('%s', (_whom, claims, caller) => {
    expect(callerOf(claims, usual)).toEqual(caller)
  })

  test.each<[string, Record<string, unknown>, object]>([
    ['the staff member of a claim of its own', { sub: 'u-1', employee_number: 'E1001', azp: 'workbench' }, staff('E1001')],
    ['the client when no person is behind it', { sub: 'core-feed', azp: 'core-feed' }, client('core-feed')],
    ['the client without any subject', { azp: 'core-feed' }, client('core-feed')],
  ])('%s, under other claim names', (_whom, claims, caller) => {
    expect(callerOf(claims, ownClaims)).toEqual(caller)
  })

  test.each<[string, Record<string, unknown>, typeof usual]>([
    ['a person whose staff claim is missing, who must not become the front end', { sub: 'u-1', azp: 'workbench' }, ownClaims],
    ['a subject alone that is no staff claim', { sub: 'u-1' }, ownClaims],
    ['a client and a staff member at once', { sub: 'core-feed', azp: 'core-feed', employee_number: 'E1001' }, ownClaims],
    [
      'a staff number equal to the front end, with another subject',
      { sub: 'u-1', azp: 'workbench', employee_number: 'workbench' },
      ownClaims,
    ],
    ['a grant to a client that is not named', { sub: 'E1001', gty: 'client-credentials' }, usual],
    ['nobody', {}, usual],
    ['an empty name', { sub: '' }, usual],
    ['a blank name', { sub: ' \t' }, usual],
    ['a number', { sub: 1001 }, usual],
    ['a list, beside a client', { sub: ['E1001'], client_id: 'core-feed' }, usual],
    ['null, beside a client', { sub: null, client_id: 'core-feed' }, usual],
    ['a client that is no text', { sub: 'E1001', client_id: {} }, usual],
    ['a name without end', { sub: 'E'.repeat(257) }, usual],
    ['a NUL character', { sub: 'E10\u000001' }, usual],
    ['a control character', { sub: 'E10\u001b01' }, usual],
    ['half of a surrogate pair', { sub: 'E10\ud80001' }, usual],
    ['a NUL character in a client', { sub: 'core', client_id: 'co\u0000re' }, usual],
  ])('nobody when it names %s', (_whom, claims, names) => {
    expect(() => callerOf(claims, names)).toThrow(expect.objectContaining({ reason: 'no_subject' }))
  })

  test('nobody when the claim is only inherited', () => {
    expect(() => callerOf({}, { staffClaim: 'constructor', clientClaim: 'toString' })).toThrow(
      expect.objectContaining({ reason: 'no_subject' }),
    )
  })
})
