import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)

/** A folder with the lint rules of this one and nothing else, so that what is planted there stands in nobody's way. */
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guanxi-lint-'))
  await Promise.all(['lint', '.oxlintrc.json', 'package.json'].map((name) => cp(name, join(folder, name), { recursive: true })))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** What oxlint says of a file of this text at this place. */
async function lint(path: string, text: string): Promise<string> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), text)
  const { stdout } = await run(resolve('node_modules/.bin/oxlint'), ['-f', 'unix', path], { cwd: folder }).catch(
    (failed: { stdout: string }) => failed,
  )
  return stdout
}

describe('planted violations are refused', () => {
  const planted = [
    [
      'core knows no database',
      'src/core/dossier/planted-db.ts',
      `export * from '../../db/platform/locks.ts'\n`,
      'core does not import db',
    ],
    [
      'a lower room knows no higher one',
      'src/db/organisation/planted-room.ts',
      `export * from '../feeds/rates.ts'\n`,
      'organisation does not import feeds',
    ],
    ['a file is in a room', 'src/operations/loyalty/planted-place.ts', 'export const points = 1\n', 'is in no room'],
    ['also one that is in no folder', 'src/db/planted-helper.ts', 'export const helper = 1\n', 'is in no room'],
    [
      'parts of segmentation stay apart',
      'src/db/segmentation/segments/planted-part.ts',
      `export * from '../tiers/store.ts'\n`,
      'do not import',
    ],
    [
      'operations know no web framework',
      'src/operations/feeds/planted-web.ts',
      `import { fastify } from 'fastify'\nexport const server = fastify()\n`,
      'operations does not import fastify',
    ],
    [
      'core knows no type of the database’s driver',
      'src/core/dossier/planted-type.ts',
      `import type { Pool } from 'pg'\nexport type Connections = Pool\n`,
      'core does not import pg',
    ],
    [
      'no statement outside db',
      'src/operations/feeds/planted-sql.ts',
      'export const condition = (row: string) => `${row}.id = 1::int`\n',
      'SQL belongs to db',
    ],
    [
      'no decision about the bank in db',
      'src/db/feeds/planted-decision.ts',
      `import { DomainError } from '../../core/kernel/errors.ts'\nexport const refused = () => new DomainError('conflict', 'Not today.')\n`,
      'belongs to core',
    ],
    [
      'nor in a room to come',
      'src/db/complaints/planted-refusal.ts',
      `import { DomainError } from '../../core/kernel/errors.ts'\nexport const refused = () => new DomainError('conflict', 'Not today.')\n`,
      'belongs to core',
    ],
    [
      'no number of a lock of one’s own',
      'src/db/feeds/planted-lock.ts',
      'export const statement = `select pg_advisory_xact_lock(77)`\n',
      'src/db/platform/locks.ts',
    ],
  ] as const

  test.each(planted)('%s', async (_name, path, text, message) => {
    expect(await lint(path, text)).toContain(message)
  })
})

test('what lies below may be imported from above, and a room by itself', async () => {
  const imports = [
    `export * from '../dossier/references.ts'`,
    `export * from './balances.ts'`,
    `export * from '../../core/kernel/calendar.ts'`,
    `export * from '../views.ts'`,
  ]
  expect(await lint('src/db/feeds/allowed.ts', `${imports.join('\n')}\n`)).not.toContain('architecture')
})
