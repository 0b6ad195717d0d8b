import { customerAccesses, customerAccessReason } from '../operations/dossier/accesses.ts'
import { auditEntries, auditVerification } from '../operations/platform/audit.ts'
import { get } from './platform/route.ts'

export const auditRoutes = [
  get('/audit-entries', auditEntries),
  get('/audit-verification', auditVerification),
  get('/customers/:customerId/accesses', customerAccesses),
  get('/customers/:customerId/accesses/:accessId/reason', customerAccessReason),
]
