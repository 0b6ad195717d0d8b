import { customer, customerByExternalId, customers, customerSearch, portfolioSummary } from '../operations/customers.ts'
import { get, post } from './route.ts'

export const customerRoutes = [
  get('/customers', customers),
  post('/customers/search', customerSearch),
  get('/customers/by-external-id/:source/:externalId', customerByExternalId),
  get('/customers/:customerId', customer),
  get('/portfolio-summary', portfolioSummary),
]
