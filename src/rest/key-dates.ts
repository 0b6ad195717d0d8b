import {
  correctKeyDate,
  createKeyDate,
  endKeyDate,
  keyDate,
  keyDates,
  upcomingKeyDates,
} from '../operations/dossier/key-dates.ts'
import { get, patch, post } from './platform/route.ts'

export const keyDateRoutes = [
  get('/customers/:customerId/key-dates', keyDates),
  post('/customers/:customerId/key-dates', createKeyDate, 201),
  get('/customers/:customerId/key-dates/:keyDateId', keyDate),
  patch('/customers/:customerId/key-dates/:keyDateId', correctKeyDate),
  post('/customers/:customerId/key-dates/:keyDateId/end', endKeyDate),
  get('/upcoming-key-dates', upcomingKeyDates),
]
