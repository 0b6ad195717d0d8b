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

export const [valuePolicies, reviseValuePolicy] = policyOperations<ValueRates>({
  kind: 'value',
  type: 'ValuePolicy',
  called: 'the rates by which value is worked out',
  domain: 'Customer Product and Service Eligibility',
  list: {
    name: 'valuePolicies',
    summary: 'By which rates value is worked out',
    description: 'All versions: of those that have begun the one that began last holds. Version 1 is the published default.',
    permission: 'segment:read',
  },
  revise: {
    name: 'reviseValuePolicy',
    summary: 'Say by which rates value is worked out',
    description:
      'All rates at once, as a new version from a day on, today or later; the earlier ones stay. Facts follow with a full refresh, which is queued where they begin today.',
    permission: 'policy:write',
  },
  input: { rates: ratesSchema },
  output: { rates: z.record(z.string(), z.unknown()).meta({ description: 'The rates, as reviseValuePolicy takes them.' }) },
  defaults: undefined,
  sameDay: 'replaces',
  read(_context, _key, input) {
    const rates = input['rates'] as ValueRates
    const refusal = ratesRefusal(rates)
    if (refusal) throw refuseField('invalid_input', refusal.field, 'range', refusal.message)
    return rates
  },
  show: (rates) => ({ rates }),
  begun: (context) => queueForDefinition(context.db, 'full', context),
})
