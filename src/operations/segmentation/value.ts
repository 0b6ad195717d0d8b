import { textsEqual, orderBy } from '../../db/platform/views/conditions.ts'
import { unprofitableFrom } from '../../db/segmentation/value.ts'
import { reviseValuePolicy, valuePolicies } from './value-policies.ts'
import { subtreePath } from '../organisation/references.ts'
import { z } from 'zod'
import { notFound } from '../../core/kernel/errors.ts'
import { formatAmount } from '../../core/kernel/money.ts'
import {
  annuity,
  growthAnnuity,
  costChannels,
  lifetimeValue,
  lossReasons,
  lossOf,
  savingsOfMoving,
  lossRemedies,
} from '../../core/segmentation/value.ts'
import { seesCustomer } from '../../db/dossier/customers.ts'
import { findSegment } from '../../db/segmentation/segments/store.ts'
import { analysePareto, findCustomerValue, valueRatesOn } from '../../db/segmentation/value.ts'
import { viewNamed } from '../../db/views.ts'
import { operation, pageOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerPage } from '../platform/reading.ts'
import { moneySchema } from '../platform/rest-schema.ts'
import { id } from '../platform/scalars.ts'

const domain = 'Customer Product and Service Eligibility'
const lossView = viewNamed('UnprofitableCustomer')

const lossSchema = z
  .object({
    amount: moneySchema.meta({ description: 'Cost minus income.' }),
    reason: z.enum(lossReasons).meta({ description: 'The reason.' }),
    remedy: z.enum(lossRemedies).meta({ description: 'The remedy.' }),
  })
  .meta({ id: 'CustomerLoss', description: 'Why serving the customer costs more than it earns.' })

