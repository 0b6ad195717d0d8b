import type { Day } from '../kernel/calendar.ts'
import type { CustomerKind, CustomerStatus } from './customers.ts'
import { type DomainError, refuseField } from '../kernel/errors.ts'
import type { ContactChannel, ConsentPurpose, ConsentDecision, MessageClass, Hours, ContactPreferenceTerms } from './consents.ts'

/** Everything that decides whether a customer may be contacted, as of one instant at the customer's institution. */
export interface ContactFacts {
  readonly channel: ContactChannel
  readonly purpose: ConsentPurpose
  readonly messageClass: MessageClass
  readonly status: CustomerStatus
  readonly kind: CustomerKind
  readonly birthDate: Day | null
  readonly deceasedOn: Day | null
  /** The newest that was given for this channel and purpose. */
  readonly consent: ConsentDecision | null
  readonly wishes: ContactPreferenceTerms | null
  /** Whether there is a number or address to reach the customer by this channel. */
  readonly reachable: boolean
  readonly quietHours: Hours & { readonly source: string }
  readonly today: Day
  /** `HH:MM`. */
  readonly localTime: string
}

export const contactReasons = [
  'customer_closed',
  'customer_merged',
  'customer_erased',
  'customer_deceased',
  'minor',
  'no_contact_point',
  'consent_missing',
  'consent_withdrawn',
  'consent_granted',
  'consent_not_needed',
  'do_not_contact',
  'quiet_hours',
  'outside_customer_hours',
] as const

export type ContactReasonCode = (typeof contactReasons)[number]

/** `overruled` would forbid, but does not hold for a message of this class. */
export const contactEffects = ['forbids', 'overruled', 'allows'] as const

export interface ContactReason {
  readonly code: ContactReasonCode
  readonly effect: (typeof contactEffects)[number]
  readonly message: string
  /** The law, or `ours` for a rule that the bank has made. */
  readonly source: string
  /** False for a law that is cited from memory: the bank has it confirmed or replaced. */
  readonly verified: boolean
}

/** Laws whose text was not at hand when the rules were written. */
const citedFromMemory: ReadonlySet<string> = new Set([
  'PIPL Art. 13',
  'PIPL Art. 15',
  'PIPL Art. 47',
  'Law on the Protection of Minors Art. 2',
])

type Ground = Omit<ContactReason, 'verified'>

export interface ContactDecision {
  readonly allowed: boolean
  readonly reasons: readonly ContactReason[]
}

/** Minors do not get marketing: those under 18 (Law on the Protection of Minors, Art. 2). */
const FULL_AGE = 18

/** The class of a message for a purpose where the caller names none. */
export function classOf(purpose: ConsentPurpose): MessageClass {
  return purpose === 'marketing' ? 'marketing' : 'routine'
}

/** Why a class does not go with a purpose, or undefined: marketing is marketing under either name, and only service can be important. */
export function messageClassRefusal(messageClass: MessageClass, purpose: ConsentPurpose): DomainError | undefined {
  const fits = messageClass === classOf(purpose) || (messageClass === 'important' && purpose === 'service')
  return fits
    ? undefined
    : refuseField('invalid_input', 'messageClass', 'purpose', `A message for the purpose ${purpose} cannot be ${messageClass}.`)
}

/**
 * Whether a customer may be contacted now, with every reason, not only the first. Marketing and surveys need a consent that is granted for the channel and
 * purpose; service needs none and stops at a withdrawal. Important messages go out despite a withdrawal and despite "do not contact"; quiet hours and the
 * customer's own hours hold for them as for all others. Letters lie in the box until morning: no hours hold for them.
 */
export function contactDecision(facts: ContactFacts): ContactDecision {
  const grounds = [...customerReasons(facts), ...consentReasons(facts), ...wishReasons(facts), ...hourReasons(facts)]
  const reasons = grounds.map((ground) => ({ ...ground, verified: !citedFromMemory.has(ground.source) }))
  return { allowed: reasons.every(({ effect }) => effect !== 'forbids'), reasons }
}

