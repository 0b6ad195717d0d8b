import { ownedWithinReach } from '../../db/dossier/reach.ts'
import { z } from 'zod'
import { callerOf } from '../../core/kernel/actors.ts'
import { notFound, refuseField } from '../../core/kernel/errors.ts'
import { line } from '../../core/kernel/scalars.ts'
import { formatAmount } from '../../core/kernel/money.ts'
import {
  annuity,
  growthAnnuity,
  costChannels,
  costTypes,
  lifetimeValue,
  lossCauses,
  lossOf,
  movableChannels,
  ratesRefusal,
  savingsByMoving,
  type ValueRates,
  waysOut,
} from '../../core/segmentation/value.ts'
import { seesCustomer } from '../../db/dossier/customers.ts'
import { factColumn } from '../../db/segmentation/facts/columns.ts'
import { findInstitutionPath } from '../../db/organisation/institutions.ts'
import { queueForDefinition } from '../../db/segmentation/refresh/runs.ts'
import { findSegment } from '../../db/segmentation/segments/store.ts'
import {
  analysePareto,
  findCustomerValue,
  findValuePolicy,
  insertValuePolicy,
  listValuePolicies,
  type ValuePolicy,
} from '../../db/segmentation/value.ts'
import { viewNamed } from '../../db/views.ts'
import type { Bind } from '../../db/platform/views/view.ts'
import { checkVersion } from '../platform/feed-writes.ts'
import { type Context, operation, pageOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerPage, orderBy } from '../platform/reading.ts'
import { moneySchema } from '../platform/rest-schema.ts'
import { daySchema, expectedVersion, id } from '../platform/scalars.ts'
import { inSubtree } from '../../db/platform/views/keys.ts'

const domain = 'Customer Product and Service Eligibility'
const lossView = viewNamed('LossMaker')

const cost = z.int().min(0).max(10_000_000)
const optionalCosts = (names: readonly string[]) =>
  z.strictObject(Object.fromEntries(names.map((name) => [name, cost.optional()])))

const ratesSchema = z
  .strictObject({
    channelCost: optionalCosts(costChannels).meta({
      description: 'Cost of a transaction by channel, minor units of the base currency; what is not named costs nothing.',
    }),
    typeCost: optionalCosts(costTypes).meta({ description: 'What a transaction of a type costs besides.' }),
    fixedCost: z
      .strictObject({ individual: cost, sole_trader: cost, company: cost })
      .meta({ description: 'A customer’s share in the fixed cost of a year, by kind.' }),
    retention: z.number().meta({ description: 'Of customers who stay from one year to the next, 0 to below 1.' }),
    discount: z.number().meta({ description: 'Interest by which a year ahead counts less, 0 to 1.' }),
    years: z.int().min(1).max(30).meta({ description: 'Years that are looked ahead.' }),
    outsideMargin: z.number().meta({ description: 'Yearly margin of assets won from other banks.' }),
    outsideChance: z.number().meta({ description: 'Chance to win them.' }),
    growthMargin: z.number().meta({ description: 'Yearly margin of assets that grow.' }),
  })
  .meta({
    id: 'ValueRates',
    description: 'What the value of customers is worked out by.',
    examples: [
      {
        channelCost: { counter: 800, atm: 120, mobile: 10 },
        typeCost: { cash: 100 },
        fixedCost: { individual: 3000, sole_trader: 9000, company: 30000 },
        retention: 0.9,
        discount: 0.08,
        years: 5,
        outsideMargin: 0.008,
        outsideChance: 0.2,
        growthMargin: 0.01,
      },
    ],
  })

const policySchema = z
  .object({
    version: z.int().meta({ description: 'Counts versions. Each stays.' }),
    effectiveFrom: z.iso.date().meta({ description: 'First day on which it holds.' }),
    rates: z.record(z.string(), z.unknown()).meta({ description: 'The rates, as reviseValuePolicy takes them.' }),
    source: z.string().meta({ description: 'Where they come from: `ours` for the published default, `bank` for its own.' }),
    reason: z.string().meta({ description: 'Why.' }),
    setBy: z.string().meta({ description: 'Who wrote them.' }),
    setAt: z.iso.datetime().meta({ description: 'When.' }),
  })
  .meta({ id: 'ValuePolicy', description: 'A version of the rates by which value is worked out.' })

