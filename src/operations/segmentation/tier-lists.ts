import { requireStaffMember, subtreePath } from '../organisation/references.ts'
import { z } from 'zod'
import { monthEnd, monthEndsUpTo } from '../../core/kernel/calendar.ts'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { DomainError, notFound, refuseField } from '../../core/kernel/errors.ts'
import { formatAmount } from '../../core/kernel/money.ts'
import { thresholdSides } from '../../core/segmentation/tiers.ts'
import { listInstitutionPaths } from '../../db/organisation/institutions.ts'
import { countTiers, readMonthOfTiers } from '../../db/segmentation/tiers/growth.ts'
import { pendingDowngradesFrom, distanceOrder, type ListOf, thresholdFrom } from '../../db/segmentation/tiers/lists.ts'
import { findEvaluatedScheme, schemeExists, type StoredScheme } from '../../db/segmentation/tiers/store.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, operation, pageOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerPage } from '../platform/reading.ts'
import { moneySchema } from '../platform/rest-schema.ts'
import { daySchema, id } from '../platform/scalars.ts'
import { schemeId, tierCode } from './tiers.ts'

const domain = 'Customer Product and Service Eligibility'

const listInput = {
  schemeId,
  tier: tierCode.optional().meta({ description: 'Only the tier with this code.', examples: ['private'] }),
  institutionId: id.optional().meta({ description: 'Customers of this institution and of all below it.' }),
  relationshipManagerId: id.optional().meta({ description: 'Customers assigned to this staff member.' }),
}
type ListInput = z.output<z.ZodObject<typeof listInput>>

/** What a list of customers of a scheme is read by. Throws `not_found` and `unknown_reference`. */
async function listOf(
  { db, bank, scope, today }: Context,
  { schemeId: wanted, tier, institutionId, relationshipManagerId }: ListInput,
): Promise<ListOf> {
  const scheme = await evaluatedScheme(db, wanted)
  requireTier(scheme, tier)
  const subtree = await subtreePath(db, institutionId)
  return {
    scheme,
    paths: await listInstitutionPaths(db),
    currency: bank.baseCurrency as CurrencyCode,
    today,
    tier,
    filter: { reach: scope, subtree, relationshipManagerId },
  }
}

/** The scheme as customers hold tiers of it now. Throws `not_found`, and `conflict` before it was worked out. */
export async function evaluatedScheme(db: Context['db'], wanted: string): Promise<StoredScheme> {
  const found = await findEvaluatedScheme(db, wanted)
  if (found) return found
  if (!(await schemeExists(db, wanted))) throw notFound('tier scheme')
  throw new DomainError('conflict', 'The scheme has not been evaluated by a full refresh yet, or it is retired.')
}

export function requireTier({ thresholds }: StoredScheme, tier: string | undefined): void {
  if (tier !== undefined && !thresholds.some(({ code }) => code === tier))
    throw refuseField(
      'unknown_reference',
      'tier',
      'unknown_reference',
      `The scheme has the tiers ${thresholds.map(({ code }) => code).join(', ')}.`,
    )
}

const thresholdView = viewNamed('ThresholdCustomer')
const downgradeView = viewNamed('PendingDowngrade')

export const thresholdCustomers = pageOperation(thresholdView, {
  kind: 'query',
  name: 'thresholdCustomers',
  summary: 'Customers close to a threshold between tiers',
  description:
    '`upgrade_candidate`: customers below the next threshold, within its upgrade margin; `at_risk`: customers above the threshold they have passed, within its at-risk margin; closest first. The margins are part of the scheme; a threshold without one has no list.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    side: z.enum(thresholdSides).meta({ description: 'Below the threshold, or above it.' }),
    ...listInput,
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'not_found', 'conflict', 'unknown_reference'],
  async run(context, { side, schemeId: wanted, tier, institutionId, relationshipManagerId, ...page }) {
    const list = await listOf(context, { schemeId: wanted, tier, institutionId, relationshipManagerId })
    return answerPage(context, thresholdView, {
      ...page,
      from: thresholdFrom(list, side),
      order: distanceOrder(list.scheme),
      where: () => [],
      planned: 'each_time',
      orRefuse: () => requireStaffMember(context.db, 'relationshipManagerId', relationshipManagerId),
    })
  },
})

export const pendingDowngrades = pageOperation(downgradeView, {
  kind: 'query',
  name: 'pendingDowngrades',
  summary: 'Customers who will be downgraded unless their measure recovers',
  description:
    'Customers in the grace period, whose measure is below the threshold of their tier: the shortfall and the remaining days; smallest shortfall first.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({ ...listInput, ...pageInput }),
  errors: ['invalid_cursor', 'not_found', 'conflict', 'unknown_reference'],
  async run(context, { schemeId: wanted, tier, institutionId, relationshipManagerId, ...page }) {
    const list = await listOf(context, { schemeId: wanted, tier, institutionId, relationshipManagerId })
    return answerPage(context, downgradeView, {
      ...page,
      from: pendingDowngradesFrom(list),
      order: distanceOrder(list.scheme),
      where: () => [],
      planned: 'each_time',
      orRefuse: () => requireStaffMember(context.db, 'relationshipManagerId', relationshipManagerId),
    })
  },
})

