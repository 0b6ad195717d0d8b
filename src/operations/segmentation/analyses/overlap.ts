import { z } from 'zod'
import { MIN_SEGMENTS, MAX_SEGMENTS, overlapOf, placesOf } from '../../../core/segmentation/analyses/overlap.ts'
import type { Rule } from '../../../core/segmentation/rules/rule.ts'
import { countCombinations } from '../../../db/segmentation/analyses/overlap.ts'
import { readSegments, type StoredSegment } from '../../../db/segmentation/segments/store.ts'
import { operation } from '../../platform/operation.ts'
import { moneySchema } from '../../platform/rest-schema.ts'
import { id } from '../../platform/scalars.ts'
import {
  chosenSegments,
  domain,
  drillDownSchema,
  institutionId,
  moneyOf,
  referenceOf,
  requireActive,
  segmentReference,
  withinOf,
} from './scope.ts'

const customers = z.int().meta({ description: 'Number of customers.' })
const aum = moneySchema.meta({ description: 'Total assets.' })
const percent = (description: string) =>
  z
    .number()
    .nullable()
    .meta({ description: `${description} In percent; null if empty.` })

export const segmentOverlap = operation({
  kind: 'query',
  name: 'segmentOverlap',
  summary: 'Overlap of segments',
  description:
    'For every pair the customers in both, and for every occurring combination those in exactly these segments: active customers in your scope, as of the last refresh.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    segmentIds: z
      .array(id)
      .min(MIN_SEGMENTS)
      .max(MAX_SEGMENTS)
      .meta({ description: `From ${MIN_SEGMENTS} to ${MAX_SEGMENTS} segments.` }),
    institutionId,
  }),
  output: z
    .object({
      segments: z
        .array(
          z
            .object({ segment: segmentReference, customers, aum })
            .meta({ id: 'OverlapSegment', description: 'One of the segments with its size.' }),
        )
        .meta({ description: 'The segments in the order of the request.' }),
      pairs: z
        .array(
          z
            .object({
              first: z.uuid().meta({ description: 'The first segment.' }),
              second: z.uuid().meta({ description: 'The second segment.' }),
              both: z.int().meta({ description: 'Customers in both.' }),
              either: z.int().meta({ description: 'Customers in at least one.' }),
              jaccard: z.number().nullable().meta({
                description: 'Customers in both divided by customers in at least one, from 0 to 1; null if there are none.',
              }),
              shareOfFirst: percent('Share of the first segment that is also in the second.'),
              shareOfSecond: percent('Share of the second segment that is also in the first.'),
              drillDown: drillDownSchema,
            })
            .meta({ id: 'OverlapPair', description: 'Overlap of two segments.' }),
        )
        .meta({ description: 'Each pair once.' }),
      combinations: z
        .array(
          z
            .object({
              segmentIds: z.array(z.uuid()).meta({ description: 'In these and in none of the others.' }),
              customers,
              aum,
              drillDown: drillDownSchema,
            })
            .meta({ id: 'OverlapCombination', description: 'Customers who are in exactly these segments.' }),
        )
        .meta({ description: 'Occurring combinations, largest first.' }),
    })
    .meta({ id: 'SegmentOverlap', description: 'Overlap of segments.' }),
  errors: ['conflict', 'unknown_reference'],
  async run(context, { segmentIds, institutionId: institution }) {
    const { db } = context
    const chosen = chosenSegments(await readSegments(db), 'segmentIds', segmentIds)
    for (const one of chosen) requireActive(one)
    const within = await withinOf(context, institution)
    const combinations = await countCombinations(
      db,
      chosen.map(({ number }) => number),
      within,
    )
    const { sizes, pairs } = overlapOf(chosen.length, combinations)
    const money = moneyOf(context)
    return {
      segments: chosen.map((one, place) => ({
        segment: referenceOf(one),
        customers: sizes[place]!.customers,
        aum: money(sizes[place]!.aum),
      })),
      pairs: pairs.map(({ first, second, ...pair }) => ({
        first: chosen[first]!.id,
        second: chosen[second]!.id,
        ...pair,
        drillDown: { all: [inSegment(chosen[first]!), inSegment(chosen[second]!)] },
      })),
      combinations: combinations
        .toSorted((one, other) => other.customers - one.customers || one.mask - other.mask)
        .map(({ mask, customers: count, aum: owned }) => {
          const places = placesOf(mask, chosen.length)
          return {
            segmentIds: places.map((place) => chosen[place]!.id),
            customers: count,
            aum: money(owned),
            drillDown: {
              all: chosen.map((one, place) => (places.includes(place) ? inSegment(one) : { not: inSegment(one) })),
            },
          }
        }),
    }
  },
})

const inSegment = ({ id: segment }: StoredSegment): Rule => ({ segment })
