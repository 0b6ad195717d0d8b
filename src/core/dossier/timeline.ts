import type { Permission } from '../kernel/permissions.ts'

/** What a timeline tells of, with the permission that somebody needs to read of it. */
export const timelineKinds = {
  movement: 'activity:read',
  holding: 'holding:read',
  assignment: 'assignment:read',
  consent: 'dossier:read',
  relationship: 'dossier:read',
  record: 'dossier:read',
  life_event: 'dossier:read',
  counter_note: 'dossier:read',
  segment: 'fact:read',
  tier: 'fact:read',
  dossier: 'dossier:read',
} as const satisfies Readonly<Record<string, Permission>>

export type TimelineKind = keyof typeof timelineKinds
export const timelineKindNames = Object.keys(timelineKinds) as [TimelineKind, ...TimelineKind[]]

/** The permissions that reading all kinds takes. */
export const timelinePermissions: readonly Permission[] = [...new Set(Object.values(timelineKinds))]
