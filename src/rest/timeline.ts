import { customerOverview, customerTimeline } from '../operations/dossier/timeline.ts'
import { get } from './platform/route.ts'

export const timelineRoutes = [
  get('/customers/:customerId/overview', customerOverview),
  get('/customers/:customerId/timeline', customerTimeline),
]
