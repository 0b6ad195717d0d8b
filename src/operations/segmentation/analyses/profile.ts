import { z } from 'zod'
import type { CurrencyCode } from '../../../core/kernel/currencies.ts'
import { refuseField } from '../../../core/kernel/errors.ts'
import {
  average,
  denominators,
  percentage,
  points,
  type ProfileCell,
  type ProfileGroup,
  profileGroups,
  profileOf,
  profileRates,
  rateDenominators,
  ratesOf,
  rateUnits,
} from '../../../core/segmentation/analyses/profile.ts'
import { listEChannels, type Profile, type ProfileSide, profileSegment } from '../../../db/segmentation/analyses/profile.ts'
import { findSegment } from '../../../db/segmentation/segments/store.ts'
import { readEvaluatedSchemes } from '../../../db/segmentation/tiers/store.ts'
import { type Context, operation } from '../../platform/operation.ts'
import { moneySchema } from '../../platform/rest-schema.ts'
import { id } from '../../platform/scalars.ts'
import {
  domain,
  drillSchema,
  institutionId,
  moneyOf,
  referenceOf,
  requireActive,
  segmentId,
  segmentOf,
  segmentReference,
  withinOf,
} from './scope.ts'

/** More are not told apart: the rule for several of them would have too many conditions. */
const MOST_CHANNELS = 40

const percent = (description: string) =>
  z
    .number()
    .nullable()
    .meta({ description: `${description} In percent; null where there is nobody.` })

const figures = z
  .object({
    customers: z.int().meta({ description: 'Active customers.' }),
    aum: moneySchema.meta({ description: 'What they own together.' }),
    averageAum: moneySchema.nullable().meta({ description: 'What each owns on average; null where there is nobody.' }),
    medianAum: moneySchema
      .nullable()
      .meta({ description: 'What half of them own at most: of two in the middle the lower; null where there is nobody.' }),
  })
  .meta({ id: 'ProfileFigures', description: 'How many customers, and what they own.' })

const cell = z
  .object({
    key: z.string().meta({ description: 'What the cell is of: a value, a band, the code of a product.' }),
    customers: z.int().meta({ description: 'Customers of the segment in it.' }),
    of: z.int().meta({ description: 'Customers of the segment of whom the share is taken.' }),
    share: percent('The one of the other.'),
    aum: moneySchema.meta({ description: 'What those in it own.' }),
    shareOfAum: percent('Of what those own of whom the share is taken.'),
    comparisonCustomers: z.int().meta({ description: 'Customers of the comparison in it.' }),
    comparisonShare: percent('Their share in the comparison.'),
    difference: z
      .number()
      .nullable()
      .meta({ description: 'By how many percentage points the share lies above that of the comparison.' }),
    drill: drillSchema,
  })
  .meta({ id: 'ProfileCell', description: 'A part of a segment beside the same part of the comparison.' })

const group = z
  .object({
    group: z.enum(profileGroups).meta({ description: 'By what the customers are told apart.' }),
    scheme: z.string().nullable().meta({ description: 'Code of the scheme whose tiers these are; null of all other groups.' }),
    denominator: z.enum(denominators).meta({
      description:
        'Of whom shares are taken: with `scheme_customers` of those whom the scheme is for, with `cell` each of its own part of the customers.',
    }),
    exclusive: z.boolean().meta({ description: 'Whether nobody is in two cells.' }),
    cells: z.array(cell).meta({ description: 'Its parts.' }),
  })
  .meta({ id: 'ProfileGroup', description: 'Customers told apart by one thing.' })

const rate = z
  .object({
    rate: z.enum(profileRates).meta({
      description:
        'What is measured. The substitution rate is that of transactions by online, mobile, phone, WeChat or TV, with those at ATMs or without, among all of the last 12 full months, queries left out.',
    }),
    unit: z.enum(rateUnits).meta({ description: 'What the value counts.' }),
    per: z.enum(rateDenominators).meta({ description: 'What it is taken per.' }),
    denominator: z.number().meta({ description: 'How many of those the segment has.' }),
    value: z.number().nullable().meta({ description: 'Of the segment; null where there is nothing to divide by.' }),
    comparisonDenominator: z.number().meta({ description: 'How many of those the comparison has.' }),
    comparison: z.number().nullable().meta({ description: 'Of the comparison.' }),
    difference: z.number().nullable().meta({ description: 'By how much the one lies above the other.' }),
  })
  .meta({ id: 'ProfileRate', description: 'A rate of a segment with what it is taken per.' })

