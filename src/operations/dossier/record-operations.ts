import { all } from '../../db/platform/views/conditions.ts'
import { ofCustomer } from '../../db/platform/views/conditions.ts'
import { isNewestVersion } from '../../db/dossier/dossier-records.ts'
import { changedFields } from '../../core/kernel/changes.ts'
import { checkVersion } from '../platform/versions.ts'
import { requirePast } from '../../core/kernel/periods.ts'
import { z } from 'zod'
import type { Day } from '../../core/kernel/calendar.ts'
import { amountsOf, recordSources, requireOpen } from '../../core/dossier/dossier-records.ts'
import { requireOpenRecord } from '../../core/dossier/record-rules.ts'
import { notFound } from '../../core/kernel/errors.ts'
import { day } from '../../core/kernel/scalars.ts'
import { activeRecords, findRecord, type RecordRow, type RecordTable, reviseRecord } from '../../db/dossier/dossier-records.ts'
import { lockCustomerReferences } from '../../db/dossier/references.ts'
import { insertOwned } from '../../db/platform/owned-rows.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, type Operation, viewOperation } from '../platform/operation.ts'
import { answerOne } from '../platform/reading.ts'
import { expectedVersion, id, noteText } from '../platform/scalars.ts'
import { dossierQueries, idOf } from './under-customer.ts'

export type Values = Readonly<Record<string, unknown>>
type Shape = Readonly<Record<string, z.ZodType>>

type RecordSubject =
  | 'need'
  | 'outside_holding'
  | 'credit_standing'
  | 'key_figure'
  | 'suitability_assessment'
  | 'life_event'
  | 'privilege_grant'

/** A kind of records: the values given for one, its rule, and what its operations are called. */
export interface RecordKind {
  readonly noun: string
  /** What events and the audit log call it. */
  readonly subject: RecordSubject
  readonly plural: string
  /** How sentences call one, and several. */
  readonly called: string
  readonly several: string
  readonly description: string
  readonly domain: string
  readonly table: RecordTable
  readonly statuses: readonly [string, ...string[]]
  /** Fields that are required when one is made, and those that may. */
  readonly required: Shape
  readonly optional: Shape
  /** Fields that are amounts of the field `currency`. */
  readonly amounts: readonly string[]
  /** Amounts that may be negative. */
  readonly signed?: readonly string[]
  /** What is said on a new one beside what the caller says. */
  readonly defaults?: (values: Values, today: Day) => Values
  /** Checks the whole record as it would be. Throws a refusal. */
  readonly check: (record: Values, today: Day) => void
  /** Asks what only the database knows, of what is said and, in a correction, what is stored. Throws a refusal. */
  readonly refer?: (context: Context, customerId: string, values: Values, stored?: RecordRow) => Promise<void>
  /** A new one takes the place of those that are active. */
  readonly replaces?: true
  /** What ending one is called, and the input that says how. */
  readonly end: { readonly summary: string; readonly shape: Shape; readonly status: (input: Values) => string }
}

const common = {
  note: noteText.optional().meta({ description: 'Note.' }),
  notedOn: day.optional().meta({ description: 'Day on which the bank learned it, not in the future; today by default.' }),
}
const source = z.enum(recordSources).meta({ description: 'How the bank knows it.' })

const current = (customerId: string, recordId: string) => all(ofCustomer(customerId, recordId), isNewestVersion)

const optionalOf = (shape: Shape): Shape =>
  Object.fromEntries(Object.entries(shape).map(([name, type]) => [name, type.optional().meta(type.meta() ?? {})]))

const plain = (name: string): string => name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()

function recordedBy({ actor }: Context): string | null {
  return actor.kind === 'staff' ? actor.id : null
}

/** Holds the customer and reads the current version of the record, which is open. Throws `not_found`, `version_conflict`, `already_closed`. */
export async function lockRecord(
  { db }: Context,
  { table, noun }: RecordKind,
  customerId: string,
  recordId: string,
  expected: number | undefined,
): Promise<RecordRow> {
  const customer = (await lockCustomerReferences(db, [customerId])).get(customerId)
  const stored = customer && (await findRecord(db, table, { customerId, id: recordId }))
  if (!stored) throw notFound(plain(noun))
  checkVersion(expected, Number(stored['version']))
  requireOpen(String(stored['status']))
  return stored
}

/** Writes and records the next version, and answers it. */
export async function revise(
  context: Context,
  { table, noun, subject }: RecordKind,
  stored: RecordRow,
  changes: object,
  event: `${RecordSubject}.${'updated' | 'ended'}` | 'privilege_grant.used',
): Promise<Record<string, unknown>> {
  const { db, now, record } = context
  const [customerId, recordId] = [String(stored['customerId']), String(stored['id'])]
  const at = { customerId, id: recordId, version: Number(stored['version']) }
  await reviseRecord(db, table, at, { ...changes, recordedBy: recordedBy(context) }, now)
  record({ event, subjectType: subject, subjectId: recordId, customerId, changed: changedFields(stored, changes) })
  return answerOne(context, viewNamed(noun), current(customerId, recordId))
}

