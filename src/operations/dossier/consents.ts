import { textsEqual, all, ofCustomer, orderBy } from '../../db/platform/views/conditions.ts'
import { z } from 'zod'
import { changedFields } from '../../core/kernel/changes.ts'
import { checkVersion } from '../platform/versions.ts'
import { callerOf } from '../../core/kernel/actors.ts'
import { dayOf } from '../../core/kernel/calendar.ts'
import {
  classOf,
  consentDecisions,
  consentEvidences,
  consentPurposes,
  consentRefusal,
  contactChannels,
  contactDecision as decide,
  contactEffects,
  contactReasons,
  contactPreferenceRefusal,
  defaultQuietHours,
  localTimeOf,
  messageClasses,
  messageClassRefusal,
} from '../../core/dossier/consents.ts'
import { notFound } from '../../core/kernel/errors.ts'
import { ownSource } from '../../core/kernel/feed.ts'
import { distinct, instant, remark } from '../../core/kernel/scalars.ts'
import {
  findContactFacts,
  findQuietHours,
  insertConsent,
  type QuietHoursOf,
  lockContactPreference,
  writeContactPreference,
  writeQuietHours,
} from '../../db/dossier/consents.ts'
import { findCustomerState, seesCustomer } from '../../db/dossier/customers.ts'
import { viewNamed } from '../../db/views.ts'
import { consentKeys, isCurrentConsent } from '../../db/dossier/views/consents.ts'
import { type Context, operation, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { daySchema, expectedVersion, id, sourceName } from '../platform/scalars.ts'

const consentView = viewNamed('ConsentEvent')
const preferenceView = viewNamed('ContactPreference')
const domain = 'Customer Relationship Management'

const channel = z.enum(contactChannels).meta({ description: 'Channel.' })
const purpose = z.enum(consentPurposes).meta({ description: 'Purpose.' })
const timeOfDay = z
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

const messageClass = z.enum(messageClasses).meta({
  description:
    'Class of the message: `important` if required by law or to protect the customer from harm. By default `marketing` for marketing, otherwise `routine`.',
})

export const contactDecision = operation({
  kind: 'query',
  name: 'contactDecision',
  summary: 'Whether a customer may be contacted by a channel for a purpose',
  description:
    'The decision with every reason: status of the relationship, age, reachability, consent, do-not-contact, quiet hours at the customer’s institution and the customer’s own hours. Ask right before the contact: a consent withdrawn after planning counts.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({
    customerId: id,
    channel,
    purpose,
    messageClass: messageClass.optional(),
    at: instant.optional().meta({
      description: 'For a contact at this time, by the consents given by then; now by default.',
      examples: ['2026-11-23T10:00:00+08:00'],
    }),
  }),
  output: z
    .object({
      customerId: z.uuid().meta({ description: 'The customer.' }),
      channel,
      purpose,
      messageClass,
      allowed: z.boolean().meta({ description: 'Whether the contact is allowed.' }),
      reasons: z
        .array(
          z
            .object({
              code: z.enum(contactReasons).meta({ description: 'Code of the reason.' }),
              effect: z.enum(contactEffects).meta({
                description: '`overruled`: would forbid the contact, but does not apply to an important message.',
              }),
              message: z.string().meta({ description: 'The reason as text.' }),
              source: z.string().meta({ description: 'The law, or `product_default` for a rule without a legal source.' }),
              verified: z
                .boolean()
                .meta({ description: 'False for a law whose citation was not checked: the bank must confirm or replace it.' }),
            })
            .meta({ id: 'ContactReason', description: 'A reason for or against a contact.' }),
        )
        .meta({ description: 'All reasons, forbidding and allowing.' }),
      at: z.iso.datetime().meta({ description: 'The time for which it was decided.' }),
      timeZone: z.string().meta({ description: 'Time zone of the customer’s institution.' }),
      localTime: z.string().meta({ description: 'Local time HH:MM there.' }),
    })
    .meta({ id: 'ContactDecision', description: 'Whether a customer may be contacted, and why.' }),
  errors: ['not_found'],
  async run({ db, now, bank }, { customerId, channel: by, purpose: what, messageClass: named, at: asked }) {
    const ofClass = named ?? classOf(what)
    const refusal = messageClassRefusal(ofClass, what)
    if (refusal) throw refusal
    const at = asked === undefined ? now : new Date(asked)
    const stored = await findContactFacts(db, customerId, by, what, at)
    if (!stored) throw notFound('customer')
    const timeZone = stored.timeZone ?? bank.timeZone
    const localTime = localTimeOf(at, timeZone)
    const { allowed, reasons } = decide({
      ...stored,
      channel: by,
      purpose: what,
      messageClass: ofClass,
      quietHours: stored.quietHours ?? defaultQuietHours,
      today: dayOf(at, timeZone),
      localTime,
    })
    return {
      customerId,
      channel: by,
      purpose: what,
      messageClass: ofClass,
      allowed,
      reasons: [...reasons],
      at: at.toISOString(),
      timeZone,
      localTime,
    }
  },
})

const quietHoursSchema = z
  .object({
    from: z.string().meta({ description: 'Local time HH:MM of the start.' }),
    until: z.string().meta({ description: 'Local time HH:MM of the end, on the next day if earlier than the start.' }),
    source: z.string().meta({ description: 'Source: `product_default` if the bank has set nothing.' }),
    institutionId: z.uuid().nullable().meta({ description: 'The institution that set them; null for the default.' }),
  })
  .meta({ id: 'QuietHours', description: 'Hours in which no customer is contacted.' })

const answered = (found: QuietHoursOf | null) => found ?? { ...defaultQuietHours, institutionId: null }

export const quietHours = operation({
  kind: 'query',
  name: 'quietHours',
  summary: 'Quiet hours of an institution',
  description:
    'The quiet hours that apply to customers of an institution: its own, those of the nearest institution above that has any, or the default.',
  permission: 'organisation:read',
  domain,
  input: z.strictObject({ institutionId: id }),
  output: quietHoursSchema,
  errors: ['not_found'],
  async run({ db }, { institutionId }) {
    const found = await findQuietHours(db, institutionId)
    if (found === undefined) throw notFound('institution')
    return answered(found)
  },
})

export const setQuietHours = operation({
  kind: 'command',
  name: 'setQuietHours',
  summary: 'Set the quiet hours of an institution',
  description: 'For its customers and those of all institutions below that have none of their own.',
  permission: 'calendar:write',
  domain,
  input: z.strictObject({
    institutionId: id,
    from: timeOfDay.meta({ description: 'Local time of the start.', examples: ['20:00'] }),
    until: timeOfDay.meta({
      description: 'Local time of the end, on the next day if earlier than the start.',
      examples: ['09:00'],
    }),
  }),
  output: quietHoursSchema,
  errors: ['not_found'],
  async run(context, { institutionId, from, until }) {
    const { db, now } = context
    if ((await findQuietHours(db, institutionId)) === undefined) throw notFound('institution')
    await writeQuietHours(db, institutionId, { from, until }, ownSource, now)
    context.record({
      event: 'quiet_hours.set',
      subjectType: 'quiet_hours',
      subjectId: institutionId,
      changed: ['from', 'until'],
    })
    return { from, until, source: ownSource, institutionId }
  },
})

export const consentOperations = [
  recordConsent,
  consents,
  consentHistory,
  contactPreference,
  setContactPreference,
  contactDecision,
  quietHours,
  setQuietHours,
]
