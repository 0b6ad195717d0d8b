import { textsEqual, all, ofCustomer, orderBy } from '../../db/platform/views/conditions.ts'
import { z } from 'zod'
import { changedFields } from '../../core/kernel/changes.ts'
import { checkVersion } from '../platform/versions.ts'
import { callerOf } from '../../core/kernel/actors.ts'
import {
  consentDecisions,
  consentEvidences,
  consentPurposes,
  consentRefusal,
  contactChannels,
  contactPreferenceRefusal,
} from '../../core/dossier/consents.ts'
import { notFound } from '../../core/kernel/errors.ts'
import { ownSource } from '../../core/kernel/feed.ts'
import { distinct, instant, remark } from '../../core/kernel/scalars.ts'
import { insertConsent, lockContactPreference, writeContactPreference } from '../../db/dossier/consents.ts'
import { findCustomerState, seesCustomer } from '../../db/dossier/customers.ts'
import { viewNamed } from '../../db/views.ts'
import { consentKeys, isCurrentConsent } from '../../db/dossier/views/consents.ts'
import { type Context, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { daySchema, expectedVersion, id, sourceName } from '../platform/scalars.ts'

const consentView = viewNamed('ConsentEvent')

const preferenceView = viewNamed('ContactPreference')

const domain = 'Customer Relationship Management'

export const channel = z.enum(contactChannels).meta({ description: 'Channel.' })

export const purpose = z.enum(consentPurposes).meta({ description: 'Purpose.' })

export const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'Must be a local time, such as 09:30.' })
  .meta({ examples: ['09:30'] })

async function refuseUnseen({ db }: Context, customerId: string): Promise<void> {
  if (!(await seesCustomer(db, customerId))) throw notFound('customer')
}

export const recordConsent = viewOperation(consentView, {
  kind: 'command',
  name: 'recordConsent',
  summary: 'Record that a customer has given or withdrawn a consent',
  description:
    'For a channel and a purpose, with evidence. Nothing is changed or removed: the decision with the latest givenAt applies, so a form that arrives late does not undo a later withdrawal. A withdrawal is always accepted and needs neither a reason nor a reference.',
  permission: 'consent:write',
  domain,
  input: z.strictObject({
    customerId: id,
    channel,
    purpose,
    decision: z.enum(consentDecisions).meta({ description: 'What the customer decided.' }),
    evidence: z.enum(consentEvidences).meta({ description: 'Evidence.' }),
    evidenceReference: remark(200)
      .optional()
      .meta({ description: 'Reference to the evidence; required for a consent.', examples: ['F-2026-1'] }),
    givenAt: instant
      .optional()
      .meta({ description: 'When the customer decided; now by default.', examples: ['2026-11-20T09:00:00+08:00'] }),
    source: sourceName.optional(),
  }),
  errors: ['not_found', 'conflict'],
  async run(context, { customerId, givenAt, evidenceReference, source, ...terms }) {
    const { db, now, actor, newId } = context
    const customer = await findCustomerState(db, customerId)
    if (!customer) throw notFound('customer')
    const consent = {
      ...terms,
      evidenceReference: evidenceReference ?? null,
      givenAt: givenAt === undefined ? now : new Date(givenAt),
    }
    const refusal = consentRefusal(consent, customer.status, now)
    if (refusal) throw refusal
    const consentId = newId()
    await insertConsent(db, {
      ...consent,
      id: consentId,
      customerId,
      recordedBy: callerOf(actor),
      source: source ?? ownSource,
      now,
    })
    context.record({
      event: `consent.${terms.decision}`,
      subjectType: 'consent_event',
      subjectId: consentId,
      customerId,
      changed: [
        'channel',
        'purpose',
        'decision',
        'evidence',
        'givenAt',
        ...(evidenceReference === undefined ? [] : ['evidenceReference']),
      ],
      details: { channel: terms.channel, purpose: terms.purpose },
    })
    return answerOne(context, consentView, ofCustomer(customerId, consentId))
  },
})