export const segmentProfile = operation({
  kind: 'query',
  name: 'segmentProfile',
  summary: 'What the customers of a segment are like, beside the bank or another segment',
  description:
    'Count, assets, age, gender, kind, tenure, products, stages, tiers, payroll, company size and e-banking of the active customers within your scope, each share beside that of all of them or of another segment. Every cell has a rule that lists its customers.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    segmentId,
    compareWith: id.optional().meta({ description: 'Another segment; all customers within your scope where it is missing.' }),
    institutionId,
  }),
  output: z
    .object({
      segment: segmentReference,
      comparedWith: segmentReference.nullable().meta({ description: 'The other segment; null for all customers.' }),
      asOf: z.iso.date().meta({ description: 'The day that relative days count from.' }),
      figures,
      comparison: figures,
      shareOfCustomers: percent('Customers of the segment against those of the comparison.'),
      shareOfAum: percent('Their assets against those of the comparison.'),
      groups: z.array(group).meta({ description: 'All ways in which customers are told apart.' }),
      rates: z.array(rate).meta({ description: 'Rates, each with its denominator.' }),
    })
    .meta({ id: 'SegmentProfile', description: 'What the customers of a segment are like.' }),
  errors: ['not_found', 'conflict', 'unknown_reference'],
  async run(context, { segmentId: wanted, compareWith, institutionId: institution }) {
    const { db, today, bank } = context
    const segment = await segmentOf(context, wanted)
    const other = compareWith === undefined ? undefined : await findSegment(db, compareWith)
    if (compareWith !== undefined && !other)
      throw refuseField('unknown_reference', 'compareWith', 'unknown_reference', 'There is no such segment.')
    for (const one of other ? [segment, other] : [segment]) requireActive(one)
    const [channels, schemes] = [await listEChannels(db, MOST_CHANNELS), await readEvaluatedSchemes(db)]
    const groups = profileOf(
      channels,
      schemes.map(({ code, kinds, thresholds }) => ({ code, kinds, tiers: thresholds.map((one) => one.code) })),
    )
    const profile = await profileSegment(db, groups, {
      ours: segment.number,
      theirs: other?.number,
      within: await withinOf(context, institution),
      context: { today, baseCurrency: bank.baseCurrency as CurrencyCode, cut: () => undefined },
    })
    const { ours, theirs } = profile
    return {
      segment: referenceOf(segment),
      comparedWith: other ? referenceOf(other) : null,
      asOf: today,
      figures: figuresOf(context, ours),
      comparison: figuresOf(context, theirs),
      shareOfCustomers: percentage(ours.customers, theirs.customers),
      shareOfAum: percentage(ours.aum, theirs.aum),
      groups: groups.map((one) => groupShown(context, one, profile)),
      rates: ratesShown(profile),
    }
  },
})

function figuresOf(context: Context, { customers, aum, medianAum }: ProfileSide): z.input<typeof figures> {
  const money = moneyOf(context)
  const averageAum = average(aum, customers)
  return {
    customers,
    aum: money(aum),
    averageAum: averageAum === null ? null : money(averageAum),
    medianAum: medianAum === null ? null : money(medianAum),
  }
}

function groupShown(
  context: Context,
  { name, scheme, denominator, exclusive, cells }: ProfileGroup,
  profile: Profile,
): z.input<typeof group> {
  return { group: name, scheme, denominator, exclusive, cells: cells.map((one) => cellShown(context, one, profile)) }
}

function cellShown(context: Context, { key, rule, of }: ProfileCell, { ours, theirs }: Profile): z.input<typeof cell> {
  const [inside, whole] = [ours.counted(rule), ours.counted(of)]
  const [comparison, comparisonWhole] = [theirs.counted(rule), theirs.counted(of)]
  const share = percentage(inside.customers, whole.customers)
  const comparisonShare = percentage(comparison.customers, comparisonWhole.customers)
  return {
    key,
    customers: inside.customers,
    of: whole.customers,
    share,
    aum: moneyOf(context)(inside.aum),
    shareOfAum: percentage(inside.aum, whole.aum),
    comparisonCustomers: comparison.customers,
    comparisonShare,
    difference: points(share, comparisonShare),
    drill: { ...rule },
  }
}

function ratesShown({ ours, theirs }: Profile): z.input<typeof rate>[] {
  const comparison = ratesOf(theirs)
  return ratesOf(ours).map(({ name, unit, per, denominator, value }, index) => ({
    rate: name,
    unit,
    per,
    denominator,
    value,
    comparisonDenominator: comparison[index]!.denominator,
    comparison: comparison[index]!.value,
    difference: points(value, comparison[index]!.value),
  }))
}
