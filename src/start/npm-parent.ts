import { readFileSync } from 'node:fs'

const intervalMs = 250

/**
 * Calls back once the npm that started this process is gone. npm hands a SIGTERM to the shell between us, which does not pass it on, and a SIGKILL to nobody:
 * either would leave a service behind that nobody sees. Does nothing for a process that npm did not start.
 */
export function whenNpmIsGone(startedByNpm: boolean, callback: () => void): void {
  if (!startedByNpm) return
  const shell = process.ppid
  const npm = parentOfShell(shell)
  const timer = setInterval(() => {
    if (process.ppid === shell && (npm === undefined || parentOf(shell) === npm)) return
    clearInterval(timer)
    callback()
  }, intervalMs)
  timer.unref()
}

/** The parent of a process that is a shell; undefined where the shell made way for us, so that our own parent is npm. */
function parentOfShell(pid: number): number | undefined {
  try {
    return /^(da|ba|a|z|k)?sh$/.test(readFileSync(`/proc/${pid}/comm`, 'utf8').trim()) ? parentOf(pid) : undefined
  } catch {
    return undefined
  }
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
}
