import {
  acceptProfileDifference,
  customerProfile,
  dismissProfileDifference,
  profileDifferences,
  profilePolicies,
  reviseProfile,
  setProfilePolicy,
  verifyProfileFields,
} from '../operations/dossier/profiles.ts'
import { get, patch, post, put } from './platform/route.ts'

const difference = '/customers/:customerId/profile-differences/:profileDifferenceId'

export const profileRoutes = [
  get('/customers/:customerId/profile', customerProfile),
  patch('/customers/:customerId/profile', reviseProfile),
  post('/customers/:customerId/profile/verification', verifyProfileFields),
  get('/profile-differences', profileDifferences),
  post(`${difference}/acceptance`, acceptProfileDifference),
  post(`${difference}/dismissal`, dismissProfileDifference),
  get('/profile-policies', profilePolicies),
  put('/profile-policies/:field', setProfilePolicy),
]
