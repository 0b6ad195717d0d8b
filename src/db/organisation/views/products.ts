import { productCategories, productFamilies, productLifecycles, productStatuses } from '../../../core/organisation/products.ts'
import * as schema from '../schema/reference.ts'
import { column, page, view } from '../../platform/views/view.ts'

const version = column('integer', 'Version of the record; sent as If-Match or expectedVersion.')

const product = view('Product', 'What the bank sells.', schema.product, {
  id: column('uuid', 'ID of the product.'),
  code: column('text', 'The bank’s own code, unique in the bank.'),
  name: column('text', 'Name.'),
  family: column('text', 'What kind of product it is.', { values: productFamilies }),
  category: column('text', 'Source of its income.', { values: productCategories }),
  lifecycle: column('text', 'Stage in the product lifecycle.', { values: productLifecycles }),
  status: column('text', 'Whether it is sold.', { values: productStatuses }),
  riskLevel: column('integer', 'From 1 (lowest) to 5.', { nullable: true }),
  termMonths: column('integer', 'Term in months.', { nullable: true }),
  currency: column('text', 'ISO 4217 code if it has a single currency.', { nullable: true }),
  annualYield: column('decimal', 'Annual yield for the customer, as a fraction.', {
    nullable: true,
    expression: (alias) => `${alias}.annual_yield::text`,
  }),
  annualMargin: column('decimal', 'Annual margin of the bank on the average balance, as a fraction.', {
    nullable: true,
    expression: (alias) => `${alias}.annual_margin::text`,
  }),
  source: column('text', 'The source system.'),
  externalId: column('text', 'External ID in the source system.'),
  asOf: column('instant', 'When the data was true in the source system.'),
  version,
  holdings: page('Holding', 'Holdings of this product, in your scope, newest first.', {
    permission: 'holding:read',
    sameCustomer: false,
    on: (parent, child) => `${child}.product_id = ${parent}.id`,
    keys: (child) => [
      { expression: `${child}.id`, cast: 'uuid' },
      { expression: `${child}.customer_id`, cast: 'uuid' },
    ],
    direction: 'desc',
  }),
})

const exchangeRate = view('ExchangeRate', 'The price of a currency in the base currency from a day on.', schema.exchangeRate, {
  currency: column('text', 'ISO 4217 code.'),
  day: column('day', 'Applies from this day until the next one with a rate.'),
  rate: column('decimal', 'Units of the base currency per unit of the currency.', {
    expression: (alias) => `trim_scale(${alias}.rate)::text`,
  }),
  source: column('text', 'The source system.'),
  asOf: column('instant', 'When the rate was true in the source system.'),
  version,
})

export const productViews = [product, exchangeRate]
