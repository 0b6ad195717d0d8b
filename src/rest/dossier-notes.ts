import { creditCoverage } from '../operations/dossier/credit-coverage.ts'
import { noteOperationsOf, usePrivilege } from '../operations/dossier/dossier-notes.ts'
import { get, patch, post, type Route } from './platform/route.ts'

/** The five addresses of a kind of notes. */
function notes(noun: string, path: string, key: string): readonly Route[] {
  const [one, many, create, correct, end] = noteOperationsOf.get(noun)!
  const [all, single] = [`/customers/:customerId/${path}`, `/customers/:customerId/${path}/:${key}`]
  return [get(all, many!), post(all, create!, 201), get(single, one!), patch(single, correct!), post(`${single}/end`, end!)]
}

export const dossierNoteRoutes = [
  ...notes('Need', 'needs', 'needId'),
  ...notes('OutsideHolding', 'outside-holdings', 'outsideHoldingId'),
  ...notes('CreditStanding', 'credit-standings', 'creditStandingId'),
  ...notes('KeyFigure', 'key-figures', 'keyFigureId'),
  ...notes('SuitabilityAssessment', 'suitability-assessments', 'suitabilityAssessmentId'),
  ...notes('LifeEvent', 'life-events', 'lifeEventId'),
  ...notes('PrivilegeGrant', 'privilege-grants', 'privilegeGrantId'),
  post('/customers/:customerId/privilege-grants/:privilegeGrantId/uses', usePrivilege),
  get('/credit-coverage', creditCoverage),
]
