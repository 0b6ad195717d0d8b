import { z } from 'zod'
import type { CurrencyCode } from '../../../core/kernel/currencies.ts'
import { refuseField } from '../../../core/kernel/errors.ts'
import {
  denominators,
  type ProfileCell,
  type ProfileGroup,
  profileGroups,
  profileOf,
} from '../../../core/segmentation/analyses/profile.ts'
import {
  average,
  percentage,
  points,
  profileRates,
  rateDenominators,
  ratesOf,
  rateUnits,
} from '../../../core/segmentation/analyses/profile-rates.ts'
import { listEChannels, type Profile, type ProfileSide, profileSegment } from '../../../db/segmentation/analyses/profile.ts'
import { findSegment } from '../../../db/segmentation/segments/store.ts'
import { readEvaluatedSchemes } from '../../../db/segmentation/tiers/store.ts'
import { type Context, operation } from '../../platform/operation.ts'
import { moneySchema } from '../../platform/rest-schema.ts'
import { id } from '../../platform/scalars.ts'
import {
  domain,
  drillDownSchema,
  institutionId,
  moneyOf,
  referenceOf,
  requireActive,
  segmentId,
  segmentOf,
  segmentReference,
  withinOf,
} from './scope.ts'

/** More are not distinguished: the rule for several of them would have too many conditions. */
const MAX_CHANNELS = 40

const percent = (description: string) =>
  z
    .number()
    .nullable()
    .meta({ description: `${description} In percent; null if there are no customers.` })

const figures = z
  .object({
    customers: z.int().meta({ description: 'Active customers.' }),
    aum: moneySchema.meta({ description: 'Total assets.' }),
    averageAum: moneySchema.nullable().meta({ description: 'Average assets; null if there are no customers.' }),
    medianAum: moneySchema
      .nullable()
      .meta({ description: 'Median assets, the lower of two middle values; null if there are no customers.' }),
  })
  .meta({ id: 'ProfileFigures', description: 'Number and assets of customers.' })

const cell = z
  .object({
    key: z.string().meta({ description: 'Key of the cell: a value, a band, or a product code.' }),
    customers: z.int().meta({ description: 'Customers of the segment in the cell.' }),
    denominator: z.int().meta({ description: 'Customers of the segment that are the denominator of the share.' }),
    share: percent('Customers in the cell as a share of the denominator.'),
    aum: moneySchema.meta({ description: 'Assets of the customers in the cell.' }),
    shareOfAum: percent('Share of the assets of the denominator.'),
    comparisonCustomers: z.int().meta({ description: 'Customers of the comparison in the cell.' }),
    comparisonShare: percent('Their share in the comparison.'),
    difference: z.number().nullable().meta({ description: 'Share minus the share of the comparison, in percentage points.' }),
    drillDown: drillDownSchema,
  })
  .meta({ id: 'ProfileCell', description: 'A part of a segment beside the same part of the comparison.' })

const group = z
  .object({
    group: z.enum(profileGroups).meta({ description: 'Criterion of the group.' }),
    scheme: z.string().nullable().meta({ description: 'Code of the scheme of the tiers; null for all other groups.' }),
    denominator: z.enum(denominators).meta({
      description:
        'Denominator of the shares: with `scheme_customers` the customers in the scope of the scheme, with `cell` the customers of each cell.',
    }),
    exclusive: z.boolean().meta({ description: 'Whether each customer is in at most one cell.' }),
    cells: z.array(cell).meta({ description: 'Cells of the group.' }),
  })
  .meta({ id: 'ProfileGroup', description: 'Customers broken down by one criterion.' })

const rate = z
  .object({
    rate: z.enum(profileRates).meta({
      description:
        'What is measured. The substitution rate is the share of transactions by online, mobile, phone, WeChat or TV, with or without ATMs, in all transactions of the last 12 full months, queries excluded.',
    }),
    unit: z.enum(rateUnits).meta({ description: 'Unit of the value.' }),
    per: z.enum(rateDenominators).meta({ description: 'Unit of the denominator.' }),
    denominator: z.number().meta({ description: 'Denominator of the segment.' }),
    value: z.number().nullable().meta({ description: 'Value of the segment; null if the denominator is 0.' }),
    comparisonDenominator: z.number().meta({ description: 'Denominator of the comparison.' }),
    comparison: z.number().nullable().meta({ description: 'Value of the comparison.' }),
    difference: z.number().nullable().meta({ description: 'Value minus comparison.' }),
  })
  .meta({ id: 'ProfileRate', description: 'A rate of a segment with its denominator.' })

