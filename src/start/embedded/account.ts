import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'

/** The user that PostgreSQL runs as; undefined is ours. */
export type Account = { readonly uid: number; readonly gid: number } | undefined

export interface Outcome {
  readonly succeeded: boolean
  readonly output: string
}

const windows = process.platform === 'win32'
const helper = 'postgres'

/** What PostgreSQL's programs are started with: a folder everyone may enter, and none of our variables (PGDATA, PGPORT, a foreign LC_ALL). */
export const spawnBase = {
  cwd: '/',
  windowsHide: true,
  ...(windows ? {} : { env: { LC_ALL: 'C', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' } }),
}

/** Runs a program to its end as the account. Never throws: a program that cannot start has not succeeded. */
export function run(account: Account, file: string, ...parameters: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(file, [...parameters], { ...spawnBase, ...account }, (error, stdout, stderr) => {
      resolve({ succeeded: error === null, output: `${stdout}${stderr}`.trim() || (error?.message ?? '') })
    })
  })
}

export const isRoot = (): boolean => process.getuid?.() === 0

/**
 * The account for a data folder: ours, or, as root, the owner of the data there is, else the user `postgres`, made when missing:
 * PostgreSQL refuses to run as root. Throws when there is no such user and none can be made.
 */
export async function accountFor(data: string): Promise<Account> {
  if (!isRoot()) return undefined
  const owner = await stat(data).catch(() => undefined)
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const account = (await findUser(helper)) ?? (await createUser())
  if (account) return account
  throw new Error(
    `PostgreSQL does not run as root, and the user ${helper} could not be created. Create it, start as another user, or set DATABASE_URL.`,
  )
}

/** Whether the account really gets into a folder, through all of its parents. */
export async function canEnter(account: Account, folder: string): Promise<boolean> {
  return account === undefined || (await run(account, '/bin/sh', '-c', 'cd -- "$1"', 'sh', folder)).succeeded
}

async function findUser(name: string): Promise<Account> {
  const [uid, gid] = await Promise.all([run(undefined, 'id', '-u', name), run(undefined, 'id', '-g', name)])
  return uid.succeeded && gid.succeeded && uid.output !== '0' ? { uid: Number(uid.output), gid: Number(gid.output) } : undefined
}

async function createUser(): Promise<Account> {
  const ways = [
    ['useradd', '--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', helper],
    ['useradd', '--system', '--gid', helper, '--no-create-home', '--shell', '/usr/sbin/nologin', helper],
    ['adduser', '-S', '-D', '-H', '-s', '/sbin/nologin', helper],
  ] as const
  for (const [file, ...parameters] of ways) {
    await run(undefined, file, ...parameters)
    const account = await findUser(helper)
    if (account) return account
  }
  return undefined
}
