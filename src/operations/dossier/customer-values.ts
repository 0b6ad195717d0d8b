import { ofCustomer, orderBy } from '../../db/platform/views/conditions.ts'
import { checkVersion } from '../platform/versions.ts'
import { changedFields } from '../../core/kernel/changes.ts'
import { DomainError, notFound, refuseField } from '../../core/kernel/errors.ts'
import { requireBelowLimit, requireConflicting, requireOpenDossier, type ValueTable } from '../../core/dossier/identity.ts'
import type { Permission } from '../../core/kernel/permissions.ts'
import { z } from 'zod'
import type { Db } from '../../db/platform/database.ts'
import type { StoredCustomer } from '../../db/dossier/customer-records.ts'
import {
  deleteValue,
  lockCustomer,
  markConflicts,
  readWholeValue,
  saveDismissed,
  saveVerified,
} from '../../db/dossier/identity.ts'
import type { View } from '../../db/platform/views/view.ts'
import { type Context, type Operation, viewOperation } from '../platform/operation.ts'
import { answerOne } from '../platform/reading.ts'
import { expectedVersion, id } from '../platform/scalars.ts'
import { idOf } from './under-customer.ts'

export const domain = 'Party Reference Data Directory'

const permission = 'customer:write'

/** What every command on a value declares. What is written is answered, masked: whoever writes must be one who may read it. */
export const writing = {
  kind: 'command',
  permission,
  domain,
  alsoNeeds: (): readonly Permission[] => [permission, 'identity:read'],
} as const

/** Values to review come by institution and customer. */
export const byPlace = orderBy('place', 'asc', [
  ['institution_path', 'text'],
  ['customer_id', 'uuid'],
  ['id', 'uuid'],
])

interface StoredValue {
  readonly id: string
  readonly version: number
  readonly conflicting: boolean
}

/** A kind of values that a customer may have several of: where they are stored, and what its commands say. */
export interface ValueKind<Row extends StoredValue> {
  readonly view: View
  readonly table: ValueTable
  /** What an error calls one. */
  readonly noun: string
  /** What a summary calls one, with its article. */
  readonly called: string
  readonly list: (db: Db, customerId: string) => Promise<Row[]>
  /** The field and the message of a second one like it. */
  readonly duplicate: { readonly field?: string; readonly message: string }
  readonly removal: string
  readonly verification: string
  /** Throws a refusal of what cannot be verified as it is. */
  readonly requireVerifiable?: (row: Row) => void
}

/** What a command makes of a value. */
interface ValueChange<Row> {
  /** The fields in clear, before and after: those that differ are the changed ones of the audit. */
  readonly before?: object
  readonly after: object
  /** Whether a stored one is like this. */
  readonly isSame: (row: Row) => boolean
  readonly save: (id: string) => Promise<void>
  /** Whether it may change what conflicts with a verified value. */
  readonly affectsConflicts: boolean
}

async function openDossier({ db }: Context, customerId: string): Promise<StoredCustomer> {
  const customer = await lockCustomer(db, customerId)
  if (!customer) throw notFound('customer')
  requireOpenDossier(customer.status)
  return customer
}

function requireNew<Row extends StoredValue>(
  { duplicate: { field, message } }: ValueKind<Row>,
  rows: readonly Row[],
  isSame: (row: Row) => boolean,
): void {
  if (!rows.some(isSame)) return
  throw field === undefined
    ? new DomainError('already_exists', message)
    : refuseField('already_exists', field, 'already_exists', message)
}

/** The one that is meant, in the version that was read. Throws `not_found`, `version_conflict`. */
function requireVersioned<Row extends StoredValue>(
  { noun }: ValueKind<Row>,
  rows: readonly Row[],
  rowId: string,
  expected: number | undefined,
): Row {
  const found = rows.find((one) => one.id === rowId)
  if (!found) throw notFound(noun)
  checkVersion(expected, found.version)
  return found
}

/** Adds a value to a customer and answers it. Throws `not_found`, `already_exists`, `conflict`, and what `changeOf` throws. */
export async function addValue<Row extends StoredValue>(
  context: Context,
  kind: ValueKind<Row>,
  customerId: string,
  changeOf: (customer: StoredCustomer) => ValueChange<Row>,
): Promise<Record<string, unknown>> {
  const { db, newId, record } = context
  const customer = await openDossier(context, customerId)
  const rows = await kind.list(db, customerId)
  const { after, isSame, save, affectsConflicts } = changeOf(customer)
  requireNew(kind, rows, isSame)
  requireBelowLimit(rows.length)
  const subjectId = newId()
  await save(subjectId)
  if (affectsConflicts) await markConflicts(db, kind.table, [customerId])
  const changed = changedFields(undefined, after)
  record({ event: `${kind.table}.created`, subjectType: kind.table, subjectId, customerId, changed })
  return answerOne(context, kind.view, ofCustomer(customerId, subjectId))
}

