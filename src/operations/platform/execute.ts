import type { z } from 'zod'
import { callerOf, reachOfActor, type Scope, scopeOf } from '../../core/kernel/actors.ts'
import { dayOf, DayRangeError } from '../../core/kernel/calendar.ts'
import { DomainError, type ErrorCode } from '../../core/kernel/errors.ts'
import { isForReferenceData, type Permission } from '../../core/kernel/permissions.ts'
import { type Database, type Db, isStaleDirectory, sendAlong } from '../../db/platform/database.ts'
import { outageOf } from '../../db/platform/failures.ts'
import type { AccessLog, Access } from '../../db/platform/access-log.ts'
import { appendJournal, type Change, type JournalEntry } from '../../db/platform/journal.ts'
import type { Vault } from '../../db/platform/vault.ts'
import type { Selection } from '../../db/platform/views/view.ts'
import type { CursorCodec } from './cursor.ts'
import type { Caller, Directory, Resolved } from './directory.ts'
import { cursorFingerprint, fingerprintOf } from './input.ts'
import type { Bank, Context, Limits, Operation } from './operation.ts'
import { pageCursors } from './pages.ts'
import { type Outcome, runOnce } from './replay.ts'
import { inputOf } from './call-input.ts'
import { usedPermissions, sameScope, scopePermissions } from './call-scope.ts'

/** What the service consists of: handed to `buildApp`, the jobs and the commands. */
export interface Service {
  readonly database: Database
  readonly directory: Directory
  readonly accessLog: AccessLog
  readonly vault: Vault
  readonly cursorCodec: CursorCodec
  readonly bank: Bank
  readonly limits: Limits
  readonly clock: () => Date
  readonly newId: () => string
  readonly observe: (operation: string, outcome: 'ok' | ErrorCode, seconds: number) => void
}

/** One request for one operation. `input` is what the adapter took from the wire, not yet checked. */
export interface Call {
  readonly caller: Caller | { readonly kind: 'system'; readonly name: string }
  readonly input: unknown
  readonly selection: Selection
  /** What stands for a relation that the caller may not follow. */
  readonly refusedAs: symbol | null
  readonly idempotencyKey?: string | undefined
  readonly requestId?: string | undefined
}

const MAX_ATTEMPTS = 3

/** Rights may change several times a second while a feed of staff or assignments runs, and each change is over at once. */
const MAX_DIRECTORY_ATTEMPTS = 10

/** A batch of an import may move the assets of all who hold a currency. */
const MAX_OWN_STATEMENT_MS = 300_000

/** Where nobody waits: the first evaluation of a bank writes millions of stays. */
const MAX_INTERNAL_STATEMENT_MS = 3_600_000

/** The only way in: checks input and permission, sets the scope, opens the transaction, keeps idempotency, audit and events, and counts. */
export async function execute(service: Service, operation: Operation, call: Call): Promise<Outcome> {
  const started = performance.now()
  let outcome: 'ok' | ErrorCode = 'internal'
  try {
    const result = await attempt(service, operation, call)
    outcome = 'ok'
    return result
  } catch (caught) {
    const error = caught instanceof DayRangeError ? beyondCalendar() : caught
    if (error instanceof DomainError) outcome = error.code
    throw error
  } finally {
    service.observe(operation.name, outcome, (performance.now() - started) / 1000)
  }
}

/** Days at both ends of the calendar are good by themselves; a period that is computed from them may not be. */
function beyondCalendar(): DomainError {
  return new DomainError('invalid_input', 'A day computed from the input is outside 1800-01-01 to 9999-12-31.')
}

