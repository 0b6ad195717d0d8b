import { parseArgs } from 'node:util'
import { processConfig } from '../src/start/config.ts'
import { embeddedConnection } from '../src/start/embedded/postgres.ts'
import { developmentKeys } from '../src/start/development-keys.ts'
import { auditVerification } from '../src/operations/platform/audit.ts'
import { execute } from '../src/operations/platform/execute.ts'
import { openService } from '../src/start/service.ts'

/** Verifies the audit log of the whole bank. Exit status 1 where it is not intact. */
async function main(): Promise<void> {
  const { values: input } = parseArgs({ options: { from: { type: 'string' }, to: { type: 'string' } } })
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
    const { answer } = await execute(service, auditVerification, {
      caller: { kind: 'system', name: 'verify-audit' },
      input,
      selection: new Map(),
      refusedAs: null,
    })
    console.log(JSON.stringify(answer, undefined, 2))
    if (!(answer as { intact: boolean }).intact) process.exitCode = 1
  } finally {
    await close()
  }
}

await main().catch((error: Error) => {
  console.error(error.message)
  process.exitCode = 1
})
