import { requirePast } from '../../core/kernel/periods.ts'
import { z } from 'zod'
import type { Day } from '../../core/kernel/calendar.ts'
import {
  amountsOf,
  checkCreditStanding,
  checkKeyFigure,
  checkNeed,
  checkPrivilegeGrant,
  checkSuitabilityAssessment,
  needKinds,
  needStatuses,
  recordStatuses,
  outsideHoldingKinds,
  ratingOrigins,
  ratingOutlooks,
  requireInForce,
  defaultExpiry,
} from '../../core/dossier/dossier-records.ts'
import { refuseField } from '../../core/kernel/errors.ts'
import { currency, day, decimalAmount, singleLine, remark } from '../../core/kernel/scalars.ts'
import { hasFiguresOf } from '../../db/dossier/dossier-records.ts'
import { findOwned } from '../../db/platform/owned-rows.ts'
import * as schema from '../../db/dossier/schema/dossier-records.ts'
import { keyPerson } from '../../db/dossier/schema/people.ts'
import { viewNamed } from '../../db/views.ts'
import { type Operation, viewOperation } from '../platform/operation.ts'
import { expectedVersion, id, percentText } from '../platform/scalars.ts'

import { lockRecord, recordOperations, type RecordKind, revise } from './record-operations.ts'

const amount = (description: string) =>
  decimalAmount.meta({ description: `${description}, with its currency.`, examples: ['50000.00'] })
const inCurrency = currency.meta({ description: 'ISO 4217 code of the given amounts.' })

const ended = () => 'ended'

const needs: RecordKind = {
  noun: 'Need',
  subject: 'need',
  plural: 'needs',
  called: 'a need or goal of a customer',
  several: 'Needs and goals',
  description: 'A need or goal: kind, amount and target day.',
  domain: 'Customer Relationship Management',
  table: schema.need,
  statuses: needStatuses,
  required: { kind: z.enum(needKinds).meta({ description: 'Kind.' }) },
  optional: {
    amount: amount('Required amount'),
    currency: inCurrency,
    horizonOn: day.meta({ description: 'Target day.' }),
  },
  amounts: ['amount'],
  check: (note) => checkNeed(note as unknown as Parameters<typeof checkNeed>[0]),
  end: {
    summary: 'Mark a need as met or dropped',
    shape: { status: z.enum(['met', 'dropped']).meta({ description: 'Outcome of the need.' }) },
    status: ({ status }) => String(status),
  },
}

const outsideHoldings: RecordKind = {
  noun: 'OutsideHolding',
  subject: 'outside_holding',
  plural: 'outsideHoldings',
  called: 'an outside holding of a customer',
  several: 'Outside holdings',
  description: 'Assets, a loan or a product at another bank, as estimated on the day on which the bank learned it.',
  domain: 'Customer Relationship Management',
  table: schema.outsideHolding,
  statuses: recordStatuses,
  required: {
    bankName: remark(100).meta({ description: 'The other bank.' }),
    kind: z.enum(outsideHoldingKinds).meta({ description: 'Total assets, a loan, or one product.' }),
    amount: amount('The estimate'),
    currency: inCurrency,
  },
  optional: { productName: remark(100).meta({ description: 'The product.' }) },
  amounts: ['amount'],
  check: () => {},
  end: { summary: 'End an outside holding', shape: {}, status: ended },
}

const creditStandings: RecordKind = {
  noun: 'CreditStanding',
  subject: 'credit_standing',
  plural: 'creditStandings',
  called: 'a credit standing of a customer',
  several: 'Ratings and credit lines',
  description: 'An internal rating or one of an agency, with outlook and day, and the credit line granted on it.',
  domain: 'Customer Relationship Management',
  table: schema.creditStanding,
  statuses: recordStatuses,
  required: {
    origin: z.enum(ratingOrigins).meta({ description: 'Internal (by this bank) or external.' }),
    rating: singleLine(20).meta({ description: 'The rating, in its own scale.', examples: ['AA+'] }),
    ratedOn: day.meta({ description: 'Day of the rating, not in the future.' }),
  },
  optional: {
    agency: remark(100).meta({ description: 'Agency of an external rating.' }),
    outlook: z.enum(ratingOutlooks).meta({ description: 'Outlook.' }),
    granted: amount('Credit line granted'),
    used: amount('Amount used'),
    currency: inCurrency,
  },
  amounts: ['granted', 'used'],
  check: (note, today) => checkCreditStanding(note as unknown as Parameters<typeof checkCreditStanding>[0], today),
  end: { summary: 'End a credit standing', shape: {}, status: ended },
}

