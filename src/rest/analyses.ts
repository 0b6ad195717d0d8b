import { cohortCustomers, cohortRetention } from '../operations/analyses/cohorts.ts'
import { migrationMatrix, movedCustomers } from '../operations/analyses/migration.ts'
import { segmentOverlap } from '../operations/analyses/overlap.ts'
import { segmentProfile } from '../operations/analyses/profile.ts'
import { segmentTrend } from '../operations/analyses/trend.ts'
import { get } from './route.ts'

export const analysisRoutes = [
  get('/segments/:segmentId/profile', segmentProfile),
  get('/segments/:segmentId/trend', segmentTrend),
  get('/segment-overlap', segmentOverlap),
  get('/migration-matrix', migrationMatrix),
  get('/migration-matrix/customers', movedCustomers),
  get('/cohort-retention', cohortRetention),
  get('/cohort-retention/customers', cohortCustomers),
]