function customerReasons({ status, deceasedOn, kind, birthDate, purpose, reachable, channel, today }: ContactFacts): Ground[] {
  const reasons: Ground[] = []
  const forbids = (code: ContactReasonCode, message: string, source = 'product_default') =>
    reasons.push({ code, effect: 'forbids', message, source })
  if (status === 'closed') forbids('customer_closed', 'The relationship with the customer has ended.')
  if (status === 'merged') forbids('customer_merged', 'The record was merged into another one, which applies instead.')
  if (status === 'erased') forbids('customer_erased', 'The customer was erased.', 'PIPL Art. 47')
  if (deceasedOn !== null && deceasedOn <= today) forbids('customer_deceased', 'The customer is deceased.')
  if (purpose === 'marketing' && kind !== 'company' && birthDate !== null && isMinor(birthDate, today))
    forbids('minor', `Customers under ${FULL_AGE} receive no marketing.`, 'Law on the Protection of Minors Art. 2')
  if (!reachable) forbids('no_contact_point', `There is no number or address for ${channel}.`)
  return reasons
}

function isMinor(birthDate: Day, today: Day): boolean {
  // Born on 29 February, somebody comes of age on 1 March in common years: until then the text compares as the day before.
  return `${Number(birthDate.slice(0, 4)) + FULL_AGE}${birthDate.slice(4)}` > today
}

function consentReasons({ consent, purpose, messageClass, channel }: ContactFacts): Ground[] {
  const what = `${purpose} by ${channel}`
  if (consent === 'granted')
    return [
      { code: 'consent_granted', effect: 'allows', message: `The customer has consented to ${what}.`, source: 'PIPL Art. 13' },
    ]
  if (consent === 'withdrawn')
    return [
      {
        code: 'consent_withdrawn',
        effect: messageClass === 'important' ? 'overruled' : 'forbids',
        message:
          messageClass === 'important'
            ? `The customer has withdrawn the consent to ${what}; an important message is sent anyway.`
            : `The customer has withdrawn the consent to ${what}.`,
        source: 'PIPL Art. 15',
      },
    ]
  if (purpose === 'service')
    return [
      {
        code: 'consent_not_needed',
        effect: 'allows',
        message: 'Service messages need no consent: they are part of the contract.',
        source: 'PIPL Art. 13',
      },
    ]
  return [
    { code: 'consent_missing', effect: 'forbids', message: `The customer has not consented to ${what}.`, source: 'PIPL Art. 13' },
  ]
}

function wishReasons({ wishes, messageClass, today }: ContactFacts): Ground[] {
  if (!wishes?.doNotContact || (wishes.doNotContactUntil !== null && wishes.doNotContactUntil < today)) return []
  const until = wishes.doNotContactUntil === null ? '' : ` until ${wishes.doNotContactUntil}`
  return [
    messageClass === 'important'
      ? {
          code: 'do_not_contact',
          effect: 'overruled',
          message: `The customer asked not to be contacted${until}; important messages, required by law, are sent anyway.`,
          source: 'product_default',
        }
      : {
          code: 'do_not_contact',
          effect: 'forbids',
          message: `The customer asked not to be contacted${until}.`,
          source: 'product_default',
        },
  ]
}

function hourReasons({ channel, quietHours, wishes, localTime }: ContactFacts): Ground[] {
  if (channel === 'letter') return []
  const reasons: Ground[] = []
  if (within(quietHours, localTime))
    reasons.push({
      code: 'quiet_hours',
      effect: 'forbids',
      message: `No customer is contacted from ${quietHours.from} to ${quietHours.until}; it is ${localTime} at the customer's institution.`,
      source: quietHours.source,
    })
  if (wishes?.hours && !within(wishes.hours, localTime))
    reasons.push({
      code: 'outside_customer_hours',
      effect: 'forbids',
      message: `The customer wishes to be contacted from ${wishes.hours.from} to ${wishes.hours.until}; it is ${localTime} at the customer's institution.`,
      source: 'product_default',
    })
  return reasons
}

/** Whether a local time lies within hours, which may run over midnight. */
function within({ from, until }: Hours, time: string): boolean {
  return from <= until ? from <= time && time < until : time >= from || time < until
}

/** The local time `HH:MM` of an instant in an IANA time zone. */
export function localTimeOf(instant: Date, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(instant.getTime())
    .toZonedDateTimeISO(timeZone)
    .toPlainTime()
    .toString({ smallestUnit: 'minute' })
}
