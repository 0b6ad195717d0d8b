/** Levels of the tree of institutions, from the top down. */
export const institutionKinds = ['head_office', 'branch', 'sub_branch', 'outlet'] as const
export type InstitutionKind = (typeof institutionKinds)[number]

export const institutionStatuses = ['active', 'closed'] as const
export const staffStatuses = ['active', 'inactive'] as const
