import { approveRequest, declineRequest, withdrawRequest } from '../operations/approvals.ts'
import { approvalRequest, approvalRequests } from '../operations/dossier/approvals.ts'
import { customerAccessReason, customerAccesses } from '../operations/dossier/accesses.ts'
import { assignCustomer, assignCustomers, staffCapacity } from '../operations/dossier/assignments.ts'
import { assignmentHistory } from '../operations/dossier/assignment-history.ts'
import {
  consentHistory,
  consents,
  contactPreference,
  recordConsent,
  setContactPreference,
} from '../operations/dossier/consents.ts'
import { contactDecision, quietHours, setQuietHours } from '../operations/dossier/contact-decisions.ts'
import { creditCoverage } from '../operations/dossier/credit-coverage.ts'
import {
  addGroupMember,
  correctCustomerGroup,
  createCustomerGroup,
  customerGroup,
  customerGroups,
  endCustomerGroup,
  groupMembership,
  groupMemberships,
  removeGroupMember,
} from '../operations/dossier/customer-groups.ts'
import {
  closeCustomer,
  correctAssignment,
  correctCustomer,
  createAssignment,
  createCustomer,
  endAssignment,
  upsertAssignment,
  upsertCustomer,
} from '../operations/dossier/customer-writes.ts'
import { customer, customerByExternalId } from '../operations/dossier/customers.ts'
import { recordOperationsOf, usePrivilege } from '../operations/dossier/dossier-records.ts'
import {
  addAddress,
  addressesToReview,
  correctAddress,
  dismissAddress,
  removeAddress,
  verifyAddress,
} from '../operations/dossier/addresses.ts'
import {
  addContactPoint,
  contactPointsToReview,
  correctContactPoint,
  dismissContactPoint,
  removeContactPoint,
  verifyContactPoint,
} from '../operations/dossier/contact-points.ts'
import {
  addIdentityDocument,
  correctIdentityDocument,
  dismissIdentityDocument,
  documentsToReview,
  removeIdentityDocument,
  verifyIdentityDocument,
} from '../operations/dossier/identity-documents.ts'
import { revealCustomerField } from '../operations/dossier/reveals.ts'
import { correctKeyDate, createKeyDate, endKeyDate, keyDate, keyDates } from '../operations/dossier/key-dates.ts'
import { upcomingKeyDates } from '../operations/dossier/upcoming-key-dates.ts'
import { correctKeyPerson, createKeyPerson, endKeyPerson, keyPeople, keyPerson } from '../operations/dossier/key-people.ts'
import {
  correctSharedKeyPerson,
  createSharedKeyPerson,
  endSharedKeyPerson,
  sharedKeyPeople,
  sharedKeyPerson,
} from '../operations/dossier/shared-key-people.ts'
import { customerProfile, reviseProfile, verifyProfileFields } from '../operations/dossier/profiles.ts'
import { acceptProfileConflict, dismissProfileConflict, profileConflicts } from '../operations/dossier/profile-conflicts.ts'
import { confirmRelationshipManager } from '../operations/dossier/moved-customers.ts'
import { acknowledgeCounterNote, counterNotes, createCounterNote } from '../operations/dossier/counter-notes.ts'
import { recogniseCustomer } from '../operations/dossier/recognition.ts'
import { waitingItems } from '../operations/dossier/waiting-items.ts'
import {
  correctRelationship,
  createRelationship,
  endRelationship,
  relationship,
  relationships,
} from '../operations/dossier/relationships.ts'
import { profilePolicies, reviseProfilePolicy } from '../operations/dossier/profile-policies.ts'
import { reviseLifeStagePolicy, lifeStagePolicies } from '../operations/dossier/life-stage-policies.ts'
import { lifeStages } from '../operations/dossier/life-stages.ts'
import { addTeamMember, endTeamMember, maintenanceTeam, teamSuggestions, teamMember } from '../operations/dossier/teams.ts'
import { customerOverview, customerTimeline } from '../operations/dossier/timeline.ts'
import { get, patch, post, put, type Route } from './platform/route.ts'

