import type { PgTable } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import type { Day } from '../../../core/kernel/calendar.ts'
import {
  needKinds,
  needStatuses,
  noteSources,
  noteStatuses,
  outsideHoldingKinds,
  ratingOrigins,
  ratingOutlooks,
  suitabilityOf,
} from '../../../core/dossier/dossier-notes.ts'
import * as schema from '../schema/notes.ts'
import { column, type Computed, many, type MoneyField, one, view, type ViewDefinition } from '../../platform/views/view.ts'

type Fields = Parameters<typeof view>[3]

/** A type of notes: its own fields between those that all notes have. */
function note(name: string, description: string, table: PgTable, statuses: readonly string[], fields: Fields): ViewDefinition {
  return view(name, description, table, {
    id: column('uuid', 'Id of the note, the same in all its versions.'),
    customerId: column('uuid', 'The customer it belongs to.'),
    ...fields,
    status: column('text', 'Where it stands.', { values: statuses }),
    source: column('text', 'How the bank knows it.', { values: noteSources }),
    notedOn: column('day', 'Day on which it was learnt.'),
    note: column('text', 'What else is to be known of it.', { nullable: true }),
    recordedAt: column('instant', 'When this version was written down.'),
    supersededAt: column('instant', 'When a later version took its place; null for the one that holds.', { nullable: true }),
    version: column('integer', 'Counts versions; named by If-Match and expectedVersion.'),
    recordedBy: one('Staff', 'Who wrote this version down; null for a machine.', {
      nullable: true,
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.recorded_by`,
    }),
    customer: one('Customer', 'The customer.', {
      permission: 'customer:read',
      on: (parent, child) => `${child}.id = ${parent}.customer_id`,
    }),
    history: many(name, 'Earlier versions, the latest first.', {
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
  description: 'What may be offered on the ground of this assessment today.',
  permission: 'dossier:read',
  inRest: true,
  output: z
    .object({
      valid: z.boolean().meta({ description: 'Whether it is a ground for offers at all.' }),
      highestLevel: z
        .int()
        .nullable()
        .meta({ description: 'The highest risk level of products that fit; null where none does.' }),
      reason: z.enum(['assessed', 'first_time_buyer', 'expired', 'ended']).meta({
        description: 'Why: as assessed, the lowest level for a first-time buyer, or none since it has expired or ended.',
      }),
    })
    .meta({ id: 'Suitability', description: 'What may be offered on the ground of an assessment.' }),
  expression: (alias, bind, { today }) =>
    `json_build_array(${alias}.level, ${alias}.expires_on, ${alias}.first_time_buyer, ${alias}.status, ${bind(today)}::text)`,
  decode(value) {
    const [level, expiresOn, firstTimeBuyer, status, today] = value as [number, Day, boolean, string, Day]
    return suitabilityOf({ level, expiresOn, firstTimeBuyer, status }, today)
  },
}

export const noteViews = [
  note('Need', 'What a customer needs or saves for.', schema.need, needStatuses, {
    kind: column('text', 'What it is.', { values: needKinds }),
    amount: money('amount', 'How much it takes, where it is known.', true),
    horizonOn: column('day', 'Day by which it is wanted.', { nullable: true }),
  }),
  note(
    'OutsideHolding',
    'What a customer owns or owes at another bank, as far as it is known.',
    schema.outsideHolding,
    noteStatuses,
    {
      bankName: column('text', 'The other bank.'),
      kind: column('text', 'Assets as a whole, a loan, or one product.', { values: outsideHoldingKinds }),
      productName: column('text', 'The product.', { nullable: true }),
      amount: money('amount', 'The estimate, as of the day on which it was noted.', false),
    },
  ),
  note('CreditStanding', 'A rating of a customer, and the credit line that goes with it.', schema.creditStanding, noteStatuses, {
    origin: column('text', 'The bank’s own rating or an outside one.', { values: ratingOrigins }),
    agency: column('text', 'Who gave an outside rating.', { nullable: true }),
    rating: column('text', 'The rating, in the words of its scale.'),
    outlook: column('text', 'Where it is likely to go.', { nullable: true, values: ratingOutlooks }),
    ratedOn: column('day', 'Day of the rating.'),
    granted: money('granted', 'Credit line granted.', true),
    used: money('used', 'What is used of it.', true),
  }),
  note(
    'SuitabilityAssessment',
    'How much risk a customer can bear, by a questionnaire.',
    schema.suitabilityAssessment,
    noteStatuses,
    {
      score: column('integer', 'Points of the questionnaire.'),
      level: column('integer', 'Risk level borne, from 1 (lowest) to 5.'),
      questionnaireVersion: column('text', 'The questionnaire and its version.'),
      assessedOn: column('day', 'Day of the assessment.'),
      expiresOn: column('day', 'First day on which it is no ground for offers any more.'),
      firstTimeBuyer: column('boolean', 'Whether the customer had bought no wealth product before.'),
      suitability,
    },
  ),
  note('LifeEvent', 'Dated news of a customer, or of a key person of the company.', schema.lifeEvent, noteStatuses, {
    title: column('text', 'The news.'),
    happenedOn: column('day', 'Day of the event.'),
    keyPersonId: column('uuid', 'The key person whom it is about, where it is about one.', { nullable: true }),
    keyPerson: one('KeyPerson', 'The key person whom it is about.', {
      nullable: true,
      permission: 'dossier:read',
      inRest: 'always',
      on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.id = ${parent}.key_person_id`,
    }),
  }),
  note('KeyFigure', 'What a customer’s accounts say of a year.', schema.keyFigure, noteStatuses, {
    year: column('integer', 'The year.'),
    revenue: money('revenue', 'Revenue.', true),
    totalAssets: money('total_assets', 'Total assets at the end of the year.', true),
    netProfit: money('net_profit', 'Net profit; a loss is negative.', true),
    debtRatio: column('decimal', 'Debts as a share of total assets, in percent.', {
      nullable: true,
      expression: (alias) => `trim_scale(${alias}.debt_ratio)::text`,
    }),
  }),
  note('PrivilegeGrant', 'A privilege that a customer was given, with its use and cost.', schema.privilegeGrant, noteStatuses, {
    privilege: column('text', 'Code of the privilege.'),
    startsOn: column('day', 'First day.'),
    endsOn: column('day', 'First day on which it holds no more.', { nullable: true }),
    cost: money('cost', 'What its uses have cost so far.', true),
    usedCount: column('integer', 'How often it was used.'),
    lastUsedOn: column('day', 'Day of the last use.', { nullable: true }),
  }),
]

const noted = (target: string, description: string) =>
  many(target, `${description}, the latest first.`, {
    permission: 'dossier:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id and ${child}.superseded_at is null`,
    orderBy: (child) => `${child}.id desc`,
  })

/** The fields of a customer that lead to what was noted. */
export const noteRelations = {
  needs: noted('Need', 'What the customer needs or saves for'),
  outsideHoldings: noted('OutsideHolding', 'What the customer owns or owes at other banks'),
  creditStandings: noted('CreditStanding', 'Ratings and credit lines'),
  keyFigures: noted('KeyFigure', 'What the customer’s accounts say of single years'),
  suitabilityAssessments: noted('SuitabilityAssessment', 'How much risk the customer can bear'),
  lifeEvents: noted('LifeEvent', 'News of the customer'),
  privilegeGrants: noted('PrivilegeGrant', 'Privileges that the customer was given'),
}
