import {
  correctKeyPerson,
  correctSharedKeyPerson,
  createKeyPerson,
  createSharedKeyPerson,
  endKeyPerson,
  endSharedKeyPerson,
  keyPeople,
  keyPerson,
  sharedKeyPeople,
  sharedKeyPerson,
} from '../operations/dossier/key-people.ts'
import { get, patch, post } from './platform/route.ts'

export const keyPersonRoutes = [
  get('/customers/:customerId/key-people', keyPeople),
  post('/customers/:customerId/key-people', createKeyPerson, 201),
  get('/customers/:customerId/key-people/:keyPersonId', keyPerson),
  patch('/customers/:customerId/key-people/:keyPersonId', correctKeyPerson),
  post('/customers/:customerId/key-people/:keyPersonId/end', endKeyPerson),

  get('/customers/:customerId/shared-key-people', sharedKeyPeople),
  post('/customers/:customerId/shared-key-people', createSharedKeyPerson, 201),
  get('/customers/:customerId/shared-key-people/:sharedKeyPersonId', sharedKeyPerson),
  patch('/customers/:customerId/shared-key-people/:sharedKeyPersonId', correctSharedKeyPerson),
  post('/customers/:customerId/shared-key-people/:sharedKeyPersonId/end', endSharedKeyPerson),
]