export const segmentProfile = operation({
  kind: 'query',
  name: 'segmentProfile',
  summary: 'Profile of a segment, compared with the bank or another segment',
  description:
    'Count, assets, age, gender, kind, tenure, products, lifecycle stages, tiers, payroll, company size and e-banking of the active customers in your scope, each share beside that of all of them or of another segment. Every cell has a rule that selects its customers.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    segmentId,
    compareWith: id.optional().meta({ description: 'Another segment; all customers in your scope by default.' }),
    institutionId,
  }),
  output: z
    .object({
      segment: segmentReference,
      comparedWith: segmentReference.nullable().meta({ description: 'The other segment; null for all customers.' }),
      asOf: z.iso.date().meta({ description: 'The day from which relative days are computed.' }),
      figures,
      comparison: figures,
      shareOfCustomers: percent('Customers of the segment as a share of those of the comparison.'),
      shareOfAum: percent('Their assets as a share of those of the comparison.'),
      groups: z.array(group).meta({ description: 'All breakdowns.' }),
      rates: z.array(rate).meta({ description: 'Rates, each with its denominator.' }),
    })
    .meta({ id: 'SegmentProfile', description: 'The profile of a segment.' }),
  errors: ['not_found', 'conflict', 'unknown_reference'],
  async run(context, { segmentId: wanted, compareWith, institutionId: institution }) {
    const { db, today, bank } = context
    const segment = await segmentOf(context, wanted)
    const other = compareWith === undefined ? undefined : await findSegment(db, compareWith)
    if (compareWith !== undefined && !other)
      throw refuseField('unknown_reference', 'compareWith', 'unknown_reference', 'There is no such segment.')
    for (const one of other ? [segment, other] : [segment]) requireActive(one)
    const [channels, schemes] = [await listEChannels(db, MAX_CHANNELS), await readEvaluatedSchemes(db)]
    const groups = profileOf(
      channels,
      schemes.map(({ code, kinds, thresholds }) => ({ code, kinds, tiers: thresholds.map((one) => one.code) })),
    )
    const profile = await profileSegment(db, groups, {
      segmentSide: segment.number,
      comparisonSide: other?.number,
      within: await withinOf(context, institution),
      context: { today, baseCurrency: bank.baseCurrency as CurrencyCode, cut: () => undefined },
    })
    const { segmentSide, comparisonSide } = profile
    return {
      segment: referenceOf(segment),
      comparedWith: other ? referenceOf(other) : null,
      asOf: today,
      figures: figuresOf(context, segmentSide),
      comparison: figuresOf(context, comparisonSide),
      shareOfCustomers: percentage(segmentSide.customers, comparisonSide.customers),
      shareOfAum: percentage(segmentSide.aum, comparisonSide.aum),
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

function cellShown(
  context: Context,
  { key, rule, denominator }: ProfileCell,
  { segmentSide, comparisonSide }: Profile,
): z.input<typeof cell> {
  const [inside, whole] = [segmentSide.counted(rule), segmentSide.counted(denominator)]
  const [comparison, comparisonWhole] = [comparisonSide.counted(rule), comparisonSide.counted(denominator)]
  const share = percentage(inside.customers, whole.customers)
  const comparisonShare = percentage(comparison.customers, comparisonWhole.customers)
  return {
    key,
    customers: inside.customers,
    denominator: whole.customers,
    share,
    aum: moneyOf(context)(inside.aum),
    shareOfAum: percentage(inside.aum, whole.aum),
    comparisonCustomers: comparison.customers,
    comparisonShare,
    difference: points(share, comparisonShare),
    drillDown: { ...rule },
  }
}

function ratesShown({ segmentSide, comparisonSide }: Profile): z.input<typeof rate>[] {
  const comparison = ratesOf(comparisonSide)
  return ratesOf(segmentSide).map(({ name, unit, per, denominator, value }, index) => ({
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
