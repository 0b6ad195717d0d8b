import { changedFields } from '../../core/kernel/changes.ts'
import { checkVersion } from '../platform/versions.ts'
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
  recordSources,
  recordStatuses,
  outsideHoldingKinds,
  ratingOrigins,
  ratingOutlooks,
  requireInForce,
  requireOpen,
  defaultExpiry,
} from '../../core/dossier/dossier-records.ts'
import { requireOpenRecord } from '../../core/dossier/record-rules.ts'
import { notFound, refuseField } from '../../core/kernel/errors.ts'
import { currency, day, decimalAmount, singleLine, remark } from '../../core/kernel/scalars.ts'
import {
  activeRecords,
  findRecord,
  hasFiguresOf,
  type RecordRow,
  type RecordTable,
  reviseRecord,
} from '../../db/dossier/dossier-records.ts'
import { lockCustomerReferences } from '../../db/dossier/references.ts'
import { findOwned, insertOwned } from '../../db/platform/owned-rows.ts'
import * as schema from '../../db/dossier/schema/dossier-records.ts'
import { keyPerson } from '../../db/dossier/schema/people.ts'
import { viewNamed } from '../../db/views.ts'
import type { Bind } from '../../db/platform/views/view.ts'
import { type Context, type Operation, viewOperation } from '../platform/operation.ts'
import { answerOne } from '../platform/reading.ts'
import { expectedVersion, id, noteText, percentText } from '../platform/scalars.ts'
import { dossierQueries, idOf, ofCustomer } from './under-customer.ts'

type Values = Readonly<Record<string, unknown>>
type Shape = Readonly<Record<string, z.ZodType>>

type NoteSubject =
  | 'need'
  | 'outside_holding'
  | 'credit_standing'
  | 'key_figure'
  | 'suitability_assessment'
  | 'life_event'
  | 'privilege_grant'

/** A kind of notes: what is said of one, its rule, and what its operations are called. */
interface NoteKind {
  readonly noun: string
  /** What events and the audit log call it. */
  readonly subject: NoteSubject
  readonly plural: string
  /** How sentences call one, and several. */
  readonly called: string
  readonly several: string
  readonly description: string
  readonly domain: string
  readonly table: RecordTable
  readonly statuses: readonly [string, ...string[]]
  /** Fields that must be said when one is made, and those that may. */
  readonly required: Shape
  readonly optional: Shape
  /** Fields that are amounts of the field `currency`. */
  readonly amounts: readonly string[]
  /** Amounts that may be negative. */
  readonly signed?: readonly string[]
  /** What is said on a new one beside what the caller says. */
  readonly defaults?: (values: Values, today: Day) => Values
  /** Judges the whole note as it would stand. Throws a refusal. */
  readonly check: (note: Values, today: Day) => void
  /** Asks what only the database knows, of what is said and, in a correction, what is stored. Throws a refusal. */
  readonly refer?: (context: Context, customerId: string, values: Values, stored?: RecordRow) => Promise<void>
  /** A new one takes the place of those that are active. */
  readonly replaces?: true
  /** What ending one is called, and the input that says how. */
  readonly end: { readonly summary: string; readonly shape: Shape; readonly status: (input: Values) => string }
}

const common = {
  note: noteText.optional().meta({ description: 'Note.' }),
  notedOn: day.optional().meta({ description: 'Day on which the bank learned it, not in the future; today by default.' }),
}
const source = z.enum(recordSources).meta({ description: 'How the bank knows it.' })
const amount = (description: string) =>
  decimalAmount.meta({ description: `${description}, with its currency.`, examples: ['50000.00'] })
const inCurrency = currency.meta({ description: 'ISO 4217 code of the given amounts.' })

const current = (customerId: string, noteId: string) => (row: string, bind: Bind) =>
  `${ofCustomer(customerId, noteId)(row, bind)} and ${row}.superseded_at is null`

const optionalOf = (shape: Shape): Shape =>
  Object.fromEntries(Object.entries(shape).map(([name, type]) => [name, type.optional().meta(type.meta() ?? {})]))

const plain = (name: string): string => name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()

function recordedBy({ actor }: Context): string | null {
  return actor.kind === 'staff' ? actor.id : null
}

/** Holds the customer and reads the note that holds, which is open. Throws `not_found`, `version_conflict`, `already_closed`. */
async function lockNote(
  { db }: Context,
  { table, noun }: NoteKind,
  customerId: string,
  noteId: string,
  expected: number | undefined,
): Promise<RecordRow> {
  const customer = (await lockCustomerReferences(db, [customerId])).get(customerId)
  const stored = customer && (await findRecord(db, table, { customerId, id: noteId }))
  if (!stored) throw notFound(plain(noun))
  checkVersion(expected, Number(stored['version']))
  requireOpen(String(stored['status']))
  return stored
}

/** Writes the next version of a note, tells of it and answers it. */
async function revise(
  context: Context,
  { table, noun, subject }: NoteKind,
  stored: RecordRow,
  changes: object,
  event: `${NoteSubject}.${'updated' | 'ended'}` | 'privilege_grant.used',
): Promise<Record<string, unknown>> {
  const { db, now, record } = context
  const [customerId, noteId] = [String(stored['customerId']), String(stored['id'])]
  const at = { customerId, id: noteId, version: Number(stored['version']) }
  await reviseRecord(db, table, at, { ...changes, recordedBy: recordedBy(context) }, now)
  record({ event, subjectType: subject, subjectId: noteId, customerId, changed: changedFields(stored, changes) })
  return answerOne(context, viewNamed(noun), current(customerId, noteId))
}

