import { type ProfileCell, type ProfileGroup } from '../../../core/segmentation/analyses/profile.ts'
import { type ProfileSums } from '../../../core/segmentation/analyses/profile-rates.ts'
import type { RuleContext } from '../../../core/segmentation/rules/resolve.ts'
import { canonicalRule, type Rule } from '../../../core/segmentation/rules/rule.ts'
import { sql } from 'drizzle-orm'
import type { Db } from '../../platform/database.ts'
import { conditionOf } from '../facts/rules.ts'
import { ownedRows, type Within } from '../facts/population.ts'

export interface Counted {
  readonly customers: number
  readonly aum: bigint
}

export interface ProfileSide extends ProfileSums {
  readonly aum: bigint
  /** The lower of the two middle ones; null where there is nobody. */
  readonly medianAum: bigint | null
  /** What a rule selects of it. */
  readonly counted: (rule: Rule | undefined) => Counted
}

export interface Profile {
  readonly segmentSide: ProfileSide
  readonly comparisonSide: ProfileSide
}

/** The codes of all e-channels, at most so many. */
export async function listEChannels(db: Db, most: number): Promise<readonly string[]> {
  const rows = await db.rows<{ code: string }>(
    sql`select distinct code from product where family = 'e_channel' order by code limit ${most}`,
  )
  return rows.map(({ code }) => code)
}

type SideName = 'segmentSide' | 'comparisonSide'
type Totals = Readonly<Record<`${SideName} ${keyof ProfileSums}`, number>> &
  Readonly<Record<`${SideName} ${'aum' | 'medianAum'}`, string | null>>

/**
 * Counts every cell of a profile for a segment beside all customers or another segment, by the numbers of both, in one statement over the facts. Each cell’s
 * rule is compiled, so that what is counted is what the rule lists.
 */
