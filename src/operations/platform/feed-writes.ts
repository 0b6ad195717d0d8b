import { type Conditions, withId, ofCustomer } from '../../db/platform/views/conditions.ts'
import type { WrittenSubject } from '../../core/events.ts'
import { checkVersion } from './versions.ts'
import { z } from 'zod'
import { DomainError, type ErrorCode, notFound } from '../../core/kernel/errors.ts'
import { changedFields } from '../../core/kernel/changes.ts'
import { type FeedOutcome, ownSource } from '../../core/kernel/feed.ts'
import {
  defaultPlaceholders,
  type PlaceholderPolicy,
  placeholdersOf,
  type TextKind,
  unusableMessages,
  unusableText,
} from '../../core/kernel/unusable-values.ts'
import { policyOn } from '../../db/platform/policies.ts'
import type { Permission } from '../../core/kernel/permissions.ts'
import type { ApplyFeed, FeedContext } from '../../db/platform/feed.ts'
import type { RowName, StoredEntity, StoredRow } from '../../db/platform/stored-rows.ts'
import { viewNamed } from '../../db/views.ts'
import { invalidInput, problemsOf } from './input.ts'
import { type Context, type Operation, viewOperation } from './operation.ts'
import { answerOne } from './reading.ts'
import { expectedVersion, id } from './scalars.ts'

/** What single writes of an entity have in common with its import: one schema, one way to apply it. */
export interface RowWrites<S extends z.ZodObject = z.ZodObject> {
  /** The view of what is written, also the noun in the operations' names. */
  readonly noun: string
  /** What events and the audit log call it. */
  readonly subject: WrittenSubject
  readonly permission: Permission
  /** What a row must be. */
  readonly row: S
  /** Whose text is looked at for what is no value. */
  readonly texts: Readonly<Record<string, TextKind>>
  readonly apply: ApplyFeed<z.output<S>>
}

/** The same of an entity whose things have an id of their own and can be corrected by it. */
export interface SingleWrites<S extends z.ZodObject = z.ZodObject> extends RowWrites<S> {
  /** How sentences call it. */
  readonly called: string
  /** Where creating takes another permission than changing. */
  readonly createPermission?: Permission
  readonly domain: string
  readonly stored: StoredEntity
}

type Row = Readonly<Record<string, unknown>>

export const feedErrors: readonly ErrorCode[] = [
  'unknown_reference',
  'unknown_currency',
  'conflict',
  'already_exists',
  'superseded',
  'identity_mismatch',
  'outside_period',
  'period_overlap',
  'in_use',
  'institution_move_unsupported',
]

export function feedContext({ now, today, newId, vault, bank, timeZone, actor }: Context): FeedContext {
  return {
    now,
    today,
    newId,
    vault,
    baseCurrency: bank.baseCurrency,
    bankTimeZone: bank.timeZone,
    timeZone,
    fromPerson: actor.kind === 'staff',
    ownStaffId: actor.kind === 'staff' ? actor.id : undefined,
  }
}

interface Written {
  readonly id: string
  readonly customerId?: string | undefined
  readonly outcome: 'created' | 'updated' | 'unchanged'
}

/** Applies one row as an import would, and refuses what an import would reject. */
export async function writeRow<S extends z.ZodObject>(
  context: Context,
  { row: schema, subject, texts, apply }: RowWrites<S>,
  row: Row,
  fields: readonly string[] = Object.keys(row),
): Promise<Written> {
  const parsed = schema.safeParse(row)
  if (!parsed.success) throw invalidInput(parsed.error.issues.flatMap(problemsOf))
  await refuseUnusable(context, row, texts)
  const result = outcomeOf(await apply(context.db, [{ line: 1, row: parsed.data }], feedContext(context)))
  if (result.outcome !== 'unchanged') {
    context.record({
      event: `${subject}.${result.outcome}`,
      subjectType: subject,
      subjectId: result.id,
      ...(result.customerId !== undefined && { customerId: result.customerId }),
      changed: fields.filter((field) => field !== 'source' && field !== 'externalId'),
    })
  }
  return { id: result.id, customerId: result.customerId, outcome: result.outcome }
}

