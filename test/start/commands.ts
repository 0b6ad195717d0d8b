import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export const root = join(import.meta.dirname, '../..')

export type Environment = Readonly<Record<string, string>>

export interface Ended {
  readonly status: number | null
  readonly said: string
  readonly complained: string
}

/** Where `npm start` keeps compiled modules; what else the tests start need not compile them again. */
const compiled = join(root, 'node_modules/.cache/guanxi')

/** Runs a command of the project to its end, with nothing of our own environment but what it takes to run at all. */
export async function run(env: Environment, command: string, ...parameters: string[]): Promise<Ended> {
  const child = begin(env, command, ...parameters)
  const status = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  const [said, complained] = await Promise.all([text(child.stdout!), text(child.stderr!)])
  return { status: await status, said, complained }
}

/** Begins a command in a process group of its own, as a terminal does. */
export function begin(env: Environment, command: string, ...parameters: string[]): ChildProcess {
  return spawn(command, parameters, {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_COMPILE_CACHE: compiled, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
}
