import { keptKinds } from '../../../core/segmentation/classifications.ts'
import { relationPreferences } from '../../../core/segmentation/facts.ts'
import * as schema from '../schema/classifications.ts'
import { column, many, one, page, inSingleAnswers, view, type ViewExtension } from '../../platform/views/view.ts'

const customer = one('Customer', 'The customer.', {
  permission: 'customer:read',
  inRest: 'always',
  on: (parent, child) => `${child}.id = ${parent}.customer_id`,
})

const classificationPeriod = view(
  'ClassificationPeriod',
  'How a customer was classified for a time.',
  schema.classificationPeriod,
  {
    id: column('uuid', 'Id of the period.'),
    customerId: column('uuid', 'The customer.'),
    kind: column('text', 'What was classified.', { values: keptKinds }),
    value: column('text', 'As what.'),
    policyVersion: column('integer', 'The version of the policy that decided; 0 for the default.'),
    ruleIndex: column('integer', 'Which of its rules decided, from 0; null where its default did or the record was closed.', {
      nullable: true,
    }),
    beganOn: column('day', 'First day.'),
    beganAt: column('instant', 'When it began.'),
    endedOn: column('day', 'First day on which it held no more; null as long as it does.', { nullable: true }),
    endedAt: column('instant', 'When it ended.', { nullable: true }),
    customer,
  },
)

const relationshipPreference = view(
  'RelationshipPreference',
  'What drives a customer’s choice of a bank, as somebody declared.',
  schema.relationshipPreference,
  {
    id: column('uuid', 'Id of the declaration.'),
    customerId: column('uuid', 'The customer.'),
    preference: column('text', 'What drives the customer.', { values: relationPreferences }),
    note: column('text', 'What shows it.', { nullable: true }),
    declaredAt: column('instant', 'When it was declared.'),
    supersededAt: column('instant', 'When another one followed; null of the one that holds.', { nullable: true }),
    declaredBy: one('Staff', 'Who declared it; null for a machine.', {
      nullable: true,
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.declared_by`,
    }),
    customer,
  },
)

export const classificationViews = [classificationPeriod, relationshipPreference]

export const periodKeys = (child: string) => [
  { expression: `${child}.began_at`, cast: 'timestamptz' },
  { expression: `${child}.id`, cast: 'uuid' },
]

export const preferenceKeys = (child: string) => [
  { expression: `${child}.declared_at`, cast: 'timestamptz' },
  { expression: `${child}.id`, cast: 'uuid' },
]

export const classificationRelations = {
  classifications: many('ClassificationPeriod', 'How the customer is classified now, by kind.', {
    permission: 'fact:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id and ${child}.ended_on is null`,
    orderBy: (child) => `${child}.kind`,
  }),
  classificationHistory: page('ClassificationPeriod', 'How the customer is and was classified, the latest begun first.', {
    permission: 'fact:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id`,
    keys: periodKeys,
    direction: 'desc',
  }),
  relationshipPreferences: page('RelationshipPreference', 'What was declared to drive the customer, the latest first.', {
    permission: 'dossier:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id`,
    keys: preferenceKeys,
    direction: 'desc',
  }),
}

export const classificationExtensions: readonly ViewExtension[] = [
  { name: 'Customer', fields: classificationRelations },
  { name: 'CustomerOverview', fields: { classifications: inSingleAnswers(classificationRelations.classifications) } },
]
