import { customerTiers, tierHistory } from '../operations/segmentation/customer-tiers.ts'
import { tierExplanation } from '../operations/segmentation/tier-explanations.ts'
import { atRiskCustomers, thresholdCustomers, tierGrowth } from '../operations/segmentation/tier-lists.ts'
import { endTierOverride, overrideTier, tierOverride, tierOverrides } from '../operations/segmentation/tier-overrides.ts'
import {
  createTierScheme,
  retireTierScheme,
  reviseTierScheme,
  tierScheme,
  tierSchemes,
} from '../operations/segmentation/tiers.ts'
import { get, patch, post } from './platform/route.ts'

export const tierRoutes = [
  get('/tier-schemes', tierSchemes),
  post('/tier-schemes', createTierScheme, 201),
  get('/tier-schemes/:schemeId', tierScheme),
  patch('/tier-schemes/:schemeId', reviseTierScheme),
  post('/tier-schemes/:schemeId/retirement', retireTierScheme),
  get('/tier-schemes/:schemeId/threshold-customers', thresholdCustomers),
  get('/tier-schemes/:schemeId/at-risk-customers', atRiskCustomers),
  get('/tier-schemes/:schemeId/growth', tierGrowth),
  get('/customers/:customerId/tiers', customerTiers),
  get('/customers/:customerId/tier-history', tierHistory),
  get('/customers/:customerId/tiers/:schemeId/explanation', tierExplanation),
  get('/customers/:customerId/tier-overrides', tierOverrides),
  post('/customers/:customerId/tier-overrides', overrideTier, 201),
  get('/customers/:customerId/tier-overrides/:tierOverrideId', tierOverride),
  post('/customers/:customerId/tier-overrides/:tierOverrideId/end', endTierOverride),
]