export async function profileSegment(
  db: Db,
  groups: readonly ProfileGroup[],
  {
    segmentSide,
    comparisonSide,
    within,
    context,
  }: {
    readonly segmentSide: number
    readonly comparisonSide: number | undefined
    readonly within: Within
    readonly context: RuleContext
  },
): Promise<Profile> {
  const values: unknown[] = []
  const bind = (value: unknown): string => `$${values.push(value)}`
  const numbers = new Map<string, number>()
  const numberOf = (rule: Rule): number => {
    const text = canonicalRule(rule)
    const known = numbers.get(text) ?? numbers.size
    numbers.set(text, known)
    return known
  }
  const meets = (rule: Rule): string => conditionOf(rule, context, bind)
  const bases = new Map(
    groups.flatMap(({ cells }) =>
      cells.flatMap(({ denominator }) => (denominator ? [[canonicalRule(denominator), denominator] as const] : [])),
    ),
  )
  const counted = [
    ...[...bases.values()].map((of) => `case when ${meets(of)} then ${numberOf(of)} end`),
    ...groups.flatMap(({ cells, exclusive, denominator }) => {
      const open = cells.filter(({ rule }) => !numbers.has(canonicalRule(rule)))
      if (open.length === 0) return []
      // One question after the other stops at the first that is met; of whom shares are taken is asked once for all of them.
      const counted = (some: readonly ProfileCell[]): string => {
        const cases = `case ${some.map(({ among, rule }) => `when ${meets(among)} then ${numberOf(rule)}`).join(' ')} end`
        const [{ denominator }] = some as [ProfileCell]
        return denominator === undefined ? cases : `case when ${meets(denominator)} then ${cases} end`
      }
      return exclusive && denominator !== 'cell' ? [counted(open)] : open.map((cell) => counted([cell]))
    }),
  ]
  const [isInSegment, isInComparison] = [
    `${bind(segmentSide)}::int = any (f.segments)`,
    comparisonSide === undefined ? 'true' : `${bind(comparisonSide)}::int = any (f.segments)`,
  ]
  const { from, where } = ownedRows('customer_fact', 'f', within, bind)
  const either = comparisonSide === undefined ? [] : [`(${isInSegment} or ${isInComparison})`]
  const text = `
    with scanned as not materialized (
      select coalesce(f.aum, 0) as aum, coalesce(f.accounts, 0) as accounts, coalesce(f.e_channel_sign_ups, 0) as sign_ups, coalesce(f.frequency, 0) as transactions,
        coalesce(f.e_channel_substitution, 0) as rate, coalesce(f.atm_per_month, 0) * 12 as at_atms, ${isInSegment} as "segmentSide", ${isInComparison} as "comparisonSide", array_remove(array[${counted.join(', ')}]::int[], null) as cells
      from ${from} where ${[`f.status = 'active'`, ...where, ...either].join(' and ')}
    ), total as (
      select ${(['segmentSide', 'comparisonSide'] as const).map(totalsOf).join(', ')} from scanned
    ), cell as (
      select n, "segmentSide", "comparisonSide", count(*)::int as customers, sum(aum)::text as aum from scanned, unnest(cells) n group by n, "segmentSide", "comparisonSide"
    ) select (select row_to_json(t) from total t) as total, (select coalesce(json_agg(c), '[]') from cell c) as cells`
  const [row] = await db.rows<{
    total: Totals
    cells: readonly { n: number; segmentSide: boolean; comparisonSide: boolean; customers: number; aum: string }[]
  }>({ text, values, prepared: false })
  const { total, cells } = row!
  const byNumber = Map.groupBy(cells, ({ n }) => n)
  const side = (name: SideName): ProfileSide => {
    const sums = Object.fromEntries(sumNames.map((sum) => [sum, total[`${name} ${sum}`]])) as unknown as ProfileSums
    const [aum, median] = [BigInt(total[`${name} aum`] ?? 0), total[`${name} medianAum`]]
    return {
      ...sums,
      aum,
      medianAum: median === null ? null : BigInt(median),
      counted(rule) {
        if (!rule) return { customers: sums.customers, aum }
        const own = (byNumber.get(numbers.get(canonicalRule(rule))!) ?? []).filter((cell) => cell[name])
        return {
          customers: own.reduce((all, one) => all + one.customers, 0),
          aum: own.reduce((all, one) => all + BigInt(one.aum), 0n),
        }
      },
    }
  }
  return { segmentSide: side('segmentSide'), comparisonSide: side('comparisonSide') }
}

/** What each sum of a profile adds up. Counts of transactions are whole, though the facts from which they follow are rates. */
const sums: Readonly<
  Record<keyof ProfileSums, (of: (expression: string, more?: string) => string, count: (more?: string) => string) => string>
> = {
  customers: (_sum, count) => count(),
  eBankingCustomers: (_sum, count) => count('sign_ups > 0'),
  accounts: (sum) => sum('accounts'),
  eBankingAccounts: (sum) => sum('accounts', 'sign_ups > 0'),
  signUps: (sum) => sum('sign_ups'),
  transactions: (sum) => sum('transactions'),
  electronic: (sum) => sum('round(rate * transactions / 100)'),
  atAtms: (sum) => sum('round(at_atms)'),
  transacting: (_sum, count) => count('transactions > 0'),
  ownRates: (sum) => sum('rate', 'transactions > 0'),
  ownRatesWithAtm: (sum) => sum('rate + 100 * at_atms / transactions', 'transactions > 0'),
}
const sumNames = Object.keys(sums) as readonly (keyof ProfileSums)[]

function totalsOf(side: SideName): string {
  const only = (more?: string): string => `filter (where ${[`"${side}"`, ...(more === undefined ? [] : [more])].join(' and ')})`
  return [
    ...sumNames.map((name) => {
      const expression = sums[name](
        (added, more) => `coalesce(sum(${added}) ${only(more)}, 0)::double precision`,
        (more) => `count(*) ${only(more)}::int`,
      )
      return `${expression} as "${side} ${name}"`
    }),
    `coalesce(sum(aum) ${only()}, 0)::text as "${side} aum"`,
    `(percentile_disc(0.5) within group (order by aum) ${only()})::text as "${side} medianAum"`,
  ].join(', ')
}
