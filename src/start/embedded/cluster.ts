import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  access,
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Account, accountFor, canEnter, isRoot, run } from './account.ts'
import type { Binaries } from './binaries.ts'

/** Where the data lie and who runs them. */
export interface Place {
  readonly account: Account
  readonly data: string
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** A folder of root's that helper users can enter, for what cannot lie beside the clone. */
export async function sharedFolder(account: Account): Promise<string> {
  for (const folder of ['/var/lib/guanxi', join(tmpdir(), 'guanxi-root')]) {
    const made = await mkdir(folder, { recursive: true, mode: 0o755 }).then(
      () => true,
      () => false,
    )
    if (!made) continue
    const found = await lstat(folder)
    // In a folder that all may write to, someone else may have made it first.
    if (!found.isDirectory() || found.uid !== 0 || (found.mode & 0o022) !== 0) continue
    if (await canEnter(account, folder)) return folder
  }
  throw new Error(
    'PostgreSQL does not run as root, and its helper user has no folder it can use. Start as another user or set DATABASE_URL.',
  )
}

/**
 * Where the data of `folder` lie: in `folder/postgres`, or, where root's helper user could not get there, in a folder of its own that `folder/postgres` links to.
 * Data there that nothing links to any more (the user removed `folder` to begin again) are set aside.
 */
export async function findPlace(folder: string): Promise<Place> {
  const link = join(folder, 'postgres')
  const account = await accountFor(link)
  const found = await lstat(link).catch(() => undefined)
  if (!account) {
    const owner = await stat(link).catch(() => undefined)
    if (owner && process.getuid && owner.uid !== process.getuid())
      throw new Error(`${link} belongs to another user: start as that user, or set another DATA_DIR.`)
    return { account, data: link }
  }
  if (found?.isDirectory() || (!found && (await canEnter(account, folder)))) {
    if (await canEnter(account, folder)) return { account, data: link }
    throw new Error(
      `The helper user of PostgreSQL can no longer access ${folder}: allow it on its parent folders, or set another DATA_DIR.`,
    )
  }
  const home = join(await sharedFolder(account), createHash('sha256').update(folder).digest('hex').slice(0, 16))
  const data = join(home, 'postgres')
  if (!found) {
    await mkdir(home, { recursive: true, mode: 0o755 })
    await setAside(data)
    await symlink(data, link)
  } else if ((await readlink(link)) !== data) {
    throw new Error(
      `${link} points to the data of another folder (a copied or moved DATA_DIR): remove ${folder} to start from scratch, or move it back.`,
    )
  }
  return { account, data }
}

async function setAside(data: string): Promise<void> {
  if (!(await exists(data))) return
  await stopOrphan(data)
  await rm(`${data}.previous`, { recursive: true, force: true })
  await rename(data, `${data}.previous`)
}

export const isInitialised = (data: string): Promise<boolean> => exists(join(data, 'PG_VERSION'))

/** Makes the cluster under another name first, so that a killed start leaves no half-made one. */
export async function initialise(place: Place, binaries: Binaries, password: string, sync: boolean): Promise<void> {
  const parent = dirname(place.data)
  for (const name of await readdir(parent)) {
    if (name.startsWith(`${basename(place.data)}.new-`))
      await rm(join(parent, name), { recursive: true, force: true, maxRetries: 5 })
  }
  const draft = `${place.data}.new-${randomBytes(4).toString('hex')}`
  const passwordFile = join(draft, 'password')
  const cluster = join(draft, 'cluster')
  await mkdir(draft, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (place.account) for (const path of [draft, passwordFile]) await chown(path, place.account.uid, place.account.gid)
  const access = [
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--no-instructions',
    ...(sync ? [] : ['--no-sync']),
  ]
  await runInitdb(place.account, binaries, [`--pgdata=${cluster}`, ...access])
  await rename(cluster, place.data)
  await rm(draft, { recursive: true, force: true })
}

async function runInitdb(account: Account, binaries: Binaries, parameters: readonly string[]): Promise<void> {
  // Order and case come from PostgreSQL itself, but trigrams take their letters from a character type of the operating system's.
  const builtIn = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const installed = (await run(account, 'locale', '-a')).output.split('\n').filter((name) => /\.utf-?8$/i.test(name))
  for (const characterType of ['C.UTF-8', 'en_US.UTF-8', ...installed]) {
    const { succeeded, output } = await run(account, binaries.initdb, ...parameters, ...builtIn, `--lc-ctype=${characterType}`)
    if (succeeded) return
    if (!/locale/.test(output) || characterType === installed.at(-1)) throw new Error(`initdb failed: ${output}`)
  }
  throw new Error('The embedded PostgreSQL requires a UTF-8 locale of the operating system, such as C.UTF-8.')
}

/**
 * Ends a server that outlived the process that started it, if it is really one of these data. The caller holds the folder's lock,
 * so that no living service owns it.
 */
export async function stopOrphan(data: string): Promise<boolean> {
  const file = join(data, 'postmaster.pid')
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0])
  if (!(pid > 0) || !hasProcess(pid)) return false
  const isOwn = !isZombie(pid) && (await servesData(pid, data))
  if (isOwn) await end(pid)
  // What has the id now is a stranger or a zombie, for whose sake PostgreSQL would refuse to start.
  if (hasProcess(pid)) await rm(file, { force: true })
  return isOwn
}

async function end(pid: number): Promise<void> {
  for (const [signal, seconds] of [
    ['SIGINT', 30],
    ['SIGQUIT', 10],
    ['SIGKILL', 10],
  ] as const) {
    process.kill(pid, signal)
    for (let waited = 0; waited < seconds * 20; waited++) {
      if (!hasProcess(pid) || isZombie(pid)) return
      await sleep(50)
    }
  }
  throw new Error(`A PostgreSQL from an earlier start (process ${pid}) does not stop.`)
}

function hasProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** In a container whose first process reaps nobody, an ended orphan keeps its id for ever. */
function isZombie(pid: number): boolean {
  try {
    return /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function servesData(pid: number, data: string): Promise<boolean> {
  if (process.platform === 'win32') return true
  // PostgreSQL's working directory is its data directory, also after that was moved.
  const directory = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
  if (directory !== undefined) return directory === (await realpath(data))
  const { output } = await run(undefined, 'ps', '-ww', '-o', 'command=', '-p', String(pid))
  return output.includes(data)
}

/** Makes the folder, closed to others; to root's helper user it must be passable. Returns its real path. */
export async function makeFolder(folder: string): Promise<string> {
  const made = await mkdir(folder, { recursive: true, mode: isRoot() ? 0o755 : 0o700 })
  if (made) await chmod(folder, isRoot() ? 0o755 : 0o700)
  return realpath(folder)
}
