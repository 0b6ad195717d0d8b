import type { Bank } from './bank.ts'

/** Whom and what the cases ask for: the same in every run on the same bank. */
export interface Sample {
  /** Manager of the branch in Shenzhen. */
  readonly manager: string
  readonly branch: { readonly id: string; readonly path: string }
  /** Ids of customers of that branch. */
  readonly customers: readonly string[]
  /** Relationship managers with their number, id and some of their customers. */
  readonly managers: readonly { readonly number: string; readonly id: string; readonly customers: readonly string[] }[]
}

const MANAGER = 'S00007'

export async function drawSample({ client }: Pick<Bank, 'client'>): Promise<Sample> {
  const branch = await client.query<{ id: string; path: string }>(
    'select i.id, i.path from staff s join institution i on i.id = s.institution_id where s.number = $1',
    [MANAGER],
  )
  const { id, path } = branch.rows[0]!
  const customers = await client.query<{ id: string }>(
    // A holding of somebody in another branch is hidden from the manager, and nobody hides it from the contenders without guards.
    `select c.id from customer c where c.institution_path like $1 || '%' and c.status = 'active' and not exists (
      select from party_holding q join customer k on k.id = q.holding_customer_id where q.customer_id = c.id and k.institution_path not like $1 || '%')
    order by md5(c.id::text) limit 1000`,
    [path],
  )
  const managers = await client.query<{ number: string; id: string; customers: string[] }>(
    `select s.number, s.id, (array_agg(c.id order by md5(c.id::text)))[:125] as customers
    from staff s join customer c on c.relationship_manager_id = s.id
    where s.status = 'active' and 'relationship_manager' = any (s.roles) and s.institution_path like $1 || '%'
    group by s.id having count(*) >= 60 or (select count(*) from customer) < 20000 order by s.number limit 8`,
    [path],
  )
  return { manager: MANAGER, branch: { id, path }, customers: customers.rows.map((row) => row.id), managers: managers.rows }
}
