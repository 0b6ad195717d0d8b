import { customerStages, setStagePolicy, stagePolicies } from '../operations/stages.ts'
import { get, put } from './route.ts'

export const stageRoutes = [
  get('/customers/:customerId/stages', customerStages),
  get('/stage-policies', stagePolicies),
  put('/stage-policies/:subject', setStagePolicy),
]
