import { customerFacts, facts } from '../operations/facts.ts'
import { refreshRun, refreshRuns, refreshSegments } from '../operations/refreshes.ts'
import { get, post } from './route.ts'

export const segmentationRoutes = [
  get('/facts', facts),
  get('/customers/:customerId/facts', customerFacts),
  get('/refreshes', refreshRuns),
  post('/refreshes', refreshSegments, 202),
  get('/refreshes/:refreshId', refreshRun),
]