/** Tries again where the directory has changed under a request, where the change collided with another one and, for commands with an idempotency key, where the database was lost. */
async function attempt(service: Service, operation: Operation, call: Call): Promise<Outcome> {
  const now = service.clock()
  for (let tries = 1; ; tries++) {
    const resolved = await resolve(service, call, now, tries > 1)
    // A refusal sends no statement that would tell that the directory has changed: it is given by what the directory says now.
    if (tries === 1 && reachOfActor(resolved.actor, operation.permission) === undefined) continue
    try {
      return await run(service, operation, call, resolved, now)
    } catch (error) {
      if (isStaleDirectory(error)) {
        if (tries >= MAX_DIRECTORY_ATTEMPTS) throw new DomainError('unavailable', 'Permissions are being changed. Try again.')
        continue
      }
      const outage = error instanceof DomainError ? outageOf(error.cause) : undefined
      // What collided was rolled back for certain; what was lost on the way may have happened, and is safe to repeat under a key only.
      const again = outage?.collided === true || (call.idempotencyKey !== undefined && outage?.retriable === true)
      if (tries >= MAX_ATTEMPTS || !again || operation.transactions === 'own') throw error
    }
  }
}

async function resolve(
  { directory, bank, clock }: Service,
  { caller }: Call,
  now: Date,
  fresh: boolean,
): Promise<Omit<Resolved, 'version'> & { readonly version?: bigint }> {
  if (caller.kind !== 'system') return directory.resolve(caller, now, fresh)
  return {
    actor: { kind: 'system', id: caller.name },
    today: dayOf(clock(), bank.timeZone),
    bankDays: [dayOf(clock(), bank.timeZone)],
    timeZone: bank.timeZone,
    calendar: null,
  }
}

async function run(
  service: Service,
  operation: Operation,
  call: Call,
  resolved: Awaited<ReturnType<typeof resolve>>,
  now: Date,
): Promise<Outcome> {
  const { actor, version } = resolved
  const permits = (permission: Permission): boolean => reachOfActor(actor, permission) !== undefined
  const journal: JournalEntry = {
    actor,
    actorName: callerOf(actor),
    operation: operation.name,
    requestId: call.requestId,
    at: now,
    newId: service.newId,
  }
  const input = await inputOf(service.database, operation, call.input, permits, journal)
  const needed = scopePermissions(operation, input)
  const used = usedPermissions(operation, call.selection, permits)
  // Reference data is the same in every scope: relations that lead from it to customers are read as far as they may be followed.
  const own = scopeOf(actor, needed.every(isForReferenceData) ? [...needed, ...used] : needed)
  // Relations that the caller may follow less far than the operation itself: only somebody of several roles has them.
  const shorter = new Set(used.filter((permission) => !sameScope(scopeOf(actor, [...needed, permission]), own)))
  const shared = {
    actor,
    selection: call.selection,
    refusedAs: call.refusedAs,
    permits: (permission: Permission): boolean => permits(permission) && !shorter.has(permission),
    scope: own,
    now,
    clock: service.clock,
    today: resolved.today,
    bankDays: resolved.bankDays,
    timeZone: resolved.timeZone,
    bank: service.bank,
    limits: service.limits,
    newId: service.newId,
    vault: service.vault,
    cursors: pageCursors(service.cursorCodec, operation.name, callerOf(actor), () => cursorFingerprint(input)),
  }

  if (operation.kind === 'query') {
    const ask = (scope: Scope, allows: Context['permits']): Promise<unknown> =>
      query(service, operation, { ...shared, scope, permits: allows }, journal, input, version)
    if (shorter.size === 0 || operation.answer.shape !== 'one') return { answer: await ask(own, shared.permits), replayed: false }
    // One thing is answered in full where all of it lies within reach, else without what does not.
    const answer = await ask(scopeOf(actor, [...needed, ...used]), permits).catch((error: unknown) => {
      if (error instanceof DomainError && error.code === 'not_found') return ask(own, shared.permits)
      throw error
    })
    return { answer, replayed: false }
  }

  if (operation.transactions === 'own') {
    const inTransaction = ownTransactions(service, operation, call, resolved, needed)
    const context: Context = {
      ...shared,
      db: { rows: (query) => service.database.read(own, query, version) },
      record: refuseToRecord,
      inTransaction,
    }
    return { answer: await operation.run(context, input), replayed: false }
  }
  return service.database.transaction(
    own,
    (db) => command(service, operation, call, { ...shared, db, inTransaction: refuseToRecord }, journal, input),
    { directoryVersion: version },
  )
}

