import type { CustomerKind } from './customers.ts'
import { refuseField } from '../kernel/errors.ts'

export const groupKinds = ['household', 'group'] as const
export type GroupKind = (typeof groupKinds)[number]

export const groupStatuses = ['active', 'ended'] as const

/** Members of one group; ours to choose. A larger one is a segment. */
export const MAX_GROUP_MEMBERS = 200

/** What stands already of a customer who is to head or join a group. */
export interface GroupState {
  /** In a household. */
  readonly inHousehold: boolean
  /** Heads a group of this kind. */
  readonly heads: boolean
  /** In a group of this kind that somebody else heads. */
  readonly follows: boolean
  /** In this very group. */
  readonly inside: boolean
}

/** Refuses to put a business into a household. Throws `invalid_input`. */
export function requireGroupKind(kind: GroupKind, member: CustomerKind, field: string): void {
  if (kind === 'household' && member === 'company')
    throw refuseField('invalid_input', field, 'group_kind', 'A household consists of individuals and sole traders.')
}

/**
 * Refuses a head who is in a group of the same kind that somebody else heads, since that would be a group inside a group, and one who is in
 * a household already. Throws `conflict`.
 */
export function requireHead(kind: GroupKind, { inHousehold, follows }: GroupState): void {
  if (kind === 'household' && inHousehold)
    throw refuseField('conflict', 'customerId', 'in_household', 'This customer is already in a household.')
  if (follows)
    throw refuseField('conflict', 'customerId', 'nested', 'This customer is in a group of this kind: groups cannot be nested.')
}

/** Refuses a member who is in it, is in another household, or heads a group of the same kind; and one more than a group may have. Throws `conflict`. */
export function requireMember(kind: GroupKind, { inHousehold, heads, inside }: GroupState, members: number): void {
  const refuse = (rule: string, message: string) => refuseField('conflict', 'memberCustomerId', rule, message)
  if (inside) throw refuse('duplicate', 'This customer is already a member.')
  if (heads) throw refuse('nested', 'This customer heads a group of this kind: groups cannot be nested.')
  if (kind === 'household' && inHousehold) throw refuse('in_household', 'This customer is already in a household.')
  if (members >= MAX_GROUP_MEMBERS) throw refuse('full', `A group has at most ${MAX_GROUP_MEMBERS} members.`)
}

/** Refuses to take the head out. Throws `conflict`. */
export function requireNotHead(memberCustomerId: string, headCustomerId: string): void {
  if (memberCustomerId === headCustomerId)
    throw refuseField('conflict', 'customerGroupMemberId', 'group_head', 'The head is always a member: end the group instead.')
}