/** The operations of a kind of records: one, several, make, correct, end. */
export function recordOperations(kind: RecordKind): readonly Operation[] {
  const { noun, subject, plural, called, several, description, domain, table, required, optional, amounts, check, end } = kind
  const view = viewNamed(noun)
  const key = idOf(view)
  const permission = 'dossier:write'
  const errors = ['not_found', 'conflict', 'already_exists', 'unknown_currency', 'outside_period', 'already_closed'] as const
  return [
    ...dossierQueries({
      view: noun,
      domain,
      one: {
        name: key.slice(0, -2),
        summary: `One ${plain(noun)} of a customer`,
        description: `${description} With its earlier versions.`,
      },
      many: {
        name: plural,
        summary: `${several} of a customer`,
        description: `${description} Newest first, each in its current version.`,
      },
      filters: { status: z.enum(kind.statuses).optional().meta({ description: 'With this status.' }) },
      counts: isNewestVersion,
    }),
    viewOperation(view, {
      kind: 'command',
      name: `create${noun}`,
      summary: `Record ${called}`,
      description: `${description}${kind.replaces ? ' Ends the previous active one.' : ''}`,
      permission,
      domain,
      input: z.strictObject({ customerId: id, ...required, source, ...optionalOf(optional), ...common }),
      errors,
      async run(context, input: Values) {
        const { db, now, today, newId, record } = context
        const { customerId: customer, ...values } = input
        const customerId = String(customer)
        const whole: Values = { notedOn: today, ...kind.defaults?.(values, today), ...values }
        requirePast(whole['notedOn'] as Day, today, 'notedOn')
        const money = amountsOf(amounts, values, {}, kind.signed)
        check(whole, today)
        const locked = (await lockCustomerReferences(db, [customerId])).get(customerId)
        if (!locked) throw notFound('customer')
        requireOpenRecord(locked.status, 'customerId')
        await kind.refer?.(context, customerId, values)
        if (kind.replaces) await endActive(context, kind, customerId)
        const recordId = newId()
        const row = { status: kind.statuses[0], ...whole, ...money, recordedBy: recordedBy(context), recordedAt: now }
        const place = { customerId, id: recordId, version: 1, institutionPath: locked.institutionPath }
        await insertOwned(db, table, { ...row, ...place } as object)
        record({
          event: `${subject}.created`,
          subjectType: subject,
          subjectId: recordId,
          customerId,
          changed: changedFields(undefined, whole),
        })
        return answerOne(context, view, current(customerId, recordId))
      },
    }),
    viewOperation(view, {
      kind: 'command',
      name: `correct${noun}`,
      summary: `Correct ${called}`,
      description:
        'Changes the given fields and leaves the others. Requires the version that was read; that version stays readable in the history.',
      permission,
      domain,
      input: z.strictObject({
        customerId: id,
        [key]: id,
        ...optionalOf({ ...required, source, ...optional }),
        ...common,
        expectedVersion,
      }),
      errors,
      concurrency: 'required',
      async run(context, input: Values & { readonly expectedVersion?: number | undefined }) {
        const { today } = context
        const { customerId, [key]: recordId, expectedVersion: expected, ...values } = input
        const stored = await lockRecord(context, kind, String(customerId), String(recordId), expected)
        requirePast(values['notedOn'] as Day | undefined, today, 'notedOn')
        const money = amountsOf(amounts, values, stored, kind.signed)
        check({ ...stored, ...values }, today)
        await kind.refer?.(context, String(customerId), values, stored)
        return revise(context, kind, stored, { ...values, ...money }, `${kind.subject}.updated`)
      },
    }),
    viewOperation(view, {
      kind: 'command',
      name: `end${noun}`,
      summary: end.summary,
      description: 'It stays readable, with all its versions.',
      permission,
      domain,
      input: z.strictObject({ customerId: id, [key]: id, ...end.shape, expectedVersion }),
      errors,
      concurrency: 'optional',
      async run(context, input: Values & { readonly expectedVersion?: number | undefined }) {
        const { customerId, [key]: recordId, expectedVersion: expected } = input
        const stored = await lockRecord(context, kind, String(customerId), String(recordId), expected)
        return revise(context, kind, stored, { status: end.status(input) }, `${kind.subject}.ended`)
      },
    }),
  ]
}

/** Ends what is active of a kind, to make room for a new one. */
async function endActive(context: Context, { table, subject }: RecordKind, customerId: string): Promise<void> {
  const { db, now, record } = context
  for (const { id: recordId, version } of await activeRecords(db, table, customerId)) {
    await reviseRecord(
      db,
      table,
      { customerId, id: recordId, version },
      { status: 'ended', recordedBy: recordedBy(context) },
      now,
    )
    record({ event: `${subject}.ended`, subjectType: subject, subjectId: recordId, customerId, changed: ['status'] })
  }
}
