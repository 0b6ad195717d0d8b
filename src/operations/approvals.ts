import { approvalCommands } from './dossier/approvals.ts'
import { tierOverrideApproval } from './segmentation/tier-overrides.ts'

/** Everything that waits for the approval of another person, whatever its room. */
export const { approveRequest, declineRequest, withdrawRequest } = approvalCommands([tierOverrideApproval])
