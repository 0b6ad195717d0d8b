import { auditEntries, auditVerification } from '../operations/audit.ts'
import { get } from './route.ts'

export const auditRoutes = [get('/audit-entries', auditEntries), get('/audit-verification', auditVerification)]