export const customerValue = operation({
  kind: 'query',
  name: 'customerValue',
  summary: 'The value of a customer, with all parts',
  description:
    'Annual contribution: income less the cost of transactions by channel and a share of the fixed cost. Whether the customer is unprofitable, with reason and remedy. Recency, frequency and monetary value with their quintiles. Lifetime value as realised, latent and growth, with the inputs and rates of each.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({ customerId: id }),
  output: z
    .object({
      customerId: z.uuid().meta({ description: 'The customer.' }),
      asOf: z.iso.date().meta({ description: 'The day for which it was computed.' }),
      policyVersion: z.int().meta({ description: 'The version of the rates.' }),
      income: moneySchema.meta({ description: 'Average balances of the last 365 days × margins.' }),
      variableCost: moneySchema.meta({ description: 'Cost of the transactions of the last 12 full months.' }),
      variableCostByChannel: z
        .array(
          z
            .object({
              channel: z.enum(costChannels).meta({ description: 'The channel.' }),
              transactions: z.int().meta({ description: 'Transactions of the last 12 full months.' }),
              cost: moneySchema.meta({ description: 'Their cost.' }),
            })
            .meta({ id: 'ChannelCost', description: 'Cost of a customer’s transactions in a channel.' }),
        )
        .meta({ description: 'By channel.' }),
      fixedCost: moneySchema.meta({ description: 'The share of the fixed cost.' }),
      contribution: moneySchema.meta({ description: 'Income less both.' }),
      loss: lossSchema.nullable().meta({ description: 'If income is below the variable cost; otherwise null.' }),
      rfm: z
        .object({
          lastTransactionOn: z.iso.date().nullable().meta({ description: 'The last transaction.' }),
          frequency: z.number().meta({ description: 'Transactions of the last 12 full months.' }),
          monetary: moneySchema.meta({ description: 'Their sum.' }),
          recencyScore: z
            .number()
            .nullable()
            .meta({ description: 'Quintile, 5 for the most recent fifth; null before the first full refresh.' }),
          frequencyScore: z.number().nullable().meta({ description: 'Quintile, 5 for the highest fifth.' }),
          monetaryScore: z.number().nullable().meta({ description: 'Quintile, 5 for the highest fifth.' }),
        })
        .meta({
          id: 'RecencyFrequencyMonetary',
          description: 'How recently, how often and with how much a customer uses the bank.',
        }),
      lifetime: z
        .object({
          total: moneySchema.meta({ description: 'The sum of the parts.' }),
          realised: moneySchema.meta({ description: 'Contribution × the years ahead.' }),
          latent: moneySchema.meta({ description: 'Assets at other banks × probability × margin × the years ahead.' }),
          growth: moneySchema.meta({ description: 'Annual growth by the asset trend × margin × growthYears.' }),
          outsideAssets: moneySchema.meta({ description: 'Assets at other banks.' }),
          yearlyGrowth: moneySchema.meta({ description: 'Annual growth of assets, by their trend.' }),
          yearsAhead: z.number().meta({ description: 'The years ahead, weighted by retention and discount.' }),
          growthYears: z
            .number()
            .meta({ description: 'The same for annual growth: once in the first year, twice in the second.' }),
          retention: z.number().meta({ description: 'Share of customers who stay from one year to the next, 0 to 1.' }),
          discount: z.number().meta({ description: 'Annual discount rate.' }),
          years: z.number().meta({ description: 'Number of years ahead.' }),
          outsideChance: z.number().meta({ description: 'Probability of winning assets from other banks, 0 to 1.' }),
          outsideMargin: z.number().meta({ description: 'Annual margin of assets won.' }),
          growthMargin: z.number().meta({ description: 'Annual margin of asset growth.' }),
        })
        .meta({ id: 'LifetimeValue', description: 'The lifetime value of a customer.' }),
    })
    .meta({ id: 'CustomerValue', description: 'The value of a customer, with all parts.' }),
  errors: ['not_found'],
  async run({ db, bank }, { customerId }) {
    const found = await findCustomerValue(db, customerId)
    if (!found) throw notFound((await seesCustomer(db, customerId)) ? 'facts of the customer' : 'customer')
    const { version, definition: rates } = await valueRatesOn(db, found.asOf)
    const money = (minor: bigint) => ({ amount: formatAmount(minor, bank.baseCurrency as never), currency: bank.baseCurrency })
    const costOf = (channel: string, type: string): number =>
      (rates.channelCost[channel as never] ?? 0) + (rates.typeCost[type as never] ?? 0)
    const byChannel = costChannels.flatMap((channel) => {
      const rows = found.channels.filter((one) => one.channel === channel)
      if (rows.length === 0) return []
      const cost = rows.reduce((sum, { type, transactions }) => sum + transactions * costOf(channel, type), 0)
      return [{ channel, transactions: rows.reduce((sum, one) => sum + one.transactions, 0), cost }]
    })
    // All by the version that is named: stored facts may still be of the one before, until the refresh that follows it.
    const [income, fixedCost] = [BigInt(found.profit), BigInt(rates.fixedCost[found.kind])]
    const variableCost = BigInt(Math.round(byChannel.reduce((sum, { cost }) => sum + cost, 0)))
    const contribution = income - variableCost - fixedCost
    const saving = [...savingsOfMoving(rates)].reduce((sum, [channel, each]) => sum + 12 * found.perMonth[channel] * each, 0)
    const loss = lossOf({ income, variableCost, saving, aum: BigInt(found.aum) })
    const inputs = { contribution, outsideAssets: BigInt(found.outsideAssets), aumSlope: BigInt(found.aumSlope) }
    const lifetime = lifetimeValue(inputs, rates)
    return {
      customerId,
      asOf: found.asOf,
      policyVersion: version,
      income: money(income),
      variableCost: money(variableCost),
      variableCostByChannel: byChannel.map(({ cost, ...one }) => ({ ...one, cost: money(BigInt(Math.round(cost))) })),
      fixedCost: money(fixedCost),
      contribution: money(contribution),
      loss: loss ? { ...loss, amount: money(loss.amount) } : null,
      rfm: {
        lastTransactionOn: found.lastTransactionOn,
        frequency: found.frequency,
        monetary: money(BigInt(found.monetary)),
        recencyScore: found.recencyScore,
        frequencyScore: found.frequencyScore,
        monetaryScore: found.monetaryScore,
      },
      lifetime: {
        total: money(lifetime.total),
        realised: money(lifetime.realised),
        latent: money(lifetime.latent),
        growth: money(lifetime.growth),
        outsideAssets: money(inputs.outsideAssets),
        yearlyGrowth: money(inputs.aumSlope * 12n),
        yearsAhead: Math.round(annuity(rates) * 1e4) / 1e4,
        growthYears: Math.round(growthAnnuity(rates) * 1e4) / 1e4,
        retention: rates.retention,
        discount: rates.discount,
        years: rates.years,
        outsideChance: rates.outsideChance,
        outsideMargin: rates.outsideMargin,
        growthMargin: rates.growthMargin,
      },
    }
  },
})

