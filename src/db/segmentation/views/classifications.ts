import { storedClassificationKinds } from '../../../core/segmentation/classifications.ts'
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
  'A classification of a customer over a period.',
  schema.classificationPeriod,
  {
    id: column('uuid', 'ID of the period.'),
    customerId: column('uuid', 'The customer.'),
    kind: column('text', 'Kind of classification.', { values: storedClassificationKinds }),
    value: column('text', 'Value.'),
    policyVersion: column('integer', 'The version of the policy that was applied; 0 for the default.'),
    ruleIndex: column(
      'integer',
      'Index of the rule that was applied, from 0; null if the default applied or the record was closed.',
      {
        nullable: true,
      },
    ),
    beganOn: column('day', 'First day.'),
    beganAt: column('instant', 'When it started.'),
    endedOn: column('day', 'First day on which it no longer applied; null while it applies.', { nullable: true }),
    endedAt: column('instant', 'When it ended.', { nullable: true }),
    customer,
  },
)

const relationshipPreference = view(
  'RelationshipPreference',
  'A customer’s relationship preference, as declared.',
  schema.relationshipPreference,
  {
    id: column('uuid', 'ID of the declaration.'),
    customerId: column('uuid', 'The customer.'),
    preference: column('text', 'The relationship preference.', { values: relationPreferences }),
    note: column('text', 'Note on the evidence.', { nullable: true }),
    declaredAt: column('instant', 'When it was declared.'),
    supersededAt: column('instant', 'When a later declaration superseded it; null for the current one.', { nullable: true }),
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
  classifications: many('ClassificationPeriod', 'Current classifications of the customer, by kind.', {
    permission: 'fact:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id and ${child}.ended_on is null`,
    orderBy: (child) => `${child}.kind`,
  }),
  classificationHistory: page('ClassificationPeriod', 'Current and past classifications of the customer, latest start first.', {
    permission: 'fact:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id`,
    keys: periodKeys,
    direction: 'desc',
  }),
  relationshipPreferences: page('RelationshipPreference', 'Declared relationship preferences of the customer, newest first.', {
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
