import { textsEqual, all, withId, oneOf, daysWithin, orderBy } from '../../db/platform/views/conditions.ts'
import { z } from 'zod'
import { isCurrency } from '../../core/kernel/currencies.ts'
import { productFamilies, productStatuses } from '../../core/organisation/products.ts'
import { viewNamed } from '../../db/views.ts'
import { pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { daySchema, id } from '../platform/scalars.ts'

const productView = viewNamed('Product')
const rateView = viewNamed('ExchangeRate')

export const product = viewOperation(productView, {
  kind: 'query',
  name: 'product',
  summary: 'One product',
  description: 'With its terms, and its holdings in your scope.',
  permission: 'product:read',
  domain: 'Product Directory',
  input: z.strictObject({ productId: id }),
  errors: ['not_found'],
  run: (context, { productId }) => answerOne(context, productView, withId(productId)),
})

export const products = pageOperation(productView, {
  kind: 'query',
  name: 'products',
  summary: 'Products by family and status',
  description: 'Ordered by code.',
  permission: 'product:read',
  domain: 'Product Directory',
  input: z.strictObject({
    family: z.array(z.enum(productFamilies)).min(1).max(13).optional().meta({ description: 'Of these families.' }),
    status: z.enum(productStatuses).optional().meta({ description: 'With this status.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor'],
  run: (context, { family, status, ...page }) =>
    answerPage(context, productView, {
      ...page,
      order: orderBy('code', 'asc', [
        ['code', 'text'],
        ['id', 'uuid'],
      ]),
      where: all(oneOf('family', family), textsEqual({ status })),
    }),
})

export const exchangeRates = pageOperation(rateView, {
  kind: 'query',
  name: 'exchangeRates',
  summary: 'Exchange rates, newest first',
  description: 'The price of one unit of a currency in the base currency, from a day until the next one with a rate.',
  permission: 'rate:read',
  domain: 'Market Data Administration',
  input: z.strictObject({
    currency: z
      .string()
      .refine(isCurrency, { error: 'Must be an ISO 4217 code.', params: { rule: 'unknown_currency' } })
      .optional()
      .meta({ description: 'Of this currency.' }),
    from: daySchema.optional().meta({ description: 'From this day.' }),
    to: daySchema.optional().meta({ description: 'Until this day.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'unknown_currency'],
  run: (context, { currency, from, to, ...page }) =>
    answerPage(context, rateView, {
      ...page,
      order: orderBy('day', 'desc', [
        ['day', 'date'],
        ['currency', 'text'],
      ]),
      where: all(textsEqual({ currency }), daysWithin('day', { from, to })),
    }),
})

export const productOperations = [product, products, exchangeRates]
