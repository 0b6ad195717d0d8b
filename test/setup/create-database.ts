import type pg from 'pg'

/** Creates an empty database in which the service can work, whatever the locale of the server. */
export async function createDatabase(admin: pg.Client, name: string): Promise<void> {
  const { rows } = await admin.query<{ major: number }>("select current_setting('server_version_num')::int / 10000 as major")
  const provider = (rows[0]?.major ?? 0) >= 17 ? "locale_provider builtin builtin_locale 'C.UTF-8'" : ''
  const create = `create database ${name} template template0 encoding 'UTF8' ${provider} lc_collate 'C'`
  // A server without that locale has a character type of its own, which the migration judges.
  await admin.query(`${create} lc_ctype 'C.UTF-8'`).catch(() => admin.query(create))
}
