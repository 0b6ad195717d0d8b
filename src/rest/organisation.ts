import { calendarDays, setCalendarDay, workingDays } from '../operations/organisation/calendar.ts'
import {
  delegatePortfolio,
  delegation,
  delegations,
  endDelegation,
  revokeDelegation,
} from '../operations/organisation/delegations.ts'
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
import { institution, institutions, staffMember, staffMembers } from '../operations/organisation/institutions.ts'
import { exchangeRates, product, products } from '../operations/organisation/products.ts'
import { get, patch, post, put, type Route } from './platform/route.ts'

/** The addresses of the room. */
export const organisationRoutes: readonly Route[] = [
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
  get('/products/:productId', product),

  get('/exchange-rates', exchangeRates),
]