const keyFigures: RecordKind = {
  noun: 'KeyFigure',
  subject: 'key_figure',
  plural: 'keyFigures',
  called: 'key figures of a customer for a year',
  several: 'Key figures by year',
  description: 'Revenue, total assets, net profit and debt ratio of a year. One for each year and source.',
  domain: 'Customer Relationship Management',
  table: schema.keyFigure,
  statuses: recordStatuses,
  required: {
    year: z
      .int()
      .min(1900)
      .max(9999)
      .meta({ description: 'The year, not in the future.', examples: [2025] }),
  },
  optional: {
    revenue: amount('Revenue'),
    totalAssets: amount('Total assets at the end of the year'),
    netProfit: amount('Net profit, negative for a loss'),
    currency: inCurrency,
    debtRatio: percentText.meta({ description: 'Debts as a share of total assets, in percent.', examples: ['48.5'] }),
  },
  amounts: ['revenue', 'totalAssets', 'netProfit'],
  signed: ['netProfit'],
  check: (note, today) => checkKeyFigure(note as unknown as Parameters<typeof checkKeyFigure>[0], today),
  async refer({ db }, customerId, values, stored) {
    const [year, source] = [values['year'] ?? stored?.['year'], values['source'] ?? stored?.['source']]
    if (await hasFiguresOf(db, customerId, Number(year), String(source), stored && String(stored['id'])))
      throw refuseField(
        'already_exists',
        'year',
        'already_exists',
        'There are already figures for this year and source: correct or end them.',
      )
  },
  end: { summary: 'End key figures of a year', shape: {}, status: ended },
}

const suitabilityAssessments: RecordKind = {
  noun: 'SuitabilityAssessment',
  subject: 'suitability_assessment',
  plural: 'suitabilityAssessments',
  called: 'a suitability assessment of a customer',
  several: 'Suitability assessments',
  description:
    'The result of a risk questionnaire. It expires, after a year by default; a first-time buyer of wealth products is offered the lowest level only.',
  domain: 'Customer Relationship Management',
  table: schema.suitabilityAssessment,
  statuses: recordStatuses,
  required: {
    score: z.int().min(0).max(10_000).meta({ description: 'Score of the questionnaire.' }),
    level: z.int().min(1).max(5).meta({ description: 'Risk level, from 1 (lowest) to 5.' }),
    questionnaireVersion: singleLine(64).meta({ description: 'The questionnaire and its version.', examples: ['risk-2026.1'] }),
    assessedOn: day.meta({ description: 'Day of the assessment, not in the future.', examples: ['2020-01-01'] }),
    firstTimeBuyer: z.boolean().meta({ description: 'Whether the customer had never bought a wealth product before.' }),
  },
  optional: { expiresOn: day.meta({ description: 'First day on which offers can no longer be based on it.' }) },
  amounts: [],
  defaults: ({ assessedOn }) => ({ expiresOn: defaultExpiry(assessedOn as Day) }),
  check: (note, today) => checkSuitabilityAssessment(note as unknown as Parameters<typeof checkSuitabilityAssessment>[0], today),
  replaces: true,
  end: { summary: 'End a suitability assessment', shape: {}, status: ended },
}

