import { auditEntries, auditVerification } from '../operations/platform/audit.ts'
import { get, type Route } from './platform/route.ts'

/** The addresses of the room. */
export const platformRoutes: readonly Route[] = [
  get('/audit-entries', auditEntries),
  get('/audit-verification', auditVerification),
]
