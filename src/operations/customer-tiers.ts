import { z } from 'zod'
import { dayOf, monthEnd, monthEndsUpTo } from '../core/calendar.ts'
import type { CurrencyCode } from '../core/currencies.ts'
import { DomainError, notFound, refuseField } from '../core/errors.ts'
import { line } from '../core/feeds/scalars.ts'
import { formatAmount } from '../core/money.ts'
import { requireOverride, thresholdSides } from '../core/tiers.ts'
import { brokenConstraint } from '../db/failures.ts'
import { findInstitutionPath, knowsStaff, listInstitutionPaths } from '../db/organisation.ts'
import { evaluateSome } from '../db/segments/refresh.ts'
import { countTiers } from '../db/tiers/growth.ts'
import { atRiskFrom, distanceOrder, type ListOf, thresholdFrom } from '../db/tiers/lists.ts'
import { findApprover, insertOverride, lockOverride, lockTieredCustomer, stopOverride } from '../db/tiers/overrides.ts'
import { findEvaluatedScheme, knowsScheme, type StoredScheme } from '../db/tiers/store.ts'
import { viewNamed } from '../db/views/all.ts'
import { customerTier, decodeTiers, tierHistoryKeys } from '../db/views/tiers.ts'
import { findTiers } from '../db/tiers/standing.ts'
import { checkVersion } from './feeds/single-write.ts'
import { type Context, operation, pageOperation, viewOperation } from './operation.ts'
import { pageInput } from './pages.ts'
import { answerOne, answerPage } from './reading.ts'
import { moneySchema } from './rest-schema.ts'
import { daySchema, expectedVersion, id } from './scalars.ts'
import { schemeId } from './tiers.ts'
import { ofCustomer, pageUnder } from './under-customer.ts'

const membershipView = viewNamed('TierMembership')
const overrideView = viewNamed('TierOverride')
const domain = 'Customer Product and Service Eligibility'

const tierCode = z.string().min(1).max(64)

export const customerTiers = operation({
  kind: 'query',
  name: 'customerTiers',
  summary: 'Where a customer stands in every scheme of tiers',
  description:
    'The tier that is held and since when, the measure now, how far it is to the next line and above the own one, the grace that runs, and whether somebody set the tier by hand. Schemes that do not apply are left out.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({ customerId: id }),
  output: z
    .object({
      customerId: z.uuid().meta({ description: 'The customer.' }),
      tiers: z.array(customerTier).meta({ description: 'One for each scheme that applies.' }),
    })
    .meta({ id: 'CustomerTiers', description: 'The tiers of a customer.' }),
  errors: ['not_found'],
  async run({ db, bank, today }, { customerId }) {
    const found = await findTiers(db, customerId, { baseCurrency: bank.baseCurrency, today })
    if (found === undefined) throw notFound('customer')
    return { customerId, tiers: [...decodeTiers(found)] }
  },
})

export const tierHistory = pageOperation(membershipView, {
  kind: 'query',
  name: 'tierHistory',
  summary: 'All stays of a customer in tiers',
  description: 'When they began and ended, why and by which version of the scheme, the latest begun first.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({ customerId: id, ...pageInput }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, input) => pageUnder(context, membershipView, { name: 'begun', direction: 'desc', keys: tierHistoryKeys }, input),
})

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
async function evaluatedScheme(db: Context['db'], wanted: string): Promise<StoredScheme> {
  const found = await findEvaluatedScheme(db, wanted)
  if (found) return found
  if (!(await knowsScheme(db, wanted))) throw notFound('tier scheme')
  throw new DomainError('conflict', 'No full refresh has worked this scheme out, or it is retired.')
}

