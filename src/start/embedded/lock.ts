import { DatabaseSync } from 'node:sqlite'

/** Takes the lock of a file for this process, waiting three seconds for one that is about to end. Undefined when another process holds it. */
export function lockFile(file: string): { release(): void } | undefined {
  // SQLite's lock is the operating system's own: it dies with its process, so that no stale lock can outlive kill -9 and no process id is trusted.
  const database = new DatabaseSync(file, { timeout: 3000 })
  try {
    database.exec('begin exclusive')
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode === 5) return undefined
    throw error
  }
  return { release: () => database.close() }
}
