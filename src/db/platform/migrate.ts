import { readdir, readFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { Logger, runMigrations } from 'graphile-worker'
import { Client, escapeIdentifier, escapeLiteral, Pool } from 'pg'
import { advisoryLocks } from './locks.ts'

const FOLDER = new URL('../../../migrations/', import.meta.url)

export interface Migration {
  /** A connection of the role that owns the tables. */
  readonly ownerUrl: string
  /** The role the service logs in as. It is made where it does not exist, which needs its password and an owner who may create roles. */
  readonly serviceRole: { readonly name: string; readonly password?: string | undefined }
}

/**
 * Brings the schema up to date: makes the roles, then runs each migration that has not run yet in a transaction of its own.
 * Forward only: a file that has run and was changed since is refused. Returns the names of those that ran now.
 */
export async function migrate({ ownerUrl, serviceRole }: Migration): Promise<readonly string[]> {
  const client = new Client({ connectionString: ownerUrl, application_name: 'guanxi migrate' })
  await client.connect()
  try {
    await client.query(`select pg_advisory_lock(${advisoryLocks.migration})`)
    await makeRoles(client, serviceRole).catch(async (error: unknown) => {
      throw (await roleFault(client, error)) ?? error
    })
    await client.query(
      'create table if not exists migration (name text primary key, checksum text not null, ran_at timestamptz not null default now())',
    )
    const { rows } = await client.query<{ name: string; checksum: string }>('select name, checksum from migration')
    const ran = new Map(rows.map(({ name, checksum }) => [name, checksum]))
    const applied: string[] = []
    for (const name of (await readdir(FOLDER)).filter((file) => /^\d{4}_.*\.sql$/.test(file)).sort()) {
      const text = await readFile(new URL(name, FOLDER), 'utf8')
      const checksum = createHash('sha256').update(text).digest('hex')
      if (ran.has(name)) {
        if (ran.get(name) !== checksum)
          throw new Error(
            `The migration ${name} was applied here and has changed since. Migrations are forward-only: add a new one.`,
          )
        continue
      }
      await runMigration(client, name, text, checksum)
      applied.push(name)
    }
    await migrateQueue(client, ownerUrl, serviceRole.name)
    return applied
  } finally {
    await client.end()
  }
}

async function runMigration(client: Client, name: string, text: string, checksum: string): Promise<void> {
  await client.query('begin')
  try {
    await client.query(text)
    await client.query('insert into migration (name, checksum) values ($1, $2)', [name, checksum])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw new Error(`The migration ${name} failed: ${(error as Error).message}`, { cause: error })
  }
}

/** Roles belong to the whole server: others may be making the same ones at this moment. */
async function makeRoles(client: Client, { name, password }: Migration['serviceRole']): Promise<void> {
  const role = async (role: string, options: string): Promise<void> => {
    await client.query(`do $do$ begin
      if not exists (select from pg_roles where rolname = ${escapeLiteral(role)}) then create role ${escapeIdentifier(role)} ${options}; end if;
    exception when duplicate_object or unique_violation then null; end $do$`)
  }
  await role('guanxi_service', 'nologin')
  await role('guanxi_lookup', 'nologin')
  await role(name, `login nosuperuser nobypassrls ${password ? `password ${escapeLiteral(password)}` : ''}`)
  await grant(client, 'guanxi_service', name)
  const { rows } = await client.query<{ owner: string; superuser: boolean; grantsOptions: boolean }>(
    `select current_user as owner, rolsuper as superuser, current_setting('server_version_num')::int >= 160000 as "grantsOptions" from pg_roles where rolname = current_user`,
  )
  const { owner, superuser, grantsOptions } = rows[0]!
  if (superuser) return
  // An owner who is no superuser hands functions and a schema to these roles. From PostgreSQL 16 on, having made them is not enough for that.
  const options = grantsOptions ? ' with inherit true, set true' : ''
  await grant(client, 'guanxi_lookup', owner, options)
  await grant(client, name, owner, options)
}

/** What an owner lacks who may not make or grant the roles, for people. */
async function roleFault(client: Client, error: unknown): Promise<Error | undefined> {
  const { code, message } = error as { code?: string; message: string }
  if (code !== '42501') return undefined
  const { rows } = await client.query<{ owner: string }>('select current_user as owner')
  const owner = escapeIdentifier(rows[0]!.owner)
  return new Error(
    `MIGRATION_DATABASE_URL: the owner ${owner} may not create the service roles (${message}). Allow it: alter role ${owner} createrole.`,
    { cause: error },
  )
}

async function grant(client: Client, group: string, member: string, options = ''): Promise<void> {
  await client.query(
    `do $do$ begin grant ${escapeIdentifier(group)} to ${escapeIdentifier(member)}${options}; exception when unique_violation then null; end $do$`,
  )
}

/** The queue's tables are made by the service role and belong to it: their own row security refuses anybody else. For that moment it may make schemas. */
async function migrateQueue(client: Client, ownerUrl: string, serviceRole: string): Promise<void> {
  const { rows } = await client.query<{ database: string }>('select current_database() as database')
  const database = escapeIdentifier(rows[0]!.database)
  await client.query(`grant connect, temporary on database ${database} to guanxi_service`)
  await client.query(`grant create on database ${database} to ${escapeIdentifier(serviceRole)}`)
  const pool = new Pool({
    connectionString: ownerUrl,
    max: 1,
    options: `-c role=${serviceRole}`,
    application_name: 'guanxi migrate',
  })
  pool.on('error', () => {})
  pool.on('connect', () => {})
  try {
    await runMigrations({ pgPool: pool, logger: new Logger(() => () => {}) })
  } finally {
    await pool.end()
    await client.query(`revoke create on database ${database} from ${escapeIdentifier(serviceRole)}`)
  }
}

/** Why this role must not serve, or undefined where it may: it would see rows in spite of row-level security. */
export async function roleRefusal(serviceUrl: string): Promise<string | undefined> {
  const client = new Client({ connectionString: serviceUrl, application_name: 'guanxi check' })
  await client.connect()
  try {
    const { rows } = await client.query<{ role: string; bypasses: boolean; owns: string | null }>(`
      select current_user as role,
        exists (select from pg_roles r where (r.rolsuper or r.rolbypassrls) and pg_has_role(current_user, r.oid, 'member')) as bypasses,
        (select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and pg_has_role(current_user, c.relowner, 'member') limit 1) as owns`)
    const { role, bypasses, owns } = rows[0]!
    if (bypasses) return `DATABASE_URL: the role ${role} is a superuser or can bypass row-level security. Use a role that cannot.`
    if (owns)
      return `DATABASE_URL: the role ${role} owns the table ${owns}. Use a role that owns no table of the bank; the owner belongs in MIGRATION_DATABASE_URL.`
    return undefined
  } finally {
    await client.end()
  }
}
