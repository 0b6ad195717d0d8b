import { sql } from 'drizzle-orm'
import { maskEmail, maskPhone } from '../../core/kernel/masking.ts'
import type { Db } from '../platform/database.ts'
import { openCustomerKeys } from './customer-keys.ts'
import { fieldContext, type Vault } from '../platform/vault.ts'

/** Seals the phone and e-mail of a key person under the key of the company, whose row is locked. Both come normalised; what is undefined stays as it is. */
export async function sealKeyPersonContact(
  db: Db,
  vault: Vault,
  customerId: string,
  id: string,
  { phone, email }: { readonly phone?: string; readonly email?: string },
) {
  if (phone === undefined && email === undefined) return {}
  const key = (await openCustomerKeys(db, [customerId], vault)).get(customerId)!
  const sealed = (column: string, value: string) => vault.encrypt(key, value, fieldContext('key_person', column, id))
  return {
    ...(phone !== undefined && { phoneEncrypted: sealed('phone', phone), phoneMasked: maskPhone(phone) }),
    ...(email !== undefined && { emailEncrypted: sealed('email', email), emailMasked: maskEmail(email) }),
  }
}

/** Whether a record of this person other than the one named occurs in scope. */
export async function hasRecordElsewhere(db: Db, personCustomerId: string, besideId: string | undefined): Promise<boolean> {
  const found = await db.rows(sql`
    select from key_person p join customer c on c.id = p.customer_id
    where p.person_customer_id = ${personCustomerId}::uuid and p.status = 'active' and p.id is distinct from ${besideId ?? null}::uuid limit 1`)
  return found.length > 0
}
