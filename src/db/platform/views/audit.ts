import { accessKinds } from '../../../core/kernel/accesses.ts'
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

const customerAccess = view(
  'CustomerAccess',
  'A look at a customer: who looked, at what, and for what purpose.',
  schema.auditEntry,
  {
    id: column('uuid', 'Id of the audit entry.'),
    at: column('instant', 'When.'),
    customerId: column('uuid', 'The customer who was looked at.'),
    access: column('text', 'What kind of look it was.', {
      values: accessKinds,
      expression: (alias) => `(${alias}.details ->> 'access')`,
    }),
    actorKind: column('text', 'What looked.', { values: ['staff', 'client', 'respondent', 'system'] }),
    actorId: column('text', 'Who looked: kind and staff number, client id or name of the job.'),
    institutionPath: column('text', 'Path of the actor’s institution at that time.'),
    operation: column('text', 'By which operation.'),
    purpose: column('text', 'For what purpose, where one had to be stated.', {
      nullable: true,
      expression: (alias) => `(${alias}.details ->> 'purpose')`,
    }),
    outcome: column('text', 'What it came to, where that is not always the same.', {
      nullable: true,
      expression: (alias) => `(${alias}.details ->> 'outcome')`,
    }),
    fields: column('texts', 'Names of the fields that were shown, or by which the customer was recognised.', {
      expression: (alias) => `${alias}.changed`,
    }),
    requestId: column('text', 'The request, as in the logs.', { nullable: true }),
    staff: one('Staff', 'Who looked, where it was a person.', {
      nullable: true,
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${parent}.actor_kind = 'staff' and ${child}.number = substr(${parent}.actor_id, 7)`,
    }),
  },
)

export const journalViews = [auditEntry, customerAccess]
