import { audienceInput, audienceOf, isByFacts } from './audience.ts'
import {
  exceeds,
  customerConditions,
  type CustomerFilter,
  customerOrder,
  customerOrders,
  type CustomerOrder,
  isIndexed,
  summarisePortfolio,
} from '../../db/dossier/customer-filter.ts'
import { requireStaffMember, subtreePath } from '../organisation/references.ts'
import { z } from 'zod'
import type { Permission } from '../../core/kernel/permissions.ts'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { customerKinds, customerStatuses } from '../../core/dossier/customers.ts'
import { refuseField } from '../../core/kernel/errors.ts'
import { code } from '../../core/kernel/scalars.ts'
import { formatAmount, parseAmount } from '../../core/kernel/money.ts'
import { productFamilies } from '../../core/organisation/products.ts'
import { findProductIds } from '../../db/organisation/products.ts'
import { joinFacts, audienceConditions } from '../../db/segmentation/segments/audience.ts'
import { listVersions } from '../../db/segmentation/tiers/store.ts'
import { viewNamed } from '../../db/views.ts'
import type { PageQuery } from '../../db/platform/views/read.ts'
import { type Context, operation, pageOperation } from '../platform/operation.ts'
import { pageInput, type SelectedPage } from '../platform/pages.ts'
import { answerPage } from '../platform/reading.ts'
import { moneySchema } from '../platform/rest-schema.ts'
import { amountText, daySchema, id } from '../platform/scalars.ts'

const customerView = viewNamed('Customer')
const domain = 'Party Reference Data Directory'

/** What is sorted without an index. */
const MAX_SORTED = 20_000

export const filterInput = {
  institutionId: id.optional().meta({ description: 'Customers of this institution and of all below it.' }),
  relationshipManagerId: id.optional().meta({ description: 'Customers assigned to this staff member.' }),
  kind: z.array(z.enum(customerKinds)).min(1).max(3).optional().meta({ description: 'Of these kinds.' }),
  status: z.array(z.enum(customerStatuses)).min(1).max(5).optional().meta({ description: 'With these statuses.' }),
  productFamily: z.enum(productFamilies).optional().meta({ description: 'With an open holding in this family.' }),
  productCode: code.optional().meta({ description: 'With an open holding of the product with this code.', examples: ['TD-12M'] }),
  aumFrom: amountText.optional().meta({ description: 'With at least these assets, in the base currency.' }),
  aumTo: amountText.optional().meta({ description: 'With at most these assets, in the base currency.' }),
  openedSince: daySchema.optional().meta({ description: 'Customer since this day or later.' }),
  ...audienceInput,
}

type FilterInput = z.output<z.ZodObject<typeof filterInput>>

/** Who holds what is not told to those who may not see holdings, and no fact to those who may not see facts. */
export function alsoNeedsOf(needed: Permission): (input: FilterInput) => readonly Permission[] {
  return (input) => {
    const { productFamily, productCode } = input
    const also: readonly Permission[] = [
      ...(productFamily === undefined && productCode === undefined ? [] : (['holding:read'] as const)),
      ...(isByFacts(input) ? (['fact:read'] as const) : []),
    ]
    return also.length > 0 ? [needed, ...also] : []
  }
}

const tierInput = {
  tierSchemeId: id.optional().meta({ description: 'With a tier of this scheme; requires `tier`.' }),
  tier: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'With the tier of this code.', examples: ['private'] }),
}
type TierInput = z.output<z.ZodObject<typeof tierInput>>

/** The tier that is asked for; undefined where none is. Throws `invalid_input` for half of one. */
function tierOf({ tierSchemeId: schemeId, tier: code }: TierInput): CustomerFilter['tier'] {
  if (schemeId === undefined && code === undefined) return undefined
  if (schemeId !== undefined && code !== undefined) return { schemeId, code }
  const missing = code === undefined ? 'tier' : 'tierSchemeId'
  throw refuseField('invalid_input', missing, 'required', 'tier and tierSchemeId must be given together.')
}