/** Runs a query. One that shows protected data is answered once the audit log holds who looked at whom. */
async function query(
  { database, accessLog }: Service,
  operation: Operation,
  shared: Omit<Context, 'db' | 'record' | 'inTransaction'>,
  journal: JournalEntry,
  input: z.output<z.ZodObject>,
  directoryVersion: bigint | undefined,
): Promise<unknown> {
  const accesses = new Map<string, Access>()
  const noteAccess: Context['noteAccess'] = (customerId, customerPath, fields) => {
    const known = accesses.get(customerId)
    accesses.set(customerId, { customerId, customerPath, fields: known ? [...new Set([...known.fields, ...fields])] : fields })
  }
  const context = (db: Db): Context => ({ ...shared, db, record: refuseToRecord, inTransaction: refuseToRecord, noteAccess })
  const answer =
    operation.lane(input) === 'fast'
      ? await operation.run(context({ rows: (statement) => database.read(shared.scope, statement, directoryVersion) }), input)
      : await database.transaction(shared.scope, (db) => operation.run(context(db), input), { readOnly: true, directoryVersion })
  if (accesses.size > 0) await accessLog(journal, [...accesses.values()])
  return answer
}

/**
 * Transactions of an operation that outlasts a request, such as an import: each checks again who the caller is and what they may do,
 * since the operation itself, or somebody else, may have changed the directory in between.
 */
function ownTransactions(
  service: Service,
  operation: Operation,
  call: Call,
  first: Awaited<ReturnType<typeof resolve>>,
  needed: readonly Permission[],
): Context['inTransaction'] {
  let current = first
  return async (work) => {
    for (let tries = 1; ; tries++) {
      const { actor, version } = current
      const at = service.clock()
      const journal = {
        actor,
        actorName: callerOf(actor),
        operation: operation.name,
        requestId: call.requestId,
        at,
        newId: service.newId,
      }
      try {
        return await service.database.transaction(
          scopeOf(actor, needed),
          async (db) => {
            const changes: Change[] = []
            const result = await work({ db, record: (change) => changes.push(change) })
            if (changes.length > 0) await appendJournal(db, journal, changes)
            return result
          },
          {
            directoryVersion: version,
            timeoutMs: operation.transport === 'internal' ? MAX_INTERNAL_STATEMENT_MS : MAX_OWN_STATEMENT_MS,
          },
        )
      } catch (error) {
        if (!isStaleDirectory(error)) throw error
        if (tries >= MAX_DIRECTORY_ATTEMPTS) throw new DomainError('unavailable', 'Permissions are being changed. Try again.')
        current = await resolve(service, call, at, true)
      }
    }
  }
}

async function command(
  { vault }: Service,
  operation: Operation,
  call: Call,
  shared: Omit<Context, 'record'>,
  journal: Parameters<typeof appendJournal>[1],
  input: z.output<z.ZodObject>,
): Promise<Outcome> {
  const { db, now } = shared
  const run = async (): Promise<unknown> => {
    const changes: Change[] = []
    const answer = await operation.run({ ...shared, record: (change) => changes.push(change) }, input)
    const unchanged: Change = { event: 'operation.completed', subjectType: 'operation', subjectId: operation.name }
    const recorded = changes.length > 0 || operation.transport === 'internal' ? changes : [unchanged]
    if (recorded.length > 0) sendAlong(appendJournal(db, journal, recorded))
    return answer
  }
  const { idempotencyKey: key } = call
  if (key === undefined) return { answer: await run(), replayed: false }
  // Over REST the fields are the service's own, and an upgrade may add some.
  const fingerprint = fingerprintOf(call.input, call.refusedAs === null ? undefined : call.selection)
  return runOnce(vault, db, { caller: journal.actorName, operation: operation.name, key, fingerprint, now }, run)
}

function refuseToRecord(): never {
  throw new Error('This operation is read-only.')
}
