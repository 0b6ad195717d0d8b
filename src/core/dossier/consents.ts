import type { Day } from '../kernel/calendar.ts'
import type { CustomerStatus } from './customers.ts'
import { type DomainError, refuseField } from '../kernel/errors.ts'

export const contactChannels = ['phone', 'sms', 'email', 'wechat', 'letter', 'visit'] as const

export type ContactChannel = (typeof contactChannels)[number]

export const consentPurposes = ['service', 'marketing', 'survey'] as const

export type ConsentPurpose = (typeof consentPurposes)[number]

export const consentDecisions = ['granted', 'withdrawn'] as const

export type ConsentDecision = (typeof consentDecisions)[number]

export const consentEvidences = ['form', 'recording', 'online', 'counter', 'letter'] as const

/** `important` is what the bank must tell by law or to keep the customer from harm; `routine` other service and surveys. */
export const messageClasses = ['important', 'routine', 'marketing'] as const

export type MessageClass = (typeof messageClasses)[number]

/** What a consent event says, as far as rules look at it. */
export interface ConsentStatement {
  readonly decision: ConsentDecision
  readonly evidenceReference: string | null
  readonly givenAt: Date
}

/**
 * Why a consent is not taken down, or undefined. A withdrawal is always taken, whatever became of the customer, and needs no reference and no reason
 * (PIPL Art. 15: withdrawing must be easy; Art. 24: marketing by automated decision must offer a way out).
 */
export function consentRefusal(
  { decision, evidenceReference, givenAt }: ConsentStatement,
  status: CustomerStatus,
  now: Date,
): DomainError | undefined {
  if (givenAt > now)
    return refuseField('invalid_input', 'givenAt', 'future', 'A consent cannot be given or withdrawn in the future.')
  if (decision === 'withdrawn') return undefined
  if (status === 'merged' || status === 'erased')
    return refuseField('conflict', 'customerId', 'customer_status', `The customer's record is ${status}.`)
  if (evidenceReference === null)
    return refuseField(
      'invalid_input',
      'evidenceReference',
      'required',
      'A consent requires evidence: the form, recording or letter that proves it.',
    )
  return undefined
}

/** Local times `HH:MM`, the first included, the last not; an end before the beginning lies on the next day. */
export interface Hours {
  readonly from: string
  readonly until: string
}

/** Between these hours nobody is contacted. No law names them: ours to choose, and a bank's to change. */
export const defaultQuietHours: Hours & { readonly source: string } = { from: '20:00', until: '09:00', source: 'product_default' }

/** A customer's wishes, as far as they forbid. */
export interface ContactPreferenceTerms {
  readonly hours: Hours | null
  readonly doNotContact: boolean
  /** The last day on which it holds; without one it holds until it is taken back. */
  readonly doNotContactUntil: Day | null
}

/** Why these wishes contradict themselves, or undefined. */
export function contactPreferenceRefusal(
  wishes: {
    readonly hoursFrom: string | null
    readonly hoursUntil: string | null
    readonly doNotContact: boolean
    readonly doNotContactReason: string | null
    readonly doNotContactUntil: Day | null
  },
  today: Day,
): DomainError | undefined {
  const { hoursFrom, hoursUntil, doNotContact, doNotContactReason, doNotContactUntil } = wishes
  if ((hoursFrom === null) !== (hoursUntil === null))
    return refuseField(
      'invalid_input',
      hoursFrom === null ? 'hoursFrom' : 'hoursUntil',
      'required',
      'Hours require both a start and an end.',
    )
  if (hoursFrom !== null && hoursUntil !== null && hoursFrom >= hoursUntil)
    return refuseField('invalid_input', 'hoursUntil', 'period', 'The hours must end after they start, on the same day.')
  if (!doNotContact && doNotContactReason !== null)
    return refuseField(
      'invalid_input',
      'doNotContactReason',
      'do_not_contact',
      'doNotContactReason is only allowed where doNotContact is true.',
    )
  if (!doNotContact && doNotContactUntil !== null)
    return refuseField(
      'invalid_input',
      'doNotContactUntil',
      'do_not_contact',
      'doNotContactUntil is only allowed where doNotContact is true.',
    )
  if (doNotContactUntil !== null && doNotContactUntil < today)
    return refuseField('invalid_input', 'doNotContactUntil', 'past', 'The last day must not be in the past.')
  return undefined
}
