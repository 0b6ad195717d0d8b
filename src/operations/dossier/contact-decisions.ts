import { z } from 'zod'
import { dayOf } from '../../core/kernel/calendar.ts'
import { defaultQuietHours, messageClasses } from '../../core/dossier/consents.ts'
import {
  classOf,
  contactDecision as decide,
  contactEffects,
  contactReasons,
  localTimeOf,
  messageClassRefusal,
} from '../../core/dossier/contact-decisions.ts'
import { notFound } from '../../core/kernel/errors.ts'
import { ownSource } from '../../core/kernel/feed.ts'
import { instant } from '../../core/kernel/scalars.ts'
import { findContactFacts, findQuietHours, type QuietHoursOf, writeQuietHours } from '../../db/dossier/consents.ts'
import { operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'
import { channel, purpose, timeOfDay } from './consents.ts'

const domain = 'Customer Relationship Management'

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

export const contactDecisionOperations = [contactDecision, quietHours, setQuietHours]
