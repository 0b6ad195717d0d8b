import type { Permission } from '../kernel/permissions.ts'

/** What can wait for somebody, with the permission that reading it takes. */
export const waitingKinds = {
  document_to_review: 'identity:read',
  contact_point_to_review: 'identity:read',
  address_to_review: 'identity:read',
  profile_conflict: 'dossier:read',
  counter_note: 'dossier:read',
  approval_request: 'approval:read',
  manager_elsewhere: 'customer:read',
  over_capacity: 'workload:read',
} as const satisfies Readonly<Record<string, Permission>>

export type WaitingKind = keyof typeof waitingKinds
export const waitingKindNames = Object.keys(waitingKinds) as [WaitingKind, ...WaitingKind[]]

/** The permissions that reading all kinds takes. */
export const waitingPermissions: readonly Permission[] = [...new Set(Object.values(waitingKinds))]

/** The kinds that somebody may read. */
export function readableWaitingKinds(permits: (permission: Permission) => boolean): readonly WaitingKind[] {
  return waitingKindNames.filter((kind) => permits(waitingKinds[kind]))
}
