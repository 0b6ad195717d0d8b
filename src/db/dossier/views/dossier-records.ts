import type { PgTable } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import type { Day } from '../../../core/kernel/calendar.ts'
import {
  needKinds,
  needStatuses,
  recordSources,
  recordStatuses,
  outsideHoldingKinds,
  ratingOrigins,
  ratingOutlooks,
  suitabilityOf,
} from '../../../core/dossier/dossier-records.ts'
import * as schema from '../schema/dossier-records.ts'
import { column, type Computed, many, type MoneyField, one, view, type ViewDefinition } from '../../platform/views/view.ts'

type Fields = Parameters<typeof view>[3]

/** A type of notes: its own fields between those that all notes have. */
function note(name: string, description: string, table: PgTable, statuses: readonly string[], fields: Fields): ViewDefinition {
  return view(name, description, table, {
    id: column('uuid', 'ID of the record, the same in all its versions.'),
    customerId: column('uuid', 'The customer it belongs to.'),
    ...fields,
    status: column('text', 'Status.', { values: statuses }),
    source: column('text', 'How the bank knows it.', { values: recordSources }),
    notedOn: column('day', 'Day on which the bank learned it.'),
    note: column('text', 'Note.', { nullable: true }),
    recordedAt: column('instant', 'When this version was recorded.'),
    supersededAt: column('instant', 'When a later version superseded it; null for the current one.', { nullable: true }),
    version: column('integer', 'Version of the record; sent as If-Match or expectedVersion.'),
    recordedBy: one('Staff', 'Who recorded this version; null for a machine.', {
      nullable: true,
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.recorded_by`,
    }),
    customer: one('Customer', 'The customer.', {
      permission: 'customer:read',
      on: (parent, child) => `${child}.id = ${parent}.customer_id`,
    }),
    history: many(name, 'Earlier versions, newest first.', {
      permission: 'dossier:read',
      inRest: 'single',
      on: (parent, child) =>
        `${child}.customer_id = ${parent}.customer_id and ${child}.id = ${parent}.id and ${child}.version < ${parent}.version`,
      orderBy: (child) => `${child}.version desc`,
    }),
  })
}

const money = (name: string, description: string, nullable: boolean): MoneyField => ({
  kind: 'money',
  nullable,
  description,
  amount: (alias) => `${alias}.${name}`,
  currency: (alias) => `${alias}.currency`,
})

const suitability: Computed = {
  kind: 'computed',
  nullable: false,
  description: 'What may be offered today on the basis of this assessment.',
  permission: 'dossier:read',
  inRest: true,
  output: z
    .object({
      valid: z.boolean().meta({ description: 'Whether offers can be based on it at all.' }),
      highestLevel: z
        .int()
        .nullable()
        .meta({ description: 'The highest suitable risk level of products; null if none is suitable.' }),
      reason: z.enum(['assessed', 'first_time_buyer', 'expired', 'ended']).meta({
        description: 'The reason: as assessed, the lowest level for a first-time buyer, or none because it has expired or ended.',
      }),
    })
    .meta({ id: 'Suitability', description: 'What may be offered on the basis of an assessment.' }),
  expression: (alias, bind, { today }) =>
    `json_build_array(${alias}.level, ${alias}.expires_on, ${alias}.first_time_buyer, ${alias}.status, ${bind(today)}::text)`,
  decode(value) {
    const [level, expiresOn, firstTimeBuyer, status, today] = value as [number, Day, boolean, string, Day]
    return suitabilityOf({ level, expiresOn, firstTimeBuyer, status }, today)
  },
}

export const recordViews = [
  note('Need', 'A need or savings goal of a customer.', schema.need, needStatuses, {
    kind: column('text', 'Kind.', { values: needKinds }),
    amount: money('amount', 'The amount required, if known.', true),
    horizonOn: column('day', 'Target day.', { nullable: true }),
  }),
  note(
    'OutsideHolding',
    'Assets or debts of a customer at another bank, as far as known.',
    schema.outsideHolding,
    recordStatuses,
    {
      bankName: column('text', 'The other bank.'),
      kind: column('text', 'Total assets, a loan, or one product.', { values: outsideHoldingKinds }),
      productName: column('text', 'The product.', { nullable: true }),
      amount: money('amount', 'The estimate, as of the day on which the bank learned it.', false),
    },
  ),
  note('CreditStanding', 'A rating of a customer, with its credit line.', schema.creditStanding, recordStatuses, {
    origin: column('text', 'Internal (by this bank) or external.', { values: ratingOrigins }),
    agency: column('text', 'Agency of an external rating.', { nullable: true }),
    rating: column('text', 'The rating, in its own scale.'),
    outlook: column('text', 'Outlook.', { nullable: true, values: ratingOutlooks }),
    ratedOn: column('day', 'Day of the rating.'),
    granted: money('granted', 'Credit line granted.', true),
    used: money('used', 'Amount used.', true),
  }),
  note(
    'SuitabilityAssessment',
    'The risk capacity of a customer, by questionnaire.',
    schema.suitabilityAssessment,
    recordStatuses,
    {
      score: column('integer', 'Score of the questionnaire.'),
      level: column('integer', 'Risk level, from 1 (lowest) to 5.'),
      questionnaireVersion: column('text', 'The questionnaire and its version.'),
      assessedOn: column('day', 'Day of the assessment.'),
      expiresOn: column('day', 'First day on which offers can no longer be based on it.'),
      firstTimeBuyer: column('boolean', 'Whether the customer had never bought a wealth product before.'),
      suitability,
    },
  ),
  note('LifeEvent', 'Dated news of a customer, or of a key person of the company.', schema.lifeEvent, recordStatuses, {
    title: column('text', 'The news, in short.'),
    happenedOn: column('day', 'Day of the event.'),
    keyPersonId: column('uuid', 'The key person concerned, if any.', { nullable: true }),
    keyPerson: one('KeyPerson', 'The key person concerned.', {
      nullable: true,
      permission: 'dossier:read',
      inRest: 'always',
      on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.id = ${parent}.key_person_id`,
    }),
  }),
  note('KeyFigure', 'Figures from a customer’s accounts for one year.', schema.keyFigure, recordStatuses, {
    year: column('integer', 'The year.'),
    revenue: money('revenue', 'Revenue.', true),
    totalAssets: money('total_assets', 'Total assets at the end of the year.', true),
    netProfit: money('net_profit', 'Net profit; a loss is negative.', true),
    debtRatio: column('decimal', 'Debts as a share of total assets, in percent.', {
      nullable: true,
      expression: (alias) => `trim_scale(${alias}.debt_ratio)::text`,
    }),
  }),
  note('PrivilegeGrant', 'A privilege granted to a customer, with its use and cost.', schema.privilegeGrant, recordStatuses, {
    privilege: column('text', 'Code of the privilege.'),
    startsOn: column('day', 'First day.'),
    endsOn: column('day', 'First day on which it no longer applies.', { nullable: true }),
    cost: money('cost', 'Total cost of its uses so far.', true),
    usedCount: column('integer', 'Number of times it was used.'),
    lastUsedOn: column('day', 'Day of the last use.', { nullable: true }),
  }),
]

const noted = (target: string, description: string) =>
  many(target, `${description}, newest first.`, {
    permission: 'dossier:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id and ${child}.superseded_at is null`,
    orderBy: (child) => `${child}.id desc`,
  })

/** The fields of a customer that lead to what was noted. */
export const recordRelations = {
  needs: noted('Need', 'Needs and savings goals of the customer'),
  outsideHoldings: noted('OutsideHolding', 'Assets and debts of the customer at other banks'),
  creditStandings: noted('CreditStanding', 'Ratings and credit lines'),
  keyFigures: noted('KeyFigure', 'Figures from the customer’s annual accounts'),
  suitabilityAssessments: noted('SuitabilityAssessment', 'Risk capacity of the customer'),
  lifeEvents: noted('LifeEvent', 'Life events of the customer'),
  privilegeGrants: noted('PrivilegeGrant', 'Privileges granted to the customer'),
}
