import { cancelImport, importRun, importRuns } from '../operations/feeds/imports.ts'
import {
  closeHolding,
  correctHolding,
  correctMovement,
  createHolding,
  createMovement,
  upsertActivity,
  upsertBalance,
  upsertExchangeRate,
  upsertHolding,
  upsertHoldingParty,
  upsertMovement,
  voidMovement,
} from '../operations/feeds/holding-writes.ts'
import { activity, balances, holding, holdingByExternalId, holdings, movements } from '../operations/feeds/holdings.ts'
import { closeProduct, correctProduct, createProduct, upsertProduct } from '../operations/feeds/product-writes.ts'
import { placeholderPolicies, revisePlaceholderPolicy } from '../operations/feeds/placeholder-policies.ts'
import { get, patch, post, put, type Route } from './platform/route.ts'

/** The addresses of the room. */
export const feedsRoutes: readonly Route[] = [
  get('/placeholder-policies', placeholderPolicies),
  post('/placeholder-policies', revisePlaceholderPolicy, 201),

  get('/imports', importRuns),
  get('/imports/:importId', importRun),
  post('/imports/:importId/cancellation', cancelImport),

  post('/products', createProduct, 201),
  put('/products/by-external-id/:source/:externalId', upsertProduct),
  patch('/products/:productId', correctProduct),
  post('/products/:productId/closure', closeProduct),

  put('/exchange-rates/:currency/:day', upsertExchangeRate),

  get('/holdings/by-external-id/:source/:externalId', holdingByExternalId),
  put('/holdings/by-external-id/:source/:externalId', upsertHolding),
  put('/holdings/by-external-id/:source/:holdingExternalId/balances/:day', upsertBalance),
  put('/holding-parties/by-external-id/:source/:holdingExternalId', upsertHoldingParty),
  get('/customers/:customerId/holdings', holdings),
  post('/customers/:customerId/holdings', createHolding, 201),
  get('/customers/:customerId/holdings/:holdingId', holding),
  patch('/customers/:customerId/holdings/:holdingId', correctHolding),
  post('/customers/:customerId/holdings/:holdingId/closure', closeHolding),
  get('/customers/:customerId/holdings/:holdingId/balances', balances),

  put('/activity/by-external-id/:source/:customerExternalId', upsertActivity),
  get('/customers/:customerId/activity', activity),

  put('/movements/by-external-id/:source/:externalId', upsertMovement),
  get('/customers/:customerId/movements', movements),
  post('/customers/:customerId/holdings/:holdingId/movements', createMovement, 201),
  patch('/customers/:customerId/movements/:movementId', correctMovement),
  post('/customers/:customerId/movements/:movementId/voiding', voidMovement),
]
