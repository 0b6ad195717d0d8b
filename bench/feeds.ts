import { createReadStream, createWriteStream } from 'node:fs'
import { request as ask } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { from, to } from 'pg-copy-streams'
import type pg from 'pg'
import type { Bank } from './bank.ts'
import type { Server } from './processes.ts'

/** A feed in two forms: as core banking sends it, and resolved to the rows of the tables that it fills. */
export interface Feed {
  readonly entity: 'balances' | 'holdings'
  readonly rows: number
  /** The file that core banking sends. */
  readonly csv: string
  /** The rows by table, in an order that their references allow. */
  readonly copies: readonly Copy[]
}

interface Copy {
  readonly into: string
  readonly file: string
}

/** A part of a feed: the columns of a table, and the rows for them from the feed `f`. */
interface Part {
  readonly into: string
  readonly select: string
}

const HISTORY = `date '2001-01-01'`
/** No balance of the demo bank stands on it, and none may lie further ahead. */
const TOMORROW = `((now() at time zone 'Asia/Shanghai')::date + 1)`
const SOURCE = 'bench'
const MOST_ACCOUNTS = 1_000_000

/** Draws the accounts that feeds are about and notes where they and their owners stand. Once for a bank. */
async function keepAccounts({ client }: Bank): Promise<void> {
  await client.query(`create table if not exists bench.account as
    select row_number() over (order by md5(h.id::text)) as n, h.customer_id, h.id, h.institution_path, h.external_id, h.product_id, p.code as product_code, h.balance, h.balance_on,
      c.aum, x.external_id as customer_external_id
    from holding h join product p on p.id = h.product_id join customer c on c.id = h.customer_id and c.status = 'active'
    join customer_external_id x on x.customer_id = c.id and x.source = 'core'
    where p.family = 'deposit' and h.currency = 'CNY' and h.source = 'core' and h.status = 'active'
    order by md5(h.id::text) limit ${MOST_ACCOUNTS}`)
  // Without it PostgreSQL may go through all accounts for every holding that is taken back.
  await client.query('create index if not exists account_customer_id_idx on bench.account (customer_id)')
  await client.query('analyze bench.account')
}

const balancePart: Part = {
  into: 'balance (customer_id, holding_id, day, institution_path, amount, as_of)',
  select: 'f.customer_id, f.id, f.day, f.institution_path, f.amount, now()',
}

const balanceColumns = `'core' as source, f.external_id as "holdingExternalId", f.day, (f.amount / 100.0)::numeric(20, 2) as amount`

/** The past, day by day and account by account: every row a new change point before those that are there. */
export async function balanceHistory(bank: Bank, rows: number): Promise<Feed> {
  await keepAccounts(bank)
  const accounts = `(select count(*) from bench.account)`
  const drawn = `select a.customer_id, a.id, a.institution_path, a.external_id, ${HISTORY} + 7 * k as day, ((a.n * 7919 + k * 104729) % 10000000) + 1 as amount
    from generate_series(0, ${rows} / ${accounts}::int) k join bench.account a on k * ${accounts} + a.n <= ${rows}`
  return writeFeed(bank, `history-${rows}`, 'balances', drawn, 'f.day, f.external_id', balanceColumns, [balancePart])
}

/** One night: every row the newest balance of an account, which moves the account and its owner's assets. */
export async function nightlyBalances(bank: Bank, rows: number): Promise<Feed> {
  await keepAccounts(bank)
  const drawn = `select a.customer_id, a.id, a.institution_path, a.external_id, ${TOMORROW} as day, ((a.n * 7919) % 10000000) + 1 as amount
    from bench.account a where a.n <= ${rows}`
  return writeFeed(bank, `nightly-${rows}`, 'balances', drawn, 'f.external_id', balanceColumns, [balancePart])
}

/** New accounts with their first balance, of customers all over the bank. */
export async function newHoldings(bank: Bank, rows: number): Promise<Feed> {
  await keepAccounts(bank)
  await bank.client.query(`create table if not exists bench.new_holding as
    select a.n, a.customer_id, uuidv7() as id, a.institution_path, a.customer_external_id, a.product_id, a.product_code, 'B' || a.n as external_id, ((a.n * 7919) % 10000000) + 1 as amount
    from bench.account a`)
  const drawn = `select h.*, ${TOMORROW} - 1 as day from bench.new_holding h where h.n <= ${rows}`
  return writeFeed(
    bank,
    `holdings-${rows}`,
    'holdings',
    drawn,
    'f.n',
    `'${SOURCE}' as source, f.external_id as "externalId", 'core' as "customerSource", f.customer_external_id as "customerExternalId", f.product_code as "productCode", 'CNY' as currency,
      (f.amount / 100.0)::numeric(20, 2) as balance, f.day as "balanceOn", f.day as "openedOn"`,
    [
      {
        into: `holding (customer_id, id, institution_path, source, external_id, account_number, product_id, currency, balance, balance_on, opened_on, status, as_of, created_at, updated_at)`,
        select: `f.customer_id, f.id, f.institution_path, '${SOURCE}', f.external_id, f.external_id, f.product_id, 'CNY', f.amount, f.day, f.day, 'active', now(), now(), now()`,
      },
      {
        into: 'external_id (external_id, source, entity, customer_id, target_id)',
        select: `f.external_id, '${SOURCE}', 'holding', f.customer_id, f.id`,
      },
      balancePart,
    ],
  )
}

