import { getTableColumns, getTableName, is } from 'drizzle-orm'
import { getTableConfig, PgArray } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TableKind } from '../../../src/db/platform/schema/kinds.ts'
import { tables } from '../../../src/db/schema.ts'
import { openTestDatabase, type TestDatabase } from '../../setup/database.ts'

let database: TestDatabase
let owner: pg.Client

beforeAll(async () => {
  database = await openTestDatabase()
  owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
})
afterAll(async () => {
  await owner.end()
  await database.close()
})

const namesOf = (...kinds: TableKind[]) =>
  tables.filter(({ kind }) => kinds.includes(kind)).map(({ table }) => getTableName(table))

async function column<T>(text: string, values: unknown[] = []): Promise<T[]> {
  const { rows } = await owner.query({ text, values, rowMode: 'array' })
  return rows.map(([value]) => value as T)
}

describe('the migrated schema', () => {
  test('has the tables and columns of db/schema.ts, with the same types, defaults, nulls and primary keys', async () => {
    const { rows } = await owner.query<{ table: string; column: string; type: string; required: boolean; defaulted: boolean }>(`
      select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required, a.atthasdef as defaulted
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1, a.attnum`)
    const declared = tables.flatMap(({ table }) =>
      Object.values(getTableColumns(table)).map((one) => ({
        table: getTableName(table),
        column: one.name,
        type: typeOf(one.getSQLType(), is(one, PgArray)),
        required: one.notNull || one.primary || getTableConfig(table).primaryKeys.some(({ columns }) => columns.includes(one)),
        defaulted: one.hasDefault || one.generated !== undefined,
      })),
    )
    const byName = (one: { table: string; column: string }, other: { table: string; column: string }) =>
      `${one.table}.${one.column}`.localeCompare(`${other.table}.${other.column}`)
    expect(declared.sort(byName)).toEqual(rows.sort(byName))
    for (const { table } of tables) {
      const { primaryKeys, columns, name } = getTableConfig(table)
      const wanted =
        primaryKeys[0]?.columns.map((one) => one.name) ?? columns.filter(({ primary }) => primary).map((one) => one.name)
      expect(await primaryKeyOf(name), name).toEqual(wanted)
    }
  })
})

function typeOf(type: string, array: boolean): string {
  const base = type
    .replace('[]', '')
    .replace(/^timestamp with time zone$/, 'timestamp with time zone')
    .replaceAll(', ', ',')
  return array ? `${base}[]` : base
}

const primaryKeyOf = (table: string) =>
  column<string>(
    `select a.attname from pg_index i cross join unnest(i.indkey::int2[]) with ordinality k (number, place)
     join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number where i.indrelid = $1::regclass and i.indisprimary order by k.place`,
    [table],
  )

