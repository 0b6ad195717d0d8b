import { refreshKinds, refreshReasons, refreshStates, refreshSteps } from '../../../core/segmentation/refreshes.ts'
import * as schema from '../schema/facts.ts'
import { column, view } from '../../platform/views/view.ts'

const refreshRun = view('RefreshRun', 'How a refresh of facts, and of what rests on them, stands.', schema.refreshRun, {
  id: column('uuid', 'Id of the refresh.'),
  kind: column('text', 'Of all customers, of those who changed, or of all by the facts as they stand.', { values: refreshKinds }),
  reason: column('text', 'Why it runs.', { values: refreshReasons }),
  state: column('text', 'Whether it waits, runs, is done or could not go on.', { values: refreshStates }),
  step: column('text', 'What it has come to.', { nullable: true, values: refreshSteps }),
  asOf: column('day', 'The day of the bank for which facts are worked out.', { nullable: true }),
  requestedBy: column('text', 'Who asked for it.'),
  requestedAt: column('instant', 'When it was asked for.'),
  startedAt: column('instant', 'When it began.', { nullable: true }),
  finishedAt: column('instant', 'When it ended.', { nullable: true }),
  customersDone: column('integer', 'Customers whose facts are worked out.', { expression: (alias) => `${alias}.customers_done` }),
  customersTotal: column('integer', 'Of how many; null while that is not known.', { nullable: true }),
  entered: column('integer', 'Memberships of segments that began by it.'),
  left: column('integer', 'Memberships of segments that ended by it.', { expression: (alias) => `${alias}.left_count` }),
  error: column('text', 'The code of what stopped it.', { nullable: true }),
})

export const refreshViews = [refreshRun]