async function writeFeed(
  bank: Bank,
  name: string,
  entity: Feed['entity'],
  drawn: string,
  order: string,
  columns: string,
  parts: readonly Part[],
): Promise<Feed> {
  const { client, folder } = bank
  const write = async (select: string, options: string, file: string): Promise<string> => {
    const text = `copy (select ${select} from (${drawn}) f order by ${order}) to stdout ${options}`
    await pipeline(client.query(to(text)), createWriteStream(file))
    return file
  }
  // A small bank may have fewer accounts than were asked for.
  const counted = await client.query<{ count: number }>(`select count(*)::int from (${drawn}) f`)
  const csv = await write(columns, 'with (format csv, header)', `${folder}/${name}.csv`)
  const copies: Copy[] = []
  for (const [index, { into, select }] of parts.entries())
    copies.push({ into, file: await write(select, '', `${folder}/${name}-${index}.copy`) })
  return { entity, rows: counted.rows[0]!.count, csv, copies }
}

/** Sends a feed as core banking does. Throws unless every row made something new. */
export async function sendFeed({ url }: Server, { entity, csv, rows }: Feed, token: string): Promise<void> {
  const report = await new Promise<{ rowsRead: number; rowsCreated: number }>((resolve, reject) => {
    const sent = ask(`${url}/v1/imports/${entity}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
    })
    sent.on('error', reject).on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () =>
        response.statusCode === 200
          ? resolve(JSON.parse(text))
          : reject(new Error(`The import was refused: ${text.slice(0, 500)}`)),
      )
    })
    pipeline(createReadStream(csv, { highWaterMark: 256 * 1024 }), sent).catch(reject)
  })
  if (report.rowsRead !== rows || report.rowsCreated !== rows)
    throw new Error(`Of ${rows} rows the service read ${report.rowsRead} and made ${report.rowsCreated}.`)
}

/** Copies the rows of a feed straight into their tables, as one transaction. */
export async function copyFeed(client: pg.Client, { copies }: Feed): Promise<void> {
  await client.query('begin')
  for (const { into, file } of copies)
    await pipeline(createReadStream(file, { highWaterMark: 256 * 1024 }), client.query(from(`copy ${into} from stdin`)))
  await client.query('commit')
}

const stored = `select json_build_array(
  (select json_build_array(count(*), sum(hashtextextended(concat_ws('|', b.customer_id, a.external_id, b.day, b.amount, b.institution_path), 0)))
    from balance b join bench.account a on a.customer_id = b.customer_id and a.id = b.holding_id where b.day < date '2015-01-01' or b.day = ${TOMORROW}),
  (select json_build_array(count(*), sum(hashtextextended(concat_ws('|', h.customer_id, h.external_id, h.account_number, h.product_id, h.currency, h.balance, h.balance_on, h.opened_on, h.status, h.institution_path), 0)))
    from holding h where h.source = '${SOURCE}'),
  (select count(*) from external_id e join holding h on h.customer_id = e.customer_id and h.id = e.target_id where e.source = '${SOURCE}' and e.external_id = h.external_id),
  (select json_build_array(count(*), sum(b.amount)) from balance b join holding h on h.customer_id = b.customer_id and h.id = b.holding_id where h.source = '${SOURCE}'))::text as v`

/** What says whether two loads of a feed left the same rows, but for their ids and instants. */
export async function storedRows({ client }: Bank): Promise<string> {
  const { rows } = await client.query<{ v: string }>(stored)
  return rows[0]!.v
}

/** Takes out what feeds of so many rows have brought and puts back what they moved. Does nothing where there is nothing. */
export async function takeBackFeeds({ client }: Bank, rows = MOST_ACCOUNTS): Promise<void> {
  const { rows: found } = await client.query<{ exists: boolean }>(`select to_regclass('bench.account') is not null as exists`)
  if (!found[0]!.exists) return
  const touched = `a.n <= ${rows}`
  await client.query(
    `delete from balance b using bench.account a where ${touched} and b.customer_id = a.customer_id and b.holding_id = a.id and (b.day < date '2015-01-01' or b.day > a.balance_on)`,
  )
  await client.query(
    `delete from balance b using holding h, bench.account a where ${touched} and h.customer_id = a.customer_id and h.source = '${SOURCE}' and b.customer_id = h.customer_id and b.holding_id = h.id`,
  )
  await client.query(
    `delete from holding h using bench.account a where ${touched} and h.customer_id = a.customer_id and h.source = '${SOURCE}'`,
  )
  await client.query(`delete from external_id where source = '${SOURCE}' and external_id like 'B%'`)
  await client.query(`update holding h set balance = a.balance, balance_on = a.balance_on from bench.account a
    where ${touched} and h.customer_id = a.customer_id and h.id = a.id and (h.balance, h.balance_on) is distinct from (a.balance, a.balance_on)`)
  await client.query(
    `update customer c set aum = a.aum from bench.account a where ${touched} and c.id = a.customer_id and c.aum <> a.aum`,
  )
  await client.query('checkpoint')
}
