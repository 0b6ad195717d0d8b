import { productRow, productTexts } from '../../core/feeds/product-rows.ts'
import { applyProducts } from '../../db/feeds/products.ts'
import { storedProducts } from '../../db/feeds/stored-rows.ts'
import {
  changeOperation,
  correctOperation,
  createOperation,
  required,
  type SingleWrites,
  upsertOperation,
} from '../platform/feed-writes.ts'

const products: SingleWrites<typeof productRow> = {
  noun: 'Product',
  subject: 'product',
  texts: productTexts,
  called: 'a product',
  permission: 'product:write',
  domain: 'Product Directory',
  apply: applyProducts,
  row: productRow,
  stored: storedProducts,
}

const { source: _source, externalId: _externalId, asOf: _asOf, ...productFields } = productRow.shape

export const upsertProduct = upsertOperation(products)
export const createProduct = createOperation(products, { ...productFields, code: required(productRow.shape.code) })
export const correctProduct = correctOperation(products, productFields)
export const closeProduct = changeOperation(products, {
  name: 'closeProduct',
  summary: 'Close a product',
  description: 'Its holdings do not change.',
  concurrency: 'optional',
  final: true,
  shape: {},
  change: () => ({ status: 'closed' }),
})

export const productWrites = [upsertProduct, createProduct, correctProduct, closeProduct]
