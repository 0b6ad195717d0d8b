import type { Day } from '../kernel/calendar.ts'
import { hasChanged } from '../kernel/feed-batch.ts'
import { type FeedRefusal, refusal } from '../kernel/feed.ts'
import type { Role } from '../kernel/permissions.ts'
import type { InstitutionReference } from './references.ts'

/** A staff member as a bank system or a person describes them. */
export interface Member {
  readonly id: string
  readonly number: string
  readonly source: string
  readonly externalId: string
  readonly name: string
  readonly institutionId: string
  readonly institutionPath: string
  readonly roles: readonly Role[]
  readonly status: 'active' | 'inactive'
  readonly industries: readonly string[]
  readonly areas: readonly string[]
  readonly productFamilies: readonly string[]
  readonly customerCapacity: number | null
  readonly dailyCapacity: number | null
  readonly activeFrom: Day | null
  readonly activeUntil: Day | null
}

interface Circumstances {
  readonly before: Member | undefined
  readonly institution: InstitutionReference
  /** Who has the number now. */
  readonly numberHeldBy: string | undefined
  /** The person who writes, who may not change their own rights. */
  readonly ownStaffId: string | undefined
}

/** Why nobody can be such a staff member, or undefined. */
export function staffRefusal(
  after: Member,
  { before, institution, numberHeldBy, ownStaffId }: Circumstances,
): FeedRefusal | undefined {
  if (numberHeldBy !== undefined && numberHeldBy !== after.id)
    return refusal('number', 'already_exists', `Another staff member has the number "${after.number}".`)
  if (after.roles.includes('integration'))
    return refusal('roles', 'invalid_input', 'The role integration is only for machine clients.')
  if (after.id === ownStaffId && hasChanged(after, before!, ['roles', 'institutionId']))
    return refusal('roles', 'conflict', 'Staff members cannot change their own roles or institution.')
  if (after.activeFrom !== null && after.activeUntil !== null && after.activeUntil <= after.activeFrom)
    return refusal('activeUntil', 'invalid_input', 'The end must be after the start.')
  const placed = !before || before.institutionId !== after.institutionId || before.status !== after.status
  if (placed && after.status === 'active' && institution.status === 'closed')
    return refusal('institutionCode', 'conflict', `The institution "${institution.code}" is closed.`)
  return undefined
}
