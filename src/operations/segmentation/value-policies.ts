import { z } from 'zod'
import { refuseField } from '../../core/kernel/errors.ts'
import { costChannels, costTypes, ratesRefusal, type ValueRates } from '../../core/segmentation/value.ts'
import { queueForDefinition } from '../../db/segmentation/refresh/runs.ts'
import { policyOperations } from '../platform/policies.ts'

const cost = z.int().min(0).max(10_000_000)
const optionalCosts = (names: readonly string[]) =>
  z.strictObject(Object.fromEntries(names.map((name) => [name, cost.optional()])))

const ratesSchema = z
  .strictObject({
    channelCost: optionalCosts(costChannels).meta({
      description: 'Cost of a transaction by channel, in minor units of the base currency; omitted channels cost nothing.',
    }),
    typeCost: optionalCosts(costTypes).meta({ description: 'Additional cost of a transaction by type.' }),
    fixedCost: z
      .strictObject({ individual: cost, sole_trader: cost, company: cost })
      .meta({ description: 'A customer’s share of the annual fixed cost, by kind.' }),
    retention: z
      .number()
      .meta({ description: 'Retention: share of customers who stay from one year to the next, 0 to below 1.' }),
    discount: z.number().meta({ description: 'Annual discount rate, 0 to 1.' }),
    years: z.int().min(1).max(30).meta({ description: 'Number of years ahead.' }),
    outsideMargin: z.number().meta({ description: 'Annual margin of assets won from other banks.' }),
    outsideChance: z.number().meta({ description: 'Probability of winning them.' }),
    growthMargin: z.number().meta({ description: 'Annual margin of asset growth.' }),
  })
  .meta({
    id: 'ValueRates',
    description: 'Rates of the value calculation.',
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

export const [valuePolicies, reviseValuePolicy] = policyOperations<ValueRates>({
  kind: 'value',
  type: 'ValuePolicy',
  called: 'the rates by which value is computed',
  domain: 'Customer Product and Service Eligibility',
  list: {
    name: 'valuePolicies',
    summary: 'Value policies',
    description: 'All versions: of those that have begun, the one that began last applies. Version 1 is the published default.',
    permission: 'segment:read',
  },
  revise: {
    name: 'reviseValuePolicy',
    summary: 'Set the rates of the value calculation',
    description:
      'All rates at once, as a new version effective from a day, today or later; earlier versions are stored. Facts are updated by a full refresh, which is queued if the version takes effect today.',
    permission: 'policy:write',
  },
  input: { rates: ratesSchema },
  output: { rates: z.record(z.string(), z.unknown()).meta({ description: 'The rates, as in reviseValuePolicy.' }) },
  defaults: undefined,
  sameDay: 'replaces',
  read(_context, _key, input) {
    const rates = input['rates'] as ValueRates
    const refusal = ratesRefusal(rates)
    if (refusal) throw refuseField('invalid_input', refusal.field, 'range', refusal.message)
    return rates
  },
  show: (rates) => ({ rates }),
  onEffective: (context) => queueForDefinition(context.db, 'full', context),
})
