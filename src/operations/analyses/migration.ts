import { z } from 'zod'
import { matrixFacts, MOST_MATRIX_SEGMENTS, orderedMoves, standings, statesOf, stayedOf } from '../../core/analyses/migration.ts'
import { percentage } from '../../core/analyses/profile.ts'
import { monthEnd } from '../../core/calendar.ts'
import { DomainError, refuseField } from '../../core/errors.ts'
import { countMoves } from '../../db/analyses/migration.ts'
import { readSegments } from '../../db/segments/store.ts'
import { operation } from '../operation.ts'
import { moneySchema } from '../rest-schema.ts'
import { daySchema, id } from '../scalars.ts'
import { chosenSegments, domain, institutionId, moneyOf, withinOf } from './scope.ts'

const standing = (when: string) =>
  z.enum(standings).meta({
    description: `Where they stood ${when}: at a value or in a segment (\`in\`), at none as customers, as no customers yet, or as customers no more.`,
  })

export const migrationMatrix = operation({
  kind: 'query',
  name: 'migrationMatrix',
  summary: 'How customers moved between stages or segments',
  description:
    'From a month-end to another one or to now: how many customers within your scope moved from each value of a fact, or each of several segments, to each. Of several segments in which a customer is the first in the list counts.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    fact: z.enum(matrixFacts).optional().meta({ description: 'A fact of known values; or else `segmentIds`.' }),
    segmentIds: z
      .array(id)
      .min(1)
      .max(MOST_MATRIX_SEGMENTS)
      .optional()
      .meta({ description: `Up to ${MOST_MATRIX_SEGMENTS} segments, such as those of one scheme.` }),
    from: daySchema.meta({ description: 'The last day of a month.', examples: ['2026-09-30'] }),
    to: daySchema.optional().meta({ description: 'The last day of a later month; now where it is missing.' }),
    institutionId,
  }),
  output: z
    .object({
      from: z.iso.date().meta({ description: 'The month-end at the beginning.' }),
      to: z.iso.date().meta({ description: 'The month-end at the end, or today.' }),
      states: z.array(z.string()).meta({ description: 'The values or the ids of the segments, in their order.' }),
      moves: z
        .array(
          z
            .object({
              fromStanding: standing('at the beginning'),
              from: z.string().nullable().meta({ description: 'The value or the id of the segment then.' }),
              toStanding: standing('at the end'),
              to: z.string().nullable().meta({ description: 'The value or the id of the segment at the end.' }),
              customers: z.int().meta({ description: 'How many customers.' }),
              share: z.number().nullable().meta({ description: 'Of all who stood there at the beginning, in percent.' }),
              aumBefore: moneySchema.meta({ description: 'What they owned at the beginning.' }),
              aumAfter: moneySchema.meta({ description: 'What they owned at the end.' }),
            })
            .meta({ id: 'Move', description: 'Customers who moved from one place to another, or stayed.' }),
        )
        .meta({ description: 'The cells of the matrix in which there is somebody.' }),
      stayed: z
        .number()
        .nullable()
        .meta({ description: 'Of those who stood at a value both times, how many stood at the same, in percent.' }),
    })
    .meta({ id: 'MigrationMatrix', description: 'How customers moved.' }),
  errors: ['unknown_reference'],
  async run(context, { fact, segmentIds, from, to, institutionId: institution }) {
    const { db, today } = context
    if ((fact === undefined) === (segmentIds === undefined))
      throw new DomainError('invalid_input', 'Give either `fact` or `segmentIds`.', [
        { pointer: '/fact', rule: 'exactly_one', message: 'Give either a fact or segments.' },
      ])
    for (const [field, day] of [
      ['from', from],
      ['to', to],
    ] as const)
      if (day !== undefined && (day !== monthEnd(day) || day >= today))
        throw refuseField('invalid_input', field, 'month_end', 'Facts are kept for the last days of months that are over.')
    if (to !== undefined && to <= from) throw refuseField('invalid_input', 'to', 'reversed', 'The end lies after the beginning.')
    if (segmentIds) chosenSegments(await readSegments(db), 'segmentIds', segmentIds)
    const within = await withinOf(context, institution)
    const states = fact === undefined ? segmentIds! : statesOf(fact)
    const stateOf = fact === undefined ? { segmentIds: segmentIds! } : { fact }
    const moves = orderedMoves(await countMoves(db, stateOf, { from, to, within }), states)
    const began = Map.groupBy(moves, ({ fromStanding, from: state }) => `${fromStanding} ${state}`)
    const { stayed, both } = stayedOf(moves)
    const money = moneyOf(context)
    return {
      from,
      to: to ?? today,
      states: [...states],
      moves: moves.map(({ aumBefore, aumAfter, ...move }) => {
        const all = began.get(`${move.fromStanding} ${move.from}`)!
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