const shownPolicy = ({ rates, setAt, ...policy }: ValuePolicy): z.input<typeof policySchema> => ({
  ...policy,
  rates: { ...rates },
  setAt: new Date(setAt).toISOString(),
})

export const valuePolicies = operation({
  kind: 'query',
  name: 'valuePolicies',
  summary: 'By which rates value is worked out',
  description: 'All versions, the latest first. Of those that have begun the latest written holds.',
  permission: 'segment:read',
  domain,
  input: z.strictObject({}),
  output: z.object({ items: z.array(policySchema) }).meta({ id: 'ValuePolicies', description: 'Versions of the rates.' }),
  run: async ({ db }) => ({ items: (await listValuePolicies(db)).map(shownPolicy) }),
})

export const reviseValuePolicy = operation({
  kind: 'command',
  name: 'reviseValuePolicy',
  summary: 'Say by which rates value is worked out',
  description:
    'All rates at once, as a new version from a day on, today or later; the earlier ones stay. Facts follow with a full refresh, which is queued where they begin today.',
  permission: 'policy:write',
  domain,
  input: z.strictObject({
    effectiveFrom: daySchema.meta({ description: 'First day on which they hold.' }),
    rates: ratesSchema,
    reason: line(500).meta({ description: 'Why.' }),
    expectedVersion,
  }),
  output: policySchema,
  errors: ['version_conflict', 'outside_period'],
  concurrency: 'optional',
  async run(context, { effectiveFrom, rates, reason, expectedVersion: expected }) {
    const { db, now, today, actor, record } = context
    const [latest] = await listValuePolicies(db)
    checkVersion(expected, latest!.version)
    if (effectiveFrom < today) throw refuseField('outside_period', 'effectiveFrom', 'past', 'Rates begin today or later.')
    const refusal = ratesRefusal(rates as ValueRates)
    if (refusal) throw refuseField('invalid_input', refusal.field, 'range', refusal.message)
    const policy = {
      version: latest!.version + 1,
      effectiveFrom,
      rates: rates as ValueRates,
      source: 'bank',
      reason,
      setBy: callerOf(actor),
      setAt: now,
    }
    await insertValuePolicy(db, policy)
    if (effectiveFrom === today) await queueForDefinition(db, 'full', context)
    record({
      event: 'value_policy.revised',
      subjectType: 'value_policy',
      subjectId: String(policy.version),
      changed: ['rates'],
      path: '/',
    })
    return shownPolicy(policy)
  },
})

const lossSchema = z
  .object({
    amount: moneySchema.meta({ description: 'How much more the customer costs than brings.' }),
    cause: z.enum(lossCauses).meta({ description: 'Why.' }),
    wayOut: z.enum(waysOut).meta({ description: 'What to do.' }),
  })
  .meta({ id: 'CustomerLoss', description: 'Why a customer costs more than they bring.' })

