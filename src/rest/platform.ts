import { stateMachines } from '../operations/platform/state-machines.ts'
import { auditEntries, auditVerification } from '../operations/platform/audit.ts'
import { get, type Route } from './platform/route.ts'

/** The addresses of the room. */
export const platformRoutes: readonly Route[] = [
  get('/state-machines', stateMachines),
  get('/audit-entries', auditEntries),
  get('/audit-verification', auditVerification),
]