function requireTier({ thresholds }: StoredScheme, tier: string | undefined): void {
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

const tierOverrideId = id.meta({ description: 'The override.' })

export const tierOverride = viewOperation(overrideView, {
  kind: 'query',
  name: 'tierOverride',
  summary: 'A tier that was set by hand',
  description: 'With reason, approver and end.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({ customerId: id, tierOverrideId }),
  errors: ['not_found'],
  run: (context, { customerId, tierOverrideId: wanted }) => answerOne(context, overrideView, ofCustomer(customerId, wanted)),
})

export const tierOverrides = pageOperation(overrideView, {
  kind: 'query',
  name: 'tierOverrides',
  summary: 'Tiers of a customer that were set by hand',
  description: 'Those that hold and those that have ended, the latest first.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({ customerId: id, ...pageInput }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, input) =>
    pageUnder(
      context,
      overrideView,
      {
        name: 'latest',
        direction: 'desc',
        keys: (row) => [
          { expression: `${row}.created_at`, cast: 'timestamptz' },
          { expression: `${row}.id`, cast: 'uuid' },
        ],
      },
      input,
    ),
})

/** The day of the bank, by which refreshes decide. */
const bankDay = ({ now, bank }: Context): string => dayOf(now, bank.timeZone)

const settingsOf = (context: Context) => ({
  asOf: bankDay(context),
  baseCurrency: context.bank.baseCurrency,
  now: context.now,
  evaluationId: context.newId(),
})

export const overrideTier = viewOperation(overrideView, {
  kind: 'command',
  name: 'overrideTier',
  summary: 'Set the tier of a customer by hand, for a time',
  description:
    'Holds at once and until its end, a year at most, whatever the measure says; then the customer comes to the tier that fits. Somebody else approves it: a manager of a branch to which the customer belongs.',
  permission: 'tier:override',
  domain,
  input: z.strictObject({
    customerId: id,
    schemeId,
    tier: tierCode.meta({ description: 'Code of the tier.', examples: ['private'] }),
    reason: line(300).meta({ description: 'Why.', examples: ['资产正在转入'] }),
    approverId: id.meta({ description: 'Staff member who has approved it.' }),
    endsOn: daySchema.meta({ description: 'First day on which it holds no more.', examples: ['2027-05-01'] }),
  }),
  errors: ['not_found', 'conflict', 'already_exists', 'unknown_reference'],
  async run(context, { customerId, schemeId: wanted, tier, reason, approverId, endsOn }) {
    const { db, now, newId, actor } = context
    const today = bankDay(context)
    const customer = await lockTieredCustomer(db, customerId)
    if (!customer) throw notFound('customer')
    const scheme = await evaluatedScheme(db, wanted).catch((error: unknown) => {
      if (error instanceof DomainError && error.code === 'not_found')
        throw refuseField('unknown_reference', 'schemeId', 'unknown_reference', 'There is no such scheme.')
      throw error
    })
    requireTier(scheme, tier)
    if ((customer.places?.[scheme.slot - 1] ?? null) === null)
      throw new DomainError('conflict', 'The scheme does not apply to this customer, or their facts are not worked out yet.')
    const askerId = actor.kind === 'staff' ? actor.id : ''
    requireOverride({ endsOn, askerId, customerPath: customer.institutionPath }, await findApprover(db, approverId), today)
    const overrideId = newId()
    await insertOverride(db, {
      id: overrideId,
      customerId,
      schemeId: wanted,
      tier,
      reason,
      requestedBy: askerId,
      approverId,
      startsOn: today,
      endsOn,
      now,
    }).catch((error: unknown) => {
      if (brokenConstraint(error) === 'tier_override_current_key')
        throw new DomainError('already_exists', 'The tier of this customer is set by hand already: end that first.')
      throw error
    })
    await evaluateSome(db, settingsOf(context), [customerId])
    context.record({
      event: 'tier_override.set',
      subjectType: 'tier_override',
      subjectId: overrideId,
      customerId,
      changed: ['schemeId', 'tier', 'reason', 'approverId', 'endsOn'],
    })
    return answerOne(context, overrideView, ofCustomer(customerId, overrideId))
  },
})

export const endTierOverride = viewOperation(overrideView, {
  kind: 'command',
  name: 'endTierOverride',
  summary: 'End a tier that was set by hand',
  description: 'The customer comes at once to the tier that fits.',
  permission: 'tier:override',
  domain,
  input: z.strictObject({ customerId: id, tierOverrideId, expectedVersion }),
  errors: ['not_found', 'already_closed', 'version_conflict', 'precondition_required'],
  concurrency: 'required',
  async run(context, { customerId, tierOverrideId: wanted, expectedVersion: expected }) {
    const { db } = context
    if (!(await lockTieredCustomer(db, customerId))) throw notFound('customer')
    const found = await lockOverride(db, customerId, wanted)
    if (!found) throw notFound('tier override')
    checkVersion(expected, found.version)
    if (found.state === 'ended') throw new DomainError('already_closed', 'It has ended already.')
    await stopOverride(db, customerId, wanted, bankDay(context))
    await evaluateSome(db, settingsOf(context), [customerId])
    context.record({
      event: 'tier_override.ended',
      subjectType: 'tier_override',
      subjectId: wanted,
      customerId,
      changed: ['endsOn', 'state'],
    })
    return answerOne(context, overrideView, ofCustomer(customerId, wanted))
  },
})

export const customerTierOperations = [
  customerTiers,
  tierHistory,
  thresholdCustomers,
  atRiskCustomers,
  tierGrowth,
  tierOverride,
  tierOverrides,
  overrideTier,
  endTierOverride,
]
