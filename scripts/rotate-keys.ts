import { parseArgs } from 'node:util'
import { processConfig } from '../src/start/config.ts'
import { type RotatedPart, rotatedParts } from '../src/db/dossier/rotation.ts'
import { embeddedConnection } from '../src/start/embedded/postgres.ts'
import { developmentKeys } from '../src/start/development-keys.ts'
import { execute, type Service } from '../src/operations/platform/execute.ts'
import type { Operation } from '../src/operations/platform/operation.ts'
import { rotateKeys, unrotatedKeys } from '../src/operations/dossier/rotation.ts'
import { openService } from '../src/start/service.ts'

const usage = `Re-encrypts all protected data under the current keys, the first of MASTER_KEYS and INDEX_KEYS, while the service runs.

  npm run rotate-keys -- [--batch 500]

It can be interrupted and run again. Once it reports that nothing is left, the old keys can be removed from the settings.`

/** Runs as a caller whom the database lets seal anew what belongs to others. */
async function ask<T>(service: Service, operation: Operation, input: object): Promise<T> {
  const caller = { kind: 'system', name: 'rotate-keys' } as const
  const { answer } = await execute(service, operation, { caller, input, selection: new Map(), refusedAs: null })
  return answer as T
}

/** Rotates all parts, batch after batch, until nothing is left. Answers how many rows were written. */
export async function rotateAll(service: Service, limit: number, tell: (line: string) => void): Promise<number> {
  let written = 0
  for (let left = await unrotated(service); left.some((one) => one.left > 0); left = await unrotated(service)) {
    const before = written
    for (const { part, left: total } of left.filter((one) => one.left > 0)) {
      let done = 0
      for (let after: string[] | null | undefined; after !== null;) {
        const batch: { rotated: number; next: string[] | null } = await ask(service, rotateKeys, {
          part,
          limit,
          ...(after && { after }),
        })
        done += batch.rotated
        after = batch.next
        tell(`${part.replaceAll('_', ' ')}: ${done} of ${total}`)
      }
      written += done
    }
    if (written === before) throw new Error('Some data under old keys cannot be re-encrypted under the current ones.')
  }
  return written
}

async function unrotated(service: Service): Promise<readonly { readonly part: RotatedPart; readonly left: number }[]> {
  return (await ask<{ parts: { part: RotatedPart; left: number }[] }>(service, unrotatedKeys, {})).parts
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { batch: { type: 'string', default: '500' }, help: { type: 'boolean' } } })
  if (values.help) return console.log(usage)
  const config = processConfig()
  const serviceUrl =
    config.database.kind === 'external' ? config.database.url : (await embeddedConnection(config.dataDir))?.serviceUrl
  if (serviceUrl === undefined) throw new Error('The service is not running here: start it, or set DATABASE_URL.')
  const keys = config.keys === 'development' ? await developmentKeys(config.dataDir) : config.keys
  const { service, close } = await openService(
    config,
    { serviceUrl, keys },
    () => {},
    () => {},
  )
  try {
    const written = await rotateAll(service, Number(values.batch), console.log)
    const { master, index } = service.vault.current
    console.log(
      `${written === 0 ? 'Nothing was left to do' : `${written} values written`} in ${rotatedParts.length} parts. All data is under the master key "${master}" and the index key "${index}"; other keys can be removed.`,
    )
  } finally {
    await close()
  }
}

if (import.meta.main) {
  await main().catch((error: Error) => {
    console.error(error.message)
    process.exitCode = 1
  })
}