/** The operations of a kind of notes: one, several, make, correct, end. */
function noteOperations(kind: NoteKind): readonly Operation[] {
  const { noun, subject, plural, called, several, description, domain, table, required, optional, amounts, check, end } = kind
  const view = viewNamed(noun)
  const key = idOf(view)
  const permission = 'dossier:write'
  const errors = ['not_found', 'conflict', 'already_exists', 'unknown_currency', 'outside_period', 'already_closed'] as const
  return [
    ...dossierQueries({
      view: noun,
      domain,
      one: {
        name: key.slice(0, -2),
        summary: `One ${plain(noun)} of a customer`,
        description: `${description} With its earlier versions.`,
      },
      many: {
        name: plural,
        summary: `${several} of a customer`,
        description: `${description} Newest first, each in its current version.`,
      },
      filters: { status: z.enum(kind.statuses).optional().meta({ description: 'With this status.' }) },
      counts: (row) => [`${row}.superseded_at is null`],
    }),
    viewOperation(view, {
      kind: 'command',
      name: `create${noun}`,
      summary: `Record ${called}`,
      description: `${description}${kind.replaces ? ' Ends the previous active one.' : ''}`,
      permission,
      domain,
      input: z.strictObject({ customerId: id, ...required, source, ...optionalOf(optional), ...common }),
      errors,
      async run(context, input: Values) {
        const { db, now, today, newId, record } = context
        const { customerId: customer, ...values } = input
        const customerId = String(customer)
        const whole: Values = { notedOn: today, ...kind.defaults?.(values, today), ...values }
        requirePast(whole['notedOn'] as Day, today, 'notedOn')
        const money = amountsOf(amounts, values, {}, kind.signed)
        check(whole, today)
        const locked = (await lockCustomerReferences(db, [customerId])).get(customerId)
        if (!locked) throw notFound('customer')
        requireOpenRecord(locked.status, 'customerId')
        await kind.refer?.(context, customerId, values)
        if (kind.replaces) await endActive(context, kind, customerId)
        const noteId = newId()
        const row = { status: kind.statuses[0], ...whole, ...money, recordedBy: recordedBy(context), recordedAt: now }
        const place = { customerId, id: noteId, version: 1, institutionPath: locked.institutionPath }
        await insertOwned(db, table, { ...row, ...place } as object)
        record({
          event: `${subject}.created`,
          subjectType: subject,
          subjectId: noteId,
          customerId,
          changed: Object.keys(values),
        })
        return answerOne(context, view, current(customerId, noteId))
      },
    }),
    viewOperation(view, {
      kind: 'command',
      name: `correct${noun}`,
      summary: `Correct ${called}`,
      description:
        'Changes the given fields and leaves the others. Requires the version that was read; that version stays readable in the history.',
      permission,
      domain,
      input: z.strictObject({
        customerId: id,
        [key]: id,
        ...optionalOf({ ...required, source, ...optional }),
        ...common,
        expectedVersion,
      }),
      errors,
      concurrency: 'required',
      async run(context, input: Values & { readonly expectedVersion?: number | undefined }) {
        const { today } = context
        const { customerId, [key]: noteId, expectedVersion: expected, ...values } = input
        const stored = await lockNote(context, kind, String(customerId), String(noteId), expected)
        requirePast(values['notedOn'] as Day | undefined, today, 'notedOn')
        const money = amountsOf(amounts, values, stored, kind.signed)
        check({ ...stored, ...values }, today)
        await kind.refer?.(context, String(customerId), values, stored)
        return revise(context, kind, stored, { ...values, ...money }, `${kind.subject}.updated`)
      },
    }),
    viewOperation(view, {
      kind: 'command',
      name: `end${noun}`,
      summary: end.summary,
      description: 'It stays readable, with all its versions.',
      permission,
      domain,
      input: z.strictObject({ customerId: id, [key]: id, ...end.shape, expectedVersion }),
      errors,
      concurrency: 'optional',
      async run(context, input: Values & { readonly expectedVersion?: number | undefined }) {
        const { customerId, [key]: noteId, expectedVersion: expected } = input
        const stored = await lockNote(context, kind, String(customerId), String(noteId), expected)
        return revise(context, kind, stored, { status: end.status(input) }, `${kind.subject}.ended`)
      },
    }),
  ]
}

/** Ends what is active of a kind, to make room for a new one. */
async function endActive(context: Context, { table, subject }: NoteKind, customerId: string): Promise<void> {
  const { db, now, record } = context
  for (const { id: noteId, version } of await activeRecords(db, table, customerId)) {
    await reviseRecord(db, table, { customerId, id: noteId, version }, { status: 'ended', recordedBy: recordedBy(context) }, now)
    record({ event: `${subject}.ended`, subjectType: subject, subjectId: noteId, customerId, changed: ['status'] })
  }
}

const ended = () => 'ended'

const needs: NoteKind = {
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

const outsideHoldings: NoteKind = {
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

const creditStandings: NoteKind = {
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

const keyFigures: NoteKind = {
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

const suitabilityAssessments: NoteKind = {
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

const lifeEvents: NoteKind = {
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

const privilegeGrants: NoteKind = {
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
    const stored = await lockNote(context, privilegeGrants, customerId, privilegeGrantId, expected)
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

/** The operations of each kind of notes: one, several, make, correct, end. */
export const recordOperationsOf: ReadonlyMap<string, readonly Operation[]> = new Map(
  kinds.map((kind) => [kind.noun, noteOperations(kind)]),
)

export const dossierRecordOperations: readonly Operation[] = [...[...recordOperationsOf.values()].flat(), usePrivilege]
