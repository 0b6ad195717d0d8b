import { customerOverview, customerTimeline } from '../operations/timeline.ts'
import { get } from './route.ts'

export const timelineRoutes = [
  get('/customers/:customerId/overview', customerOverview),
  get('/customers/:customerId/timeline', customerTimeline),
]
