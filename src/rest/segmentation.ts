import { cohortCustomers, cohortRetention } from '../operations/segmentation/analyses/cohorts.ts'
import { migrationMatrix, migrationCustomers } from '../operations/segmentation/analyses/migration.ts'
import { segmentOverlap } from '../operations/segmentation/analyses/overlap.ts'
import { segmentProfile } from '../operations/segmentation/analyses/profile.ts'
import { segmentTrend } from '../operations/segmentation/analyses/trend.ts'
import { classificationExplanation } from '../operations/segmentation/classification-explanations.ts'
import { classificationPolicies, reviseClassificationPolicy } from '../operations/segmentation/classifications.ts'
import {
  classificationHistory,
  customerClassification,
  declareRelationshipPreference,
  relationshipPreferences,
} from '../operations/segmentation/customer-classifications.ts'
import { customers, portfolioSummary } from '../operations/segmentation/customer-lists.ts'
import { customerSearch } from '../operations/segmentation/customer-search.ts'
import { customerTiers, tierHistory } from '../operations/segmentation/customer-tiers.ts'
import { customerFacts, facts } from '../operations/segmentation/facts.ts'
import { refreshRun, refreshRuns, refreshSegments } from '../operations/segmentation/refreshes.ts'
import { relationScorePolicies, reviseRelationScorePolicy } from '../operations/segmentation/relation-score-policies.ts'
import { relationScores } from '../operations/segmentation/relation-scores.ts'
import { membershipExplanation } from '../operations/segmentation/segment-explanations.ts'
import { setSegmentMembers, segmentMembers } from '../operations/segmentation/segment-members.ts'
import { segmentPreview } from '../operations/segmentation/segment-preview.ts'
import {
  activateSegment,
  createSegment,
  retireSegment,
  reviseSegment,
  segment,
  segments,
} from '../operations/segmentation/segments.ts'
import { tierExplanation } from '../operations/segmentation/tier-explanations.ts'
import { pendingDowngrades, thresholdCustomers, tierGrowth } from '../operations/segmentation/tier-lists.ts'
import { endTierOverride, overrideTier, tierOverride, tierOverrides } from '../operations/segmentation/tier-overrides.ts'
import {
  createTierScheme,
  retireTierScheme,
  reviseTierScheme,
  tierScheme,
  tierSchemes,
} from '../operations/segmentation/tiers.ts'
import { reviseValuePolicy, valuePolicies } from '../operations/segmentation/value-policies.ts'
import { customerValue, unprofitableCustomers, paretoAnalysis } from '../operations/segmentation/value.ts'
import { get, patch, post, put, type Route } from './platform/route.ts'

/** The addresses of the room. */
export const segmentationRoutes: readonly Route[] = [
  get('/customers', customers),
  post('/customers/search', customerSearch),

  get('/portfolio-summary', portfolioSummary),

  get('/facts', facts),
  get('/customers/:customerId/facts', customerFacts),
  get('/customers/:customerId/segments/:segmentId/explanation', membershipExplanation),
  get('/segments', segments),
  post('/segments', createSegment, 201),
  post('/segments/preview', segmentPreview),
  get('/segments/:segmentId', segment),
  patch('/segments/:segmentId', reviseSegment),
  post('/segments/:segmentId/activation', activateSegment),
  post('/segments/:segmentId/retirement', retireSegment),
  get('/segments/:segmentId/members', segmentMembers),
  post('/segments/:segmentId/members', setSegmentMembers),
  get('/value-policies', valuePolicies),
  post('/value-policies', reviseValuePolicy, 201),
  get('/customers/:customerId/value', customerValue),
  get('/pareto-analysis', paretoAnalysis),
  get('/unprofitable-customers', unprofitableCustomers),
  get('/refreshes', refreshRuns),
  post('/refreshes', refreshSegments, 202),
  get('/refreshes/:refreshId', refreshRun),

  get('/segments/:segmentId/profile', segmentProfile),
  get('/segments/:segmentId/trend', segmentTrend),
  get('/segment-overlap', segmentOverlap),
  get('/migration-matrix', migrationMatrix),
  get('/migration-matrix/customers', migrationCustomers),
  get('/cohort-retention', cohortRetention),
  get('/cohort-retention/customers', cohortCustomers),

  get('/tier-schemes', tierSchemes),
  post('/tier-schemes', createTierScheme, 201),
  get('/tier-schemes/:schemeId', tierScheme),
  patch('/tier-schemes/:schemeId', reviseTierScheme),
  post('/tier-schemes/:schemeId/retirement', retireTierScheme),
  get('/tier-schemes/:schemeId/threshold-customers', thresholdCustomers),
  get('/tier-schemes/:schemeId/pending-downgrades', pendingDowngrades),
  get('/tier-schemes/:schemeId/growth', tierGrowth),
  get('/customers/:customerId/tiers', customerTiers),
  get('/customers/:customerId/tier-history', tierHistory),
  get('/customers/:customerId/tiers/:schemeId/explanation', tierExplanation),
  get('/customers/:customerId/tier-overrides', tierOverrides),
  post('/customers/:customerId/tier-overrides', overrideTier, 201),
  get('/customers/:customerId/tier-overrides/:tierOverrideId', tierOverride),
  post('/customers/:customerId/tier-overrides/:tierOverrideId/end', endTierOverride),

  get('/classification-policies', classificationPolicies),
  put('/classification-policies/:kind', reviseClassificationPolicy),
  get('/relation-score-policies', relationScorePolicies),
  post('/relation-score-policies', reviseRelationScorePolicy, 201),
  get('/customers/:customerId/classification', customerClassification),
  get('/customers/:customerId/classification-history', classificationHistory),
  get('/customers/:customerId/classification/:kind/explanation', classificationExplanation),
  get('/customers/:customerId/relation-scores', relationScores),
  get('/customers/:customerId/relationship-preferences', relationshipPreferences),
  post('/customers/:customerId/relationship-preferences', declareRelationshipPreference, 201),
]