const lifeEvents: RecordKind = {
  noun: 'LifeEvent',
  subject: 'life_event',
  plural: 'lifeEvents',
  called: 'a life event of a customer',
  several: 'Life events',
  description: 'Dated news of a customer, or of a key person of the company.',
  domain: 'Customer Relationship Management',
  table: schema.lifeEvent,
  statuses: recordStatuses,
  required: {
    title: remark(200).meta({ description: 'The news, in short.' }),
    happenedOn: day.meta({ description: 'Day of the event, not in the future.', examples: ['2020-01-01'] }),
  },
  optional: { keyPersonId: id.meta({ description: 'The key person of this company concerned.' }) },
  amounts: [],
  check: ({ happenedOn }, today) => requirePast(happenedOn as Day, today, 'happenedOn'),
  async refer({ db }, customerId, { keyPersonId }) {
    if (typeof keyPersonId === 'string' && !(await findOwned(db, keyPerson, { customerId, id: keyPersonId })))
      throw refuseField('not_found', 'keyPersonId', 'not_found', 'This company has no such key person.')
  },
  end: { summary: 'End a life event', shape: {}, status: ended },
}

const privilegeGrants: RecordKind = {
  noun: 'PrivilegeGrant',
  subject: 'privilege_grant',
  plural: 'privilegeGrants',
  called: 'a privilege granted to a customer',
  several: 'Privileges',
  description: 'A privilege with its period, use and cost.',
  domain: 'Customer Relationship Management',
  table: schema.privilegeGrant,
  statuses: recordStatuses,
  required: {
    privilege: z
      .string()
      .regex(/^[a-z0-9_]{1,64}$/, 'Must be a code of 1 to 64 lower-case letters, digits and underscores.')
      .meta({ description: 'Code of the privilege.', examples: ['priority_lane'] }),
    startsOn: day.meta({ description: 'First day.' }),
  },
  optional: {
    endsOn: day.meta({ description: 'First day on which it no longer applies.' }),
    cost: amount('Cost so far'),
    currency: inCurrency,
  },
  amounts: ['cost'],
  defaults: () => ({ usedCount: 0 }),
  check: (note) => checkPrivilegeGrant(note as unknown as Parameters<typeof checkPrivilegeGrant>[0]),
  end: { summary: 'End a privilege', shape: {}, status: ended },
}

export const usePrivilege = viewOperation(viewNamed('PrivilegeGrant'), {
  kind: 'command',
  name: 'usePrivilege',
  summary: 'Record the use of a privilege, with its cost',
  description:
    'Counts the use and adds its cost to the cost of earlier uses, in the same currency. Refused on a day on which the privilege is not valid.',
  permission: 'dossier:write',
  domain: privilegeGrants.domain,
  input: z.strictObject({
    customerId: id,
    privilegeGrantId: id,
    usedOn: day.optional().meta({ description: 'Day of the use, not in the future; today by default.' }),
    cost: amount('Cost').optional(),
    currency: inCurrency.optional(),
    expectedVersion,
  }),
  errors: ['not_found', 'conflict', 'unknown_currency', 'outside_period', 'already_closed'],
  concurrency: 'optional',
  async run(context, { customerId, privilegeGrantId, usedOn, expectedVersion: expected, ...values }) {
    const { today } = context
    const stored = await lockRecord(context, privilegeGrants, customerId, privilegeGrantId, expected)
    const on = usedOn ?? today
    requirePast(on, today, 'usedOn')
    requireInForce(stored as unknown as Parameters<typeof requireInForce>[0], on)
    const { cost } = amountsOf(['cost'], values)
    const before = stored['cost'] as bigint | null
    if (cost !== undefined && before !== null && stored['currency'] !== values.currency)
      throw refuseField(
        'conflict',
        'currency',
        'currency',
        `The cost so far is in ${String(stored['currency'])}: use the same currency.`,
      )
    const uses = { usedCount: Number(stored['usedCount']) + 1, lastUsedOn: on }
    const costs = cost === undefined ? {} : { cost: (before ?? 0n) + cost, currency: values.currency }
    return revise(context, privilegeGrants, stored, { ...uses, ...costs }, 'privilege_grant.used')
  },
})

const kinds = [needs, outsideHoldings, creditStandings, keyFigures, suitabilityAssessments, lifeEvents, privilegeGrants]

/** The operations of each kind of records: one, several, make, correct, end. */
export const recordOperationsOf: ReadonlyMap<string, readonly Operation[]> = new Map(
  kinds.map((kind) => [kind.noun, recordOperations(kind)]),
)

export const dossierRecordOperations: readonly Operation[] = [...[...recordOperationsOf.values()].flat(), usePrivilege]
