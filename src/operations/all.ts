import { jobOperations } from './platform/jobs.ts'
import { approveRequest, declineRequest, withdrawRequest } from './approvals.ts'
import { approvalRequest, approvalRequests } from './dossier/approvals.ts'
import { stateMachines } from './platform/state-machines.ts'
import { analysisOperations } from './segmentation/analyses/all.ts'
import { assignmentOperations } from './dossier/assignments.ts'
import { assignmentHistoryOperations } from './dossier/assignment-history.ts'
import { auditOperations } from './platform/audit.ts'
import { calendarOperations } from './organisation/calendar.ts'
import { consentOperations } from './dossier/consents.ts'
import { contactDecisionOperations } from './dossier/contact-decisions.ts'
import { recognitionOperations } from './dossier/recognition.ts'
import { counterNoteOperations } from './dossier/counter-notes.ts'
import { movedCustomerOperations } from './dossier/moved-customers.ts'
import { waitingItemOperations } from './dossier/waiting-items.ts'
import { creditCoverage } from './dossier/credit-coverage.ts'
import { customerGroupOperations } from './dossier/customer-groups.ts'
import { customerSearchOperations } from './segmentation/customer-search.ts'
import { customerOperations } from './dossier/customers.ts'
import { customerListOperations } from './segmentation/customer-lists.ts'
import { delegationOperations } from './organisation/delegations.ts'
import { dossierRecordOperations } from './dossier/dossier-records.ts'
import { customerWrites } from './dossier/customer-writes.ts'
import { holdingWrites } from './feeds/holding-writes.ts'
import { institutionWrites } from './organisation/institution-writes.ts'
import { productWrites } from './feeds/product-writes.ts'
import { accessOperations } from './dossier/accesses.ts'
import { advanceAssignments } from './dossier/due-assignments.ts'
import { applyBalancesDue } from './feeds/due-balances.ts'
import { applyRates } from './feeds/exchange-rates.ts'
import { deleteExpiredData } from './feeds/expired-records.ts'
import { holdingOperations } from './feeds/holdings.ts'
import { addressOperations } from './dossier/addresses.ts'
import { contactPointOperations } from './dossier/contact-points.ts'
import { identityDocumentOperations } from './dossier/identity-documents.ts'
import { revealCustomerField } from './dossier/reveals.ts'
import { importOperations } from './feeds/imports.ts'
import { placeholderPolicyOperations } from './feeds/placeholder-policies.ts'
import { keyDateOperations } from './dossier/key-dates.ts'
import { upcomingKeyDateOperations } from './dossier/upcoming-key-dates.ts'
import type { Operation } from './platform/operation.ts'
import { organisationOperations } from './organisation/institutions.ts'
import { productOperations } from './organisation/products.ts'
import { profileOperations } from './dossier/profiles.ts'
import { profileConflictOperations } from './dossier/profile-conflicts.ts'
import { nameKeyOperations } from './dossier/name-keys.ts'
import { rotationOperations } from './dossier/rotation.ts'
import { lifeStageOperations } from './dossier/life-stages.ts'
import { keyPersonOperations } from './dossier/key-people.ts'
import { sharedKeyPersonOperations } from './dossier/shared-key-people.ts'
import { classificationExplanationOperations } from './segmentation/classification-explanations.ts'
import { explanationOperations } from './segmentation/segment-explanations.ts'
import { tierExplanationOperations } from './segmentation/tier-explanations.ts'
import { factOperations } from './segmentation/facts.ts'
import { refreshOperations } from './segmentation/refreshes.ts'
import { segmentOperations } from './segmentation/segments.ts'
import { segmentMemberOperations } from './segmentation/segment-members.ts'
import { exportSegmentMembers } from './segmentation/segment-exports.ts'
import { segmentPreview } from './segmentation/segment-preview.ts'
import { valueOperations } from './segmentation/value.ts'
import { classificationPolicies, reviseClassificationPolicy } from './segmentation/classifications.ts'
import { profilePolicies, reviseProfilePolicy } from './dossier/profile-policies.ts'
import { reviseLifeStagePolicy, lifeStagePolicies } from './dossier/life-stage-policies.ts'
import { customerClassificationOperations } from './segmentation/customer-classifications.ts'
import { customerTierOperations } from './segmentation/customer-tiers.ts'
import { relationScoreOperations } from './segmentation/relation-scores.ts'
import { tierListOperations } from './segmentation/tier-lists.ts'
import { tierOverrideOperations } from './segmentation/tier-overrides.ts'
import { tierSchemeOperations } from './segmentation/tiers.ts'
import { timelineOperations } from './dossier/timeline.ts'
import { relationshipOperations } from './dossier/relationships.ts'
import { teamOperations } from './dossier/teams.ts'

/** All that the service can do. */
export const operations: readonly Operation[] = [
  ...organisationOperations,
  ...delegationOperations,
  ...calendarOperations,
  ...productOperations,
  ...institutionWrites,
  ...productWrites,
  ...customerOperations,
  ...customerListOperations,
  ...customerSearchOperations,
  ...customerWrites,
  ...timelineOperations,
  ...assignmentOperations,
  ...assignmentHistoryOperations,
  ...teamOperations,
  ...keyDateOperations,
  ...upcomingKeyDateOperations,
  ...consentOperations,
  ...contactDecisionOperations,
  ...identityDocumentOperations,
  ...contactPointOperations,
  ...addressOperations,
  revealCustomerField,
  ...recognitionOperations,
  ...counterNoteOperations,
  ...movedCustomerOperations,
  ...waitingItemOperations,
  ...holdingOperations,
  ...holdingWrites,
  ...relationshipOperations,
  ...keyPersonOperations,
  ...sharedKeyPersonOperations,
  ...customerGroupOperations,
  ...dossierRecordOperations,
  ...factOperations,
  ...refreshOperations,
  ...segmentOperations,
  ...segmentMemberOperations,
  segmentPreview,
  ...valueOperations,
  ...analysisOperations,
  exportSegmentMembers,
  ...tierSchemeOperations,
  ...customerTierOperations,
  ...tierListOperations,
  ...tierOverrideOperations,
  approvalRequest,
  approvalRequests,
  approveRequest,
  declineRequest,
  withdrawRequest,
  classificationPolicies,
  reviseClassificationPolicy,
  ...customerClassificationOperations,
  ...relationScoreOperations,
  creditCoverage,
  ...profileOperations,
  ...profileConflictOperations,
  profilePolicies,
  reviseProfilePolicy,
  ...lifeStageOperations,
  lifeStagePolicies,
  reviseLifeStagePolicy,
  ...explanationOperations,
  ...tierExplanationOperations,
  ...classificationExplanationOperations,
  ...importOperations,
  ...placeholderPolicyOperations,
  ...auditOperations,
  stateMachines,
  ...jobOperations,
  ...accessOperations,
  advanceAssignments,
  applyRates,
  applyBalancesDue,
  deleteExpiredData,
  ...rotationOperations,
  ...nameKeyOperations,
]
