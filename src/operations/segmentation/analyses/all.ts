import { cohortCustomers, cohortRetention } from './cohorts.ts'
import { migrationMatrix, migrationCustomers } from './migration.ts'
import { segmentOverlap } from './overlap.ts'
import { segmentProfile } from './profile.ts'
import { segmentTrend } from './trend.ts'

export const analysisOperations = [
  segmentProfile,
  segmentOverlap,
  segmentTrend,
  migrationMatrix,
  migrationCustomers,
  cohortRetention,
  cohortCustomers,
]
