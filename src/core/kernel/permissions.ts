/**
 * Who may do what, and how far. One table: a role grants a permission with a reach.
 * `bank` is the whole bank, `subtree` the institution of the actor and all below it, `portfolio` the customers an actor keeps,
 * works for in a team or covers for a colleague. What changes something for all (see `changesForAll`) is open
 * at the root of the bank only. Reference data (institutions, staff, products, rates) is readable with any reach.
 */
export const roles = [
  'relationship_manager',
  'teller',
  'lobby_manager',
  'branch_manager',
  'complaint_officer',
  'quality_inspector',
  'marketing',
  'auditor',
  'administrator',
  'integration',
] as const
export type Role = (typeof roles)[number]

export const permissions = [
  'organisation:read',
  'organisation:write',
  'product:read',
  'product:write',
  'rate:read',
  'rate:write',
  'calendar:write',
  // Rules and policies by which the service decides for the whole bank.
  'policy:write',
  'customer:read',
  'customer:search',
  'customer:create',
  'customer:write',
  // The greeting card of any customer of the bank, and a note left from it.
  'customer:recognise',
  'identity:read',
  'identity:reveal',
  'dossier:read',
  'dossier:write',
  'consent:write',
  'holding:read',
  'holding:write',
  'activity:read',
  'assignment:read',
  'assignment:write',
  // To give somebody more customers than they can keep, with a reason.
  'assignment:over_capacity',
  // How much each of the staff has to do.
  'workload:read',
  'delegation:write',
  'portfolio:read',
  'import:run',
  'import:read',
  'fact:read',
  // Definitions of segments, tiers and classifications.
  'segment:read',
  'segment:write',
  'segment:refresh',
  // The tier of a customer, set by hand.
  'tier:override',
  // What another person must approve.
  'approval:read',
  'approval:request',
  'approval:decide',
  'audit:read',
  // Jobs of the queue that failed for good.
  'job:manage',
  // Held by the service's own jobs and by no role.
  'system:run',
] as const
export type Permission = (typeof permissions)[number]

export type Reach = 'bank' | 'subtree' | 'portfolio'

type Grants = Readonly<Partial<Record<Permission, Reach>>>

const readReference: Grants = {
  'organisation:read': 'bank',
  'product:read': 'bank',
  'rate:read': 'bank',
  'segment:read': 'bank',
}

const readCustomers = (reach: Reach): Grants => ({
  'customer:read': reach,
  'customer:search': reach,
  'identity:read': reach,
  'dossier:read': reach,
  'holding:read': reach,
  'assignment:read': reach,
})

