import { expect } from 'vitest'
import type { Answer, Caller, TestBank, TestService } from '../../setup/service.ts'
import { refreshAll } from './facts.ts'

/** Somebody of the head office who may do all that has to do with segments. */
export async function segmentEditor(bank: TestBank): Promise<Caller> {
  await bank.feed('staff', [{ externalId: bank.code('KH'), name: '总行', institutionCode: 'HO', roles: ['marketing'] }])
  return bank.code('KH')
}

/** A draft, by a rule or by a list. */
export async function draftSegment(bank: TestBank, caller: Caller, code: string, rule?: object, more: object = {}): Promise<any> {
  const sent = { code: `${bank.name}-${code}`, name: code, ...(rule ? { rule } : { kind: 'static' }), ...more }
  const { status, body } = await bank.request(caller, 'POST', '/segments', sent)
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

/** A segment that may have members. */
export async function activeSegment(bank: TestBank, caller: Caller, code: string, rule?: object): Promise<any> {
  const { id } = await draftSegment(bank, caller, code, rule)
  const { status, body } = await changeSegment(bank, caller, id, 1, 'activation')
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

/** Activates, retires or revises the version that was seen. */
export function changeSegment(
  bank: TestBank,
  caller: Caller,
  id: string,
  version: number,
  to: 'activation' | 'retirement' | object,
): Promise<Answer> {
  const seen = { 'if-match': `"${version}"` }
  return typeof to === 'string'
    ? bank.request(caller, 'POST', `/segments/${id}/${to}`, {}, seen)
    : bank.request(caller, 'PATCH', `/segments/${id}`, to, seen)
}

/** A rule for the customers of branch B1 of this bank only. */
export const inBranch = (bank: TestBank, ...rules: object[]): { all: object[] } => ({
  all: [{ fact: 'institutions', overlaps: [bank.code('B1')] }, ...rules],
})

/** Everybody is worked out anew, and segments follow. A moment passes, so that no two refreshes are at one instant. */
export async function refreshInFull(bank: TestBank, caller: Caller): Promise<void> {
  tick(bank.service)
  const { status } = await bank.request(caller, 'POST', '/refreshes', { kind: 'full' })
  expect(status).toBe(202)
  await refreshAll(bank.service)
}

/** A second passes, or so many days. */
export function tick({ clock }: TestService, days = 0): void {
  clock.now = new Date(clock.now.getTime() + 1_000 + days * 86_400_000)
}

/** Who is in a segment, or was on a day, by the names of the test bank. */
export async function membersOf(bank: TestBank, caller: Caller, id: string, query = ''): Promise<string[]> {
  const { status, body } = await bank.request(caller, 'GET', `/segments/${id}/members${query}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body.items.map(({ customer }: any) => customer.coreNumber.slice(bank.name.length + 1)).sort()
}

/** The account of a customer has this balance from a day on. */
export async function setBalance(bank: TestBank, customer: string, day: string, amount: string): Promise<void> {
  await bank.feed('balances', [{ holdingExternalId: bank.code(`A${customer}`), day, amount }])
}
