import type { TextKind } from '../kernel/unusable-values.ts'
import { z } from 'zod'
import { productCategories, productFamilies, productLifecycles, productStatuses } from '../organisation/products.ts'
import { asOf, code, currency, day, externalIdText, fraction, singleLine, rate, source } from '../kernel/scalars.ts'

/** A row of products. */
export const productRow = z.strictObject({
  source,
  externalId: externalIdText.meta({ description: 'ID of the product in the source system.', examples: ['TD-12M'] }),
  code: code.optional().meta({
    description: 'The bank’s own code, unique in the bank; the external ID by default for a new product.',
    examples: ['TD-12M'],
  }),
  name: singleLine(200).meta({ description: 'Name.', examples: ['一年期定期存款'] }),
  family: z
    .enum(productFamilies)
    .meta({ description: 'Product family; deposits, wealth products, funds and insurance count as assets.' }),
  category: z.enum(productCategories).meta({ description: 'Source of its income.' }),
  lifecycle: z
    .enum(productLifecycles)
    .optional()
    .meta({ description: 'Stage in the product lifecycle; a new one is in growth by default.' }),
  status: z.enum(productStatuses).optional().meta({ description: 'Whether it is sold; a new one is active by default.' }),
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
  currency: currency.optional().meta({ description: 'ISO 4217 code if it has a single currency.', examples: ['CNY'] }),
  annualYield: fraction.optional().meta({ description: 'Annual yield for the customer, as a fraction.', examples: ['0.0145'] }),
  annualMargin: fraction
    .optional()
    .meta({ description: 'Annual margin of the bank on the average balance, as a fraction.', examples: ['0.0120'] }),
  asOf,
})

/** A row of exchange rates. */
export const exchangeRateRow = z.strictObject({
  source,
  currency: currency.meta({ description: 'ISO 4217 code of a currency other than the bank’s base currency.', examples: ['USD'] }),
  day: day.meta({ description: 'The rate applies from this day until the next one with a rate.', examples: ['2026-11-20'] }),
  rate: rate.meta({ description: 'Units of the base currency per unit of the currency.', examples: ['7.0875'] }),
  asOf,
})

/** Whose text is looked at for what is no value, and as what. Codes of lists are left to the schema, which knows them all. */
export const productTexts: Readonly<Record<string, TextKind>> = { externalId: 'number', code: 'number', name: 'text' }
