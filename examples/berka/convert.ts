import type { InstitutionRow } from '../../src/core/organisation/organisation-rows.ts'
import type { CustomerRow } from '../../src/core/dossier/customer-rows.ts'
import type { Day } from '../../src/core/kernel/calendar.ts'
import type {
  ActivityRow,
  BalanceRow,
  FeedRowOf,
  HoldingPartyRow,
  HoldingRow,
  MovementRow,
  ProductRow,
} from '../../src/core/feeds/rows.ts'
import { formatAmount } from '../../src/core/kernel/money.ts'
import { chainAccount, type DayEnd } from './chain.ts'
import { type Berka, currency, type Transaction } from './files.ts'
import { counterpartyOf, readingOf } from './mapping.ts'

/** The name of the set as a source system. */
export const source = 'berka'

/** The entities that the set has something for, in the order in which they are sent. */
export const entities = [
  'institutions',
  'products',
  'customers',
  'holdings',
  'holdingParties',
  'balances',
  'activity',
  'movements',
] as const
export type Entity = (typeof entities)[number]

/** Rows for import, and the ends of days that the balances were taken from, by account. */
export interface Converted {
  readonly rows: { readonly [E in Entity]: readonly FeedRowOf<E>[] }
  readonly dayEnds: ReadonlyMap<string, readonly DayEnd[]>
}

/** Root of the institutions. The set does not name the bank. */
export const headOffice: InstitutionRow = { source, externalId: 'CZ', name: 'Head office', kind: 'head_office' }

/** From this amount on a transaction is a movement: 50,000.00. */
const leastMovement = 5_000_000n

/** Turns the set into rows for import. Throws an `Error` for what does not hold together: nothing is guessed. */
export function convert(berka: Berka): Converted {
  const ownerOf = ownersOf(berka)
  const dayEnds = dayEndsOf(berka.transactions)
  return {
    rows: {
      institutions: institutionsOf(berka),
      products: productsOf(berka),
      customers: customersOf(berka),
      holdings: [...accountsOf(berka, ownerOf), ...loansOf(berka, ownerOf), ...cardsOf(berka)],
      holdingParties: partiesOf(berka),
      balances: balancesOf(dayEnds),
      activity: activityOf(berka.transactions, ownerOf),
      movements: movementsOf(berka.transactions),
    },
    dayEnds,
  }
}

type Name = (accountId: string) => string

/** Who owns an account. */
function ownersOf({ dispositions }: Berka): Name {
  const owners = new Map<string, string>()
  for (const { type, accountId, clientId } of dispositions) {
    if (type !== 'OWNER') continue
    if (owners.has(accountId)) throw new Error(`The account ${accountId} has two owners.`)
    owners.set(accountId, clientId)
  }
  return (accountId) => known(owners, accountId, 'an owner of the account')
}

function known<T>(map: ReadonlyMap<string, T>, id: string, what: string): T {
  const value = map.get(id)
  if (value === undefined) throw new Error(`There is not ${what} ${id}.`)
  return value
}

const regionCode = (region: string): string => `region-${region.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`
const districtCode = (districtId: string): string => `district-${districtId}`

function institutionsOf({ districts }: Berka): readonly InstitutionRow[] {
  const regions = [...new Set(districts.map(({ region }) => region))]
  return [
    headOffice,
    ...regions.map((region): InstitutionRow => ({
      source,
      externalId: regionCode(region),
      name: region,
      kind: 'branch',
      parentCode: headOffice.externalId,
    })),
    ...districts.map(({ id, name, region }): InstitutionRow => ({
      source,
      externalId: districtCode(id),
      name,
      kind: 'outlet',
      parentCode: regionCode(region),
    })),
  ]
}

function productsOf({ cards }: Berka): readonly ProductRow[] {
  const types = [...new Set(cards.map(({ type }) => type))].sort()
  return [
    { source, externalId: 'account', name: 'Current account', family: 'deposit', category: 'deposit', currency },
    { source, externalId: 'loan', name: 'Loan', family: 'loan', category: 'loan', currency },
    ...types.map((type): ProductRow => ({
      source,
      externalId: `card-${type}`,
      name: `Card ${type}`,
      family: 'card',
      category: 'fee',
      currency,
    })),
  ]
}

/** The set has no names: a client is called by the number it has there. */
function customersOf({ clients, dispositions, accounts }: Berka): readonly CustomerRow[] {
  const opened = new Map(accounts.map(({ id, openedOn }) => [id, openedOn]))
  const since = new Map<string, Day>()
  for (const { type, clientId, accountId } of dispositions) {
    if (type !== 'OWNER') continue
    const day = known(opened, accountId, 'an account')
    if (day < (since.get(clientId) ?? '9999')) since.set(clientId, day)
  }
  return clients.map(({ id, gender, birthDate, districtId }): CustomerRow => {
    const customerSince = since.get(id)
    return {
      source,
      externalId: id,
      kind: 'individual',
      name: `Client ${id}`,
      institutionCode: districtCode(districtId),
      gender,
      birthDate,
      ...(customerSince !== undefined && { customerSince }),
    }
  })
}