/** The five addresses of a kind of notes. */
function notes(noun: string, path: string, key: string): readonly Route[] {
  const [one, many, create, correct, end] = recordOperationsOf.get(noun)!
  const [all, single] = [`/customers/:customerId/${path}`, `/customers/:customerId/${path}/:${key}`]
  return [get(all, many!), post(all, create!, 201), get(single, one!), patch(single, correct!), post(`${single}/end`, end!)]
}

const conflict = '/customers/:customerId/profile-conflicts/:profileConflictId'

/** The addresses of the room. */
export const dossierRoutes: readonly Route[] = [
  post('/customers', createCustomer, 201),
  get('/customers/by-external-id/:source/:externalId', customerByExternalId),
  put('/customers/by-external-id/:source/:externalId', upsertCustomer),
  get('/customers/:customerId', customer),
  patch('/customers/:customerId', correctCustomer),
  post('/customers/:customerId/closure', closeCustomer),

  put('/assignments/by-external-id/:source/:externalId', upsertAssignment),
  post('/customers/:customerId/assignments', createAssignment, 201),
  patch('/customers/:customerId/assignments/:assignmentId', correctAssignment),
  post('/customers/:customerId/assignments/:assignmentId/end', endAssignment),

  get('/customers/:customerId/overview', customerOverview),
  get('/customers/:customerId/timeline', customerTimeline),

  post('/assignment-changes', assignCustomers),
  post('/customers/:customerId/assignment-changes', assignCustomer, 201),
  post('/customers/:customerId/relationship-manager/confirmation', confirmRelationshipManager),
  get('/customers/:customerId/assignment-history', assignmentHistory),
  get('/staff-capacity', staffCapacity),

  get('/customers/:customerId/team', maintenanceTeam),
  post('/customers/:customerId/team', addTeamMember, 201),
  get('/customers/:customerId/team/:teamMemberId', teamMember),
  post('/customers/:customerId/team/:teamMemberId/end', endTeamMember),
  get('/customers/:customerId/team-suggestions', teamSuggestions),

  get('/customers/:customerId/key-dates', keyDates),
  post('/customers/:customerId/key-dates', createKeyDate, 201),
  get('/customers/:customerId/key-dates/:keyDateId', keyDate),
  patch('/customers/:customerId/key-dates/:keyDateId', correctKeyDate),
  post('/customers/:customerId/key-dates/:keyDateId/end', endKeyDate),
  get('/upcoming-key-dates', upcomingKeyDates),

  get('/customers/:customerId/consents', consents),
  post('/customers/:customerId/consents', recordConsent, 201),
  get('/customers/:customerId/consent-history', consentHistory),
  get('/customers/:customerId/contact-preference', contactPreference),
  put('/customers/:customerId/contact-preference', setContactPreference),
  get('/customers/:customerId/contact-decision', contactDecision),
  get('/institutions/:institutionId/quiet-hours', quietHours),
  put('/institutions/:institutionId/quiet-hours', setQuietHours),

  get('/documents-to-review', documentsToReview),
  get('/contact-points-to-review', contactPointsToReview),
  get('/addresses-to-review', addressesToReview),
  post('/customers/:customerId/identity-documents', addIdentityDocument, 201),
  patch('/customers/:customerId/identity-documents/:identityDocumentId', correctIdentityDocument),
  post('/customers/:customerId/identity-documents/:identityDocumentId/removal', removeIdentityDocument),
  post('/customers/:customerId/identity-documents/:identityDocumentId/verification', verifyIdentityDocument),
  post('/customers/:customerId/identity-documents/:identityDocumentId/dismissal', dismissIdentityDocument),
  post('/customers/:customerId/contact-points', addContactPoint, 201),
  patch('/customers/:customerId/contact-points/:contactPointId', correctContactPoint),
  post('/customers/:customerId/contact-points/:contactPointId/removal', removeContactPoint),
  post('/customers/:customerId/contact-points/:contactPointId/verification', verifyContactPoint),
  post('/customers/:customerId/contact-points/:contactPointId/dismissal', dismissContactPoint),
  post('/customers/:customerId/addresses', addAddress, 201),
  patch('/customers/:customerId/addresses/:addressId', correctAddress),
  post('/customers/:customerId/addresses/:addressId/removal', removeAddress),
  post('/customers/:customerId/addresses/:addressId/verification', verifyAddress),
  post('/customers/:customerId/addresses/:addressId/dismissal', dismissAddress),
  post('/customers/:customerId/reveals', revealCustomerField),

  post('/recognitions', recogniseCustomer),
  post('/counter-notes', createCounterNote, 201),
  get('/counter-notes', counterNotes),
  post('/customers/:customerId/counter-notes/:counterNoteId/acknowledgement', acknowledgeCounterNote),
  get('/waiting-items', waitingItems),

  get('/customers/:customerId/relationships', relationships),
  post('/customers/:customerId/relationships', createRelationship, 201),
  get('/customers/:customerId/relationships/:relationshipId', relationship),
  patch('/customers/:customerId/relationships/:relationshipId', correctRelationship),
  post('/customers/:customerId/relationships/:relationshipId/end', endRelationship),

  get('/customers/:customerId/key-people', keyPeople),
  post('/customers/:customerId/key-people', createKeyPerson, 201),
  get('/customers/:customerId/key-people/:keyPersonId', keyPerson),
  patch('/customers/:customerId/key-people/:keyPersonId', correctKeyPerson),
  post('/customers/:customerId/key-people/:keyPersonId/end', endKeyPerson),

  get('/customers/:customerId/shared-key-people', sharedKeyPeople),
  post('/customers/:customerId/shared-key-people', createSharedKeyPerson, 201),
  get('/customers/:customerId/shared-key-people/:sharedKeyPersonId', sharedKeyPerson),
  patch('/customers/:customerId/shared-key-people/:sharedKeyPersonId', correctSharedKeyPerson),
  post('/customers/:customerId/shared-key-people/:sharedKeyPersonId/end', endSharedKeyPerson),

  get('/customers/:customerId/groups', customerGroups),
  post('/customers/:customerId/groups', createCustomerGroup, 201),
  get('/customers/:customerId/groups/:customerGroupId', customerGroup),
  patch('/customers/:customerId/groups/:customerGroupId', correctCustomerGroup),
  post('/customers/:customerId/groups/:customerGroupId/end', endCustomerGroup),
  post('/customers/:customerId/groups/:customerGroupId/members', addGroupMember, 201),
  post('/customers/:customerId/group-members/:customerGroupMemberId/end', removeGroupMember),

  get('/customers/:customerId/group-memberships', groupMemberships),
  get('/customers/:customerId/group-memberships/:groupMembershipId', groupMembership),

  ...notes('Need', 'needs', 'needId'),
  ...notes('OutsideHolding', 'outside-holdings', 'outsideHoldingId'),
  ...notes('CreditStanding', 'credit-standings', 'creditStandingId'),
  ...notes('KeyFigure', 'key-figures', 'keyFigureId'),
  ...notes('SuitabilityAssessment', 'suitability-assessments', 'suitabilityAssessmentId'),
  ...notes('LifeEvent', 'life-events', 'lifeEventId'),
  ...notes('PrivilegeGrant', 'privilege-grants', 'privilegeGrantId'),
  post('/customers/:customerId/privilege-grants/:privilegeGrantId/uses', usePrivilege),
  get('/credit-coverage', creditCoverage),

  get('/customers/:customerId/profile', customerProfile),
  patch('/customers/:customerId/profile', reviseProfile),
  post('/customers/:customerId/profile/verification', verifyProfileFields),
  get('/profile-conflicts', profileConflicts),
  post(`${conflict}/acceptance`, acceptProfileConflict),
  post(`${conflict}/dismissal`, dismissProfileConflict),
  get('/profile-policies', profilePolicies),
  put('/profile-policies/:field', reviseProfilePolicy),

  get('/customers/:customerId/life-stages', lifeStages),
  get('/life-stage-policies', lifeStagePolicies),
  put('/life-stage-policies/:subject', reviseLifeStagePolicy),

  get('/customers/:customerId/accesses', customerAccesses),
  get('/customers/:customerId/accesses/:accessId/reason', customerAccessReason),

  get('/approval-requests', approvalRequests),
  get('/customers/:customerId/approval-requests/:approvalRequestId', approvalRequest),
  post('/customers/:customerId/approval-requests/:approvalRequestId/approval', approveRequest),
  post('/customers/:customerId/approval-requests/:approvalRequestId/refusal', declineRequest),
  post('/customers/:customerId/approval-requests/:approvalRequestId/withdrawal', withdrawRequest),
]
