import type { Actor, Scope } from '../../core/kernel/actors.ts'
import { addDays, dayOf, type Day } from '../../core/kernel/calendar.ts'
import { DomainError } from '../../core/kernel/errors.ts'
import type { Database } from '../../db/platform/database.ts'
import {
  type ClientRecord,
  findClientRecord,
  findStaffRecord,
  readDirectoryVersion,
  type StaffRecord,
} from '../../db/platform/directory.ts'

/** Whom a verified token names. */
export type Caller = { readonly kind: 'staff'; readonly number: string } | { readonly kind: 'client'; readonly clientId: string }

/** An actor, where and when they are, and the version of the directory this was read from. */
export interface Resolved {
  readonly actor: Actor
  readonly today: Day
  /** The days that it is now anywhere in the bank, the earliest first. */
  readonly bankDays: readonly Day[]
  readonly timeZone: string
  /** The calendar of the actor's institution; null for the bank's. */
  readonly calendar: string | null
  readonly version: bigint
}

export interface Directory {
  /** Who the caller is now. `fresh` reads again, after a statement found that the directory has changed. Throws `unauthenticated` for strangers and those who left. */
  resolve(caller: Caller, now: Date, fresh: boolean): Promise<Resolved>
}

type Entry = {
  readonly version: bigint
  readonly record:
    | { readonly kind: 'staff'; readonly staff: StaffRecord }
    | { readonly kind: 'client'; readonly client: ClientRecord }
}

const MAX_CACHED = 10_000
const wholeBank: Scope = { prefixes: ['/'], portfolio: [], caller: 'system:directory' }

/**
 * Actors are cached in memory with the version of the directory they were read from. Every statement checks that version in its own
 * flight, so what is cached is never used once it is out of date.
 */
export function openDirectory(database: Database, bankTimeZone: string): Directory {
  const cached = new Map<string, Entry>()

  async function load(caller: Caller, now: Date): Promise<Entry> {
    return database.transaction(
      wholeBank,
      async (db) => {
        const version = await readDirectoryVersion(db)
        if (caller.kind === 'staff') {
          const staff = await findStaffRecord(db, caller.number, addDays(dayOf(now, 'UTC'), -1))
          if (staff) return { version, record: { kind: 'staff', staff } }
        } else {
          const client = await findClientRecord(db, caller.clientId)
          if (client) return { version, record: { kind: 'client', client } }
        }
        throw stranger()
      },
      { readOnly: true },
    )
  }

  return {
    async resolve(caller, now, fresh) {
      const key = caller.kind === 'staff' ? `staff:${caller.number}` : `client:${caller.clientId}`
      let entry = fresh ? undefined : cached.get(key)
      // Who is turned away sends no statement that would tell that the directory has changed.
      if (entry && !isAtWork(entry, now, bankTimeZone)) entry = undefined
      if (!entry) {
        cached.delete(key)
        entry = await load(caller, now)
        if (cached.size >= MAX_CACHED) cached.delete(cached.keys().next().value!)
        cached.set(key, entry)
      }
      return actorOf(entry, now, bankTimeZone)
    },
  }
}

function isAtWork({ record }: Entry, now: Date, bankTimeZone: string): boolean {
  if (record.kind === 'client') return true
  const { activeFrom, activeUntil, timeZone } = record.staff
  const today = dayOf(now, timeZone ?? bankTimeZone)
  return (!activeFrom || today >= activeFrom) && (!activeUntil || today < activeUntil)
}

function actorOf({ version, record }: Entry, now: Date, bankTimeZone: string): Resolved {
  const placement = record.kind === 'staff' ? record.staff : record.client
  const timeZone = placement.timeZone ?? bankTimeZone
  const today = dayOf(now, timeZone)
  const place = { id: placement.id, institutionId: placement.institutionId, institutionPath: placement.institutionPath }
  const zones = [bankTimeZone, ...placement.timeZones]
  const bankDays = [...new Set(zones.map((zone) => dayOf(now, zone)))].toSorted()
  const where = { today, bankDays, timeZone, calendar: placement.calendar, version }
  if (record.kind === 'client')
    return { actor: { kind: 'client', ...place, clientId: record.client.clientId, scopes: record.client.scopes }, ...where }
  const { number, roles, covers, portfolioPaths } = record.staff
  if (!isAtWork({ version, record }, now, bankTimeZone)) throw stranger()
  const covered = covers.filter(({ startsOn, endsOn }) => startsOn <= today && today < endsOn).map(({ staffId }) => staffId)
  const paths = new Set([place.id, ...covered].flatMap((id) => portfolioPaths[id] ?? []))
  return { actor: { kind: 'staff', ...place, number, roles, covers: covered, portfolioPaths: [...paths] }, ...where }
}

function stranger(): DomainError {
  return new DomainError('unauthenticated', 'The token does not belong to an active staff member or client.')
}
