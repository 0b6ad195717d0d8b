import * as schema from '../schema/counter.ts'
import { column, one, view } from '../../platform/views/view.ts'

const counterNote = view('CounterNote', 'What was noticed about a customer at a counter.', schema.counterNote, {
  id: column('uuid', 'Id of the note.'),
  customerId: column('uuid', 'The customer it is about.'),
  kind: column('text', 'A need, a hint, or a referral.', { values: ['need', 'hint', 'referral'] }),
  text: column('text', 'What was noticed.', { expression: (alias) => `${alias}.note` }),
  createdAt: column('instant', 'When it was left.'),
  finder: one('Staff', 'Who noticed it, and is credited.', {
    permission: 'organisation:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.finder_id`,
  }),
  relationshipManager: one('Staff', 'Who kept the customer at that time.', {
    nullable: true,
    permission: 'organisation:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.relationship_manager_id`,
  }),
  customer: one('Customer', 'The customer.', {
    permission: 'customer:read',
    on: (parent, child) => `${child}.id = ${parent}.customer_id`,
  }),
})

export const counterViews = [counterNote]