/** Resolves the institution to the prefix of its subtree and amounts to minor units. */
export async function filterOf(context: Context, input: FilterInput): Promise<CustomerFilter> {
  const { institutionId, kind, status, aumFrom, aumTo, segmentId: _segment, rule: _rule, ...rest } = input
  return {
    ...rest,
    reach: context.scope,
    kinds: kind,
    statuses: status,
    aumFrom: minorUnits(context, 'aumFrom', aumFrom),
    aumTo: minorUnits(context, 'aumTo', aumTo),
    subtree: await subtreePath(context.db, institutionId),
  }
}

async function refuseUnknownTier({ db }: Context, tier: CustomerFilter['tier']): Promise<void> {
  if (tier === undefined) return
  const versions = await listVersions(db, tier.schemeId)
  if (versions.length === 0)
    throw refuseField('unknown_reference', 'tierSchemeId', 'unknown_reference', 'There is no such scheme.')
  if (!versions.some(({ thresholds }) => thresholds.some(({ code: known }) => known === tier.code)))
    throw refuseField('unknown_reference', 'tier', 'unknown_reference', 'The scheme has no such tier.')
}

/** Asked where nothing was found, so that a list that is not empty costs no statement more. */
export async function refuseUnknown(
  { db }: Context,
  { relationshipManagerId: staffId, productCode }: Pick<FilterInput, 'relationshipManagerId' | 'productCode'>,
): Promise<void> {
  if (productCode !== undefined && (await findProductIds(db, { code: productCode })).length === 0)
    throw refuseField('unknown_reference', 'productCode', 'unknown_reference', 'There is no such product.')
  await requireStaffMember(db, 'relationshipManagerId', staffId)
}

async function refuseLongSort({ db }: Context, orderBy: CustomerOrder, filter: CustomerFilter): Promise<void> {
  if (isIndexed(orderBy) || !(await exceeds(db, MAX_SORTED, filter))) return
  throw refuseField(
    'invalid_input',
    'orderBy',
    'too_many',
    `The order ${orderBy} is limited to ${MAX_SORTED} customers: filter by an institution further down or by a relationship manager.`,
  )
}

function minorUnits({ bank }: Context, field: string, text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined
  const amount = parseAmount(text, bank.baseCurrency as CurrencyCode)
  if (amount === undefined) throw refuseField('invalid_input', field, 'amount', `Must be an amount in ${bank.baseCurrency}.`)
  return amount
}

