import { cohortCustomers, cohortRetention } from '../operations/segmentation/analyses/cohorts.ts'
import { migrationMatrix, movedCustomers } from '../operations/segmentation/analyses/migration.ts'
import { segmentOverlap } from '../operations/segmentation/analyses/overlap.ts'
import { segmentProfile } from '../operations/segmentation/analyses/profile.ts'
import { segmentTrend } from '../operations/segmentation/analyses/trend.ts'
import { get } from './platform/route.ts'

export const analysisRoutes = [
  get('/segments/:segmentId/profile', segmentProfile),
  get('/segments/:segmentId/trend', segmentTrend),
  get('/segment-overlap', segmentOverlap),
  get('/migration-matrix', migrationMatrix),
  get('/migration-matrix/customers', movedCustomers),
  get('/cohort-retention', cohortRetention),
  get('/cohort-retention/customers', cohortCustomers),
]
