import { refreshKinds, refreshReasons, refreshStates, refreshSteps } from '../../../core/segmentation/refreshes.ts'
import * as schema from '../schema/facts.ts'
import { column, view } from '../../platform/views/view.ts'

const refreshRun = view(
  'RefreshRun',
  'State and progress of a refresh of facts and of everything that depends on them.',
  schema.refreshRun,
  {
    id: column('uuid', 'ID of the refresh.'),
    kind: column('text', 'Of all customers, of changed ones, an evaluation of all by the stored facts, or of past month-ends.', {
      values: refreshKinds,
    }),
    reason: column('text', 'Why it was started.', { values: refreshReasons }),
    state: column('text', 'Whether it is queued, running, done or failed.', { values: refreshStates }),
    step: column('text', 'The current step.', { nullable: true, values: refreshSteps }),
    asOf: column('day', 'The business day for which facts are computed.', { nullable: true }),
    monthEnd: column('day', 'The month-end that a history has come to.', { nullable: true }),
    requestedBy: column('text', 'Who requested it.'),
    requestedAt: column('instant', 'When it was requested.'),
    startedAt: column('instant', 'When it started.', { nullable: true }),
    finishedAt: column('instant', 'When it ended.', { nullable: true }),
    customersDone: column('integer', 'Customers whose facts have been computed, by a history once for each month-end.', {
      expression: (alias) => `${alias}.customers_done`,
    }),
    customersTotal: column('integer', 'Total number of customers, by a history times its month-ends; null if not known yet.', {
      nullable: true,
    }),
    entered: column('integer', 'Segment memberships started by it.'),
    left: column('integer', 'Segment memberships ended by it.', { expression: (alias) => `${alias}.left_count` }),
    error: column('text', 'Error code of the failure.', { nullable: true }),
  },
)

export const refreshViews = [refreshRun]
