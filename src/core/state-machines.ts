import { importMachine } from './feeds/imports.ts'
import type { StateMachine } from './kernel/state-machine.ts'
import { delegationMachine } from './organisation/delegations.ts'
import { refreshMachine } from './segmentation/refreshes.ts'
import { segmentMachine } from './segmentation/segments.ts'
import { tierSchemeMachine } from './segmentation/tiers.ts'
import { tierOverrideMachine } from './segmentation/tier-overrides.ts'
import { approvalMachine } from './dossier/approvals.ts'

/** The lives of all kinds of things that have states, as one operation publishes them. */
export const stateMachines: readonly StateMachine[] = [
  approvalMachine,
  delegationMachine,
  importMachine,
  refreshMachine,
  segmentMachine,
  tierOverrideMachine,
  tierSchemeMachine,
]
