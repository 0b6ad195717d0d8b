import { z } from 'zod'
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
  contactWishesRefusal,
  defaultQuietHours,
  localTimeOf,
  messageClasses,
  messageClassRefusal,
} from '../../core/dossier/consents.ts'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import { ownSource } from '../../core/kernel/feed.ts'
import { distinct, instant, remark } from '../../core/kernel/scalars.ts'
import {
  findContactFacts,
  findQuietHours,
  insertConsent,
  type QuietHoursOf,
  writeContactPreference,
  writeQuietHours,
} from '../../db/dossier/consents.ts'
import { findCustomerState, seesCustomer } from '../../db/dossier/customers.ts'
import { viewNamed } from '../../db/views.ts'
import { consentKeys, isCurrentConsent } from '../../db/dossier/views/consents.ts'
import { type Context, operation, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage, orderBy } from '../platform/reading.ts'
import { daySchema, expectedVersion, id, sourceName } from '../platform/scalars.ts'

const consentView = viewNamed('ConsentEvent')
const preferenceView = viewNamed('ContactPreference')
const domain = 'Customer Relationship Management'

const channel = z.enum(contactChannels).meta({ description: 'By which way.' })
const purpose = z.enum(consentPurposes).meta({ description: 'What for.' })
const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'A local time such as 09:30 is needed.' })
  .meta({ examples: ['09:30'] })

async function refuseUnseen({ db }: Context, customerId: string): Promise<void> {
  if (!(await seesCustomer(db, customerId))) throw notFound('customer')
}

export const recordConsent = viewOperation(consentView, {
  kind: 'command',
  name: 'recordConsent',
  summary: 'Take down that a customer has consented or withdrawn',
  description:
    'For a channel and a purpose, with the evidence. Nothing is changed or removed: what was given last is what holds, so that a form that comes late does not undo a later withdrawal. A withdrawal is always taken and needs neither a reason nor a reference.',
  permission: 'consent:write',
  domain,
  input: z.strictObject({
    customerId: id,
    channel,
    purpose,
    decision: z.enum(consentDecisions).meta({ description: 'What the customer decided.' }),
    evidence: z.enum(consentEvidences).meta({ description: 'What shows it.' }),
    evidenceReference: remark(200)
      .optional()
      .meta({ description: 'Where the evidence is kept; a consent needs it.', examples: ['F-2026-1'] }),
    givenAt: instant
      .optional()
      .meta({ description: 'When the customer decided; now where it is missing.', examples: ['2026-11-20T09:00:00+08:00'] }),
    source: sourceName.optional(),
  }),
  errors: ['not_found', 'conflict'],
  async run(context, { customerId, givenAt, evidenceReference, source, ...said }) {
    const { db, now, actor, newId } = context
    const customer = await findCustomerState(db, customerId)
    if (!customer) throw notFound('customer')
    const consent = {
      ...said,
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
      event: `consent.${said.decision}`,
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
      details: { channel: said.channel, purpose: said.purpose },
    })
    return answerOne(
      context,
      consentView,
      (row, bind) => `${row}.customer_id = ${bind(customerId)}::uuid and ${row}.id = ${bind(consentId)}::uuid`,
    )
  },
})

export const consents = pageOperation(consentView, {
  kind: 'query',
  name: 'consents',
  summary: 'What a customer consents to now',
  description: 'The newest decision for each channel and purpose; what is missing was never asked.',
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
      where: (row, bind) => [`${row}.customer_id = ${bind(customerId)}::uuid`, isCurrentConsent(row)],
      orRefuse: () => refuseUnseen(context, customerId),
    }),
})

export const consentHistory = pageOperation(consentView, {
  kind: 'query',
  name: 'consentHistory',
  summary: 'All that a customer has consented to and withdrawn',
  description: 'The latest first, with the evidence of each.',
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
      where: (row, bind) => [
        `${row}.customer_id = ${bind(customerId)}::uuid`,
        ...(by === undefined ? [] : [`${row}.channel = ${bind(by)}::text`]),
        ...(what === undefined ? [] : [`${row}.purpose = ${bind(what)}::text`]),
      ],
      orRefuse: () => refuseUnseen(context, customerId),
    }),
})

export const contactPreference = viewOperation(preferenceView, {
  kind: 'query',
  name: 'contactPreference',
  summary: 'How a customer wishes to be contacted',
  description: 'Not found where the customer has said nothing.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({ customerId: id }),
  errors: ['not_found'],
  run: (context, { customerId }) =>
    answerOne(context, preferenceView, (row, bind) => `${row}.customer_id = ${bind(customerId)}::uuid`),
})