export const customerValue = operation({
  kind: 'query',
  name: 'customerValue',
  summary: 'What a customer is worth, with every part',
  description:
    'Contribution of a year: income less what the transactions cost by channel and a share of the fixed cost. Whether the customer brings less than serving them costs, why, and the way out. Recency, frequency and monetary value with their quintiles. Lifetime value as realised, latent and growth, with the inputs and rates of each.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({ customerId: id }),
  output: z
    .object({
      customerId: z.uuid().meta({ description: 'The customer.' }),
      asOf: z.iso.date().meta({ description: 'The day for which it was worked out.' }),
      policyVersion: z.int().meta({ description: 'The version of the rates.' }),
      income: moneySchema.meta({ description: 'Average balances of a year × margins.' }),
      variableCost: moneySchema.meta({ description: 'What the transactions of the last 12 full months cost.' }),
      variableCostByChannel: z
        .array(
          z
            .object({
              channel: z.enum(costChannels).meta({ description: 'The channel.' }),
              transactions: z.int().meta({ description: 'Transactions of the last 12 full months.' }),
              cost: moneySchema.meta({ description: 'What they cost.' }),
            })
            .meta({ id: 'ChannelCost', description: 'What a channel costs with a customer.' }),
        )
        .meta({ description: 'By channel.' }),
      fixedCost: moneySchema.meta({ description: 'The share in the fixed cost.' }),
      contribution: moneySchema.meta({ description: 'Income less both.' }),
      loss: lossSchema.nullable().meta({ description: 'Where income lies below the variable cost; else null.' }),
      rfm: z
        .object({
          lastTransactionOn: z.iso.date().nullable().meta({ description: 'The last transaction.' }),
          frequency: z.number().meta({ description: 'Transactions of the last 12 full months.' }),
          monetary: moneySchema.meta({ description: 'Their sum.' }),
          recencyScore: z
            .number()
            .nullable()
            .meta({ description: 'Quintile, 5 for the latest fifth; null before the first full refresh.' }),
          frequencyScore: z.number().nullable().meta({ description: 'Quintile, 5 for the highest fifth.' }),
          monetaryScore: z.number().nullable().meta({ description: 'Quintile, 5 for the highest fifth.' }),
        })
        .meta({
          id: 'RecencyFrequencyMonetary',
          description: 'How lately, how often and with how much a customer deals with the bank.',
        }),
      lifetime: z
        .object({
          total: moneySchema.meta({ description: 'The sum of the parts.' }),
          realised: moneySchema.meta({ description: 'Contribution × the years ahead.' }),
          latent: moneySchema.meta({ description: 'Assets at other banks × chance × margin × the years ahead.' }),
          growth: moneySchema.meta({ description: 'What the trend of assets adds each year × margin × growthYears.' }),
          outsideAssets: moneySchema.meta({ description: 'Assets at other banks.' }),
          yearlyGrowth: moneySchema.meta({ description: 'By which assets grow in a year, by their trend.' }),
          yearsAhead: z.number().meta({ description: 'The years ahead, weighed by who stays and by interest.' }),
          growthYears: z
            .number()
            .meta({ description: 'The same for what is added each year: once in the year after, twice in the next.' }),
          retention: z.number().meta({ description: 'Of customers who stay from one year to the next, 0 to 1.' }),
          discount: z.number().meta({ description: 'Interest by which a year ahead counts less.' }),
          years: z.number().meta({ description: 'Years that are looked ahead.' }),
          outsideChance: z.number().meta({ description: 'The chance to win assets from other banks, 0 to 1.' }),
          outsideMargin: z.number().meta({ description: 'Yearly margin of assets that are won.' }),
          growthMargin: z.number().meta({ description: 'Yearly margin of assets that grow.' }),
        })
        .meta({ id: 'LifetimeValue', description: 'What a customer is worth over the years ahead.' }),
    })
    .meta({ id: 'CustomerValue', description: 'What a customer is worth, with every part.' }),
  errors: ['not_found'],
  async run({ db, bank }, { customerId }) {
    const found = await findCustomerValue(db, customerId)
    if (!found) throw notFound((await seesCustomer(db, customerId)) ? 'facts of the customer' : 'customer')
    const { version, rates } = await findValuePolicy(db, found.asOf)
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
    const saving = [...savingsByMoving(rates)].reduce((sum, [channel, each]) => sum + 12 * found.perMonth[channel] * each, 0)
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

async function pathOf({ db }: Context, institutionId: string | undefined): Promise<string | undefined> {
  if (institutionId === undefined) return undefined
  const path = await findInstitutionPath(db, institutionId)
  if (!path) throw refuseField('unknown_reference', 'institutionId', 'unknown_reference', 'There is no such institution.')
  return path
}

export const paretoAnalysis = operation({
  kind: 'query',
  name: 'paretoAnalysis',
  summary: 'How few customers yield most of the contribution',
  description:
    'The smallest share of customers who yield 80 % (or another share) of the contribution, the points of the Lorenz curve from the best customers on, and the Gini coefficient: of all within your scope, of an institution, or of a segment. Only those who bring something are ranked; those who bring nothing or cost are counted beside.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    institutionId: subtree,
    segmentId: id.optional().meta({ description: 'Customers who are in this segment.' }),
    share: z.int().min(1).max(99).default(80).meta({ description: 'The share of the contribution, in percent.' }),
  }),
  output: z
    .object({
      customers: z.int().meta({ description: 'Active customers who bring something.' }),
      contribution: moneySchema.meta({ description: 'What they bring together.' }),
      share: z.int().meta({ description: 'The share of it that was asked for, in percent.' }),
      customersNeeded: z.int().meta({ description: 'The fewest who yield it.' }),
      customersNeededShare: z.number().nullable().meta({ description: 'Of those who bring something, in percent.' }),
      gini: z.number().meta({ description: '0 where all bring the same, near 1 where one brings all.' }),
      lorenz: z
        .array(
          z
            .object({
              customers: z.number().meta({ description: 'The best so many percent of the customers.' }),
              contribution: z.number().meta({ description: 'Yield so many percent of the contribution.' }),
            })
            .meta({ id: 'LorenzPoint', description: 'A point of the Lorenz curve, from the best on.' }),
        )
        .meta({ description: 'In twentieths; fewer where there are fewer customers.' }),
      losingCustomers: z.int().meta({ description: 'Customers who bring nothing or cost.' }),
      losingContribution: moneySchema.meta({ description: 'What those cost together.' }),
    })
    .meta({ id: 'ParetoAnalysis', description: 'How unequally contribution is spread.' }),
  errors: ['unknown_reference', 'not_found'],
  async run(context, { institutionId, segmentId, share }) {
    const { db, bank, scope } = context
    if (segmentId !== undefined && !(await findSegment(db, segmentId))) throw notFound('segment')
    const found = await analysePareto(db, share, { reach: scope, subtree: await pathOf(context, institutionId), segmentId })
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
      losingCustomers: found.losing,
      losingContribution: money(found.lost),
    }
  },
})

