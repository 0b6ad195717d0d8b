import { z } from 'zod'
import type { Actor, Scope } from '../../core/kernel/actors.ts'
import type { CalendarCountry, Day } from '../../core/kernel/calendar.ts'
import type { ErrorCode } from '../../core/kernel/errors.ts'
import type { Permission } from '../../core/kernel/permissions.ts'
import type { EventName } from '../../core/events.ts'
import type { Change } from '../../db/platform/journal.ts'
import type { Db } from '../../db/platform/database.ts'
import type { Vault } from '../../db/platform/vault.ts'
import type { NoteAccess, PageCursors } from '../../db/platform/views/compile.ts'
import type { Selection, View } from '../../db/platform/views/view.ts'
import type { SelectedPage } from './pages.ts'
import { restSchema } from './rest-schema.ts'

/** What is fixed for the whole bank. */
export interface Bank {
  readonly baseCurrency: string
  readonly timeZone: string
  /** Whose public holidays hold at institutions that name none. */
  readonly country: CalendarCountry
}

/** How often a caller may do what looks at single people, counted over all instances. */
export interface Limits {
  readonly recognitionsPerMinute: number
  readonly revealsPerMinute: number
}

/** Records what a command changed: one audit entry and one event, written with it. */
export type RecordChange = <N extends EventName>(change: Change<N>) => void

/** Everything an operation may touch. One request happens at one instant, `now`. */
export interface Context {
  readonly actor: Actor
  /** The scoped transaction of a command; for a query, statements of their own on the fast lane or in one read-only transaction. */
  readonly db: Db
  /** What the caller asked for of the view that the operation answers. */
  readonly selection: Selection
  readonly permits: (permission: Permission) => boolean
  /** The rows that `db` may see. */
  readonly scope: Scope
  readonly now: Date
  /** For operations that outlast an instant. */
  readonly clock: () => Date
  /** The day at the actor's institution. */
  readonly today: Day
  /** The days that it is now anywhere in the bank, the earliest first. */
  readonly bankDays: readonly Day[]
  /** Of the actor's institution. */
  readonly timeZone: string
  readonly bank: Bank
  readonly newId: () => string
  readonly vault: Vault
  readonly cursors: PageCursors
  readonly refusedAs: symbol | null
  readonly limits: Limits
  /** In a query: told of each customer whose protected data are shown. */
  readonly noteAccess?: NoteAccess | undefined
  /** Tells what a command changed: one audit entry and one event each, written with it. */
  readonly record: RecordChange
  /** For operations with transactions of their own: each has its own audit entries and events. */
  readonly inTransaction: <T>(work: (step: { readonly db: Db; readonly record: RecordChange }) => Promise<T>) => Promise<T>
}

export interface Example {
  readonly input: Record<string, unknown>
}

/** What an operation answers: a value of its own, one thing of a view, or a page of them. */
export type Answer =
  | { readonly shape: 'value' }
  | { readonly shape: 'one'; readonly view: View }
  | { readonly shape: 'page'; readonly view: View }

/** One thing the service can do. Its name is the REST operationId and the GraphQL root field. */
export interface Operation<I extends z.ZodObject = z.ZodObject, O extends z.ZodType = z.ZodType> {
  readonly kind: 'query' | 'command'
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly permission: Permission
  /** BIAN service domain. */
  readonly domain: string
  readonly input: I
  readonly output: O
  readonly answer: Answer
  /** Refusals of its own, beyond those that every operation shares. */
  readonly errors: readonly ErrorCode[]
  readonly examples: readonly Example[]
  /** `fast`: single short statements. `pool`: a read-only transaction with the ordinary time-out. */
  lane(input: z.output<I>): Lane
  /** `own`: the operation opens its transactions itself (imports). */
  readonly transactions: 'one' | 'own'
  /** Whether callers must or may name the version that they change. */
  readonly concurrency: 'none' | 'optional' | 'required'
  /** Streams stay on REST; what jobs do is offered nowhere. */
  readonly transport: 'both' | 'rest' | 'internal'
  /** Where refusals are audited as well, those among them that come before the operation itself: how its entries are called. */
  readonly refusals?: RefusalEntry
  /** What this very input takes besides. Where it is given, it decides on the scope. */
  alsoNeeds(input: z.output<I>): readonly Permission[]
  // Written as methods, so that operations of any input stand in one list.
  run(context: Context, input: z.output<I>): Promise<unknown>
}

export interface RefusalEntry {
  readonly event: 'customer.field_revealed' | 'customer.recognised'
  readonly subjectType: string
  /** The kind of look that was refused. */
  readonly access: string
}

type Lane = 'fast' | 'pool'
type Defaults = 'alsoNeeds' | 'errors' | 'examples' | 'lane' | 'transactions' | 'concurrency' | 'transport' | 'output' | 'answer'
type Definition<I extends z.ZodObject, R> = Omit<Operation<I>, Defaults | 'run'> &
  Partial<Pick<Operation<I>, 'errors' | 'examples' | 'transactions' | 'concurrency' | 'transport' | 'refusals'>> & {
    readonly lane?: Lane | ((input: z.output<I>) => Lane)
    readonly alsoNeeds?: (input: z.output<I>) => readonly Permission[]
    readonly run: (context: Context, input: z.output<I>) => Promise<R>
  }

const defaults = {
  alsoNeeds: () => [],
  errors: [],
  examples: [],
  transactions: 'one',
  concurrency: 'none',
  transport: 'both',
} as const

function laneOf<I>(lane: Lane | ((input: I) => Lane) = 'fast'): (input: I) => Lane {
  return typeof lane === 'function' ? lane : () => lane
}

/** An operation that answers a value described by a schema. */
export function operation<I extends z.ZodObject, O extends z.ZodType>(
  definition: Definition<I, z.input<O>> & { readonly output: O },
): Operation<I, O> {
  return { ...defaults, answer: { shape: 'value' }, ...definition, lane: laneOf(definition.lane) }
}

/** An operation that answers one thing of a view, with what the caller selected of it. */
export function viewOperation<I extends z.ZodObject>(
  view: View,
  definition: Definition<I, Record<string, unknown>>,
): Operation<I> {
  return {
    ...defaults,
    answer: { shape: 'one', view },
    // Only the contract asks for it: what describes hundreds of answers takes megabytes.
    get output() {
      return restSchema(view, 'single')
    },
    ...definition,
    lane: laneOf(definition.lane),
  }
}

const pageSchemas = new Map<View, z.ZodType>()

/** The schema of a page of a view, the same each time: its name stands once in the contract. */
function pageSchema(view: View): z.ZodType {
  const known =
    pageSchemas.get(view) ??
    z
      .object({ items: z.array(restSchema(view, 'always')), nextCursor: z.string().nullable(), total: z.int().optional() })
      .meta({ id: `${view.name}Page`, description: `A page of ${view.name}.` })
  pageSchemas.set(view, known)
  return known
}

/** An operation that answers a page of a view. Its input gains `limit`, `cursor` and `includeTotal`. */
export function pageOperation<I extends z.ZodObject>(view: View, definition: Definition<I, SelectedPage>): Operation<I> {
  return {
    ...defaults,
    answer: { shape: 'page', view },
    get output() {
      return pageSchema(view)
    },
    ...definition,
    lane: laneOf(definition.lane),
  }
}
