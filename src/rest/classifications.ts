import { classificationExplanation } from '../operations/segmentation/classification-explanations.ts'
import { classificationPolicies, reviseClassificationPolicy } from '../operations/segmentation/classifications.ts'
import {
  classificationHistory,
  customerClassification,
  declareRelationshipPreference,
  relationshipPreferences,
} from '../operations/segmentation/customer-classifications.ts'
import { relationScores, reviseRelationScores } from '../operations/segmentation/relation-scores.ts'
import { get, post, put } from './platform/route.ts'

export const classificationRoutes = [
  get('/classification-policies', classificationPolicies),
  put('/classification-policies/:kind', reviseClassificationPolicy),
  put('/relation-score-policy', reviseRelationScores),
  get('/customers/:customerId/classification', customerClassification),
  get('/customers/:customerId/classification-history', classificationHistory),
  get('/customers/:customerId/classification/:kind/explanation', classificationExplanation),
  get('/customers/:customerId/relation-scores', relationScores),
  get('/customers/:customerId/relationship-preferences', relationshipPreferences),
  post('/customers/:customerId/relationship-preferences', declareRelationshipPreference, 201),
]
