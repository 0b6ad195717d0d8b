import { describe, expect, test } from 'vitest'
import { requireAnotherPerson, requireRequester } from '../../../src/core/dossier/approvals.ts'
import { refusal } from '../refusals.ts'

describe('a request for approval', () => {
  test('is decided by another person than the requester', () => {
    expect(refusal(() => requireAnotherPerson('a', 'b'))).toBeUndefined()
    expect(refusal(() => requireAnotherPerson('a', 'a'))).toEqual(['conflict', '/approvalRequestId', 'four_eyes'])
  })

  test('is decided by a person', () => {
    expect(refusal(() => requireAnotherPerson('a', undefined))?.[0]).toBe('conflict')
  })

  test('is withdrawn by the requester only', () => {
    expect(refusal(() => requireRequester('a', 'a'))).toBeUndefined()
    expect(refusal(() => requireRequester('a', 'b'))).toEqual(['conflict', '/approvalRequestId', 'requester'])
    expect(refusal(() => requireRequester('a', undefined))?.[0]).toBe('conflict')
  })
})
