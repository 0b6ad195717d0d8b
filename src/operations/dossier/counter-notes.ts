import { idsEqual, textsEqual, all, ofCustomer, orderBy } from '../../db/platform/views/conditions.ts'
import { ownedInReach } from '../../db/dossier/reach.ts'
import { customerRow, customerTexts } from '../../core/dossier/customer-rows.ts'
import { z } from 'zod'
import { changedFields } from '../../core/kernel/changes.ts'
import { callerOf, type StaffActor } from '../../core/kernel/actors.ts'
import { DomainError, notFound, refuseField } from '../../core/kernel/errors.ts'
import { ownSource } from '../../core/kernel/feed.ts'
import { singleLine, paragraph } from '../../core/kernel/scalars.ts'
import { normaliseContact } from '../../core/dossier/identity.ts'
import { requireWithinLimit } from '../../core/dossier/recognition.ts'
import { foldName } from '../../core/kernel/text.ts'
import { lockCustomers } from '../../db/dossier/assets.ts'
import { countCall } from '../../db/platform/call-counts.ts'
import { insertCounterNote, isAcknowledged, lockCounterNote, updateCounterNote } from '../../db/dossier/counter-notes.ts'
import { applyCustomers } from '../../db/dossier/customer-feed.ts'
import { findInstitutionCode } from '../../db/organisation/institutions.ts'
import { recogniseByHash, lockNewProspects } from '../../db/dossier/recognition.ts'
import { viewNamed } from '../../db/views.ts'
import { type RowWrites, writeRow } from '../platform/feed-writes.ts'
import { type Context, operation, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { id } from '../platform/scalars.ts'

import { manager } from './recognition.ts'

const domain = 'Customer Relationship Management'
const noteView = viewNamed('CounterNote')

/** Of how many who share a phone the names are compared. */
const MAX_NAMESAKES = 100

export const counterNoteKinds = ['need', 'hint', 'referral'] as const

const newcomers: RowWrites<typeof customerRow> = {
  noun: 'Customer',
  subject: 'customer',
  texts: customerTexts,
  permission: 'customer:recognise',
  row: customerRow,
  apply: applyCustomers,
}

export const createCounterNote = operation({
  kind: 'command',
  name: 'createCounterNote',
  summary: 'Create a counter note for the customer’s relationship manager',
  description:
    'About a customer of any branch, by the `customerId` of the greeting card, or about a person who is not a customer yet, by `name` and `phone`: the person becomes a prospect of your institution, unless a record with this name and phone exists: then the note is about that one. Counts towards `RECOGNITIONS_PER_MINUTE`. You are credited with the note; the customer’s relationship manager and branch can read it.',
  permission: 'customer:recognise',
  domain,
  input: z
    .strictObject({
      customerId: id.optional().meta({ description: 'The customer, from the greeting card.' }),
      name: singleLine(200).optional().meta({ description: 'Name of a person who is not a customer yet.' }),
      phone: singleLine(40).optional().meta({ description: 'Their phone. Stored encrypted.' }),
      kind: z.enum(counterNoteKinds).meta({ description: 'A need, a hint, or a referral.' }),
      text: paragraph(2000)
        .min(3)
        .meta({ description: 'Text of the note. No document or phone numbers.', examples: ['asks about home loans'] }),
    })
    .refine(
      ({ customerId, name, phone }) =>
        customerId === undefined ? name !== undefined && phone !== undefined : name === undefined && phone === undefined,
      { error: 'Either customerId, or name and phone are required.', params: { rule: 'customer_or_person' } },
    ),
  output: z
    .object({
      id: id.meta({ description: 'ID of the counter note.' }),
      customerId: id.meta({ description: 'The customer concerned, existing or the new prospect.' }),
      kind: z.enum(counterNoteKinds).meta({ description: 'A need, a hint, or a referral.' }),
      createdAt: z.iso.datetime().meta({ description: 'When it was created.' }),
      prospectCreated: z.boolean().meta({ description: 'Whether a prospect was created.' }),
      relationshipManager: manager
        .nullable()
        .meta({ description: 'The relationship manager who receives it; null if the customer is unassigned.' }),
    })
    .meta({ id: 'CreatedCounterNote', description: 'A counter note that was created.' }),
  errors: ['not_found', 'conflict'],
  async run(context, { customerId, name, phone, kind, text }) {
    const { db, now, newId, actor, record, limits } = context
    if (actor.kind !== 'staff') throw new DomainError('not_permitted', 'Only staff members can create counter notes.')
    requireWithinLimit(
      await countCall(db, callerOf(actor), 'recognition', limits.recognitionsPerMinute, now),
      limits.recognitionsPerMinute,
    )
    const known = customerId ?? (await findNamesake(context, name!, phone!))
    const about = known ?? (await makeProspect(context, actor, name!, phone!))
    const noteId = newId()
    const locked = lockCustomers(db, [about])
    const [left] = await Promise.all([
      insertCounterNote(db, { id: noteId, customerId: about, kind, text, finderId: actor.id, now }),
      locked,
    ])
    if (!left) throw notFound('customer')
    record({
      event: 'counter_note.created',
      subjectType: 'counter_note',
      subjectId: noteId,
      customerId: about,
      changed: ['kind', 'text'],
    })
    const { managerId, managerNumber, managerName } = left
    return {
      id: noteId,
      customerId: about,
      kind,
      createdAt: now.toISOString(),
      prospectCreated: known === undefined,
      relationshipManager:
        managerId === null
          ? null
          : { number: managerNumber!, name: managerName!, isCaller: managerId === actor.id || actor.covers.includes(managerId) },
    }
  },
})

/** Whom the bank knows by this phone under this name. Of two notes about one person at once the second waits for the first. */
async function findNamesake({ db, vault, today }: Context, name: string, phone: string): Promise<string | undefined> {
  const hashes = vault.blindIndexes('phone', normaliseContact('phone', phone, 'phone')).map(({ hash }) => hash)
  await lockNewProspects(db, hashes[0]!)
  const found = await recogniseByHash(db, 'phone', hashes, MAX_NAMESAKES, today)
  return found.find((one) => foldName(one.name) === foldName(name))?.customerId
}

/** A person who is no customer yet, kept by the institution at whose counter they stand. */
async function makeProspect(context: Context, { institutionId }: StaffActor, name: string, phone: string): Promise<string> {
  const institutionCode = await findInstitutionCode(context.db, institutionId)
  if (institutionCode === undefined)
    throw refuseField('conflict', 'name', 'institution', 'Your institution is closed: no prospects can be added.')
  const row = {
    source: ownSource,
    externalId: context.newId(),
    kind: 'individual',
    status: 'prospect',
    name,
    phone,
    institutionCode,
  }
  return (await writeRow(context, newcomers, row)).id
}

const latestFirst = orderBy('created_at', 'desc', [
  ['created_at', 'timestamptz'],
  ['id', 'uuid'],
])

export const counterNotes = pageOperation(noteView, {
  kind: 'query',
  name: 'counterNotes',
  summary: 'Counter notes, newest first',
  description: 'About customers in your scope: relationship managers see what colleagues noted about their customers.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({
    customerId: id.optional().meta({ description: 'About this customer.' }),
    finderId: id.optional().meta({ description: 'Created by this staff member, who is credited.' }),
    acknowledged: z.boolean().optional().meta({ description: 'Only acknowledged notes, or only unacknowledged ones.' }),
    kind: z.enum(counterNoteKinds).optional().meta({ description: 'Of this kind.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor'],
  run: (context, { customerId, finderId, kind, acknowledged, ...page }) =>
    answerPage(context, noteView, {
      ...page,
      order: latestFirst,
      planned: 'each_time',
      where: all(
        customerId === undefined ? ownedInReach(context.scope) : ofCustomer(customerId),
        idsEqual({ finder_id: finderId }),
        textsEqual({ kind }),
        isAcknowledged(acknowledged),
      ),
    }),
})

export const acknowledgeCounterNote = viewOperation(noteView, {
  kind: 'command',
  name: 'acknowledgeCounterNote',
  summary: 'Acknowledge a counter note',
  description: 'Records that you have read the note and will handle it. A note can be acknowledged once.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({ customerId: id, counterNoteId: id.meta({ description: 'The counter note.' }) }),
  errors: ['not_found', 'already_closed'],
  async run(context, { customerId, counterNoteId }) {
    const { db, now, actor, record } = context
    const stored = await lockCounterNote(db, customerId, counterNoteId)
    if (!stored) throw notFound('counter note')
    if (stored.acknowledgedAt !== null) throw new DomainError('already_closed', 'This counter note is already acknowledged.')
    const after = { acknowledgedAt: now, acknowledgedBy: actor.kind === 'staff' ? actor.id : null }
    await updateCounterNote(db, { customerId, id: counterNoteId }, after)
    record({
      event: 'counter_note.acknowledged',
      subjectType: 'counter_note',
      subjectId: counterNoteId,
      customerId,
      changed: changedFields(stored, after),
    })
    return answerOne(context, noteView, ofCustomer(customerId, counterNoteId))
  },
})

export const counterNoteOperations = [createCounterNote, counterNotes, acknowledgeCounterNote]
