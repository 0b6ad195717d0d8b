import {
  addContactPoint,
  addIdentityDocument,
  correctContactPoint,
  correctIdentityDocument,
  documentsToClarify,
  removeContactPoint,
  removeIdentityDocument,
  revealCustomerField,
  verifyContactPoint,
  verifyIdentityDocument,
} from '../operations/identity.ts'
import { get, patch, post } from './route.ts'

export const identityRoutes = [
  get('/documents-to-clarify', documentsToClarify),
  post('/customers/:customerId/identity-documents', addIdentityDocument, 201),
  patch('/customers/:customerId/identity-documents/:identityDocumentId', correctIdentityDocument),
  post('/customers/:customerId/identity-documents/:identityDocumentId/removal', removeIdentityDocument),
  post('/customers/:customerId/identity-documents/:identityDocumentId/verification', verifyIdentityDocument),
  post('/customers/:customerId/contact-points', addContactPoint, 201),
  patch('/customers/:customerId/contact-points/:contactPointId', correctContactPoint),
  post('/customers/:customerId/contact-points/:contactPointId/removal', removeContactPoint),
  post('/customers/:customerId/contact-points/:contactPointId/verification', verifyContactPoint),
  post('/customers/:customerId/reveals', revealCustomerField),
]