const growth = z
  .number()
  .nullable()
  .meta({ description: 'Change since then, in percent; null if the earlier value is 0 or unknown.' })

const unconverted = (when: string) =>
  z.int().meta({
    description: `Customers with holdings that are excluded from the assets ${when}, for want of an exchange rate.`,
  })

export const tierGrowth = operation({
  kind: 'query',
  name: 'tierGrowth',
  summary: 'Growth of customers and of assets, by tier',
  description:
    'Active customers in your scope and their assets under management, now and at a month-end, by tier at that time; rank 0 are those below the lowest threshold.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    schemeId,
    since: daySchema
      .optional()
      .meta({ description: 'The month-end to compare with; the latest one by default.', examples: ['2026-10-31'] }),
    institutionId: listInput.institutionId,
    relationshipManagerId: listInput.relationshipManagerId,
  }),
  output: z
    .object({
      schemeId: z.uuid().meta({ description: 'The tier scheme.' }),
      since: z.iso.date().meta({ description: 'The month-end compared with.' }),
      comparable: z.boolean().meta({ description: 'Whether tiers of the scheme are known of that month-end.' }),
      reconstructed: z.boolean().meta({
        description: 'Whether the month-end was computed later, by the scheme of that later day, without tiers set by hand.',
      }),
      undetermined: z.int().meta({
        description:
          'Customers at the month-end whose tier cannot be determined and who are not counted: their balances of that day are not known.',
      }),
      tiers: z
        .array(
          z
            .object({
              rank: z.int().meta({ description: 'Rank of the tier, from 1 for the lowest; 0 below the lowest threshold.' }),
              tier: z.string().nullable().meta({ description: 'Code of the tier; null below the lowest threshold.' }),
              name: z.string().nullable().meta({ description: 'Its name.' }),
              customers: z.int().meta({ description: 'Customers now.' }),
              assets: moneySchema.meta({ description: 'Their assets now, at the newest exchange rates.' }),
              unconverted: unconverted('now'),
              customersBefore: z.int().nullable().meta({ description: 'Customers at the month-end.' }),
              assetsBefore: moneySchema
                .nullable()
                .meta({ description: 'Their assets at the month-end, at the exchange rates of that day.' }),
              unconvertedBefore: unconverted('at the month-end').nullable(),
              customerGrowth: growth,
              assetGrowth: growth,
            })
            .meta({ id: 'TierGrowthRow', description: 'One tier, now and at the month-end.' }),
        )
        .meta({ description: 'Lowest first.' }),
    })
    .meta({ id: 'TierGrowth', description: 'The tiers of a scheme, now and at a month-end.' }),
  errors: ['not_found', 'conflict', 'unknown_reference'],
  async run(context, { schemeId: wanted, since, institutionId, relationshipManagerId }) {
    const { db, today, bank } = context
    const [latest] = monthEndsUpTo(today, 1)
    if (since !== undefined && (monthEnd(since) !== since || since > latest!))
      throw refuseField('invalid_input', 'since', 'month_end', 'Must be the last day of a month that has ended.')
    const { scheme, filter, currency } = await listOf(context, { schemeId: wanted, institutionId, relationshipManagerId })
    await requireStaffMember(context.db, 'relationshipManagerId', relationshipManagerId)
    const monthOf = await readMonthOfTiers(db, scheme, filter, since ?? latest!)
    const rows = await countTiers(db, scheme, filter, since ?? latest!)
    const money = (amount: string) => ({ amount: formatAmount(BigInt(amount), currency), currency: bank.baseCurrency })
    const percent = (now: number, then: number | null): number | null =>
      then === null || then === 0 ? null : Math.round((1e4 * (now - then)) / Math.abs(then)) / 100
    return {
      schemeId: wanted,
      since: since ?? latest!,
      comparable: rows.some(({ customersBefore }) => customersBefore !== null),
      ...monthOf,
      tiers: rows.map(({ rank, customers, assets, unconverted: left, customersBefore, assetsBefore, unconvertedBefore }) => ({
        rank,
        tier: scheme.thresholds[rank - 1]?.code ?? null,
        name: scheme.thresholds[rank - 1]?.name ?? null,
        customers,
        assets: money(assets),
        unconverted: left,
        customersBefore,
        assetsBefore: assetsBefore === null ? null : money(assetsBefore),
        unconvertedBefore,
        customerGrowth: percent(customers, customersBefore),
        assetGrowth: percent(Number(assets), assetsBefore === null ? null : Number(assetsBefore)),
      })),
    }
  },
})

export const tierListOperations = [thresholdCustomers, pendingDowngrades, tierGrowth]