/** A file's row goes without what is no value; whoever sends one row is told. Throws `invalid_input`. */
async function refuseUnusable({ db, today }: Context, row: Row, texts: Readonly<Record<string, TextKind>>): Promise<void> {
  // Only names and what is written in words takes the bank's own list: the others cost no query.
  const policy = Object.values(texts).includes('name')
    ? await policyOn<PlaceholderPolicy>(db, 'placeholder', '', today)
    : undefined
  const placeholders = policy ? placeholdersOf(policy.definition) : usualPlaceholders
  const problems = Object.entries(texts).flatMap(([field, kind]) => {
    const text = row[field]
    const rule = typeof text === 'string' ? unusableText(text, kind, placeholders) : undefined
    return rule === undefined ? [] : [{ pointer: `/${field}`, rule, message: unusableMessages[rule] }]
  })
  if (problems.length > 0) throw invalidInput(problems)
}

const usualPlaceholders = placeholdersOf(defaultPlaceholders)

/** What became of the one row that was written. Throws what an import would reject. */
export function outcomeOf([result]: readonly FeedOutcome[]): Written {
  if (!result) throw new Error('A row has no outcome.')
  if ('refusal' in result) {
    const { code, field, message } = result.refusal
    throw new DomainError(code, message, field === undefined ? [] : [{ pointer: `/${field}`, rule: code, message }])
  }
  const { outcome, id: rowId, customerId } = result
  if (outcome === 'superseded') throw new DomainError('superseded', 'Newer data is stored: asOf is older than the stored row.')
  return { id: rowId, customerId, outcome }
}

export function byId({ id: rowId, customerId }: Written, noun: string): Conditions {
  return customerId === undefined || noun === 'Customer' ? withId(rowId) : ofCustomer(customerId, rowId)
}

const mode = z
  .enum(['upsert', 'create_only', 'update_only'])
  .default('upsert')
  .meta({ description: 'Whether to create, update or both.' })

/** `upsert…`: the row of a source system, by the name it has there. */
export function upsertOperation<S extends z.ZodObject>(writes: SingleWrites<S>): Operation {
  const { noun, called, permission, domain } = writes
  const view = viewNamed(noun)
  return viewOperation(view, {
    kind: 'command',
    name: `upsert${noun}`,
    summary: `Create or update ${called} by its external ID`,
    description:
      'The same row as in an import, with the same rules. Omitted fields keep their stored values; sending the row again changes nothing.',
    permission: writes.createPermission ?? permission,
    domain,
    input: z.strictObject({ ...writes.row.shape, mode, expectedVersion }),
    errors: [...feedErrors, 'not_found'],
    concurrency: 'optional',
    async run(
      context,
      { mode: wanted, expectedVersion: expected, ...row }: Row & { mode?: unknown; expectedVersion?: number | undefined },
    ) {
      const stored =
        wanted === 'upsert' && expected === undefined
          ? undefined
          : await writes.stored.lockByExternalId(context.db, row as unknown as RowName)
      if (wanted === 'create_only' && stored) throw alreadyExists(called)
      if ((wanted === 'update_only' || expected !== undefined) && !stored) throw notFound(called.replace(/^an? /, ''))
      checkVersion(expected, stored?.version)
      const written = await writeRow(context, writes, row)
      // Somebody else may have made it since we looked: what counts is what the write did.
      if (wanted === 'create_only' && written.outcome !== 'created') throw alreadyExists(called)
      if (written.outcome !== 'created' && !context.permits(permission))
        throw new DomainError('not_permitted', `Updating an existing one requires the permission ${permission}.`)
      return answerOne(context, view, byId(written, noun))
    },
  })
}

