import { customerStages, setStagePolicy, stagePolicies } from '../operations/dossier/stages.ts'
import { get, put } from './platform/route.ts'

export const stageRoutes = [
  get('/customers/:customerId/stages', customerStages),
  get('/stage-policies', stagePolicies),
  put('/stage-policies/:subject', setStagePolicy),
]
