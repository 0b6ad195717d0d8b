import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { CurrencyCode } from '../../../core/kernel/currencies.ts'
import type { FactName } from '../../../core/segmentation/facts.ts'
import type { RuleContext } from '../../../core/segmentation/rules/resolve.ts'
import type { Rule } from '../../../core/segmentation/rules/rule.ts'
import type { Db } from '../../platform/database.ts'
import { compileRule } from './compile-rule.ts'
import { readPercentiles, type StoredPercentile } from './percentiles.ts'
import type { Bind } from '../../platform/views/view.ts'

/** How rows call a watched condition. */
export function conditionKey(canonical: string): string {
  return createHash('sha256').update(canonical).digest('base64url')
}

/** Where a customer stands among all by chance, as the compiled rule has it. */
export function chanceOf(seed: string, customerId: string): number {
  const [first] = new Uint32Array([
    Number.parseInt(createHash('md5').update(`${seed}:${customerId}`).digest('hex').slice(0, 8), 16),
  ])
  return (first! * 100) / 4_294_967_296
}

/** What all rules are read against: today, and the percentiles that are known. */
export async function readRuleContext(db: Db, today: Day, baseCurrency: string): Promise<RuleContext> {
  const [cuts, institutions] = await Promise.all([
    readPercentiles(db),
    db.rows<InstitutionPath>(sql`select code, path from institution where path in (select path from fact_cut)`),
  ])
  return ruleContext({ cuts, institutions, today, baseCurrency })
}

interface InstitutionPath {
  readonly code: string
  readonly path: string
}

interface Ground {
  readonly cuts: readonly Pick<StoredPercentile, 'path' | 'fact' | 'cuts'>[]
  /** Those for whose subtrees there are cuts. */
  readonly institutions: readonly InstitutionPath[]
  readonly today: Day
  readonly baseCurrency: string
}

export function ruleContext({ cuts, institutions, today, baseCurrency }: Ground): RuleContext {
  const paths = new Map(institutions.map(({ code, path }) => [code, path]))
  const known = new Map(cuts.map((cut) => [`${cut.path} ${cut.fact}`, cut.cuts]))
  return {
    today,
    baseCurrency: baseCurrency as CurrencyCode,
    cut(fact: FactName, institution: string | undefined, percentile: number) {
      const path = institution === undefined ? '/' : paths.get(institution)
      return path === undefined ? undefined : known.get(`${path} ${fact}`)?.[percentile]
    },
  }
}

/** A whole rule as a condition over the row `f` of `customer_fact`. */
export function conditionOf(rule: Rule, context: RuleContext, bind: Bind): string {
  return compileRule(rule, {
    ...context,
    row: 'f',
    bind,
    todayExpression: `date '${context.today}'`,
    since: (condition) =>
      `(select h.since from customer_condition h where h.customer_id = f.customer_id and h.condition = ${bind(conditionKey(condition))}::text)`,
  })
}
