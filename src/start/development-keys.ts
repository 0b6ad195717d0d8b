import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyRings } from './config.ts'

type Stored = Readonly<Record<keyof KeyRings, string>>

const id = 'development'

/** The key rings of a machine without `MASTER_KEYS`, made once and kept in `keys.json` of the data folder, readable by its owner only. Without them its data cannot be read. */
export async function developmentKeys(folder: string): Promise<KeyRings> {
  const file = join(folder, 'keys.json')
  const { master, index, cursor } = (await readKeys(file)) ?? (await makeKeys(folder, file))
  const ring = (encoded: string) => [{ id, key: Buffer.from(encoded, 'base64') }]
  return { master: ring(master), index: ring(index), cursor: ring(cursor) }
}

async function makeKeys(folder: string, file: string): Promise<Stored> {
  const secret = (): string => randomBytes(32).toString('base64')
  const draft = `${file}.${process.pid}`
  await mkdir(folder, { recursive: true })
  await writeFile(
    draft,
    `${JSON.stringify({ master: secret(), index: secret(), cursor: secret() } satisfies Stored, undefined, 2)}\n`,
    { mode: 0o600, flush: true },
  )
  // A link never replaces: of two that start at once, both read the keys of the first.
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await rm(draft)
  return (await readKeys(file))!
}

async function readKeys(file: string): Promise<Stored | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Stored
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
