import { deadJobs, retryJob } from '../operations/platform/jobs.ts'
import { stateMachines } from '../operations/platform/state-machines.ts'
import { auditEntries, auditVerification } from '../operations/platform/audit.ts'
import { get, post, type Route } from './platform/route.ts'

/** The addresses of the room. */
export const platformRoutes: readonly Route[] = [
  get('/state-machines', stateMachines),
  get('/dead-jobs', deadJobs),
  post('/dead-jobs/:jobId/retry', retryJob),
  get('/audit-entries', auditEntries),
  get('/audit-verification', auditVerification),
]
