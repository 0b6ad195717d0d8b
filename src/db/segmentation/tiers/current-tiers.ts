import type { Db } from '../../platform/database.ts'
import { tiersOf } from '../views/customer-tiers.ts'
import type { Bind } from '../../platform/views/view.ts'

/** The tiers of a customer in each scheme, for `decodeTiers`, in one statement. Undefined for one whom the caller may not see. */
export async function findTiers(
  db: Db,
  customerId: string,
  settings: { readonly baseCurrency: string; readonly today: string },
): Promise<unknown> {
  const values: unknown[] = []
  const bind: Bind = (value) => `$${values.push(value)}`
  const tiers = tiersOf('c', bind, settings)
  const [row] = await db.rows<{ v: unknown }>({
    text: `select (${tiers}) as v from customer c where c.id = ${bind(customerId)}::uuid`,
    values,
  })
  return row?.v
}
