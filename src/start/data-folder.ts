import { accessSync, constants, type Stats, statSync } from 'node:fs'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isRoot } from './embedded/account.ts'

/** Why a folder can be neither used nor made, as far as looking tells; undefined where nothing speaks against it. Makes nothing. */
export function folderFault(folder: string): string | undefined {
  for (let place = resolve(folder); ; place = dirname(place)) {
    const found = look(place)
    if (typeof found === 'string') return found
    if (!found) continue
    if (!found.isDirectory()) return `${place} is a file`
    try {
      accessSync(place, constants.W_OK | constants.X_OK)
      return undefined
    } catch {
      return `this user cannot write to ${place}`
    }
  }
}

function look(path: string): Stats | string | undefined {
  try {
    return statSync(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : message
  }
}

/** Makes a folder that is missing, and writes to it once. Answers why it cannot be used, or undefined. */
export async function openFolder(folder: string): Promise<string | undefined> {
  try {
    const place = resolve(folder)
    await make(place)
    const probe = join(place, `.probe-${process.pid}`)
    await writeFile(probe, '')
    await rm(probe)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Part by part: where no folder can be made, as in /proc, the `recursive` of Node.js tries for half a minute. */
async function make(folder: string): Promise<void> {
  if (look(folder)) return
  await make(dirname(folder))
  // Root's PostgreSQL runs as another user, who must be able to enter.
  const mode = isRoot() ? 0o755 : 0o700
  try {
    await mkdir(folder, { mode })
    await chmod(folder, mode)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
