import {
  correctRelationship,
  createRelationship,
  endRelationship,
  relationship,
  relationships,
} from '../operations/relationships.ts'
import { get, patch, post } from './route.ts'

export const relationshipRoutes = [
  get('/customers/:customerId/relationships', relationships),
  post('/customers/:customerId/relationships', createRelationship, 201),
  get('/customers/:customerId/relationships/:relationshipId', relationship),
  patch('/customers/:customerId/relationships/:relationshipId', correctRelationship),
  post('/customers/:customerId/relationships/:relationshipId/end', endRelationship),
]
