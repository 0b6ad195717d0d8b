import {
  consentHistory,
  consents,
  contactDecision,
  contactPreference,
  quietHours,
  recordConsent,
  setContactPreference,
  setQuietHours,
} from '../operations/dossier/consents.ts'
import { get, post, put } from './platform/route.ts'

export const consentRoutes = [
  get('/customers/:customerId/consents', consents),
  post('/customers/:customerId/consents', recordConsent, 201),
  get('/customers/:customerId/consent-history', consentHistory),
  get('/customers/:customerId/contact-preference', contactPreference),
  put('/customers/:customerId/contact-preference', setContactPreference),
  get('/customers/:customerId/contact-decision', contactDecision),
  get('/institutions/:institutionId/quiet-hours', quietHours),
  put('/institutions/:institutionId/quiet-hours', setQuietHours),
]
