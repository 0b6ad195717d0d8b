import * as schema from '../schema/counter-notes.ts'
import { column, one, view } from '../../platform/views/view.ts'

const counterNote = view('CounterNote', 'An observation about a customer at a counter.', schema.counterNote, {
  id: column('uuid', 'ID of the counter note.'),
  customerId: column('uuid', 'The customer concerned.'),
  kind: column('text', 'A need, a hint, or a referral.', { values: ['need', 'hint', 'referral'] }),
  text: column('text', 'Text of the note.', { expression: (alias) => `${alias}.note` }),
  createdAt: column('instant', 'When it was created.'),
  acknowledgedAt: column('instant', 'When it was acknowledged; null while it waits.', { nullable: true }),
  finder: one('Staff', 'The staff member who wrote it and is credited.', {
    permission: 'organisation:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.finder_id`,
  }),
  relationshipManager: one('Staff', 'The relationship manager at that time.', {
    nullable: true,
    permission: 'organisation:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.relationship_manager_id`,
  }),
  acknowledgedBy: one('Staff', 'The staff member who acknowledged it; null while it waits, or if a machine did.', {
    nullable: true,
    permission: 'organisation:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.acknowledged_by`,
  }),
  customer: one('Customer', 'The customer.', {
    permission: 'customer:read',
    on: (parent, child) => `${child}.id = ${parent}.customer_id`,
  }),
})

export const counterNoteViews = [counterNote]
