import { upsertInstitution } from '../src/operations/organisation/institution-writes.ts'
import { parseArgs } from 'node:util'
import { sql } from 'drizzle-orm'
import { v7 } from 'uuid'
import { type Config, processConfig } from '../src/start/config.ts'
import { grantsOf } from '../src/core/kernel/permissions.ts'
import { incrementDirectoryVersion } from '../src/db/platform/directory.ts'
import { embeddedConnection } from '../src/start/embedded/postgres.ts'
import { appendJournal } from '../src/db/platform/journal.ts'
import { developmentKeys } from '../src/start/development-keys.ts'
import { execute, type Service } from '../src/operations/platform/execute.ts'
import { openService } from '../src/start/service.ts'

const usage = `Sets up an empty bank: its head office, and the first machine client, which sends everything else.

  npm run bootstrap -- [--code HO] [--name "Head office"] [--source core] [--client core-banking]

Existing ones are not changed. Uses the settings of the service, with the permissions of the owner (MIGRATION_DATABASE_URL).`

/** A bank's root, and the client that may feed the whole of it. */
export interface Planting {
  readonly code: string
  readonly name: string
  readonly source: string
  readonly clientId: string
}

/** What was made; false for what was there. */
export interface Planted {
  readonly headOffice: boolean
  readonly client: boolean
}

const caller = 'bootstrap'
const wholeBank = { prefixes: ['/'], portfolio: [], caller: `system:${caller}` }

/** Makes the head office and the machine client that a bank lacks, each with its audit entry. Throws where the bank has another head office. */
export async function plantBank(service: Service, { code, name, source, clientId }: Planting): Promise<Planted> {
  const [root] = await service.database.transaction(
    wholeBank,
    (db) => db.rows<{ code: string }>(sql`select code from institution where parent_id is null limit 1`),
    { readOnly: true },
  )
  if (root && root.code !== code) throw new Error(`The bank already has a head office, with the code ${root.code}.`)
  if (!root) {
    const input = { source, externalId: code, name, kind: 'head_office' }
    await execute(service, upsertInstitution, {
      caller: { kind: 'system', name: caller },
      input,
      selection: new Map(),
      refusedAs: null,
    })
  }
  return { headOffice: !root, client: await plantClient(service, clientId) }
}

/** Makes a machine client of the head office with all scopes of the integration role, where there is none of this id. */
async function plantClient({ database, newId, clock }: Service, clientId: string): Promise<boolean> {
  const now = clock()
  return database.transaction(wholeBank, async (db) => {
    const [made] = await db.rows<{ id: string }>(sql`
      insert into client (id, client_id, name, institution_id, institution_path, scopes, status, created_at, updated_at)
      select ${newId()}::uuid, ${clientId}::text, ${clientId}::text, id, path, ${sql.param(Object.keys(grantsOf.integration))}::text[], 'active', ${now}::timestamptz, ${now}::timestamptz
      from institution where parent_id is null
      on conflict (client_id) do nothing
      returning id`)
    if (!made) return false
    await incrementDirectoryVersion(db)
    const actor = { kind: 'system', id: caller } as const
    await appendJournal(db, { actor, actorName: wholeBank.caller, operation: caller, requestId: undefined, at: now, newId: v7 }, [
      { event: 'client.created', subjectType: 'client', subjectId: made.id },
    ])
    return true
  })
}

/** Plants a bank where the settings say that it is, with the rights of the tables' owner. */
export async function plantBankOf(config: Config, planting: Planting): Promise<Planted> {
  const ownerUrl =
    config.database.kind === 'external' ? config.database.migrationUrl : (await embeddedConnection(config.dataDir))?.ownerUrl
  if (ownerUrl === undefined)
    throw new Error(
      `No service is running on ${config.dataDir}: start it, or set DATA_DIR to its folder or DATABASE_URL to its database.`,
    )
  const keys = config.keys === 'development' ? await developmentKeys(config.dataDir) : config.keys
  const { service, close } = await openService(
    config,
    { serviceUrl: ownerUrl, keys },
    () => {},
    () => {},
  )
  try {
    return await plantBank(service, planting)
  } finally {
    await close()
  }
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ options: { code: text, name: text, source: text, client: text, help: { type: 'boolean' } } })
  if (values.help) return console.log(usage)
  const { code = 'HO', name = 'Head office', source = 'core', client: clientId = 'core-banking' } = values
  const planted = await plantBankOf(processConfig(), { code, name, source, clientId })
  const told = (made: boolean): string => (made ? 'made' : 'already exists')
  console.log(`Head office ${code}: ${told(planted.headOffice)}. Machine client ${clientId}: ${told(planted.client)}.`)
}

if (import.meta.main) {
  await main().catch((error: Error) => {
    console.error(error.message)
    process.exitCode = 1
  })
}
