/** By what somebody sees a customer as their own. */
export const ownershipKinds = ['assignment', 'team_membership', 'delegation'] as const
