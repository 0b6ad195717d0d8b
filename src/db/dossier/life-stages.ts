import type { LifeStageDecision } from '../../core/dossier/life-stages.ts'
import type { Db } from '../platform/database.ts'
import { decodeLifeStages, lifeStageFacts } from './views/life-stages.ts'
import type { Bind } from '../platform/views/view.ts'

/** The stages of a customer, in one statement. Undefined for one whom the caller may not see. */
export async function findLifeStages(
  db: Db,
  customerId: string,
  today: string,
): Promise<readonly LifeStageDecision[] | undefined> {
  const values: unknown[] = []
  const bind: Bind = (value) => `$${values.push(value)}`
  const facts = lifeStageFacts('c', bind, today)
  const [row] = await db.rows<{ v: unknown }>({
    text: `select (${facts}) as v from customer c where c.id = ${bind(customerId)}::uuid`,
    values,
  })
  return row && decodeLifeStages(row.v)
}
