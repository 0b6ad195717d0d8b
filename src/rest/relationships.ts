import {
  correctRelationship,
  createRelationship,
  endRelationship,
  relationship,
  relationships,
} from '../operations/dossier/relationships.ts'
import { get, patch, post } from './platform/route.ts'

export const relationshipRoutes = [
  get('/customers/:customerId/relationships', relationships),
  post('/customers/:customerId/relationships', createRelationship, 201),
  get('/customers/:customerId/relationships/:relationshipId', relationship),
  patch('/customers/:customerId/relationships/:relationshipId', correctRelationship),
  post('/customers/:customerId/relationships/:relationshipId/end', endRelationship),
]