const subtree = id.optional().meta({ description: 'Customers of this institution and of all below it.' })

export const paretoAnalysis = operation({
  kind: 'query',
  name: 'paretoAnalysis',
  summary: 'Pareto analysis of the contribution',
  description:
    'The smallest share of customers who yield 80 % (or another share) of the contribution, the points of the Lorenz curve from the best customers on, and the Gini coefficient: of all customers in your scope, of an institution, or of a segment. Only customers with a positive contribution are ranked; the others are counted separately.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    institutionId: subtree,
    segmentId: id.optional().meta({ description: 'Members of this segment.' }),
    share: z.int().min(1).max(99).default(80).meta({ description: 'The share of the contribution, in percent.' }),
  }),
  output: z
    .object({
      customers: z.int().meta({ description: 'Active customers with a positive contribution.' }),
      contribution: moneySchema.meta({ description: 'Their total contribution.' }),
      share: z.int().meta({ description: 'The requested share, in percent.' }),
      customersNeeded: z.int().meta({ description: 'The fewest customers who yield it.' }),
      customersNeededShare: z
        .number()
        .nullable()
        .meta({ description: 'Share of customers with a positive contribution, in percent.' }),
      gini: z
        .number()
        .meta({ description: 'Gini coefficient: 0 if all contribute the same, near 1 if one contributes everything.' }),
      lorenz: z
        .array(
          z
            .object({
              customers: z.number().meta({ description: 'This percentage of the best customers.' }),
              contribution: z.number().meta({ description: 'Yields this percentage of the contribution.' }),
            })
            .meta({ id: 'LorenzPoint', description: 'A point of the Lorenz curve, from the best customers on.' }),
        )
        .meta({ description: 'In steps of 5 %; fewer if there are fewer customers.' }),
      unprofitableCustomers: z.int().meta({ description: 'Customers with no or a negative contribution.' }),
      unprofitableContribution: moneySchema.meta({ description: 'Their total negative contribution.' }),
    })
    .meta({ id: 'ParetoAnalysis', description: 'Concentration of the contribution.' }),
  errors: ['unknown_reference', 'not_found'],
  async run(context, { institutionId, segmentId, share }) {
    const { db, bank, scope } = context
    if (segmentId !== undefined && !(await findSegment(db, segmentId))) throw notFound('segment')
    const found = await analysePareto(db, share, {
      reach: scope,
      subtree: await subtreePath(context.db, institutionId),
      segmentId,
    })
    const money = (minor: string) => ({
      amount: formatAmount(BigInt(minor), bank.baseCurrency as never),
      currency: bank.baseCurrency,
    })
    const rounded = (value: number): number => Math.round(value * 1e4) / 1e4
    return {
      customers: found.customers,
      contribution: money(found.total),
      share,
      customersNeeded: found.needed,
      customersNeededShare: found.customers === 0 ? null : rounded((100 * found.needed) / found.customers),
      gini: rounded(found.gini),
      lorenz: found.lorenz.map((point) => ({ customers: rounded(point.customers), contribution: rounded(point.contribution) })),
      unprofitableCustomers: found.losing,
      unprofitableContribution: money(found.lost),
    }
  },
})

export const unprofitableCustomers = pageOperation(lossView, {
  kind: 'query',
  name: 'unprofitableCustomers',
  summary: 'Unprofitable customers',
  description: 'Active ones in your scope, largest loss first, each with reason and remedy, as in `customerValue`.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    institutionId: subtree,
    remedy: z.enum(lossRemedies).optional().meta({ description: 'With this remedy.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'unknown_reference'],
  async run(context, { institutionId, remedy, ...page }) {
    const { db, scope, today } = context
    const [path, { definition: rates }] = [await subtreePath(context.db, institutionId), await valueRatesOn(db, today)]
    return answerPage(context, lossView, {
      ...page,
      planned: 'each_time',
      order: orderBy('loss', 'desc', [
        ['amount', 'bigint'],
        ['customer_id', 'uuid'],
      ]),
      from: unprofitableFrom(rates, scope, path),
      where: textsEqual({ remedy }),
    })
  },
})

export const valueOperations = [valuePolicies, reviseValuePolicy, customerValue, paretoAnalysis, unprofitableCustomers]