function accountsOf({ accounts }: Berka, ownerOf: Name): readonly HoldingRow[] {
  return accounts.map(({ id, openedOn }) => ({
    source,
    externalId: id,
    customerExternalId: ownerOf(id),
    productCode: 'account',
    currency,
    openedOn,
  }))
}

/** The set says what was granted and for how long, and how the contract stands, not what is still owed: the balance is the debt of the first day. */
function loansOf({ loans }: Berka, ownerOf: Name): readonly HoldingRow[] {
  return loans.map(({ id, accountId, grantedOn, amount, months, status }): HoldingRow => {
    const maturesOn = monthsLater(grantedOn, months)
    return {
      source,
      externalId: `loan-${id}`,
      customerExternalId: ownerOf(accountId),
      productCode: 'loan',
      currency,
      balance: formatAmount(-amount, currency),
      balanceOn: grantedOn,
      openedOn: grantedOn,
      maturesOn,
      ...(status === 'A' || status === 'B' ? { status: 'closed', closedOn: maturesOn } : { status: 'active' }),
    }
  })
}

/** The same day of a later month, or its last one where it is shorter. */
export function monthsLater(day: Day, months: number): Day {
  const month = Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1 + months
  const year = Math.floor(month / 12)
  const lastDay = new Date(Date.UTC(year, (month % 12) + 1, 0)).getUTCDate()
  const dayOfMonth = Math.min(Number(day.slice(8)), lastDay)
  return new Date(Date.UTC(year, month % 12, dayOfMonth)).toISOString().slice(0, 10)
}

function cardsOf({ cards, dispositions }: Berka): readonly HoldingRow[] {
  const holders = new Map(dispositions.map(({ id, clientId }) => [id, clientId]))
  return cards.map(({ id, dispositionId, type, issuedOn }) => ({
    source,
    externalId: `card-${id}`,
    customerExternalId: known(holders, dispositionId, 'a disposition'),
    productCode: `card-${type}`,
    currency,
    openedOn: issuedOn,
  }))
}

function partiesOf({ dispositions }: Berka): readonly HoldingPartyRow[] {
  return dispositions
    .filter(({ type }) => type === 'DISPONENT')
    .map(({ accountId, clientId }) => ({
      source,
      holdingExternalId: accountId,
      customerExternalId: clientId,
      role: 'authorised_user',
    }))
}

function dayEndsOf(transactions: readonly Transaction[]): ReadonlyMap<string, readonly DayEnd[]> {
  const byAccount = Map.groupBy(transactions, ({ accountId }) => accountId)
  return new Map(
    [...byAccount].map(([accountId, ofAccount]) => {
      const bookings = ofAccount.map(({ day, direction, amount, balance }) => ({
        day,
        balance,
        change: direction === 'in' ? amount : -amount,
      }))
      try {
        return [accountId, chainAccount(bookings)]
      } catch (error) {
        throw new Error(`Account ${accountId}, ${(error as Error).message}`, { cause: error })
      }
    }),
  )
}

function balancesOf(dayEnds: ReadonlyMap<string, readonly DayEnd[]>): readonly BalanceRow[] {
  return [...dayEnds].flatMap(([holdingExternalId, ends]) =>
    ends.map(({ day, balance }) => ({ source, holdingExternalId, day, amount: formatAmount(balance, currency), currency })),
  )
}

function activityOf(transactions: readonly Transaction[], ownerOf: Name): readonly ActivityRow[] {
  const totals = new Map<string, { readonly row: Omit<ActivityRow, 'count' | 'amount'>; count: number; amount: bigint }>()
  for (const transaction of transactions) {
    const counterparty = counterpartyOf(transaction)
    const row = {
      source,
      customerExternalId: ownerOf(transaction.accountId),
      month: transaction.day.slice(0, 7),
      ...readingOf(transaction),
      direction: transaction.direction,
      currency,
      ...(counterparty !== undefined && { counterparty }),
    }
    const key = JSON.stringify(row)
    const total = totals.get(key) ?? { row, count: 0, amount: 0n }
    total.count += 1
    total.amount += transaction.amount
    totals.set(key, total)
  }
  return [...totals.values()].map(({ row, count, amount }) => ({ ...row, count, amount: formatAmount(amount, currency) }))
}

function movementsOf(transactions: readonly Transaction[]): readonly MovementRow[] {
  return transactions
    .filter(({ amount }) => amount >= leastMovement)
    .map((transaction): MovementRow => {
      const { channel, purpose } = readingOf(transaction)
      const counterparty = counterpartyOf(transaction)
      return {
        source,
        externalId: transaction.id,
        holdingExternalId: transaction.accountId,
        direction: transaction.direction,
        amount: formatAmount(transaction.amount, currency),
        currency,
        bookedOn: transaction.day,
        channel,
        purpose,
        ...(counterparty !== undefined && { counterparty }),
      }
    })
}