describe('every table', () => {
  test('has row-level security that even its owner cannot pass, but the list of migrations', async () => {
    const open = await column<string>(
      `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not (relrowsecurity and relforcerowsecurity)`,
    )
    expect(open).toEqual(['migration'])
  })

  test('has no trigger, no rule, no materialised view and no sequence but bigint ones', async () => {
    expect(await column(`select tgname from pg_trigger where not tgisinternal`)).toEqual([])
    expect(await column(`select rulename from pg_rules where schemaname = 'public'`)).toEqual([])
    expect(
      await column(
        `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('m', 'v') and relname !~ '^(pg_|geo)'`,
      ),
    ).toEqual([])
    expect(
      await column(`select sequencename from pg_sequences where schemaname = 'public' and data_type <> 'bigint'::regtype`),
    ).toEqual([])
  })

  test('has policies that read nothing but the row and the settings of the transaction', async () => {
    const expressions = await column<string>(
      `select coalesce(qual, '') || ' ' || coalesce(with_check, '') from pg_policies where schemaname = 'public'`,
    )
    for (const expression of expressions) {
      expect(expression).not.toMatch(/\bselect\b/i)
      expect(
        expression
          .match(/\b\w+(?=\()/g)
          ?.filter(
            (name) =>
              !['current_setting', 'string_to_array', 'AND', 'OR', 'CASE', 'ANY', 'NULLIF', 'THEN', 'WHEN', 'ELSE'].includes(
                name,
              ),
          ) ?? [],
      ).toEqual([])
    }
  })
})

describe('a table of what belongs to a customer', () => {
  test('has customer_id first in its primary key and in every unique and exclusion constraint, and the path of the institution', async () => {
    for (const table of namesOf('owned')) {
      expect((await primaryKeyOf(table))[0], table).toBe('customer_id')
      const keys = await column<string[]>(
        `select array(select a.attname::text from unnest(i.indkey::int2[]) n join pg_attribute a on a.attrelid = i.indrelid and a.attnum = n)
         from pg_index i where i.indrelid = $1::regclass and (i.indisunique or i.indisexclusion)`,
        [table],
      )
      for (const key of keys) expect(key, table).toContain('customer_id')
      expect(
        await column(
          `select attname from pg_attribute where attrelid = $1::regclass and attname in ('customer_id', 'institution_path') and attnotnull order by 1`,
          [table],
        ),
      ).toEqual(['customer_id', 'institution_path'])
    }
  })

  test('refers to others of its kind by customer_id too, and never sets a key to null', async () => {
    const { rows } = await owner.query<{ table: string; columns: string[]; target: string; action: string }>(`
      select c.conrelid::regclass::text as table, array(select a.attname::text from unnest(c.conkey) n join pg_attribute a on a.attrelid = c.conrelid and a.attnum = n) as columns,
        c.confrelid::regclass::text as target, c.confdeltype as action from pg_constraint c where c.contype = 'f'`)
    for (const { table, columns, target, action } of rows) {
      const owned = namesOf('owned', 'customer')
      if (owned.includes(table)) expect(columns, table).toContain('customer_id')
      else expect(owned, `${table} → ${target}`).not.toContain(target)
      expect(['a', 'c'], table).toContain(action)
    }
  })
})

describe('a registry', () => {
  test('begins its key with the value and is closed to the service', async () => {
    expect(await primaryKeyOf('external_id')).toEqual(['external_id', 'source', 'entity'])
    expect((await primaryKeyOf('blind_index'))[0]).toBe('hash')
    for (const table of namesOf('registry')) {
      expect(
        await column(
          `select privilege_type from information_schema.role_table_grants where table_name = $1 and grantee = 'guanxi_service'`,
          [table],
        ),
        table,
      ).toEqual([])
      expect(
        await column(`select attname from pg_attribute where attrelid = $1::regclass and attname = 'customer_id'`, [table]),
      ).toEqual(['customer_id'])
    }
  })
})

describe('a journal', () => {
  test('is only appended to by the service', async () => {
    for (const table of ['audit_entry', 'audit_link', 'outbox_event']) {
      expect(
        await column(
          `select privilege_type from information_schema.role_table_grants where table_name = $1 and grantee = 'guanxi_service' order by 1`,
          [table],
        ),
        table,
      ).toEqual(['INSERT', 'SELECT'])
    }
  })
})

describe('the functions that look across branches', () => {
  test('belong to a role that cannot log in, have a fixed search path and are closed to the public', async () => {
    const { rows } = await owner.query<{ name: string; owner: string; login: boolean; path: string[] | null; open: boolean }>(`
      select p.proname as name, r.rolname as owner, r.rolcanlogin as login, p.proconfig as path, has_function_privilege('public', p.oid, 'execute') as open
      from pg_proc p join pg_roles r on r.oid = p.proowner where p.pronamespace = 'public'::regnamespace and p.prosecdef order by 1`)
    expect(rows.map(({ name }) => name)).toEqual([
      'claim_external_ids',
      'find_by_hash',
      'find_by_name',
      'find_by_number',
      'find_external_id',
      'find_external_ids',
      'index_values',
      'line_reaches',
      'portfolio_customers',
      'portfolio_paths',
      'recognise_by_hash',
      'recognise_by_number',
      'staff_load',
      'unindex_values',
    ])
    for (const { name, owner: role, login, path, open } of rows) {
      expect([role, login, open], name).toEqual(['guanxi_lookup', false, false])
      expect(path?.join(), name).toContain('search_path=')
    }
  })
})

describe('the service role', () => {
  test('without a scope sees no row of any table, whatever it selects', async () => {
    await owner.query(`
      insert into institution (id, code, source, external_id, name, kind, status, path, as_of, created_at, updated_at)
      values (gen_random_uuid(), 'X', 'core', 'X', 'X', 'head_office', 'active', '/9/', now(), now(), now());
      insert into customer (id, kind, status, source, name, name_folded, institution_id, institution_path, as_of, created_at, updated_at)
      select gen_random_uuid(), 'individual', 'active', 'core', '王芳', '王芳', id, path, now(), now(), now() from institution`)
    const service = new pg.Client({ connectionString: database.serviceUrl })
    await service.connect()
    try {
      for (const { kind, table } of tables) {
        const name = getTableName(table)
        if (kind === 'registry' || name === 'migration')
          await expect(service.query(`select from ${name}`), name).rejects.toMatchObject({ code: '42501' })
        else expect((await service.query(`select from ${name}`)).rowCount, name).toBe(0)
      }
      expect((await service.query(`select * from find_by_name('王芳', '', false, null, 10)`)).rowCount).toBe(0)
      expect(
        (await service.query(`select * from find_external_ids('customer', '[{"source":"core","externalId":"X"}]')`)).rowCount,
      ).toBe(0)
      await service.query('begin')
      await service.query(`set local app.scope = '/9/'`)
      expect((await service.query('select from customer')).rowCount).toBe(1)
      await service.query('commit')
      expect((await service.query('select from customer')).rowCount).toBe(0)
    } finally {
      await service.end()
    }
  })
})