/** What each role grants. A permission that is missing is not granted. */
export const grantsOf: Readonly<Record<Role, Grants>> = {
  relationship_manager: {
    ...readReference,
    ...readCustomers('portfolio'),
    'activity:read': 'portfolio',
    'fact:read': 'portfolio',
    'portfolio:read': 'portfolio',
    'customer:write': 'portfolio',
    'customer:recognise': 'bank',
    'identity:reveal': 'portfolio',
    'dossier:write': 'portfolio',
    'consent:write': 'portfolio',
  },
  teller: {
    ...readReference,
    ...readCustomers('subtree'),
    'customer:create': 'subtree',
    'customer:recognise': 'bank',
    'consent:write': 'subtree',
  },
  lobby_manager: {
    ...readReference,
    ...readCustomers('subtree'),
    'customer:create': 'subtree',
    'customer:recognise': 'bank',
    'consent:write': 'subtree',
  },
  branch_manager: {
    ...readReference,
    ...readCustomers('subtree'),
    'activity:read': 'subtree',
    'fact:read': 'subtree',
    'portfolio:read': 'subtree',
    'customer:create': 'subtree',
    'customer:write': 'subtree',
    'customer:recognise': 'bank',
    'identity:reveal': 'subtree',
    'dossier:write': 'subtree',
    'consent:write': 'subtree',
    'assignment:write': 'subtree',
    'assignment:over_capacity': 'subtree',
    'workload:read': 'subtree',
    'delegation:write': 'subtree',
    'import:read': 'subtree',
    'tier:override': 'subtree',
    'approval:read': 'subtree',
    'approval:request': 'subtree',
    'approval:decide': 'subtree',
  },
  complaint_officer: { ...readReference, ...readCustomers('subtree'), 'identity:reveal': 'subtree' },
  quality_inspector: {
    ...readReference,
    'dossier:read': 'subtree',
    'customer:read': 'subtree',
    'customer:search': 'subtree',
    'assignment:read': 'subtree',
  },
  marketing: {
    ...readReference,
    'customer:read': 'subtree',
    'dossier:read': 'subtree',
    'holding:read': 'subtree',
    'activity:read': 'subtree',
    'fact:read': 'subtree',
    'portfolio:read': 'subtree',
    'assignment:read': 'subtree',
    'segment:write': 'bank',
    'segment:refresh': 'bank',
  },
  auditor: {
    ...readReference,
    ...readCustomers('subtree'),
    'activity:read': 'subtree',
    'fact:read': 'subtree',
    'portfolio:read': 'subtree',
    'workload:read': 'subtree',
    'import:read': 'subtree',
    'audit:read': 'subtree',
    'approval:read': 'subtree',
  },
  administrator: {
    ...readReference,
    'organisation:write': 'subtree',
    'product:write': 'bank',
    'rate:write': 'bank',
    'calendar:write': 'bank',
    'segment:write': 'bank',
    'segment:refresh': 'bank',
    'policy:write': 'bank',
    'assignment:read': 'subtree',
    'assignment:over_capacity': 'subtree',
    'workload:read': 'subtree',
    'delegation:write': 'subtree',
    'import:read': 'subtree',
    'audit:read': 'subtree',
    'job:manage': 'bank',
  },
  // What a machine client may do is this set cut down to the scopes it was given.
  integration: {
    ...readReference,
    ...readCustomers('subtree'),
    'activity:read': 'subtree',
    'fact:read': 'subtree',
    'portfolio:read': 'subtree',
    'organisation:write': 'subtree',
    'product:write': 'bank',
    'rate:write': 'bank',
    'segment:refresh': 'bank',
    'customer:create': 'subtree',
    'customer:write': 'subtree',
    'dossier:write': 'subtree',
    'consent:write': 'subtree',
    'holding:write': 'subtree',
    'assignment:write': 'subtree',
    'workload:read': 'subtree',
    'import:run': 'subtree',
    'import:read': 'subtree',
  },
}

/** Permissions over tables whose rows belong to no customer and to no place in the tree. Rates and products are none: to change them moves the assets of all who hold them. */
const referencePermissions: ReadonlySet<Permission> = new Set([
  'organisation:read',
  'product:read',
  'rate:read',
  'calendar:write',
  'segment:read',
  'policy:write',
  'job:manage',
])

export function isForReferenceData(permission: Permission): boolean {
  return referencePermissions.has(permission)
}

const forAll: ReadonlySet<Permission> = new Set([
  'product:write',
  'rate:write',
  'calendar:write',
  'policy:write',
  'segment:write',
  'segment:refresh',
  'job:manage',
])

/** Permissions to change what every branch works with. */
export function isBankWide(permission: Permission): boolean {
  return forAll.has(permission)
}

const widest: readonly Reach[] = ['bank', 'subtree', 'portfolio']

/** The widest reach with which any of the roles grants the permission, or undefined where none does. */
export function reachOf(held: readonly Role[], permission: Permission): Reach | undefined {
  const reaches = held.map((role) => grantsOf[role][permission])
  return widest.find((reach) => reaches.includes(reach))
}

/** A machine client holds the `integration` role as far as its scopes go. */
export function clientReachOf(scopes: readonly string[], permission: Permission): Reach | undefined {
  return scopes.includes(permission) ? grantsOf.integration[permission] : undefined
}
