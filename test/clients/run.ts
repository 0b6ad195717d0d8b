import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// The generators have packages of their own, TypeScript 5 among them, so that the service installs lean: they come with the first run.

interface Client {
  readonly name: string
  /** The generator's command, which writes the client into a folder. */
  readonly command: (folder: string) => readonly string[]
  /** What an integrator writes: it compiles, and does not where an input is left out or no value of an enum. */
  readonly use: string
}

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../../', import.meta.url))
const contract = join(root, 'openapi.yaml')
const bin = (file: string): string => join(here, 'node_modules', file)

const staff = `{ number: '10233', name: '李雷', institutionCode: '0755', roles: ['teller'] }`
const withoutRoles = `{ number: '10233', name: '李雷', institutionCode: '0755' }`

const orval = (name: string): Client => ({
  name,
  command: (folder) => [
    bin(`${name}/dist/bin/orval.${name === 'orval' ? 'mjs' : 'js'}`),
    '--input',
    contract,
    '--output',
    join(folder, 'client.ts'),
    '--client',
    'fetch',
  ],
  use: `
import { createStaff, type ErrorCode, type Role } from './client'
export const role: Role = 'teller'
export const code: ErrorCode = 'not_found'
// @ts-expect-error No such role.
export const noRole: Role = 'cashier'
export const created = createStaff(${staff})
// @ts-expect-error The roles are missing.
export const refused = createStaff(${withoutRoles})
`,
})

/** The configuration of examples/graphql, with the places of this run. */
function codegenConfig(folder: string): string {
  const { documents, generates } = JSON.parse(readFileSync(join(root, 'examples/graphql/codegen.json'), 'utf8')) as {
    readonly documents: string
    readonly generates: Readonly<Record<string, object>>
  }
  const file = join(folder, 'codegen.json')
  const placed = { [join(folder, 'client.ts')]: Object.values(generates)[0] }
  writeFileSync(
    file,
    JSON.stringify({ schema: join(root, 'schema.graphql'), documents: join(root, documents), generates: placed }),
  )
  return file
}

const clients: readonly Client[] = [
  {
    name: 'openapi-typescript',
    command: (folder) => [bin('openapi-typescript/bin/cli.js'), contract, '--output', join(folder, 'client.ts')],
    use: `
import type { components, operations } from './client'
export type Body = operations['createStaff']['requestBody']['content']['application/json']
export const role: components['schemas']['Role'] = 'teller'
// @ts-expect-error No such role.
export const noRole: components['schemas']['Role'] = 'cashier'
export const body: Body = ${staff}
// @ts-expect-error The roles are missing.
export const refused: Body = ${withoutRoles}
`,
  },
  {
    name: '@hey-api/openapi-ts',
    command: (folder) => [bin('@hey-api/openapi-ts/bin/run.js'), '--input', contract, '--output', join(folder, 'client')],
    use: `
import { createStaff, type Role } from './client'
export const role: Role = 'teller'
// @ts-expect-error No such role.
export const noRole: Role = 'cashier'
export const created = createStaff({ body: ${staff} })
// @ts-expect-error The roles are missing.
export const refused = createStaff({ body: ${withoutRoles} })
`,
  },
  orval('orval'),
  orval('orval-7'),
  {
    name: '@graphql-codegen/cli',
    command: (folder) => [bin('@graphql-codegen/cli/cjs/bin.js'), '--config', codegenConfig(folder)],
    use: `
import type { CustomersOfBranchQuery, CustomersOfBranchQueryVariables } from './client'
type Customer = NonNullable<CustomersOfBranchQuery['customers']>['nodes'][number]
export const variables: CustomersOfBranchQueryVariables = { institutionId: '019aa9c5-3d80-7c4e-9a51-6f2b8e0d7143', first: 3 }
export const birthDate = (customer: Customer): string | null => customer.birthDate
// @ts-expect-error A day is text, no number.
export const number = (customer: Customer): number | null => customer.birthDate
`,
  },
]

const compilerOptions = {
  strict: true,
  noEmit: true,
  target: 'ES2023',
  module: 'ESNext',
  moduleResolution: 'Bundler',
  lib: ['ES2023', 'DOM', 'DOM.Iterable'],
  types: [],
}

install()
const folders = mkdtempSync(join(tmpdir(), 'guanxi-clients-'))
const failed = clients.filter((client) => !compiles(client)).map(({ name }) => name)
rmSync(folders, { recursive: true })
if (failed.length > 0) console.error(`No client in strict mode: ${failed.join(', ')}.`)
process.exitCode = failed.length > 0 ? 1 : 0

function install(): void {
  const installed = bin('.package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(here, 'package-lock.json')).mtimeMs) return
  console.log('Installing the generators of clients.')
  const { status } = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], { cwd: here, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

function compiles({ name, command, use }: Client): boolean {
  const folder = join(folders, name.replaceAll(/\W/g, '-'))
  mkdirSync(folder)
  writeFileSync(join(folder, 'use.ts'), use)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['**/*.ts'] }))
  const done = run(command(folder)) && run([bin('typescript/bin/tsc'), '--project', folder])
  if (done) console.log(`${name}: generated, compiles in strict mode.`)
  return done
}

function run(command: readonly string[]): boolean {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command], { cwd: here, encoding: 'utf8' })
  if (status !== 0) console.error(`${stdout}\n${stderr}`)
  return status === 0
}
