import { waitingKindNames, waitingPermissions } from '../../../core/dossier/waiting-items.ts'
import { column, derivedView, one } from '../../platform/views/view.ts'

const waitingItem = derivedView(
  'WaitingItem',
  'Something that waits for a decision or review by a person. What you may not read is omitted.',
  waitingPermissions,
  {
    kind: column('text', 'Kind of item.', { values: waitingKindNames }),
    subjectType: column('text', 'Type of the record that waits.'),
    subjectId: column('uuid', 'ID of that record.'),
    customerId: column('uuid', 'The customer concerned; null for a staff member over capacity.', { nullable: true }),
    reason: column(
      'text',
      'Why it waits: the rule that a document breaks, `conflicting`, the field of a profile conflict, the kind of a note or request, `moved`, or `over_capacity`.',
    ),
    since: column('instant', 'Since when; null for a staff member over capacity.', { nullable: true }),
    staff: one('Staff', 'The customer’s relationship manager, or the staff member over capacity.', {
      nullable: true,
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.staff_id`,
    }),
    institution: one('Institution', 'The institution of the customer or staff member.', {
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.path = ${parent}.institution_path`,
    }),
    customer: one('Customer', 'The customer.', {
      nullable: true,
      permission: 'customer:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.customer_id`,
    }),
  },
)

export const waitingItemViews = [waitingItem]
