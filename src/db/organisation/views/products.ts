import { productCategories, productFamilies, productLifecycles, productStatuses } from '../../../core/organisation/products.ts'
import * as schema from '../schema/reference.ts'
import { column, page, view } from '../../platform/views/view.ts'

const version = column('integer', 'Counts changes; named by If-Match and expectedVersion.')

const product = view('Product', 'What the bank sells.', schema.product, {
  id: column('uuid', 'Id of the product.'),
  code: column('text', 'The bank’s own code, unique in the bank.'),
  name: column('text', 'Name.'),
  family: column('text', 'What kind of product it is.', { values: productFamilies }),
  category: column('text', 'Where its income comes from.', { values: productCategories }),
  lifecycle: column('text', 'Stage of its life on the market.', { values: productLifecycles }),
  status: column('text', 'Whether it is sold.', { values: productStatuses }),
  riskLevel: column('integer', 'From 1 (lowest) to 5.', { nullable: true }),
  termMonths: column('integer', 'Term in months.', { nullable: true }),
  currency: column('text', 'ISO 4217 code where it has one currency.', { nullable: true }),
  annualYield: column('decimal', 'What it yields the customer a year, as a fraction.', {
    nullable: true,
    expression: (alias) => `${alias}.annual_yield::text`,
  }),
  annualMargin: column('decimal', 'What it yields the bank a year on its average balance, as a fraction.', {
    nullable: true,
    expression: (alias) => `${alias}.annual_margin::text`,
  }),
  source: column('text', 'The system that sent it.'),
  externalId: column('text', 'What that system calls it.'),
  asOf: column('instant', 'When what is said here held, by the system that sent it.'),
  version,
  holdings: page('Holding', 'Holdings of this product, as far as you may see them, the newest first.', {
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
  day: column('day', 'From this day until the next one with a rate.'),
  rate: column('decimal', 'Units of the base currency that one unit costs.', {
    expression: (alias) => `trim_scale(${alias}.rate)::text`,
  }),
  source: column('text', 'The system that sent it.'),
  asOf: column('instant', 'When it was known, by the system that sent it.'),
  version,
})

export const productViews = [product, exchangeRate]
