import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
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
const contract = fileURLToPath(new URL('../../openapi.yaml', import.meta.url))
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
const root = mkdtempSync(join(tmpdir(), 'guanxi-clients-'))
const failed = clients.filter((client) => !compiles(client)).map(({ name }) => name)
rmSync(root, { recursive: true })
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
  const folder = join(root, name.replaceAll(/\W/g, '-'))
  mkdirSync(folder)
  writeFileSync(join(folder, 'use.ts'), use)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['**/*.ts'] }))
  const done = run(command(folder), folder) && run([bin('typescript/bin/tsc'), '--project', folder], folder)
  if (done) console.log(`${name}: generated, compiles in strict mode.`)
  return done
}

function run(command: readonly string[], cwd: string): boolean {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command], { cwd, encoding: 'utf8' })
  if (status !== 0) console.error(`${stdout}\n${stderr}`)
  return status === 0
}
