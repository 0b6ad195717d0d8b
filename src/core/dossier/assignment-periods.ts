/** By what somebody sees a customer as their own. */
export const assignmentPeriodKinds = ['assignment', 'team_membership', 'delegation'] as const
