import { parseShare, wholeShare } from '../kernel/shares.ts'
import { requirePast } from '../kernel/periods.ts'
import type { Day } from '../kernel/calendar.ts'
import { type CustomerKind, customerKinds, type CustomerStatus } from './customers.ts'
import { requireOpenRecord } from './record-rules.ts'
import { DomainError, refuseField } from '../kernel/errors.ts'

/** What one customer is to another. Each kind says what the related customer is to the customer under whom it stands. */
export const relationshipKinds = [
  'spouse',
  'parent',
  'child',
  'owner',
  'owned_by',
  'legal_representative',
  'represented_by',
  'employer',
  'employee',
  'guarantor',
  'guaranteed',
  'shareholder',
  'investee',
  'referrer',
  'referred',
  'partner',
  'supplier',
  'customer_of',
  'community_member',
] as const
export type RelationshipKind = (typeof relationshipKinds)[number]

export const relationshipStatuses = ['active', 'ended'] as const

interface Pair {
  readonly kind: RelationshipKind
  /** The same seen from the related customer. */
  readonly inverse: RelationshipKind
  /** Of which kinds the customer may be, and the related one. */
  readonly customer: readonly CustomerKind[]
  readonly related: readonly CustomerKind[]
}

const people = ['individual'] as const
const businesses = ['sole_trader', 'company'] as const
const anybody = customerKinds

const pairs: readonly Pair[] = [
  { kind: 'spouse', inverse: 'spouse', customer: people, related: people },
  { kind: 'parent', inverse: 'child', customer: people, related: people },
  { kind: 'owner', inverse: 'owned_by', customer: businesses, related: anybody },
  { kind: 'legal_representative', inverse: 'represented_by', customer: businesses, related: people },
  { kind: 'employer', inverse: 'employee', customer: people, related: businesses },
  { kind: 'guarantor', inverse: 'guaranteed', customer: anybody, related: anybody },
  { kind: 'shareholder', inverse: 'investee', customer: ['company'], related: anybody },
  { kind: 'referrer', inverse: 'referred', customer: anybody, related: anybody },
  { kind: 'partner', inverse: 'partner', customer: anybody, related: anybody },
  { kind: 'supplier', inverse: 'customer_of', customer: businesses, related: businesses },
  { kind: 'community_member', inverse: 'community_member', customer: anybody, related: anybody },
]

const bothWays = new Map<RelationshipKind, Pair>(
  pairs.flatMap((pair) => [
    [pair.inverse, { kind: pair.inverse, inverse: pair.kind, customer: pair.related, related: pair.customer }],
    [pair.kind, pair],
  ]),
)

/** What the customer is to the related one where the related one is this to the customer. Its own inverse for what is mutual. */
export function inverseOf(kind: RelationshipKind): RelationshipKind {
  return bothWays.get(kind)!.inverse
}

/** Whether a customer of one kind can have a related customer of the other who is this to them. */
export function fits(kind: RelationshipKind, customer: CustomerKind, related: CustomerKind): boolean {
  const pair = bothWays.get(kind)!
  return pair.customer.includes(customer) && pair.related.includes(related)
}

/** Kinds that lead upwards and never back to where they began: nobody is their own ancestor, no business owns itself through others. */
const upwards = ['parent', 'owner'] as const
export type UpwardKind = (typeof upwards)[number]

/** The kind that leads upwards, and the one below and above, where a relationship is of such a kind or its inverse. */
export function hierarchyOf<T>(
  kind: RelationshipKind,
  customer: T,
  related: T,
): { readonly kind: UpwardKind; readonly below: T; readonly above: T } | undefined {
  const direct = upwards.find((one) => one === kind)
  if (direct) return { kind: direct, below: customer, above: related }
  const inverse = upwards.find((one) => one === inverseOf(kind))
  return inverse && { kind: inverse, below: related, above: customer }
}