export const lossMakers = pageOperation(lossView, {
  kind: 'query',
  name: 'lossMakers',
  summary: 'Customers who bring less than serving them costs',
  description:
    'Active ones within your scope, the costliest first, each with the cause and the way out, as `customerValue` has them.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    institutionId: subtree,
    wayOut: z.enum(waysOut).optional().meta({ description: 'With this way out.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'unknown_reference'],
  async run(context, { institutionId, wayOut, ...page }) {
    const { db, scope, today } = context
    const [path, { rates }] = [await pathOf(context, institutionId), await findValuePolicy(db, today)]
    const from = (row: string, bind: Bind): string => {
      const savings = [...savingsByMoving(rates)].map(
        ([channel, each]) => `12 * coalesce(f.${factColumn(movableChannels[channel])}, 0) * ${bind(each)}::double precision`,
      )
      const cause = `case when ${['0', ...savings].join(' + ')} >= f.transactions_cost - f.profit then 'channel' when f.aum > 0 then 'margin' else 'idle' end`
      const within = [
        ...ownedWithinReach(scope, 'f', bind),
        ...(path === undefined ? [] : [inSubtree('f.institution_path', path, bind)]),
      ]
      return `(select l.*, case l.cause when 'channel' then 'channel' when 'margin' then 'fee' else 'exit' end as way_out from (
        select f.customer_id, f.institution_path, f.profit as income, f.transactions_cost as variable_cost, f.transactions_cost - f.profit as amount, ${cause} as cause
        from customer_fact f join customer c on c.id = f.customer_id
        where ${[`f.status = 'active'`, 'f.profit < f.transactions_cost', ...within].join(' and ')}) l) ${row}`
    }
    return answerPage(context, lossView, {
      ...page,
      planned: 'each_time',
      order: orderBy('loss', 'desc', [
        ['amount', 'bigint'],
        ['customer_id', 'uuid'],
      ]),
      from,
      where: (row, bind) => (wayOut === undefined ? [] : [`${row}.way_out = ${bind(wayOut)}::text`]),
    })
  },
})

export const valueOperations = [valuePolicies, reviseValuePolicy, customerValue, paretoAnalysis, lossMakers]