export const consents = pageOperation(consentView, {
  kind: 'query',
  name: 'consents',
  summary: 'Current consents of a customer',
  description: 'The newest decision for each channel and purpose; a missing combination was never asked.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({ customerId: id, ...pageInput }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, { customerId, ...page }) =>
    answerPage(context, consentView, {
      ...page,
      order: orderBy('channel', 'asc', [
        ['channel', 'text'],
        ['purpose', 'text'],
      ]),
      where: all(ofCustomer(customerId), (row) => [isCurrentConsent(row)]),
      orRefuse: () => refuseUnseen(context, customerId),
    }),
})

export const consentHistory = pageOperation(consentView, {
  kind: 'query',
  name: 'consentHistory',
  summary: 'All consents given and withdrawn by a customer',
  description: 'Newest first, each with its evidence.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({
    customerId: id,
    channel: channel.optional(),
    purpose: purpose.optional(),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, { customerId, channel: by, purpose: what, ...page }) =>
    answerPage(context, consentView, {
      ...page,
      order: { name: 'given_at', direction: 'desc', keys: consentKeys },
      where: all(ofCustomer(customerId), textsEqual({ channel: by, purpose: what })),
      orRefuse: () => refuseUnseen(context, customerId),
    }),
})

export const contactPreference = viewOperation(preferenceView, {
  kind: 'query',
  name: 'contactPreference',
  summary: 'Contact preference of a customer',
  description: 'Not found if none was recorded.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({ customerId: id }),
  errors: ['not_found'],
  run: (context, { customerId }) => answerOne(context, preferenceView, ofCustomer(customerId)),
})

export const setContactPreference = viewOperation(preferenceView, {
  kind: 'command',
  name: 'setContactPreference',
  summary: 'Set the contact preference of a customer',
  description:
    'Replaces it as a whole: omitted fields are cleared, so that do-not-contact can be lifted. Hours are local times of the customer’s institution.',
  permission: 'consent:write',
  domain,
  input: z.strictObject({
    customerId: id,
    preferredChannels: distinct(z.enum(contactChannels), contactChannels.length)
      .default([])
      .meta({ description: 'Preferred channels, most preferred first.' }),
    hoursFrom: timeOfDay.optional().meta({ description: 'From this local time.', examples: ['09:30'] }),
    hoursUntil: timeOfDay.optional().meta({ description: 'Until this local time.', examples: ['18:00'] }),
    maxPerMonth: z.int().min(0).max(100).optional().meta({ description: 'Maximum number of contacts a month.' }),
    topics: distinct(remark(60), 20).default([]).meta({ description: 'Topics of interest.' }),
    doNotContact: z.boolean().default(false).meta({ description: 'Whether the customer asks not to be contacted.' }),
    doNotContactReason: remark(200).optional().meta({ description: 'Reason, if the customer gave one.' }),
    doNotContactUntil: daySchema.optional().meta({ description: 'Last day on which it applies.' }),
    source: sourceName.optional(),
    expectedVersion,
  }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, expectedVersion: expected, source, ...terms }) {
    const { db, now, today } = context
    await refuseUnseen(context, customerId)
    const wishes = {
      ...terms,
      hoursFrom: terms.hoursFrom ?? null,
      hoursUntil: terms.hoursUntil ?? null,
      maxPerMonth: terms.maxPerMonth ?? null,
      doNotContactReason: terms.doNotContactReason ?? null,
      doNotContactUntil: terms.doNotContactUntil ?? null,
    }
    const refusal = contactPreferenceRefusal(wishes, today)
    if (refusal) throw refusal
    const before = await lockContactPreference(db, customerId)
    checkVersion(expected, before?.version)
    await writeContactPreference(db, { ...wishes, customerId, source: source ?? ownSource, now })
    context.record({
      event: 'contact_preference.set',
      subjectType: 'contact_preference',
      subjectId: customerId,
      customerId,
      changed: changedFields(before, wishes),
    })
    return answerOne(context, preferenceView, ofCustomer(customerId))
  },
})

export const consentOperations = [recordConsent, consents, consentHistory, contactPreference, setContactPreference]