/** Corrects a value and answers it. Throws `not_found`, `version_conflict`, `already_exists`, `conflict`, and what `changeOf` throws. */
export async function correctValue<Row extends StoredValue>(
  context: Context,
  kind: ValueKind<Row>,
  { customerId, rowId, expected }: { readonly customerId: string; readonly rowId: string; readonly expected: number | undefined },
  changeOf: (customer: StoredCustomer, row: Row) => Promise<ValueChange<Row>>,
): Promise<Record<string, unknown>> {
  const { db, record } = context
  const customer = await openDossier(context, customerId)
  const rows = await kind.list(db, customerId)
  const row = requireVersioned(kind, rows, rowId, expected)
  const { before, after, isSame, save, affectsConflicts } = await changeOf(customer, row)
  requireNew(
    kind,
    rows.filter((one) => one !== row),
    isSame,
  )
  await save(rowId)
  if (affectsConflicts) await markConflicts(db, kind.table, [customerId])
  const changed = changedFields(before, after)
  record({ event: `${kind.table}.updated`, subjectType: kind.table, subjectId: rowId, customerId, changed })
  return answerOne(context, kind.view, ofCustomer(customerId, rowId))
}

const dismissal =
  'It is deleted, and appears again only if that source sends another value. Returns what it was. Refused for anything but a feed value that conflicts with a verified one.'

interface ValueCommands {
  readonly remove: Operation
  readonly verify: Operation
  readonly dismiss: Operation
}

/** The commands that are the same for every kind of values: remove, verify, dismiss. */
export function valueCommands<Row extends StoredValue>(kind: ValueKind<Row>): ValueCommands {
  const { view, table, called, list } = kind
  const key = idOf(view)
  const command = {
    ...writing,
    input: z.strictObject({ customerId: id, [key]: id, expectedVersion }),
    errors: ['not_found', 'conflict'],
    concurrency: 'optional',
  } as const
  const meant = (input: Readonly<Record<string, unknown>>) => ({
    customerId: String(input['customerId']),
    rowId: String(input[key]),
    expected: input['expectedVersion'] as number | undefined,
  })
  return {
    remove: viewOperation(view, {
      ...command,
      name: `remove${view.name}`,
      summary: `Remove ${called} of a customer`,
      description: kind.removal,
      async run(context, input) {
        const { customerId, rowId, expected } = meant(input)
        const { db, record } = context
        await openDossier(context, customerId)
        requireVersioned(kind, await list(db, customerId), rowId, expected)
        const was = await answerOne(context, view, ofCustomer(customerId, rowId))
        await deleteValue(db, table, customerId, rowId)
        await markConflicts(db, table, [customerId])
        record({ event: `${table}.removed`, subjectType: table, subjectId: rowId, customerId })
        return was
      },
    }),
    verify: viewOperation(view, {
      ...command,
      name: `verify${view.name}`,
      summary: `Verify ${called}`,
      description: kind.verification,
      async run(context, input) {
        const { customerId, rowId, expected } = meant(input)
        const { db, now, record } = context
        await openDossier(context, customerId)
        const row = requireVersioned(kind, await list(db, customerId), rowId, expected)
        kind.requireVerifiable?.(row)
        await saveVerified(db, table, customerId, rowId, now)
        await markConflicts(db, table, [customerId])
        record({ event: `${table}.verified`, subjectType: table, subjectId: rowId, customerId, changed: ['verifiedAt'] })
        return answerOne(context, view, ofCustomer(customerId, rowId))
      },
    }),
    dismiss: viewOperation(view, {
      ...command,
      name: `dismiss${view.name}`,
      summary: `Dismiss ${called} from a feed that conflicts with a verified one`,
      description: dismissal,
      async run(context, input) {
        const { customerId, rowId, expected } = meant(input)
        const { db, vault, record } = context
        await openDossier(context, customerId)
        // A verification may have lapsed since the conflicts were marked.
        await markConflicts(db, table, [customerId])
        const row = requireVersioned(kind, await list(db, customerId), rowId, expected)
        const was = await answerOne(context, view, ofCustomer(customerId, rowId))
        requireConflicting(row)
        await saveDismissed(db, vault, table, customerId, rowId, await readWholeValue(db, vault, table, customerId, rowId))
        await deleteValue(db, table, customerId, rowId)
        record({ event: `${table}.dismissed`, subjectType: table, subjectId: rowId, customerId })
        return was
      },
    }),
  }
}

/** What lists of values in conflict, of contact points and addresses, say. */
export const reviewDescription =
  'Feed values that conflict with verified ones, of customers in your scope, one per source and kind. Ordered by institution and customer. Verify a value if it is also right, or dismiss it.'
