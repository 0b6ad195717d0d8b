import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

/** A database of one test file: a clone of the migrated template. */
export interface TestDatabase {
  /** As the service: under row-level security. */
  readonly serviceUrl: string
  /** As the owner of the tables, who sees everything. */
  readonly ownerUrl: string
  close(): Promise<void>
}

export async function openTestDatabase(): Promise<TestDatabase> {
  const { adminUrl, template, serviceRole } = inject('postgres')
  const name = `${template}_${randomBytes(5).toString('hex')}`
  await asAdmin(adminUrl, `create database ${name} template ${template}`)
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  const ownerUrl = url.href
  url.username = serviceRole.name
  url.password = serviceRole.password
  return { ownerUrl, serviceUrl: url.href, close: () => asAdmin(adminUrl, `drop database if exists ${name} with (force)`) }
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    await admin.query(statement)
  } finally {
    await admin.end()
  }
}
