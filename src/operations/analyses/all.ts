import { cohortRetention } from './cohorts.ts'
import { migrationMatrix } from './migration.ts'
import { segmentOverlap } from './overlap.ts'
import { segmentProfile } from './profile.ts'
import { segmentTrend } from './trend.ts'
import { exportSegmentMembers } from '../segment-exports.ts'

export const analysisOperations = [
  segmentProfile,
  segmentOverlap,
  segmentTrend,
  migrationMatrix,
  cohortRetention,
  exportSegmentMembers,
]
