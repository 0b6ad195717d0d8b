import { z } from 'zod'
import { monthEnd, monthEndsUpTo } from '../../core/kernel/calendar.ts'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { DomainError, notFound, refuseField } from '../../core/kernel/errors.ts'
import { formatAmount } from '../../core/kernel/money.ts'
import { thresholdSides } from '../../core/segmentation/tiers.ts'
import { findInstitutionPath, knowsStaff, listInstitutionPaths } from '../../db/organisation/institutions.ts'
import { countTiers } from '../../db/segmentation/tiers/growth.ts'
import { atRiskFrom, distanceOrder, type ListOf, thresholdFrom } from '../../db/segmentation/tiers/lists.ts'
import { findEvaluatedScheme, knowsScheme, type StoredScheme } from '../../db/segmentation/tiers/store.ts'
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
  tier: tierCode.optional().meta({ description: 'Of the tier of this code only.', examples: ['private'] }),
  institutionId: id.optional().meta({ description: 'Customers of this institution and of all below it.' }),
  relationshipManagerId: id.optional().meta({ description: 'Customers whom this staff member keeps.' }),
}
type ListInput = z.output<z.ZodObject<typeof listInput>>

/** What a list of customers of a scheme is read by. Throws `not_found` and `unknown_reference`. */
async function listOf(
  { db, bank, scope, today }: Context,
  { schemeId: wanted, tier, institutionId, relationshipManagerId }: ListInput,
): Promise<ListOf> {
  const scheme = await evaluatedScheme(db, wanted)
  requireTier(scheme, tier)
  const subtree = institutionId === undefined ? undefined : await findInstitutionPath(db, institutionId)
  if (institutionId !== undefined && subtree === undefined)
    throw refuseField('unknown_reference', 'institutionId', 'unknown_reference', 'There is no such institution.')
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
  if (!(await knowsScheme(db, wanted))) throw notFound('tier scheme')
  throw new DomainError('conflict', 'No full refresh has worked this scheme out, or it is retired.')
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

async function refuseUnknownManager({ db }: Context, staffId: string | undefined): Promise<void> {
  if (staffId !== undefined && !(await knowsStaff(db, staffId)))
    throw refuseField('unknown_reference', 'relationshipManagerId', 'unknown_reference', 'There is no such staff member.')
}

const thresholdView = viewNamed('ThresholdCustomer')
const riskView = viewNamed('AtRiskCustomer')

export const thresholdCustomers = pageOperation(thresholdView, {
  kind: 'query',
  name: 'thresholdCustomers',
  summary: 'Customers close to a line between tiers',
  description:
    '`near` are those below the next line by no more than its band, `unsettled` those above the line that they have passed by less than its band; the closest first. How wide the bands are stands in the scheme; a line without one has no list.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    side: z.enum(thresholdSides).meta({ description: 'Below the line, or above it.' }),
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
      orRefuse: () => refuseUnknownManager(context, relationshipManagerId),
    })
  },
})

export const atRiskCustomers = pageOperation(riskView, {
  kind: 'query',
  name: 'atRiskCustomers',
  summary: 'Customers who will lose their tier unless their measure rises again',
  description:
    'Those whose measure lies below the line of the tier that they hold, while grace runs: how far below and how many days are left; the smallest shortfall first.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({ ...listInput, ...pageInput }),
  errors: ['invalid_cursor', 'not_found', 'conflict', 'unknown_reference'],
  async run(context, { schemeId: wanted, tier, institutionId, relationshipManagerId, ...page }) {
    const list = await listOf(context, { schemeId: wanted, tier, institutionId, relationshipManagerId })
    return answerPage(context, riskView, {
      ...page,
      from: atRiskFrom(list),
      order: distanceOrder(list.scheme),
      where: () => [],
      planned: 'each_time',
      orRefuse: () => refuseUnknownManager(context, relationshipManagerId),
    })
  },
})

const growth = z
  .number()
  .nullable()
  .meta({ description: 'Against then, in percent; null where nothing was then or it is not known.' })

export const tierGrowth = operation({
  kind: 'query',
  name: 'tierGrowth',
  summary: 'Growth of heads beside growth of assets, by tier',
  description:
    'Active customers within your scope and their assets under management now and as a month-end had them, by the tier that was held; place 0 are those below the lowest line.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    schemeId,
    since: daySchema
      .optional()
      .meta({ description: 'The month-end to compare with; the latest one where it is missing.', examples: ['2026-10-31'] }),
    institutionId: listInput.institutionId,
    relationshipManagerId: listInput.relationshipManagerId,
  }),
  output: z
    .object({
      schemeId: z.uuid().meta({ description: 'The scheme.' }),
      since: z.iso.date().meta({ description: 'The month-end that is compared with.' }),
      known: z.boolean().meta({ description: 'Whether tiers were kept of that month-end.' }),
      tiers: z
        .array(
          z
            .object({
              place: z.int().meta({ description: 'Counts the tiers from the lowest; 0 below the lowest line.' }),
              tier: z.string().nullable().meta({ description: 'Code of the tier; null below the lowest line.' }),
              name: z.string().nullable().meta({ description: 'Its name.' }),
              customers: z.int().meta({ description: 'Customers now.' }),
              assets: moneySchema.meta({ description: 'Their assets now.' }),
              customersThen: z.int().nullable().meta({ description: 'Customers then.' }),
              assetsThen: moneySchema.nullable().meta({ description: 'Their assets then.' }),
              growthOfCustomers: growth,
              growthOfAssets: growth,
            })
            .meta({ id: 'TierGrowthLine', description: 'One tier now and then.' }),
        )
        .meta({ description: 'The lowest first.' }),
    })
    .meta({ id: 'TierGrowth', description: 'The tiers of a scheme now and at a month-end.' }),
  errors: ['not_found', 'conflict', 'unknown_reference'],
  async run(context, { schemeId: wanted, since, institutionId, relationshipManagerId }) {
    const { db, today, bank } = context
    const [latest] = monthEndsUpTo(today, 1)
    if (since !== undefined && (monthEnd(since) !== since || since > latest!))
      throw refuseField('invalid_input', 'since', 'month_end', 'This is the last day of a month that has ended.')
    const { scheme, filter, currency } = await listOf(context, { schemeId: wanted, institutionId, relationshipManagerId })
    await refuseUnknownManager(context, relationshipManagerId)
    const rows = await countTiers(db, scheme, filter, since ?? latest!)
    const money = (amount: string) => ({ amount: formatAmount(BigInt(amount), currency), currency: bank.baseCurrency })
    const percent = (now: number, then: number | null): number | null =>
      then === null || then === 0 ? null : Math.round((1e4 * (now - then)) / Math.abs(then)) / 100
    return {
      schemeId: wanted,
      since: since ?? latest!,
      known: rows.some(({ customersThen }) => customersThen !== null),
      tiers: rows.map(({ place, customers, assets, customersThen, assetsThen }) => ({
        place,
        tier: scheme.thresholds[place - 1]?.code ?? null,
        name: scheme.thresholds[place - 1]?.name ?? null,
        customers,
        assets: money(assets),
        customersThen,
        assetsThen: assetsThen === null ? null : money(assetsThen),
        growthOfCustomers: percent(customers, customersThen),
        growthOfAssets: percent(Number(assets), assetsThen === null ? null : Number(assetsThen)),
      })),
    }
  },
})

export const tierListOperations = [thresholdCustomers, atRiskCustomers, tierGrowth]
