import type { TestBank } from '../../setup/service.ts'

/** Companies C1 and C2, a sole trader S1 and persons P1 to P3, all of outlet O1, beside the customers of every bank: ids by number. */
export async function withCompanies(bank: TestBank): Promise<Readonly<Record<string, string>>> {
  const c = (suffix: string) => bank.code(suffix)
  const customer = (number: string, kind: string) => ({
    externalId: c(number),
    kind,
    name: `客户${number}`,
    institutionCode: c('O1'),
  })
  await bank.feed('customers', [
    customer('C1', 'company'),
    customer('C2', 'company'),
    customer('S1', 'sole_trader'),
    ...['P1', 'P2', 'P3'].map((number) => customer(number, 'individual')),
  ])
  const numbers = ['1', '2', '3', '4', 'C1', 'C2', 'S1', 'P1', 'P2', 'P3']
  const ids: Record<string, string> = {}
  for (const number of numbers) ids[number] = await bank.customerId(number)
  return ids
}

/** What was written to the journals about a thing: entries and events, by customer. */
export async function journalOf(bank: TestBank, subjectId: string): Promise<readonly string[]> {
  const { rows } = await bank.service.owner.query(
    `select operation as what, customer_id, changed from audit_entry where subject_id = $1
     union all select type, customer_id, changed from outbox_event where subject_id = $1`,
    [subjectId],
  )
  return rows.map(({ what, customer_id: customerId, changed }) => `${what} ${customerId} ${changed.join()}`).sort()
}

/** A refusal in short: status, code, and pointer and rule of its first problem. */
export function toldOf({ status, body }: { readonly status: number; readonly body: any }): readonly unknown[] {
  const [problem] = body.errors ?? []
  return [status, body.code, problem?.pointer, problem?.rule]
}
