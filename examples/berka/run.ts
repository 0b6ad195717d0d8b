import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { plantBankOf } from '../../scripts/bootstrap.ts'
import { type Config, processConfig } from '../../src/start/config.ts'
import { knownDevelopmentIssuer } from '../../src/tokens/development-issuer.ts'
import { convert, type Converted, type Entity, headOffice, source } from './convert.ts'
import { readBerka } from './files.ts'
import { ask, csvOf, isRefused, readRejects, type Report, sendFiles, sendRows, type Target, writeFiles } from './send.ts'
import { type Findings, verify } from './verify.ts'

const usage = `Sends the Berka data set to a running service with a database of its own, and checks what arrived.

  npm run example:berka -- <folder> [--url http://127.0.0.1:3000] [--out <folder for the import files>]

Takes the settings of the service (DATA_DIR, PORT, …): give it the same. See examples/berka/README.md.`

const clientId = 'core-banking'
const daySeconds = 86_400
const mostShown = 20

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { url: { type: 'string' }, out: { type: 'string' }, help: { type: 'boolean' } },
  })
  const [folder] = positionals
  if (values.help) return console.log(usage)
  if (folder === undefined || positionals.length > 1) throw new Error(usage)
  const config = processConfig()
  const url = values.url ?? `http://${config.host}:${config.port}`

  const converted = convert(await readBerka(folder))
  const target = await openTarget(config, url)
  await inFolder(values.out, async (files) => {
    await writeFiles(files, converted)
    if (values.out !== undefined) console.log(`The import files are in ${values.out}.`)
    const faults = [
      ...(await importAll(target, files, 'First import', unaccepted)),
      ...(await readBack(target, converted)),
      ...(await importAll(target, files, 'The same again', changed)),
      ...(await sendUnknownAccount(target)),
    ]
    for (const fault of faults.slice(0, mostShown)) console.error(`DIFFERS: ${fault}`)
    if (faults.length > mostShown) console.error(`… and ${faults.length - mostShown} more.`)
    console.log(faults.length === 0 ? '\nAll as it should be.' : `\n${faults.length} differences.`)
    if (faults.length > 0) process.exitCode = 1
  })
}

/** The service with a token of its machine client. Plants the bank where it is empty; refuses one that is not ours. */
async function openTarget(config: Config, url: string): Promise<Target> {
  if (config.jwt.keys.kind !== 'development')
    throw new Error('This needs the development issuer: JWT_JWKS_URL or JWT_PUBLIC_KEY is set.')
  const planted = await plantBankOf(config, { code: headOffice.externalId, name: headOffice.name, source, clientId })
  if (planted.headOffice) console.log(`The bank was empty: its head office ${headOffice.externalId} is made.`)
  if (planted.client) console.log(`The machine client ${clientId} is made.`)
  const token = await (await knownDevelopmentIssuer(config.dataDir)).sign({ sub: clientId, client_id: clientId }, daySeconds)
  const target = { url, token }
  await checkIsOurs(target).catch((error: unknown) => {
    if (isRefused(error) && error.status === 401)
      throw new Error(
        `${url} does not know the token: it is another service than the one of these settings. Give the same DATA_DIR and PORT.`,
        { cause: error },
      )
    throw error
  })
  return target
}

async function checkIsOurs(target: Target): Promise<void> {
  const { institutions, portfolioSummary } = await ask<{
    readonly institutions: { readonly nodes: readonly { readonly code: string }[] }
    readonly portfolioSummary: { readonly aum: { readonly currency: string } }
  }>(target, '{ institutions(filter: { kind: [head_office] }) { nodes { code } } portfolioSummary { aum { currency } } }')
  const code = institutions.nodes[0]?.code
  if (code !== headOffice.externalId) throw new Error(`${target.url} holds another bank: its head office is ${code}.`)
  const { currency } = portfolioSummary.aum
  if (currency !== 'CZK') throw new Error(`${target.url} adds up in ${currency}: start it with BASE_CURRENCY=CZK.`)
}

/** Works in a folder: the one given, which stays, or one of its own. */
async function inFolder(given: string | undefined, work: (folder: string) => Promise<void>): Promise<void> {
  if (given !== undefined) {
    await mkdir(given, { recursive: true })
    return work(given)
  }
  const folder = await mkdtemp(join(tmpdir(), 'guanxi-berka-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const counted = ['rowsRead', 'rowsCreated', 'rowsUpdated', 'rowsUnchanged', 'rowsSuperseded', 'rowsRejected'] as const

const unaccepted = ({ rowsRejected, rowsSuperseded }: Report): number => rowsRejected + rowsSuperseded
const changed = ({ rowsRead, rowsUnchanged }: Report): number => rowsRead - rowsUnchanged

/** Sends all files and shows what became of them. Answers entities with rows that should not have come out as they did. */
async function importAll(
  target: Target,
  files: string,
  title: string,
  wrong: (report: Report) => number,
): Promise<readonly string[]> {
  const begun = performance.now()
  const reports = await sendFiles(target, files)
  console.log(`\n${title.padEnd(16)}${counted.map((name) => name.slice('rows'.length).toLowerCase().padStart(12)).join('')}`)
  for (const [entity, report] of reports)
    console.log(`${entity.padEnd(16)}${counted.map((name) => report[name].toLocaleString('en').padStart(12)).join('')}`)
  console.log(`${((performance.now() - begun) / 1000).toFixed(1)} s`)
  return [...reports].flatMap(([entity, report]) => faultsOf(title, entity, report, wrong(report)))
}

function faultsOf(title: string, entity: Entity, { id, status }: Report, wrong: number): readonly string[] {
  if (status !== 'completed') return [`${title}: the import ${id} of ${entity} is ${status}.`]
  return wrong === 0 ? [] : [`${title}: ${wrong} rows of ${entity}, see GET /v1/imports/${id}/rejects.`]
}

async function readBack(target: Target, converted: Converted): Promise<readonly string[]> {
  const found = await verify(target, converted)
  const number = (key: Exclude<keyof Findings, 'differences'>): string => found[key].toLocaleString('en')
  console.log(`
Read back over GraphQL
  ${number('accounts')} accounts with ${number('transactions')} transactions, ${number('accountsOfTwo')} of them with two people
  ${number('monthEnds')} month-end balances compared with the chained ones
  ${number('movementsOut')} outflows of 50,000 or more in ${number('accountsOut')} accounts
  ${number('movementsIn')} inflows of 50,000 or more in ${number('accountsIn')} accounts
  ${found.differences.length} differences`)
  return found.differences
}

/** Sends a balance of an account that the set does not have, and shows how it is rejected. */
async function sendUnknownAccount(target: Target): Promise<readonly string[]> {
  const unknown = '99999999'
  const row = { source, holdingExternalId: unknown, day: '1998-12-05', amount: '1.00' }
  const report = await sendRows(target, 'balances', csvOf('balances', [row]))
  const rejects = await readRejects(target, report.id)
  console.log(`\nA balance of the unknown account ${unknown}: ${report.rowsRejected} row rejected\n${rejects.trim()}`)
  const isNamed = rejects.includes('unknown_reference') && rejects.split('\n')[1]?.includes(`""${unknown}""`)
  return report.rowsRejected === 1 && isNamed ? [] : ['The row with an unknown account is not rejected by name.']
}

await main().catch((error: Error) => {
  console.error(error.message)
  process.exitCode = 1
})
