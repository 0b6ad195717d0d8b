/** Levels of the tree of institutions, from the top down. */
export const institutionKinds = ['head_office', 'branch', 'sub_branch', 'outlet'] as const
export type InstitutionKind = (typeof institutionKinds)[number]

export const institutionStatuses = ['active', 'closed'] as const
export const staffStatuses = ['active', 'inactive'] as const

const kindNames: Readonly<Record<InstitutionKind, string>> = {
  head_office: 'a head office',
  branch: 'a branch',
  sub_branch: 'a sub-branch',
  outlet: 'an outlet',
}

/** A level in words, with its article. */
export function kindText(kind: InstitutionKind): string {
  return kindNames[kind]
}
