import type { Day } from '../../src/core/kernel/calendar.ts'
import type { CurrencyCode } from '../../src/core/kernel/currencies.ts'
import { formatAmount, parseAmount } from '../../src/core/kernel/money.ts'
import { balanceAt, type DayEnd, monthEnds } from './chain.ts'
import { type Converted, source } from './convert.ts'
import { currency } from './files.ts'
import { ask, type Target } from './send.ts'

/** What the service says about the accounts with transactions, held against what was converted. */
export interface Findings {
  readonly accounts: number
  /** Accounts with an owner and one further person. */
  readonly accountsOfTwo: number
  readonly monthEnds: number
  readonly movementsOut: number
  readonly accountsOut: number
  readonly movementsIn: number
  readonly accountsIn: number
  /** Transactions counted in the activity. */
  readonly transactions: number
  /** What differs from the conversion; empty where all agrees. */
  readonly differences: readonly string[]
}

interface Money {
  readonly amount: string
  readonly currency: CurrencyCode
}

interface Holding {
  readonly id: string
  readonly customerId: string
  readonly balance: Money
  readonly parties: readonly object[]
}

interface Movement {
  readonly externalId: string
  readonly holdingId: string
  readonly direction: 'in' | 'out'
  readonly amount: Money
  readonly bookedOn: Day
}

interface Activity {
  readonly count: number
}

/** What the service says about one account. */
interface Account {
  readonly number: string
  readonly holding: Holding
  readonly dayEnds: readonly DayEnd[]
  readonly movements: readonly Movement[]
  readonly transactions: number
}

const atOnce = 8

/** Reads every account with transactions back over GraphQL, page by page, and holds it against the conversion. */
export async function verify(target: Target, { rows, dayEnds }: Converted): Promise<Findings> {
  const accounts = await inParallel([...dayEnds.keys()], (number) => readAccount(target, number))
  const lastDay = [...dayEnds.values()].reduce((last, ends) => (ends.at(-1)!.day > last ? ends.at(-1)!.day : last), '')
  const compared = accounts.map((account) => compareMonthEnds(account, dayEnds.get(account.number)!, lastDay))
  const movements = accounts.flatMap((account) => account.movements)
  const ofDirection = (direction: 'in' | 'out') => movements.filter((movement) => movement.direction === direction)
  const holdings = (some: readonly Movement[]): number => new Set(some.map(({ holdingId }) => holdingId)).size
  const transactions = sum(accounts.map((account) => account.transactions))
  const expected = sum(rows.activity.map(({ count }) => count))
  return {
    accounts: accounts.length,
    accountsOfTwo: accounts.filter(({ holding }) => holding.parties.length === 1).length,
    monthEnds: sum(compared.map(({ count }) => count)),
    movementsOut: ofDirection('out').length,
    accountsOut: holdings(ofDirection('out')),
    movementsIn: ofDirection('in').length,
    accountsIn: holdings(ofDirection('in')),
    transactions,
    differences: [
      ...compared.flatMap(({ differences }) => differences),
      ...compareMovements(movements, rows.movements),
      ...(transactions === expected ? [] : [`The activity counts ${transactions} transactions, not ${expected}.`]),
    ],
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

async function readAccount(target: Target, number: string): Promise<Account> {
  const { holding } = await ask<{ holding: Holding | null }>(
    target,
    `query ($source: String!, $number: String!) {
      holding: holdingByExternalId(source: $source, externalId: $number) { id customerId balance { amount currency } parties { id } }
    }`,
    { source, number },
  )
  if (!holding) throw new Error(`The service does not know the account ${number}.`)
  const ids = { customerId: holding.customerId, holdingId: holding.id }
  const [balances, movements, activity] = await Promise.all([
    readAll<{ readonly day: Day; readonly amount: Money }>(
      target,
      `query ($customerId: ID!, $holdingId: ID!, $after: String) {
        page: balances(customerId: $customerId, holdingId: $holdingId, first: 200, after: $after) {
          nodes { day amount { amount currency } } pageInfo { hasNextPage endCursor }
        }
      }`,
      ids,
    ),
    readAll<Movement>(
      target,
      `query ($customerId: ID!, $after: String) {
        page: movements(customerId: $customerId, first: 200, after: $after) {
          nodes { externalId holdingId direction bookedOn amount { amount currency } } pageInfo { hasNextPage endCursor }
        }
      }`,
      { customerId: holding.customerId },
    ),
    readAll<Activity>(
      target,
      `query ($customerId: ID!, $after: String) {
        page: activity(customerId: $customerId, first: 200, after: $after) { nodes { count } pageInfo { hasNextPage endCursor } }
      }`,
      { customerId: holding.customerId },
    ),
  ])
  return {
    number,
    holding,
    // They come the latest first.
    dayEnds: balances.toReversed().map(({ day, amount }) => ({ day, balance: minor(amount) })),
    movements,
    transactions: sum(activity.map(({ count }) => count)),
  }
}

function minor({ amount, currency: code }: Money): bigint {
  const parsed = code === currency ? parseAmount(amount, code) : undefined
  if (parsed === undefined) throw new Error(`The service answers ${amount} ${code} for an amount in ${currency}.`)
  return parsed
}

interface Page<T> {
  readonly page: {
    readonly nodes: readonly T[]
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  }
}

async function readAll<T>(target: Target, query: string, variables: object): Promise<readonly T[]> {
  const all: T[] = []
  for (let after: string | null = null; ;) {
    const { page }: Page<T> = await ask<Page<T>>(target, query, { ...variables, after })
    all.push(...page.nodes)
    if (!page.pageInfo.hasNextPage) return all
    after = page.pageInfo.endCursor
  }
}

/** Month-ends from the first booking of the account to the last one of the set, the latest of them after it. */
function compareMonthEnds(
  { number, holding, dayEnds }: Account,
  chained: readonly DayEnd[],
  lastDay: Day,
): { readonly count: number; readonly differences: readonly string[] } {
  const days = monthEnds(chained[0]!.day, lastDay)
  const text = (balance: bigint | undefined): string => (balance === undefined ? 'nothing' : formatAmount(balance, currency))
  const differences = days.flatMap((day) => {
    const [found, wanted] = [balanceAt(dayEnds, day), balanceAt(chained, day)]
    return found === wanted ? [] : [`Account ${number} stood at ${text(found)} on ${day}, not at ${text(wanted)}.`]
  })
  const newest = chained.at(-1)!.balance
  if (minor(holding.balance) !== newest)
    differences.push(`Account ${number} stands at ${holding.balance.amount}, not at ${text(newest)}.`)
  return { count: days.length, differences }
}

function compareMovements(found: readonly Movement[], wanted: Converted['rows']['movements']): readonly string[] {
  const keyOf = (one: Pick<Movement, 'externalId' | 'direction' | 'bookedOn'>, amount: string): string =>
    [one.externalId, one.direction, one.bookedOn, amount].join(' ')
  const known = new Set(found.map((one) => keyOf(one, one.amount.amount)))
  const missing = wanted
    .filter((one) => !known.has(keyOf(one, one.amount)))
    .map(({ externalId }) => `The movement ${externalId} is missing or differs.`)
  const count = found.length === wanted.length ? [] : [`There are ${found.length} movements, not ${wanted.length}.`]
  return [...missing, ...count]
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index]!)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}
