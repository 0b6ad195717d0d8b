import { closeProduct, correctProduct, createProduct, upsertProduct } from '../operations/feeds/product-writes.ts'
import {
  closeInstitution,
  correctInstitution,
  correctStaff,
  createInstitution,
  createStaff,
  deactivateStaff,
  upsertInstitution,
  upsertStaff,
} from '../operations/organisation/institution-writes.ts'
import { upsertExchangeRate } from '../operations/feeds/holding-writes.ts'
import { calendarDays, setCalendarDay, workingDays } from '../operations/organisation/calendar.ts'
import {
  delegatePortfolio,
  delegation,
  delegations,
  endDelegation,
  revokeDelegation,
} from '../operations/organisation/delegations.ts'
import { institution, institutions, staffMember, staffMembers } from '../operations/organisation/institutions.ts'
import { exchangeRates, product, products } from '../operations/organisation/products.ts'
import { get, patch, post, put } from './platform/route.ts'

export const organisationRoutes = [
  get('/institutions', institutions),
  post('/institutions', createInstitution, 201),
  put('/institutions/by-external-id/:source/:externalId', upsertInstitution),
  get('/institutions/:institutionId', institution),
  patch('/institutions/:institutionId', correctInstitution),
  post('/institutions/:institutionId/closure', closeInstitution),

  get('/staff', staffMembers),
  post('/staff', createStaff, 201),
  put('/staff/by-external-id/:source/:externalId', upsertStaff),
  get('/staff/:staffId', staffMember),
  patch('/staff/:staffId', correctStaff),
  post('/staff/:staffId/deactivation', deactivateStaff),

  get('/delegations', delegations),
  post('/delegations', delegatePortfolio, 201),
  get('/delegations/:delegationId', delegation),
  post('/delegations/:delegationId/end', endDelegation),
  post('/delegations/:delegationId/revocation', revokeDelegation),

  get('/calendar-days', calendarDays),
  put('/calendar-days/:calendar/:day', setCalendarDay),
  get('/working-days', workingDays),

  get('/products', products),
  post('/products', createProduct, 201),
  put('/products/by-external-id/:source/:externalId', upsertProduct),
  get('/products/:productId', product),
  patch('/products/:productId', correctProduct),
  post('/products/:productId/closure', closeProduct),

  get('/exchange-rates', exchangeRates),
  put('/exchange-rates/:currency/:day', upsertExchangeRate),
]