export const setContactPreference = viewOperation(preferenceView, {
  kind: 'command',
  name: 'setContactPreference',
  summary: 'Say how a customer wishes to be contacted',
  description:
    'All of it: what is left out is no longer wished, so that do-not-contact can be taken back. Hours are local times of the institution that keeps the customer.',
  permission: 'consent:write',
  domain,
  input: z.strictObject({
    customerId: id,
    preferredChannels: distinct(z.enum(contactChannels), contactChannels.length)
      .default([])
      .meta({ description: 'Ways that the customer likes, the dearest first.' }),
    hoursFrom: timeOfDay.optional().meta({ description: 'From this local time on.', examples: ['09:30'] }),
    hoursUntil: timeOfDay.optional().meta({ description: 'Until this local time.', examples: ['18:00'] }),
    mostPerMonth: z.int().min(0).max(100).optional().meta({ description: 'Most contacts a month.' }),
    topics: distinct(remark(60), 20).default([]).meta({ description: 'What the customer wants to hear of.' }),
    doNotContact: z.boolean().default(false).meta({ description: 'Whether the customer asks not to be contacted.' }),
    doNotContactReason: remark(200).optional().meta({ description: 'Why, where the customer says so.' }),
    doNotContactUntil: daySchema.optional().meta({ description: 'Last day on which it holds.' }),
    source: sourceName.optional(),
    expectedVersion,
  }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, expectedVersion: expected, source, ...said }) {
    const { db, now, today } = context
    await refuseUnseen(context, customerId)
    const wishes = {
      ...said,
      hoursFrom: said.hoursFrom ?? null,
      hoursUntil: said.hoursUntil ?? null,
      mostPerMonth: said.mostPerMonth ?? null,
      doNotContactReason: said.doNotContactReason ?? null,
      doNotContactUntil: said.doNotContactUntil ?? null,
    }
    const refusal = contactWishesRefusal(wishes, today)
    if (refusal) throw refusal
    const written = await writeContactPreference(db, {
      ...wishes,
      customerId,
      source: source ?? ownSource,
      now,
      expectedVersion: expected,
    })
    if (!written) throw new DomainError('version_conflict', 'It has changed since you saw it.')
    context.record({
      event: 'contact_preference.set',
      subjectType: 'contact_preference',
      subjectId: customerId,
      customerId,
      changed: Object.keys(wishes),
    })
    return answerOne(context, preferenceView, (row, bind) => `${row}.customer_id = ${bind(customerId)}::uuid`)
  },
})

const messageClass = z.enum(messageClasses).meta({
  description:
    'What the message is: `important` is what the law demands or what keeps the customer from harm. By default `marketing` for marketing, else `routine`.',
})

export const contactDecision = operation({
  kind: 'query',
  name: 'contactDecision',
  summary: 'May this customer be contacted by this channel for this purpose?',
  description:
    'Yes or no, with every reason: the relation, age, reachability, consent, do-not-contact, quiet hours at the customer’s institution and the customer’s own hours. Ask it right before the contact: a consent that is withdrawn while a contact is planned counts.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({
    customerId: id,
    channel,
    purpose,
    messageClass: messageClass.optional(),
    at: instant.optional().meta({
      description: 'For a contact at this instant, by the consents given by then; now where it is missing.',
      examples: ['2026-11-23T10:00:00+08:00'],
    }),
  }),
  output: z
    .object({
      customerId: z.uuid().meta({ description: 'The customer.' }),
      channel,
      purpose,
      messageClass,
      allowed: z.boolean().meta({ description: 'Whether nothing forbids it.' }),
      reasons: z
        .array(
          z
            .object({
              code: z.enum(contactReasons).meta({ description: 'The ground.' }),
              effect: z.enum(contactEffects).meta({
                description: '`overruled` would forbid, but does not hold for an important message.',
              }),
              message: z.string().meta({ description: 'In words.' }),
              source: z.string().meta({ description: 'The law, or `ours` for a rule of the bank.' }),
              verified: z
                .boolean()
                .meta({ description: 'False for a law that is cited from memory: the bank has it confirmed or replaced.' }),
            })
            .meta({ id: 'ContactReason', description: 'A ground for or against a contact.' }),
        )
        .meta({ description: 'All grounds, those that forbid and those that allow.' }),
      at: z.iso.datetime().meta({ description: 'The instant that was decided for.' }),
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
    from: z.string().meta({ description: 'Local time HH:MM at which they begin.' }),
    until: z.string().meta({ description: 'Local time HH:MM at which they end, on the next day where that is earlier.' }),
    source: z.string().meta({ description: 'Who says so: `ours` where the bank has said nothing.' }),
    institutionId: z.uuid().nullable().meta({ description: 'The institution that says so; null for the default.' }),
  })
  .meta({ id: 'QuietHours', description: 'When nobody is contacted.' })

const answered = (found: QuietHoursOf | null) => found ?? { ...defaultQuietHours, institutionId: null }

export const quietHours = operation({
  kind: 'query',
  name: 'quietHours',
  summary: 'When nobody is contacted',
  description:
    'The quiet hours that hold for customers of an institution: its own, or those of the nearest one above, or the default.',
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
  summary: 'Say when nobody is contacted',
  description: 'For customers of an institution and of all below it that say nothing themselves.',
  permission: 'calendar:write',
  domain,
  input: z.strictObject({
    institutionId: id,
    from: timeOfDay.meta({ description: 'Local time at which they begin.', examples: ['20:00'] }),
    until: timeOfDay.meta({
      description: 'Local time at which they end, on the next day where that is earlier.',
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