export const customers = pageOperation(customerView, {
  kind: 'query',
  name: 'customers',
  summary: 'Customers by institution, relationship manager, kind, status, products, assets, segment and facts',
  description:
    'The customers in your scope that meet all conditions, in the requested order. The total is counted on request only.',
  permission: 'customer:read',
  domain,
  input: z.strictObject({
    ...filterInput,
    ...tierInput,
    orderBy: z
      .enum(customerOrders)
      .default('aum_desc')
      .meta({
        description: `Order of the page; missing values of birth_date and founded_on come last. By updated_at, birth_date, founded_on and kind at most ${MAX_SORTED} customers can be sorted: filter by an institution further down or by a relationship manager.`,
      }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'unknown_reference', 'conflict', 'query_too_complex'],
  alsoNeeds: ({ tierSchemeId, tier, ...input }) => {
    const also = alsoNeedsOf('customer:read')(input)
    return tierSchemeId === undefined && tier === undefined ? also : ['customer:read', ...also, 'fact:read']
  },
  lane: ({ includeTotal, productFamily, productCode, tier, orderBy, ...rest }) =>
    includeTotal || tier !== undefined || productFamily || productCode !== undefined || !isIndexed(orderBy) || isByFacts(rest)
      ? 'pool'
      : 'fast',
  run: (context, { orderBy, limit, cursor, includeTotal, tierSchemeId, tier, ...input }) =>
    answerCustomers(context, input, { orderBy, limit, cursor, includeTotal, tier: tierOf({ tierSchemeId, tier }) }),
})

/** A page of the customers that meet the conditions. */
export async function answerCustomers(
  context: Context,
  input: FilterInput,
  {
    orderBy,
    tier,
    ...page
  }: Pick<PageQuery, 'limit' | 'cursor' | 'found'> &
    Pick<CustomerFilter, 'tier'> & { readonly orderBy: CustomerOrder; readonly includeTotal: boolean },
): Promise<SelectedPage> {
  const filter = { ...(await filterOf(context, input)), tier }
  const audience = await audienceOf(context, input)
  await refuseLongSort(context, orderBy, filter)
  const byManagerOnly = Object.keys(input).every((name) => name === 'relationshipManagerId')
  return answerPage(context, customerView, {
    ...page,
    ...(audience && { join: joinFacts }),
    where: (row, bind) => [...customerConditions(filter, row, bind), ...(audience ? audienceConditions(audience, bind) : [])],
    order: customerOrder(orderBy),
    planned: byManagerOnly && tier === undefined && input.relationshipManagerId !== undefined ? 'once' : 'each_time',
    async orRefuse() {
      await refuseUnknown(context, input)
      await refuseUnknownTier(context, tier)
    },
  })
}

const summaryPart = {
  customers: z.int().meta({ description: 'Number of customers.' }),
  amount: moneySchema.meta({ description: 'In the base currency.' }),
}

export const portfolioSummary = operation({
  kind: 'query',
  name: 'portfolioSummary',
  summary: 'Number and assets of customers of a relationship manager or subtree, by kind and product family',
  description:
    'Active customers in your scope: of one relationship manager, of one institution and all below it, or all. By family: balances of the open holdings of these customers, debts negative, in the base currency at the newest rates.',
  permission: 'portfolio:read',
  domain: 'Customer Relationship Management',
  input: z.strictObject({ institutionId: filterInput.institutionId, relationshipManagerId: filterInput.relationshipManagerId }),
  output: z
    .object({
      asOf: z.iso.date().meta({ description: 'The day of the exchange rates.' }),
      customers: z.int().meta({ description: 'Number of customers.' }),
      aum: moneySchema.meta({ description: 'Their assets.' }),
      byKind: z
        .array(
          z
            .object({ kind: z.enum(customerKinds).meta({ description: 'Kind of customer.' }), ...summaryPart })
            .meta({ id: 'PortfolioKind', description: 'The customers of one kind.' }),
        )
        .meta({ description: 'By kind of customer.' }),
      byFamily: z
        .array(
          z
            .object({
              family: z.enum(productFamilies).meta({ description: 'Product family.' }),
              holdings: z.int().meta({ description: 'Number of open holdings.' }),
              ...summaryPart,
              unconvertedCurrencies: z.array(z.string()).meta({
                description: 'Currencies of holdings that are excluded from the amount because they have no exchange rate yet.',
              }),
            })
            .meta({ id: 'PortfolioFamily', description: 'The holdings of one product family.' }),
        )
        .meta({ description: 'By product family.' }),
    })
    .meta({ id: 'PortfolioSummary', description: 'Summary of a portfolio.' }),
  errors: ['unknown_reference'],
  lane: 'pool',
  async run(context, { institutionId, relationshipManagerId }) {
    const currency = context.bank.baseCurrency as CurrencyCode
    const filter = {
      reach: context.scope,
      relationshipManagerId,
      subtree: await subtreePath(context.db, institutionId),
    }
    const rows = await summarisePortfolio(context.db, filter, currency, context.today)
    if (rows.length === 0) await refuseUnknown(context, { relationshipManagerId })
    const money = (minor: bigint) => ({ amount: formatAmount(minor, currency), currency })
    const byKind = rows.filter(({ by }) => by === 'kind').sort((a, b) => a.key.localeCompare(b.key))
    const byFamily = rows.filter(({ by }) => by === 'family').sort((a, b) => a.key.localeCompare(b.key))
    return {
      asOf: context.today,
      customers: byKind.reduce((sum, row) => sum + row.customers, 0),
      aum: money(byKind.reduce((sum, row) => sum + BigInt(row.amount), 0n)),
      byKind: byKind.map(({ key, customers: count, amount }) => ({
        kind: key as (typeof customerKinds)[number],
        customers: count,
        amount: money(BigInt(amount)),
      })),
      byFamily: byFamily.map(({ key, customers: count, holdings, amount, unconverted }) => ({
        family: key as (typeof productFamilies)[number],
        customers: count,
        holdings,
        amount: money(BigInt(amount)),
        unconvertedCurrencies: [...unconverted],
      })),
    }
  },
})

export const customerListOperations = [customers, portfolioSummary]
