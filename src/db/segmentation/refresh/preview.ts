import { ownedWithinReach } from '../../dossier/reach.ts'
import type { Scope } from '../../../core/kernel/actors.ts'
import type { Rule } from '../../../core/segmentation/rules/rule.ts'
import type { RuleContext } from '../../../core/segmentation/rules/resolve.ts'
import type { Db } from '../../platform/database.ts'
import { conditionOf } from '../facts/rules.ts'
import { requireAffordableStatement } from './estimates.ts'

export interface Preview {
  readonly customers: number
  /** Minor units of the base currency. */
  readonly aum: string
  readonly allCustomers: number
  readonly allAum: string
  readonly entering: number
  readonly leaving: number
  readonly sample: readonly { readonly customerId: string; readonly name: string; readonly kind: string; readonly aum: string }[]
}

const SAMPLE = 20

/** Counts who meets a whole rule within reach, and shows the first of them by id. */
export async function previewRule(
  db: Db,
  rule: Rule,
  context: RuleContext,
  { scope, number }: { readonly scope: Scope; readonly number: number | undefined },
): Promise<Preview> {
  await requireAffordableStatement(db, rule, context, scope)
  const counted: unknown[] = []
  const meets = conditionOf(rule, context, (value) => `$${counted.push(value)}`)
  const reach = ownedWithinReach(scope, 'f', (value) => `$${counted.push(value)}`)
  const member = number === undefined ? 'false' : `${number} = any (f.segments)`
  const from = reach.some((condition) => condition.includes('portfolio'))
    ? 'customer_fact f join customer c on c.id = f.customer_id'
    : 'customer_fact f'
  const where = [`f.status = 'active'`, ...reach].join(' and ')
  const [counts] = await db.rows<Omit<Preview, 'sample'>>({
    text: `select count(*) filter (where meets)::int as customers, coalesce(sum(aum) filter (where meets), 0)::text as aum, count(*)::int as "allCustomers", coalesce(sum(aum), 0)::text as "allAum",
      count(*) filter (where meets and not member)::int as entering, count(*) filter (where member and meets is not true)::int as leaving
      from (select f.aum, ${meets} as meets, ${member} as member from ${from} where ${where} offset 0) f`,
    values: counted,
    prepared: false,
  })
  const drawn: unknown[] = []
  const bind = (value: unknown): string => `$${drawn.push(value)}`
  const draw = `f.status = 'active' and ${conditionOf(rule, context, bind)}`
  const sample = await db.rows<Preview['sample'][number]>({
    text: `select f.customer_id as "customerId", c.name, f.kind, coalesce(f.aum, 0)::text as aum from customer_fact f join customer c on c.id = f.customer_id
      where ${[draw, ...ownedWithinReach(scope, 'f', bind)].join(' and ')} order by f.customer_id limit ${SAMPLE}`,
    values: drawn,
    prepared: false,
  })
  return { ...counts!, sample }
}
