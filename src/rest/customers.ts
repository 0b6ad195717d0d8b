import { customers, portfolioSummary } from '../operations/segmentation/customer-lists.ts'
import { customerSearch } from '../operations/segmentation/customer-search.ts'
import { customer, customerByExternalId } from '../operations/dossier/customers.ts'
import {
  closeCustomer,
  correctAssignment,
  correctCustomer,
  createAssignment,
  createCustomer,
  endAssignment,
  upsertAssignment,
  upsertCustomer,
} from '../operations/dossier/customer-writes.ts'
import { get, patch, post, put } from './platform/route.ts'

export const customerRoutes = [
  get('/customers', customers),
  post('/customers', createCustomer, 201),
  post('/customers/search', customerSearch),
  get('/customers/by-external-id/:source/:externalId', customerByExternalId),
  put('/customers/by-external-id/:source/:externalId', upsertCustomer),
  get('/customers/:customerId', customer),
  patch('/customers/:customerId', correctCustomer),
  post('/customers/:customerId/closure', closeCustomer),

  put('/assignments/by-external-id/:source/:externalId', upsertAssignment),
  post('/customers/:customerId/assignments', createAssignment, 201),
  patch('/customers/:customerId/assignments/:assignmentId', correctAssignment),
  post('/customers/:customerId/assignments/:assignmentId/end', endAssignment),

  get('/portfolio-summary', portfolioSummary),
]
