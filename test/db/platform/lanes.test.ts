import { describe, expect } from 'vitest'
import { type Scope, scopeOf } from '../../../src/core/kernel/actors.ts'
import { type Database, openDatabase } from '../../../src/db/platform/database.ts'
import { operationNamed, overGraphql, overRest } from '../../api/calls.ts'
import { customerIds, customers, fillDossiers, markOf, type Onlooker, onlookers } from '../../api/dossiers.ts'
import { startOfTests, test, type TestBank } from '../../setup/service.ts'

/** A fixed order of chances, so that a failure can be seen again. */
function chances(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

interface Party extends Onlooker {
  readonly scope: Scope
  /** Ids of the customers in scope, in order. */
  readonly wanted: readonly string[]
}

async function parties(bank: TestBank): Promise<readonly Party[]> {
  const ids = await customerIds(bank)
  const found: Party[] = []
  for (const onlooker of onlookers(bank)) {
    const { caller } = onlooker
    const named =
      typeof caller === 'string'
        ? ({ kind: 'staff', number: caller } as const)
        : ({ kind: 'client', clientId: caller.client } as const)
    const { actor } = await bank.service.service.directory.resolve(named, startOfTests, true)
    found.push({
      ...onlooker,
      scope: scopeOf(actor, ['customer:read']),
      wanted: onlooker.sees.map((customer) => ids[customer]).sort(),
    })
  }
  return found
}

/** What a statement tells of the scope that it ran under: the setting itself and the rows that it let through. */
const whoami = {
  text: `select array[current_setting('app.scope', true), current_setting('app.more_scopes', true), current_setting('app.portfolio', true)] as settings,
    (select coalesce(array_agg(id::text order by id), '{}') from customer) as customers,
    (select coalesce(array_agg(distinct c.id::text order by c.id::text), '{}') from holding h join customer c on c.id = h.customer_id) as owners`,
  values: [],
}
interface Told {
  readonly settings: readonly (string | null)[]
  readonly customers: readonly string[]
  readonly owners: readonly string[]
}

const textOf = (row: Told | undefined): string =>
  JSON.stringify(
    row && {
      ...row,
      settings: row.settings
        .map((setting) => setting ?? '')
        .join(' ')
        .split(' ')
        .filter(Boolean),
    },
  )
const toldTo = ({ scope, wanted }: Party): string =>
  textOf({ settings: [...scope.prefixes, ...scope.portfolio], customers: wanted, owners: wanted })

/** Statements that fail, and how. */
const failures: readonly (readonly [string, string])[] = [
  ['select 1 / 0', '22012'],
  ['select no_such_column from customer', '42703'],
  ['select from no_such_table', '42P01'],
  ['this is no statement', '42601'],
  [`select 'no id'::uuid`, '22P02'],
  ['select * from external_id', '42501'],
  [
    `insert into audit_link (entry_id, chain_path, chain_day, position, hash) values (gen_random_uuid(), '/', '2026-01-01', 1, '')`,
    '25006',
  ],
]

const failsWhenPrepared = new Set(['42703', '42P01', '42601', '22P02'])

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  )
}

interface Tally {
  answers: number
  errors: number
  faults: string[]
}

