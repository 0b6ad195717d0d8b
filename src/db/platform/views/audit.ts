import { accessKinds } from '../../../core/kernel/accesses.ts'
import * as schema from '../schema/journals.ts'
import { column, one, view } from './view.ts'

const auditEntry = view(
  'AuditEntry',
  'Who did what, when and to which record: IDs and field names, never values.',
  schema.auditEntry,
  {
    id: column('uuid', 'ID of the entry.'),
    at: column('instant', 'When it happened.'),
    actorKind: column('text', 'Kind of actor.', { values: ['staff', 'client', 'respondent', 'system'] }),
    actorId: column('text', 'The actor: kind and staff number, client ID or job name.'),
    institutionPath: column('text', 'Path of the actor’s institution at that time.'),
    operation: column('text', 'The operation.'),
    customerId: column('uuid', 'The customer concerned.', { nullable: true }),
    customerPath: column('text', 'Path of the customer’s institution at that time.', { nullable: true }),
    subjectType: column('text', 'Kind of the record concerned.', { nullable: true }),
    subjectId: column('text', 'ID of the record concerned.', { nullable: true }),
    changed: column('texts', 'Names of the fields that were changed.'),
    requestId: column('text', 'ID of the request, as in the logs.', { nullable: true }),
    customer: one('Customer', 'The customer concerned, if in your scope.', {
      nullable: true,
      permission: 'customer:read',
      on: (parent, child) => `${child}.id = ${parent}.customer_id`,
    }),
  },
)

const customerAccess = view(
  'CustomerAccess',
  'An access to protected data of a customer: who, which data, and for what purpose.',
  schema.auditEntry,
  {
    id: column('uuid', 'ID of the audit entry.'),
    at: column('instant', 'When it happened.'),
    customerId: column('uuid', 'The customer whose data was accessed.'),
    access: column('text', 'Kind of access.', {
      values: accessKinds,
      expression: (alias) => `(${alias}.details ->> 'access')`,
    }),
    actorKind: column('text', 'Kind of actor that accessed it.', { values: ['staff', 'client', 'respondent', 'system'] }),
    actorId: column('text', 'The actor: kind and staff number, client ID or name of the job.'),
    institutionPath: column('text', 'Path of the actor’s institution at that time.'),
    operation: column('text', 'The operation used.'),
    purpose: column('text', 'The purpose, where one must be stated.', {
      nullable: true,
      expression: (alias) => `(${alias}.details ->> 'purpose')`,
    }),
    outcome: column('text', 'The outcome, where it varies.', {
      nullable: true,
      expression: (alias) => `(${alias}.details ->> 'outcome')`,
    }),
    fields: column('texts', 'Names of the fields that were shown, or by which the customer was recognised.', {
      expression: (alias) => `${alias}.changed`,
    }),
    requestId: column('text', 'ID of the request, as in the logs.', { nullable: true }),
    staff: one('Staff', 'The staff member, if a person accessed it.', {
      nullable: true,
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${parent}.actor_kind = 'staff' and ${child}.number = substr(${parent}.actor_id, 7)`,
    }),
  },
)

export const journalViews = [auditEntry, customerAccess]