/** Whose shares a relationship is about, where it is about shares. */
export function companyOf<T>(kind: RelationshipKind, customer: T, related: T): T | undefined {
  if (kind === 'shareholder') return customer
  return kind === 'investee' ? related : undefined
}

interface Party {
  readonly id: string
  readonly kind: CustomerKind
  readonly status: CustomerStatus
}

/** The values given for a relationship. Shares in percent as text. */
export interface RelationshipTerms {
  readonly share?: string | undefined
  readonly since?: Day | undefined
  readonly thankedOn?: Day | undefined
}

export function requireDifferentCustomers(customerId: string, relatedCustomerId: string): void {
  if (customerId === relatedCustomerId)
    throw refuseField('invalid_input', 'relatedCustomerId', 'self', 'A customer cannot have a relationship with itself.')
}

/** Refuses what two customers of these kinds cannot be to each other. Throws `invalid_input` or `conflict`. */
export function requireFit(kind: RelationshipKind, customer: Party, related: Party): void {
  requireOpenRecord(customer.status, 'customerId')
  requireOpenRecord(related.status, 'relatedCustomerId')
  const { customer: from, related: to } = bothWays.get(kind)!
  if (!fits(kind, customer.kind, related.kind))
    throw refuseField(
      'invalid_input',
      'kind',
      'kind_pair',
      `${kind} leads from ${from.join(' or ')} to ${to.join(' or ')}, not from ${customer.kind} to ${related.kind}.`,
    )
}

/** Refuses terms that this kind does not have, and days to come. Throws `invalid_input` or `outside_period`. */
export function requireTerms(kind: RelationshipKind, { share, since, thankedOn }: RelationshipTerms, today: Day): void {
  if (share !== undefined && kind !== 'shareholder' && kind !== 'investee')
    throw refuseField('invalid_input', 'share', 'share_not_applicable', 'Only shareholder and investee can have a share.')
  if (thankedOn !== undefined && kind !== 'referrer' && kind !== 'referred')
    throw refuseField('invalid_input', 'thankedOn', 'not_a_referral', 'Only referrer and referred can have thankedOn.')
  requirePast(since, today, 'since')
  requirePast(thankedOn, today, 'thankedOn')
}

/** What stands already when a relationship is to be written. */
export interface ActiveRelationships {
  /** The two are this to each other already. */
  readonly duplicate: boolean
  /** One of the two is married. */
  readonly married: boolean
  /** The shares of others in the company, in percent as text. */
  readonly sharesTaken: string
  /** The one above is reached from the one below against the direction: true, false, or null where the line is too long to follow. */
  readonly closesCircle: boolean | null
}

/** Refuses what cannot stand beside what stands already. Throws `conflict` or `cycle`. */
export function requireRoom(kind: RelationshipKind, share: string | undefined, active: ActiveRelationships): void {
  if (active.duplicate)
    throw refuseField('conflict', 'relatedCustomerId', 'duplicate', 'This relationship between the two customers already exists.')
  if (kind === 'spouse' && active.married)
    throw refuseField('conflict', 'kind', 'already_married', 'One of the two is already married. End that relationship first.')
  requireSharesWithin100(share, active.sharesTaken)
  if (active.closesCircle === null)
    throw refuseField('cycle', 'relatedCustomerId', 'line_too_long', 'The chain of these customers is too long to be checked.')
  if (active.closesCircle)
    throw refuseField('cycle', 'relatedCustomerId', 'cycle', 'This would make a customer its own ancestor or owner.')
}

/** Refuses a share that makes all of a company's shares more than the whole. Throws `conflict`. */
export function requireSharesWithin100(share: string | undefined, taken: string): void {
  const [more, taken_] = [parseShare(share ?? '0') ?? 0, Math.round(Number(taken) * 10_000)]
  if (share !== undefined && more + taken_ > wholeShare)
    throw refuseField('conflict', 'share', 'shares_exceeded', `Other shareholders already hold ${taken} % of the company.`)
}

export function requireActive(status: string): void {
  if (status !== 'active') throw new DomainError('already_closed', 'Already ended.')
}
