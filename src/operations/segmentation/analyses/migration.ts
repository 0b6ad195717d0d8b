import { orderBy } from '../../../db/platform/views/conditions.ts'
import { z } from 'zod'
import {
  type Cell,
  matrixFacts,
  MAX_MATRIX_SEGMENTS,
  orderedMoves,
  type MigrationStatus,
  migrationStatuses,
  statesOf,
  stayedShareOf,
} from '../../../core/segmentation/analyses/migration.ts'
import { percentage } from '../../../core/segmentation/analyses/profile-rates.ts'
import { monthEnd } from '../../../core/kernel/calendar.ts'
import { DomainError, refuseField } from '../../../core/kernel/errors.ts'
import { countMoves, inCell, type StateOf } from '../../../db/segmentation/analyses/migration.ts'
import { readSegments } from '../../../db/segmentation/segments/store.ts'
import { listVersions } from '../../../db/segmentation/tiers/store.ts'
import { viewNamed } from '../../../db/views.ts'
import { type Context, operation, pageOperation } from '../../platform/operation.ts'
import { pageInput } from '../../platform/pages.ts'
import { answerPage } from '../../platform/reading.ts'
import { moneySchema } from '../../platform/rest-schema.ts'
import { daySchema, id } from '../../platform/scalars.ts'
import { evaluatedScheme } from '../tier-lists.ts'
import { chosenSegments, domain, institutionId, moneyOf, withinOf } from './scope.ts'

const customerView = viewNamed('Customer')

const status = (when: string) =>
  z.enum(migrationStatuses).meta({
    description: `Status ${when}: in one of the states (\`in_state\`), a customer in no state, one whose state a reconstructed month-end cannot determine (\`undetermined\`), not a customer yet, or no longer a customer.`,
  })

const unconverted = (end: string) =>
  z.int().meta({
    description: `Those of them with holdings that are excluded from the assets at the ${end}, for want of an exchange rate.`,
  })

const reconstructedText = (end: string): string =>
  `Whether the month-end at the ${end} was computed later, by the rules of that later day.`

const matrixInput = {
  fact: z.enum(matrixFacts).optional().meta({ description: 'A fact with known values; or use `schemeId` or `segmentIds`.' }),
  schemeId: id.optional().meta({ description: 'A tier scheme.' }),
  segmentIds: z
    .array(id)
    .min(1)
    .max(MAX_MATRIX_SEGMENTS)
    .optional()
    .meta({ description: `Up to ${MAX_MATRIX_SEGMENTS} segments.` }),
  from: daySchema.meta({ description: 'The last day of a month.', examples: ['2026-09-30'] }),
  to: daySchema.optional().meta({ description: 'The last day of a later month; now by default.' }),
  institutionId,
}
type MatrixInput = z.output<z.ZodObject<typeof matrixInput>>

/** What a matrix is read by, checked. Throws `invalid_input`, `not_found` and `unknown_reference`. */
async function matrixOf(context: Context, { fact, schemeId, segmentIds, from, to, institutionId: institution }: MatrixInput) {
  const { db, today } = context
  if ([fact, schemeId, segmentIds].filter((one) => one !== undefined).length !== 1)
    throw new DomainError('invalid_input', 'Exactly one of `fact`, `schemeId` or `segmentIds` is required.', [
      { pointer: '/fact', rule: 'exactly_one', message: 'Exactly one of fact, schemeId or segmentIds is required.' },
    ])
  for (const [field, day] of [
    ['from', from],
    ['to', to],
  ] as const)
    if (day !== undefined && (day !== monthEnd(day) || day >= today))
      throw refuseField(
        'invalid_input',
        field,
        'month_end',
        'Must be the last day of a month that has ended: facts are stored for those days.',
      )
  if (to !== undefined && to <= from) throw refuseField('invalid_input', 'to', 'reversed', 'The end must be after the start.')
  const ends = { from, to, within: await withinOf(context, institution) }
  if (fact !== undefined) return { stateOf: { fact } as StateOf, states: statesOf(fact), ends }
  if (segmentIds) {
    const numbers = chosenSegments(await readSegments(db), 'segmentIds', segmentIds).map(({ number }) => number)
    return { stateOf: { segmentIds, numbers } as StateOf, states: segmentIds, ends }
  }
  const scheme = await evaluatedScheme(db, schemeId!)
  // Tiers that older versions had follow those of now.
  const versions = [scheme, ...(await listVersions(db, scheme.id)).toReversed()]
  const states = [...new Set(versions.flatMap(({ thresholds }) => thresholds.map(({ code }) => code)))]
  return { stateOf: { scheme } as StateOf, states, ends }
}

