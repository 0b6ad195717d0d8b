import * as schema from '../schema/journals.ts'
import { column, one, view } from './view.ts'

const auditEntry = view(
  'AuditEntry',
  'Who did what, when and to whom: ids and the names of fields, never their values.',
  schema.auditEntry,
  {
    id: column('uuid', 'Id of the entry.'),
    at: column('instant', 'When.'),
    actorKind: column('text', 'What did it.', { values: ['staff', 'client', 'respondent', 'system'] }),
    actorId: column('text', 'Who did it: kind and staff number, client id or name of the job.'),
    institutionPath: column('text', 'Path of the actor’s institution at that time.'),
    operation: column('text', 'What was done.'),
    customerId: column('uuid', 'The customer concerned.', { nullable: true }),
    customerPath: column('text', 'Path of the customer’s institution at that time.', { nullable: true }),
    subjectType: column('text', 'Kind of the thing concerned.', { nullable: true }),
    subjectId: column('text', 'Id of the thing concerned.', { nullable: true }),
    changed: column('texts', 'Names of the fields that were set.'),
    requestId: column('text', 'The request, as in the logs.', { nullable: true }),
    customer: one('Customer', 'The customer concerned, where you may see them.', {
      nullable: true,
      permission: 'customer:read',
      on: (parent, child) => `${child}.id = ${parent}.customer_id`,
    }),
  },
)

export const journalViews = [auditEntry]
