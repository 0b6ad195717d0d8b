import { z } from 'zod'
import { productCategories, productFamilies, productLifecycles, productStatuses } from '../organisation/products.ts'
import { asOf, code, currency, day, externalIdText, fraction, line, rate, source } from '../kernel/scalars.ts'

/** A row of products. */
export const productRow = z.strictObject({
  source,
  externalId: externalIdText.meta({ description: 'What that system calls the product.', examples: ['TD-12M'] }),
  code: code.optional().meta({
    description: 'The bank’s own code, unique in the bank; the external id for a new product without one.',
    examples: ['TD-12M'],
  }),
  name: line(200).meta({ description: 'Name.', examples: ['一年期定期存款'] }),
  family: z
    .enum(productFamilies)
    .meta({ description: 'What kind of product it is; deposits, wealth products, funds and insurance count as assets.' }),
  category: z.enum(productCategories).meta({ description: 'Where its income comes from.' }),
  lifecycle: z
    .enum(productLifecycles)
    .optional()
    .meta({ description: 'Stage of its life on the market; a new one is in growth.' }),
  status: z.enum(productStatuses).optional().meta({ description: 'Whether it is sold; a new one is active.' }),
  riskLevel: z
    .int()
    .min(1)
    .max(5)
    .optional()
    .meta({ description: 'From 1 (lowest) to 5.', examples: [1] }),
  termMonths: z
    .int()
    .min(0)
    .max(1200)
    .optional()
    .meta({ description: 'Term in months.', examples: [12] }),
  currency: currency.optional().meta({ description: 'ISO 4217 code where it has one currency.', examples: ['CNY'] }),
  annualYield: fraction
    .optional()
    .meta({ description: 'What it yields the customer a year, as a fraction.', examples: ['0.0145'] }),
  annualMargin: fraction
    .optional()
    .meta({ description: 'What it yields the bank a year on its average balance, as a fraction.', examples: ['0.0120'] }),
  asOf,
})

/** A row of exchange rates. */
export const exchangeRateRow = z.strictObject({
  source,
  currency: currency.meta({ description: 'ISO 4217 code of a currency other than the bank’s base currency.', examples: ['USD'] }),
  day: day.meta({ description: 'The rate holds from this day until the next one with a rate.', examples: ['2026-11-20'] }),
  rate: rate.meta({ description: 'Units of the base currency that one unit costs.', examples: ['7.0875'] }),
  asOf,
})
