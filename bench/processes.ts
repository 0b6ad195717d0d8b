import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../src/start/embedded/server.ts'

/** A process of a contender that listens on 127.0.0.1. */
export interface Server {
  readonly pid: number
  readonly url: string
  /** From the start of the process until it answered, in seconds. */
  readonly readyAfter: number
  stop(): Promise<void>
}

const root = fileURLToPath(new URL('..', import.meta.url))
const ticksPerSecond = 100
const running = new Set<ChildProcess>()

// Whatever ends the bench ends what it has started.
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** Starts a program of the project and waits until it answers on its port. Throws with its last words when it ends before. */
export async function startServer(
  program: string,
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<Server> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const begun = performance.now()
  const child = spawn(process.execPath, [...flags, program], {
    cwd: root,
    // Nothing of the environment is passed on, so that no setting of the caller's shell changes the question.
    env: { PATH: process.env['PATH'] ?? '', HOST: '127.0.0.1', PORT: String(port), ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  running.add(child)
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-4_000)))
  const ended = once(child, 'exit').then(() => running.delete(child))
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${program} ended before it was ready:\n${words}`)
    if (
      await fetch(`${url}/health/live`).then(
        (answer) => answer.arrayBuffer(),
        () => undefined,
      )
    )
      break
    if (performance.now() - begun > 120_000) throw new Error(`${program} did not get ready:\n${words}`)
    await sleep(20)
  }
  return {
    pid: child.pid!,
    url,
    readyAfter: (performance.now() - begun) / 1000,
    async stop() {
      child.kill('SIGTERM')
      const hurry = setTimeout(() => child.kill('SIGKILL'), 20_000)
      await ended
      clearTimeout(hurry)
    },
  }
}

/** Runs `npm start` on the data of a folder until it is ready to serve, and answers after how many seconds it was. */
export async function startThroughNpm(folder: string): Promise<number> {
  const port = await freePort()
  const begun = performance.now()
  // A group of its own, so that a signal reaches npm and the service as Ctrl-C in a terminal does.
  const child = spawn('npm', ['start'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      PORT: String(port),
      DATA_DIR: folder,
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  })
  running.add(child)
  const ended = once(child, 'exit').then(() => running.delete(child))
  const ready = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/health/ready`).then(
      (answer) => answer.ok,
      () => false,
    )
  while (!(await ready())) {
    if (child.exitCode !== null || performance.now() - begun > 120_000) throw new Error('npm start did not get ready.')
    await sleep(20)
  }
  const seconds = (performance.now() - begun) / 1000
  process.kill(-child.pid!, 'SIGINT')
  await ended
  return seconds
}

/** CPU that a process and all below it have used so far, ended children included, in seconds; undefined where the system has no /proc. */
export function cpuSeconds(pid: number): number | undefined {
  const processes = statuses()
  if (!processes) return undefined
  let ticks = 0
  const add = (one: number): void => {
    const status = processes.get(one)
    if (!status) return
    ticks += status.own + status.endedChildren
    for (const [child, { parent }] of processes) if (parent === one) add(child)
  }
  add(pid)
  return ticks / ticksPerSecond
}

/** The process above another one. */
export function parentOf(pid: number): number | undefined {
  return statuses()?.get(pid)?.parent
}

/** Resident memory of one process in bytes, now and at its highest since `forgetPeak`; undefined where the system has no /proc. */
export function residentMemory(pid: number): { readonly now: number; readonly peak: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8')
    const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024
    return { now: bytes('VmRSS'), peak: bytes('VmHWM') }
  } catch {
    return undefined
  }
}

/** Lets the peak begin anew. */
export function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // Where it cannot be reset it stays the peak since the start.
  }
}

interface Status {
  readonly parent: number
  readonly own: number
  readonly endedChildren: number
}

function statuses(): Map<number, Status> | undefined {
  const all = new Map<number, Status>()
  const pids = attempt(() => readdirSync('/proc'))?.filter((name) => /^\d+$/.test(name))
  if (!pids || pids.length === 0) return undefined
  for (const pid of pids) {
    const text = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
    if (text === undefined) continue
    // The name in brackets may hold anything, so fields count from its end.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const at = (field: number): number => Number(fields[field - 3])
    all.set(Number(pid), { parent: at(4), own: at(14) + at(15), endedChildren: at(16) + at(17) })
  }
  return all
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
