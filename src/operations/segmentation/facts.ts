import { z } from 'zod'
import { type FactName, facts as catalogue, factNames, type FactValue } from '../../core/segmentation/facts.ts'
import { factFreshness, factSources, factTypes, factUnits } from '../../core/segmentation/fact-types.ts'
import { monthEnd } from '../../core/kernel/calendar.ts'
import { notFound, refuseField } from '../../core/kernel/errors.ts'
import { formatAmount } from '../../core/kernel/money.ts'
import { readFacts, readFactsOfMonth } from '../../db/segmentation/facts/values.ts'
import { seesCustomer } from '../../db/dossier/customers.ts'
import { type Context, operation } from '../platform/operation.ts'
import { moneySchema } from '../platform/rest-schema.ts'
import { daySchema, id } from '../platform/scalars.ts'

const domain = 'Customer Product and Service Eligibility'

const described = {
  name: z.enum(factNames).meta({ description: 'The name of the fact in rules.' }),
  type: z.enum(factTypes).meta({ description: 'Type of its values.' }),
  unit: z.enum(factUnits).nullable().meta({ description: 'Unit of its numbers, if any.' }),
}

export const facts = operation({
  kind: 'query',
  name: 'facts',
  summary: 'Catalogue of facts',
  description:
    'All facts for use in rules, with type, unit, source and freshness. A customer without a value for a fact meets no condition on it but `exists: false`.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({}),
  output: z
    .object({
      items: z.array(
        z
          .object({
            ...described,
            description: z.string().meta({ description: 'Meaning and calculation.' }),
            source: z.enum(factSources).meta({ description: 'Source of the fact.' }),
            freshness: z.enum(factFreshness).meta({
              description:
                'When it is updated: with each refresh of the customer, with a full refresh only, or also with the calendar. `planned`: no source yet.',
            }),
            values: z.array(z.string()).nullable().meta({ description: 'Possible values, if known in advance.' }),
          })
          .meta({ id: 'Fact', description: 'A fact about customers.' }),
      ),
    })
    .meta({ id: 'FactCatalogue', description: 'The fact catalogue.' }),
  run: async () => ({
    items: factNames.map((name) => {
      const { type, description, source, freshness } = catalogue[name]
      const more = catalogue[name] as { readonly unit?: (typeof factUnits)[number]; readonly values?: readonly string[] }
      return {
        name,
        type,
        unit: more.unit ?? null,
        description,
        source,
        freshness,
        values: more.values ? [...more.values] : null,
      }
    }),
  }),
})

const valueSchema = z
  .object({
    ...described,
    number: z.number().nullable().meta({ description: 'The value, for a number.' }),
    money: moneySchema.nullable().meta({ description: 'The value, for an amount, in the base currency.' }),
    day: z.iso.date().nullable().meta({ description: 'The value, for a day.' }),
    boolean: z.boolean().nullable().meta({ description: 'The value, for a boolean.' }),
    text: z.string().nullable().meta({ description: 'The value, for an enum.' }),
    texts: z.array(z.string()).nullable().meta({ description: 'The values, for a set.' }),
  })
  .meta({
    id: 'CustomerFact',
    description: 'A fact of a customer: exactly one of the value fields is set, or none if it is missing.',
  })

/** A fact as both APIs show it. */
export function factAnswer(name: FactName, value: FactValue, { bank }: Pick<Context, 'bank'>): z.input<typeof valueSchema> {
  const { type } = catalogue[name]
  const { unit = null } = catalogue[name] as { readonly unit?: (typeof factUnits)[number] }
  const of = (kind: typeof type): FactValue => (type === kind ? value : null)
  const money = of('money') as bigint | null
  return {
    name,
    type,
    unit,
    number: of('number') as number | null,
    money: money === null ? null : { amount: formatAmount(money, bank.baseCurrency as never), currency: bank.baseCurrency },
    day: of('day') as string | null,
    boolean: of('boolean') as boolean | null,
    text: of('enum') as string | null,
    texts: of('set') as string[] | null,
  }
}

export const customerFacts = operation({
  kind: 'query',
  name: 'customerFacts',
  summary: 'All facts of a customer',
  description: 'All facts of the catalogue with their values and the day for which they were computed: now, or at a month-end.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({
    customerId: id,
    on: daySchema.optional().meta({ description: 'The last day of a month; now by default.', examples: ['2026-10-31'] }),
  }),
  output: z
    .object({
      customerId: z.uuid().meta({ description: 'The customer.' }),
      asOf: z.iso.date().meta({ description: 'The day for which the facts were computed.' }),
      ratesOn: z.iso.date().meta({
        description: 'Amounts are at the newest exchange rates of this day, those of months past too.',
      }),
      refreshedAt: z.iso.datetime().nullable().meta({ description: 'When they were computed; null for those of a month-end.' }),
      reconstructed: z.boolean().meta({
        description:
          'Whether the month-end was computed later, by the rules of that later day, from balances, movements and holdings; facts that cannot be known of the day are missing.',
      }),
      facts: z.array(valueSchema).meta({ description: 'All facts in the order of the catalogue.' }),
    })
    .meta({ id: 'CustomerFacts', description: 'The facts of a customer.' }),
  errors: ['not_found'],
  async run(context, { customerId, on }) {
    const { db, today } = context
    if (on !== undefined && on !== monthEnd(on))
      throw refuseField('invalid_input', 'on', 'month_end', 'Must be the last day of a month: facts are stored for those days.')
    const found = on === undefined ? await readFacts(db, customerId, today) : await readFactsOfMonth(db, customerId, on)
    if (!found) throw notFound((await seesCustomer(db, customerId)) ? 'facts of the customer' : 'customer')
    return {
      customerId,
      asOf: found.asOf,
      ratesOn: found.asOf,
      refreshedAt: found.refreshedAt?.toISOString() ?? null,
      reconstructed: found.reconstructed,
      facts: factNames.map((name) => factAnswer(name, found.values.get(name) ?? null, context)),
    }
  },
})

export const factOperations = [facts, customerFacts]
