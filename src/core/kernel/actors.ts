import { DomainError } from './errors.ts'
import { isBankWide, clientReachOf, isForReferenceData, type Permission, type Reach, reachOf, type Role } from './permissions.ts'

interface Placed {
  readonly id: string
  readonly institutionId: string
  readonly institutionPath: string
}

export interface StaffActor extends Placed {
  readonly kind: 'staff'
  readonly number: string
  readonly roles: readonly Role[]
  /** Staff whose portfolios this one covers today. */
  readonly covers: readonly string[]
  /** Paths of the institutions in which the customers of the own and the covered portfolios are. */
  readonly portfolioPaths: readonly string[]
}

export interface ClientActor extends Placed {
  readonly kind: 'client'
  readonly clientId: string
  readonly scopes: readonly string[]
}

/** A customer who answers a survey by its link. Holds no permission of the table. */
export interface RespondentActor {
  readonly kind: 'respondent'
  readonly id: string
}

/** A job of the service itself. */
export interface SystemActor {
  readonly kind: 'system'
  readonly id: string
}

export type Actor = StaffActor | ClientActor | RespondentActor | SystemActor

/** Which rows a transaction may see: path prefixes, and for a portfolio the staff ids a customer must be visible to. */
export interface Scope {
  readonly prefixes: readonly string[]
  readonly portfolio: readonly string[]
  /** Names the caller in the idempotency journal. */
  readonly caller: string
}

/** A prefix that no path begins with: sees reference data and nothing else. */
export const noCustomers = '.'

/** Names an actor across requests: for idempotency keys, rate limits and the audit. */
export function callerOf(actor: Actor): string {
  return `${actor.kind}:${actor.kind === 'client' ? actor.clientId : actor.kind === 'staff' ? actor.number : actor.id}`
}

/** How far the actor may use the permission, or undefined where it may not at all. */
export function reachOfActor(actor: Actor, permission: Permission): Reach | undefined {
  switch (actor.kind) {
    case 'staff':
      return withinPlace(actor, permission, reachOf(actor.roles, permission))
    case 'client':
      return withinPlace(actor, permission, clientReachOf(actor.scopes, permission))
    case 'system':
      return 'bank'
    case 'respondent':
      return undefined
  }
}

/** What changes something for the whole bank is done from its root: a branch names its own administrators, and they rule over the branch only. */
function withinPlace({ institutionPath }: Placed, permission: Permission, reach: Reach | undefined): Reach | undefined {
  return reach === 'bank' && isBankWide(permission) && !isRoot(institutionPath) ? undefined : reach
}

function isRoot(path: string): boolean {
  return path.indexOf('/', 1) === path.length - 1
}

/** Whether every customer of the bank is within a scope. */
export function holdsWholeBank({ prefixes, portfolio }: Scope): boolean {
  return portfolio.length === 0 && prefixes.some((prefix) => prefix === '/' || (prefix !== noCustomers && isRoot(prefix)))
}

const narrowestFirst: readonly Reach[] = ['portfolio', 'subtree', 'bank']

/**
 * The rows within reach of an actor who uses these permissions at once: the narrowest of their reaches. Permissions over reference
 * data do not count; with those alone no customer is seen. Throws `not_permitted` for the first that is not granted.
 */
export function scopeOf(actor: Actor, permissions: readonly Permission[]): Scope {
  const caller = callerOf(actor)
  const reaches = permissions.flatMap((permission) => {
    const reach = reachOfActor(actor, permission)
    if (!reach) throw new DomainError('not_permitted', `Permission required: ${permission}.`)
    return isForReferenceData(permission) ? [] : [reach]
  })
  const narrowest = narrowestFirst.find((reach) => reaches.includes(reach))
  if (!narrowest || actor.kind === 'respondent') return { prefixes: [noCustomers], portfolio: [], caller }
  if (actor.kind === 'system' || narrowest === 'bank') return { prefixes: ['/'], portfolio: [], caller }
  if (narrowest === 'subtree' || actor.kind === 'client') return { prefixes: [actor.institutionPath], portfolio: [], caller }
  const prefixes = actor.portfolioPaths.length > 0 ? actor.portfolioPaths : [noCustomers]
  return { prefixes, portfolio: [actor.id, ...actor.covers], caller }
}
