import { membershipExplanation } from '../operations/segmentation/segment-explanations.ts'
import { customerFacts, facts } from '../operations/segmentation/facts.ts'
import { refreshRun, refreshRuns, refreshSegments } from '../operations/segmentation/refreshes.ts'
import {
  activateSegment,
  createSegment,
  listSegmentMembers,
  retireSegment,
  reviseSegment,
  segment,
  segmentMembers,
  segmentPreview,
  segments,
} from '../operations/segmentation/segments.ts'
import { customerValue, lossMakers, paretoAnalysis, reviseValuePolicy, valuePolicies } from '../operations/segmentation/value.ts'
import { get, patch, post } from './platform/route.ts'

export const segmentationRoutes = [
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
  post('/segments/:segmentId/members', listSegmentMembers),
  get('/value-policies', valuePolicies),
  post('/value-policies', reviseValuePolicy, 201),
  get('/customers/:customerId/value', customerValue),
  get('/pareto-analysis', paretoAnalysis),
  get('/loss-makers', lossMakers),
  get('/refreshes', refreshRuns),
  post('/refreshes', refreshSegments, 202),
  get('/refreshes/:refreshId', refreshRun),
]
