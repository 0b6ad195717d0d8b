import { approvalKinds, approvalStates } from '../../../core/dossier/approvals.ts'
import { column, one, page, view, type ViewExtension } from '../../platform/views/view.ts'
import * as schema from '../schema/approvals.ts'

const approvalRequest = view(
  'ApprovalRequest',
  'A request that another person must approve before it takes effect.',
  schema.approvalRequest,
  {
    id: column('uuid', 'ID of the request.'),
    customerId: column('uuid', 'The customer.'),
    kind: column('text', 'What is asked for.', { values: approvalKinds }),
    subjectId: column('uuid', 'ID of the thing that waits for the decision, such as a tier override.'),
    state: column('text', 'Whether it is pending, approved, declined or withdrawn.', { values: approvalStates }),
    reason: column('text', 'The reason given by the requester.'),
    requestedAt: column('instant', 'When it was requested.'),
    decidedAt: column('instant', 'When it was decided or withdrawn.', { nullable: true }),
    decisionNote: column('text', 'The note given with the decision.', { nullable: true }),
    version: column('integer', 'Version of the record; sent as If-Match or expectedVersion.'),
    requestedBy: one('Staff', 'Who requested it.', {
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.requested_by`,
    }),
    decidedBy: one('Staff', 'Who decided, or withdrew it.', {
      nullable: true,
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.decided_by`,
    }),
    customer: one('Customer', 'The customer.', {
      permission: 'customer:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.customer_id`,
    }),
  },
)

export const approvalViews = [approvalRequest]

export const approvalExtensions: readonly ViewExtension[] = [
  {
    name: 'Customer',
    fields: {
      approvalRequests: page('ApprovalRequest', 'Requests for approval about the customer, newest first.', {
        permission: 'approval:read',
        on: (parent, child) => `${child}.customer_id = ${parent}.id`,
        keys: (child) => [
          { expression: `${child}.requested_at`, cast: 'timestamptz' },
          { expression: `${child}.id`, cast: 'uuid' },
        ],
        direction: 'desc',
      }),
    },
  },
]
