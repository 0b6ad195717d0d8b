import { parseArgs } from 'node:util'
import { Client } from 'pg'
import { type Config, processConfig } from '../src/start/config.ts'
import { roles } from '../src/core/kernel/permissions.ts'
import { embeddedConnection } from '../src/start/embedded/postgres.ts'
import { knownDevelopmentIssuer } from '../src/tokens/development-issuer.ts'

const usage = `Prints a bearer token of the development issuer.

  npm run --silent token -- --staff <number>
  npm run --silent token -- --client <client id>
  npm run --silent token -- --role <role> [--institution <code>]

Roles: ${roles.join(', ')}. Without arguments: a branch manager.
If the database is available, unknown staff and clients get no token.`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      staff: { type: 'string' },
      client: { type: 'string' },
      role: { type: 'string' },
      institution: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return console.log(usage)
  const config = processConfig()
  if (config.jwt.keys.kind !== 'development')
    throw new Error('The development issuer is off: JWT_JWKS_URL or JWT_PUBLIC_KEY is set.')
  if ([values.staff, values.client, values.role].filter((value) => value !== undefined).length > 1)
    throw new Error('Exactly one of --staff, --client and --role is allowed.')
  if (values.institution !== undefined && values.role === undefined) throw new Error('--institution requires --role.')
  const issuer = await knownDevelopmentIssuer(config.dataDir)
  const { staff, client, role = 'branch_manager', institution } = values
  const named = staff ?? client
  if (named !== undefined) {
    const kind = staff === undefined ? 'client' : 'staff'
    if ((await isKnown(config, kind, named)) === false)
      throw new Error(kind === 'staff' ? `There is no active staff member ${named}.` : `There is no active client ${named}.`)
    return console.log(await issuer.sign(kind === 'staff' ? { sub: named } : { sub: named, client_id: named }))
  }
  if (!(roles as readonly string[]).includes(role)) throw new Error(`There is no role ${role}. Roles: ${roles.join(', ')}.`)
  const url = await databaseOf(config)
  if (url === undefined) throw new Error('The service is not running here: start it, or give a staff number with --staff.')
  console.log(await issuer.sign(await inWholeBank(url, (db) => claimsOf(db, role, institution))))
}

async function databaseOf({ database, dataDir }: Config): Promise<string | undefined> {
  return database.kind === 'external' ? database.url : (await embeddedConnection(dataDir))?.ownerUrl
}

/** Whether the bank has such an active caller; undefined where there is no database to ask. */
async function isKnown(config: Config, kind: 'staff' | 'client', name: string): Promise<boolean | undefined> {
  const url = await databaseOf(config)
  if (url === undefined) return undefined
  const column = kind === 'staff' ? 'number' : 'client_id'
  return inWholeBank(url, async (db) => {
    const { rowCount } = await db.query(`select from ${kind} where ${column} = $1 and status = 'active'`, [name])
    return rowCount === 1
  }).catch((error: { code?: string }) => {
    if (/^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOST)/.test(error.code ?? '')) return undefined
    throw error
  })
}

async function inWholeBank<T>(url: string, ask: (db: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('begin')
    await client.query(`set local app.scope = '/'`)
    return await ask(client)
  } finally {
    await client.end()
  }
}

/** The first one of a role, in the order of their numbers, as token claims. */
async function claimsOf(db: Client, role: string, institution: string | undefined): Promise<{ sub: string; client_id?: string }> {
  const machine = role === 'integration'
  const { rows } = await db.query<{ name: string }>(
    machine
      ? `select c.client_id as name from client c join institution i on i.id = c.institution_id where c.status = 'active' and ($1::text is null or i.code = $1) order by c.institution_path, c.client_id limit 1`
      : `select s.number as name from staff s join institution i on i.id = s.institution_id where $2 = any (s.roles) and s.status = 'active' and ($1::text is null or i.code = $1) order by s.number limit 1`,
    machine ? [institution ?? null] : [institution ?? null, role],
  )
  const name = rows[0]?.name
  if (name === undefined)
    throw new Error(
      `There is no staff member with the role ${role}${institution === undefined ? '' : ` in the institution ${institution}`}.`,
    )
  return machine ? { sub: name, client_id: name } : { sub: name }
}

await main().catch((error: Error) => {
  console.error(error.message)
  process.exitCode = 1
})