/** `create…`: something that people enter here. `refer` turns ids of the input into the names that a row refers by. */
export function createOperation<S extends z.ZodObject>(
  writes: SingleWrites<S>,
  shape: z.core.$ZodShape,
  refer: (context: Context, input: Row) => Promise<Row> = async (_context, input) => input,
): Operation {
  const { noun, called, domain } = writes
  const view = viewNamed(noun)
  return viewOperation(view, {
    kind: 'command',
    name: `create${noun}`,
    summary: `Create ${called}`,
    description: `Without a source and an external ID the service assigns its own. ${called[0]!.toUpperCase()}${called.slice(1)} with an existing external ID is refused.`,
    permission: writes.createPermission ?? writes.permission,
    domain,
    input: z.strictObject({
      source: notRequired(writes.row.shape['source'] as z.ZodType),
      externalId: notRequired(writes.row.shape['externalId'] as z.ZodType),
      ...shape,
    }),
    errors: [...feedErrors, 'not_found'],
    async run(context, input) {
      const row = { source: ownSource, externalId: context.newId(), ...(await refer(context, input)) }
      if (await writes.stored.lockByExternalId(context.db, row as unknown as RowName)) throw alreadyExists(called)
      const written = await writeRow(context, writes, row)
      if (written.outcome !== 'created') throw alreadyExists(called)
      return answerOne(context, view, byId(written, noun))
    },
  })
}

interface Change {
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly concurrency: 'optional' | 'required'
  readonly shape: z.core.$ZodShape
  /** What the row says beside what is stored. */
  readonly change: (
    input: Row,
    context: Context,
    stored: StoredRow & { readonly customerId: string | undefined },
  ) => Row | Promise<Row>
  /** Whether it ends the thing: what has that status already is refused, so that its day of closing stays. */
  readonly final?: boolean
}

/** A change of something by its id: what is stored, with the given fields changed. Portfolios and branches see only their own. */
export function changeOperation<S extends z.ZodObject>(
  writes: SingleWrites<S>,
  { shape, change, final = false, ...texts }: Change,
): Operation {
  const { noun, called, permission, domain } = writes
  const view = viewNamed(noun)
  const key = `${noun[0]!.toLowerCase()}${noun.slice(1)}Id`
  const owned = view.tableKind === 'owned'
  return viewOperation(view, {
    kind: 'command',
    ...texts,
    permission,
    domain,
    input: z.strictObject({ ...(owned && { customerId: id }), [key]: id, ...shape, expectedVersion }),
    errors: [...feedErrors, 'not_found', 'already_closed'],
    async run(context, { expectedVersion: expected, ...input }: Row & { expectedVersion?: number | undefined }) {
      const identity = { id: String(input[key]), customerId: owned ? String(input['customerId']) : undefined }
      const stored = await writes.stored.lockRow(context.db, identity)
      if (!stored) throw notFound(called.replace(/^an? /, ''))
      checkVersion(expected, stored.version)
      const { [key]: _id, customerId: _customerId, ...fields } = input
      const changes = await change(fields, context, { ...stored, customerId: identity.customerId })
      if (final && stored.status === changes['status']) throw new DomainError('already_closed', `Already ${changes['status']}.`)
      const written = await writeRow(context, writes, { ...stored.row, ...changes }, changedFields(stored.row, changes))
      return answerOne(context, view, byId(written, noun))
    },
  })
}

/** `correct…`: any of its fields. */
export function correctOperation<S extends z.ZodObject>(writes: SingleWrites<S>, fields: z.core.$ZodShape): Operation {
  return changeOperation(writes, {
    name: `correct${writes.noun}`,
    summary: `Correct ${writes.called}`,
    description:
      'Changes the given fields and leaves the others. Send the version you read: a concurrent edit is refused with a version conflict.',
    concurrency: 'required',
    shape: Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, notRequired(schema as z.ZodType)])),
    change: (input) => input,
  })
}

function notRequired(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional ? schema : schema.optional().meta(schema.meta() ?? {})
}

/** The same field, as one that must be given. */
export function required(schema: z.ZodOptional): z.ZodType {
  return (schema.unwrap() as z.ZodType).meta(schema.meta() ?? {})
}

function alreadyExists(called: string): DomainError {
  return new DomainError('already_exists', `This source already has ${called} with this external ID.`)
}