/** Runs so many pieces of work, always so many at once. */
async function storm(count: number, atOnce: number, work: (turn: number) => Promise<void>): Promise<void> {
  let turn = 0
  const worker = async (): Promise<void> => {
    while (turn < count) await work(turn++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

async function oneTurn(
  database: Database,
  party: Party,
  chance: (below: number) => number,
  slow: boolean,
  tally: Tally,
): Promise<void> {
  const { scope } = party
  const check = (row: Told | undefined, where: string): void => {
    tally.answers++
    const [seen, wanted] = [textOf(row), toldTo(party)]
    if (seen !== wanted) tally.faults.push(`${where} of ${party.name}: ${seen} instead of ${wanted}`)
  }
  const fails = async (work: Promise<unknown>, wanted: string): Promise<void> => {
    tally.errors++
    const code = await codeOf(work)
    // Those who wait for a statement that another is just preparing in vain are told to try again.
    if (code !== wanted && !(code === 'unavailable' && failsWhenPrepared.has(wanted)))
      tally.faults.push(`${code} instead of ${wanted}`)
  }
  const [text, wanted] = failures[chance(failures.length)]!
  if (slow) {
    if (chance(2) === 0) return fails(database.read(scope, { text: 'select pg_sleep(60)', values: [] }), 'timed_out')
    return fails(
      database.transaction(scope, (db) => db.rows({ text: 'select pg_sleep(60)', values: [] })),
      'timed_out',
    )
  }
  switch (chance(8)) {
    case 0:
      return fails(database.read(scope, { text, values: [] }), wanted)
    case 1:
      // The statement of another fails in the same tick, before and behind.
      await Promise.all([
        fails(database.read(scope, { text, values: [] }), wanted),
        database.read<Told>(scope, whoami).then(([row]) => check(row, 'a read beside a failure')),
        fails(database.read(scope, { text, values: [] }), wanted),
      ])
      return
    case 2:
      return fails(
        database.transaction(
          scope,
          async (db) => {
            check((await db.rows<Told>(whoami))[0], 'a transaction before its failure')
            await db.rows({ text, values: [] })
          },
          { readOnly: true },
        ),
        wanted,
      )
    case 3:
      // Swallowing a failure does not save the transaction: nothing of it stands.
      tally.errors++
      await database
        .transaction(scope, (db) => db.rows({ text: 'select 1 / 0', values: [] }).catch(() => undefined))
        .then(
          () => tally.faults.push('a failed transaction was committed'),
          () => undefined,
        )
      return
    case 4:
      await database.transaction(scope, async (db) => {
        const [[first], [second]] = await Promise.all([db.rows<Told>(whoami), db.rows<Told>(whoami)])
        check(first, 'a transaction')
        await new Promise((resolve) => setTimeout(resolve, chance(3)))
        check(second, 'a transaction')
        check((await db.rows<Told>(whoami))[0], 'a transaction after a while')
      })
      return
    default:
      check((await database.read<Told>(scope, whoami))[0], 'a read')
  }
}

describe('connections that many share', () => {
  test('never answer one caller under the scope of another, whatever fails beside them', async ({ bank }) => {
    await fillDossiers(bank)
    const all = await parties(bank)
    const database = openDatabase(
      { url: bank.service.serviceUrl, poolSize: 4, fastLaneConnections: 2, statementTimeoutMs: 4_000, fastLaneTimeoutMs: 3_000 },
      { warn() {} },
    )
    const chance = chances(7)
    const tally: Tally = { answers: 0, errors: 0, faults: [] }
    try {
      await storm(2_400, 48, (turn) => oneTurn(database, all[chance(all.length)]!, chance, turn % 500 === 250, tally))
    } finally {
      await database.close()
    }
    expect(tally.faults.slice(0, 5)).toEqual([])
    expect([tally.answers > 1_500, tally.errors > 500]).toEqual([true, true])
  })

  test('tell those who wait in vain for a locked table that it took too long, or to try again', async ({ bank }) => {
    const [party] = await parties(bank)
    const database = openDatabase(
      { url: bank.service.serviceUrl, poolSize: 2, fastLaneConnections: 1, statementTimeoutMs: 4_000, fastLaneTimeoutMs: 3_000 },
      { warn() {} },
    )
    // New to the connection, so that the lock is met while it is being prepared.
    const read = () => codeOf(database.read(party!.scope, { text: 'select id as waited_for from customer', values: [] }))
    try {
      await bank.service.owner.query('begin; lock table customer in access exclusive mode')
      const codes = await Promise.all(Array.from({ length: 6 }, read))
      await bank.service.owner.query('rollback')
      expect(codes.filter((code) => code !== 'timed_out' && code !== 'unavailable')).toEqual([])
      expect(codes).toContain('timed_out')
      expect(await Promise.all(Array.from({ length: 6 }, read))).toEqual(Array.from({ length: 6 }))
    } finally {
      await database.close()
    }
  })

  test('serve everyone rightly again after they were cut', async ({ bank }) => {
    const all = await parties(bank).then((list) => list.slice(0, 3))
    const database = openDatabase(
      {
        url: bank.service.serviceUrl,
        poolSize: 4,
        fastLaneConnections: 2,
        statementTimeoutMs: 300_000,
        fastLaneTimeoutMs: 300_000,
      },
      { warn() {} },
    )
    const outcomes = { right: 0, unavailable: 0, other: [] as string[] }
    const once = async (turn: number): Promise<void> => {
      const party = all[turn % all.length]!
      try {
        const [row] =
          turn % 3 === 0
            ? await database.transaction(party.scope, (db) => db.rows<Told>(whoami))
            : await database.read<Told>(party.scope, whoami)
        if (textOf(row) === toldTo(party)) outcomes.right++
        else outcomes.other.push(`${textOf(row)} instead of ${toldTo(party)}`)
      } catch (error) {
        if ((error as { code?: string }).code === 'unavailable') outcomes.unavailable++
        else outcomes.other.push(String(error))
      }
    }
    const cut = () =>
      bank.service.owner.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'guanxi' and pid <> pg_backend_pid()`,
      )
    try {
      await storm(600, 24, async (turn) => {
        if (turn % 200 === 100) await cut()
        await once(turn)
      })
      expect(outcomes.other).toEqual([])
      expect(outcomes.unavailable).toBeGreaterThan(0)
      const before = outcomes.right
      for (let turn = 0; turn < 12; turn++) await once(turn)
      expect([outcomes.right - before, outcomes.other]).toEqual([12, []])
    } finally {
      await database.close()
    }
  })
})

describe('requests of several callers at once', () => {
  test('are each answered with what their caller may see, while others fail, change and time out', async ({ bank }) => {
    await fillDossiers(bank)
    const all = await parties(bank)
    const ids = await customerIds(bank)
    const { database } = bank.service.service
    const chance = chances(11)
    const faults: string[] = []
    const codes = new Map<string, number>()
    const listed = (items: readonly { id: string }[] | undefined): string =>
      (items ?? [])
        .map(({ id }) => id)
        .sort()
        .join()

    const request = async (party: Party, kind: number): Promise<readonly [string, boolean]> => {
      const { caller, sees, wanted } = party
      const customer = customers[chance(customers.length)]!
      const customerId = ids[customer]
      const inScope = sees.includes(customer)
      const found = inScope ? 'ok' : 'not_found'
      if (kind === 0) {
        const { code, body } = await overRest(bank, caller, operationNamed('customers'), { includeTotal: chance(2) === 0 })
        return [code, code === 'ok' && listed(body.items) === wanted.join()]
      }
      if (kind === 1) {
        const { code, body } = await overGraphql(
          bank,
          caller,
          operationNamed('customers'),
          {},
          'nodes { id holdings { customerId product { code } } relationshipManager { customers { nodes { id } } } }',
        )
        const nested = (body?.nodes ?? [])
          .flatMap(({ relationshipManager }: any) => relationshipManager?.customers.nodes ?? [])
          .every(({ id }: any) => wanted.includes(id))
        return [code, code === 'ok' && nested && listed(body.nodes) === wanted.join()]
      }
      if (kind === 2) {
        const { code, body } = await overRest(bank, caller, operationNamed('customerSearch'), { name: `王mark${bank.name}` })
        return [code, code === 'ok' && body.items.every(({ id }: any) => wanted.includes(id)) && body.items.length > 0]
      }
      if (kind === 3) {
        const { code, body } = await overRest(bank, caller, operationNamed('portfolioSummary'), {})
        return [code, caller === bank.code('T1') ? code === 'not_permitted' : body.customers === wanted.length]
      }
      if (kind === 4) {
        const { code } = await overRest(bank, caller, operationNamed('customers'), { limit: 5_000 })
        return [code, code === 'invalid_input']
      }
      if (kind === 5) {
        const { code } = await overGraphql(bank, caller, operationNamed('customers'), { cursor: 'forged' }, 'nodes { id }')
        return [code, code === 'invalid_cursor']
      }
      if (kind === 6) {
        const version = chance(40) + 1
        const { code, body } = await overRest(bank, caller, operationNamed('correctCustomer'), {
          customerId,
          industry: `F${chance(9)}`,
          expectedVersion: version,
        })
        const may = caller !== bank.code('T1')
        return [
          code,
          !may
            ? code === 'not_permitted'
            : !inScope
              ? code === 'not_found'
              : code === 'ok'
                ? body.id === customerId
                : ['version_conflict', 'unavailable'].includes(code),
        ]
      }
      if (kind === 7) {
        const [text, wantedCode] = failures[chance(failures.length)]!
        const code = await codeOf(
          chance(2) === 0
            ? database.read(party.scope, { text, values: [] })
            : database.transaction(party.scope, (db) => db.rows({ text, values: [] }), { readOnly: true }),
        )
        return [String(code), code === wantedCode || (code === 'unavailable' && failsWhenPrepared.has(wantedCode))]
      }
      const told =
        kind === 8
          ? await overRest(bank, caller, operationNamed('customer'), { customerId })
          : await overGraphql(bank, caller, operationNamed('customer'), { customerId }, 'id name holdings { accountNumber }')
      const strange = customers
        .filter((one) => !sees.includes(one))
        .some((one) => JSON.stringify(told.body).includes(markOf(bank, one)))
      return [told.code, told.code === found && !strange && (!inScope || told.body.id === customerId)]
    }

    const slow = Array.from({ length: 4 }, (_, turn) =>
      database
        .transaction(all[turn]!.scope, (db) => db.rows({ text: 'select pg_sleep(600)', values: [] }), { timeoutMs: 700 })
        .catch((error: { code?: string }) => error.code),
    )
    await storm(1_200, 32, async () => {
      const party = all[chance(all.length)]!
      const kind = chance(10)
      const [code, right] = await request(party, kind)
      codes.set(code, (codes.get(code) ?? 0) + 1)
      if (!right) faults.push(`${party.name}, request of kind ${kind}: ${code}`)
    })
    expect(await Promise.all(slow)).toEqual(['timed_out', 'timed_out', 'timed_out', 'timed_out'])
    expect(faults.slice(0, 5)).toEqual([])
    for (const code of ['ok', 'not_found', 'invalid_input', 'invalid_cursor', 'version_conflict', '22012'])
      expect(codes.get(code), code).toBeGreaterThan(0)
  })
})