export const migrationMatrix = operation({
  kind: 'query',
  name: 'migrationMatrix',
  summary: 'Migration of customers between lifecycle stages, tiers or segments',
  description:
    'From one month-end to another, or to now: number of customers in your scope who moved from each value of a fact, tier of a scheme, or one of several segments, to each other. `migrationCustomers` lists the customers of a cell. A customer in several of the segments counts for the first in the list.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject(matrixInput),
  output: z
    .object({
      from: z.iso.date().meta({ description: 'The month-end at the start.' }),
      to: z.iso.date().meta({ description: 'The month-end at the end, or today.' }),
      reconstructedFrom: z.boolean().meta({ description: reconstructedText('start') }),
      reconstructedTo: z.boolean().meta({ description: reconstructedText('end') }),
      states: z.array(z.string()).meta({ description: 'The states: values, codes of tiers or IDs of segments, in order.' }),
      moves: z
        .array(
          z
            .object({
              fromStatus: status('at the start'),
              from: z.string().nullable().meta({ description: 'The value, tier code or segment ID at the start.' }),
              toStatus: status('at the end'),
              to: z.string().nullable().meta({ description: 'The value, tier code or segment ID at the end.' }),
              customers: z.int().meta({ description: 'Number of customers.' }),
              share: z
                .number()
                .nullable()
                .meta({ description: 'Share of all customers with that state at the start, in percent.' }),
              aumBefore: moneySchema.meta({ description: 'Their assets at the start, at the exchange rates of that day.' }),
              aumAfter: moneySchema.meta({ description: 'Their assets at the end, at the exchange rates of that day.' }),
              unconvertedBefore: unconverted('start'),
              unconvertedAfter: unconverted('end'),
            })
            .meta({ id: 'MigrationMove', description: 'Customers who moved from one state to another, or stayed.' }),
        )
        .meta({ description: 'The non-empty cells of the matrix.' }),
      stayed: z
        .number()
        .nullable()
        .meta({ description: 'Share of customers in a state both times who stayed in the same one, in percent.' }),
    })
    .meta({ id: 'MigrationMatrix', description: 'Migration of customers between states.' }),
  errors: ['not_found', 'conflict', 'unknown_reference'],
  async run(context, input) {
    const { db, today } = context
    const { from, to } = input
    const { stateOf, states, ends } = await matrixOf(context, input)
    const moves = orderedMoves(await countMoves(db, stateOf, ends), states)
    const began = Map.groupBy(moves, ({ fromStatus, from: state }) => `${fromStatus} ${state}`)
    const { stayed, both } = stayedShareOf(moves)
    const money = moneyOf(context)
    return {
      from,
      to: to ?? today,
      reconstructedFrom: moves.some((move) => move.reconstructedFrom),
      reconstructedTo: moves.some((move) => move.reconstructedTo),
      states: [...states],
      moves: moves.map(({ aumBefore, aumAfter, reconstructedFrom: _from, reconstructedTo: _to, ...move }) => {
        const all = began.get(`${move.fromStatus} ${move.from}`)!
        return {
          ...move,
          share: percentage(
            move.customers,
            all.reduce((sum, { customers }) => sum + customers, 0),
          ),
          aumBefore: money(aumBefore),
          aumAfter: money(aumAfter),
        }
      }),
      stayed: percentage(stayed, both),
    }
  },
})

export const migrationCustomers = pageOperation(customerView, {
  kind: 'query',
  name: 'migrationCustomers',
  summary: 'Customers of a cell of the migration matrix',
  description:
    'For the parameters of `migrationMatrix` and the cell: customers by status at the start and at the end, by ID. Only customers in your current scope are counted and listed: a customer who has since moved to another branch counts there, with the whole history.',
  permission: 'customer:read',
  alsoNeeds: () => ['customer:read', 'fact:read'],
  domain,
  lane: 'pool',
  input: z.strictObject({
    ...matrixInput,
    fromStatus: status('at the start').default('in_state'),
    fromState: z
      .string()
      .max(200)
      .optional()
      .meta({ description: 'The value, tier code or segment ID at the start; any by default.' }),
    toStatus: status('at the end').default('in_state'),
    toState: z.string().max(200).optional().meta({ description: 'The same at the end.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'not_found', 'conflict', 'unknown_reference'],
  async run(context, { fromStatus, fromState, toStatus, toState, limit, cursor, includeTotal, ...input }) {
    const { stateOf, states, ends } = await matrixOf(context, input)
    const cell = {
      from: placeOf('from', fromStatus, fromState, states),
      to: placeOf('to', toStatus, toState, states),
    }
    return answerPage(context, customerView, {
      limit,
      cursor,
      includeTotal,
      order: orderBy('id', 'asc', [['id', 'uuid']]),
      where: (row, bind) => [inCell(row, stateOf, ends, cell, bind)],
    })
  },
})

/** One side of a cell. Throws `invalid_input` for a state that there is not. */
function placeOf(
  side: 'from' | 'to',
  status: MigrationStatus,
  state: string | undefined,
  states: readonly string[],
): Cell['from'] {
  if (state !== undefined && (status !== 'in_state' || !states.includes(state)))
    throw refuseField(
      'invalid_input',
      `${side}State`,
      'unknown_state',
      'A state is only allowed with the status `in_state`, and must be one of the states of the matrix.',
    )
  return { status, state }
}
