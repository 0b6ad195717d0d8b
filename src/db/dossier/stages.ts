import type { StageDecision } from '../../core/dossier/stages.ts'
import type { Db } from '../platform/database.ts'
import { decodeStages, stageFacts } from './views/stages.ts'
import type { Bind } from '../platform/views/view.ts'

/** The stages of a customer, in one statement. Undefined for one whom the caller may not see. */
export async function findStages(db: Db, customerId: string, today: string): Promise<readonly StageDecision[] | undefined> {
  const values: unknown[] = []
  const bind: Bind = (value) => `$${values.push(value)}`
  const facts = stageFacts('c', bind, today)
  const [row] = await db.rows<{ v: unknown }>({
    text: `select (${facts}) as v from customer c where c.id = ${bind(customerId)}::uuid`,
    values,
  })
  return row && decodeStages(row.v)
}
