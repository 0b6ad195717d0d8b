import { analysisOperations } from './analyses/all.ts'
import { assignmentOperations } from './assignments.ts'
import { auditOperations } from './audit.ts'
import { calendarOperations } from './calendar.ts'
import { consentOperations } from './consents.ts'
import { counterOperations } from './counter.ts'
import { creditCoverage } from './credit-coverage.ts'
import { customerGroupOperations } from './customer-groups.ts'
import { customerSearchOperations } from './customer-search.ts'
import { customerOperations } from './customers.ts'
import { delegationOperations } from './delegations.ts'
import { dossierNoteOperations } from './dossier-notes.ts'
import { customerWrites } from './feeds/customers.ts'
import { holdingWrites } from './feeds/holdings.ts'
import { organisationWrites } from './feeds/organisation.ts'
import { holdingOperations } from './holdings.ts'
import { identityOperations } from './identity.ts'
import { importOperations } from './imports.ts'
import { jobOperations } from './jobs.ts'
import { keyDateOperations } from './key-dates.ts'
import type { Operation } from './operation.ts'
import { organisationOperations } from './organisation.ts'
import { productOperations } from './products.ts'
import { profileOperations } from './profiles.ts'
import { nameKeyOperations } from './name-keys.ts'
import { rotationOperations } from './rotation.ts'
import { stageOperations } from './stages.ts'
import { keyPersonOperations } from './key-people.ts'
import { classificationExplanationOperations } from './classification-explanations.ts'
import { explanationOperations } from './explanations.ts'
import { tierExplanationOperations } from './tier-explanations.ts'
import { factOperations } from './facts.ts'
import { refreshOperations } from './refreshes.ts'
import { segmentOperations } from './segments.ts'
import { valueOperations } from './value.ts'
import { classificationPolicyOperations } from './classifications.ts'
import { customerClassificationOperations } from './customer-classifications.ts'
import { customerTierOperations } from './customer-tiers.ts'
import { relationScoreOperations } from './relation-scores.ts'
import { tierListOperations } from './tier-lists.ts'
import { tierOverrideOperations } from './tier-overrides.ts'
import { tierSchemeOperations } from './tiers.ts'
import { timelineOperations } from './timeline.ts'
import { relationshipOperations } from './relationships.ts'
import { teamOperations } from './teams.ts'

/** All that the service can do. */
export const operations: readonly Operation[] = [
  ...organisationOperations,
  ...delegationOperations,
  ...calendarOperations,
  ...productOperations,
  ...organisationWrites,
  ...customerOperations,
  ...customerSearchOperations,
  ...customerWrites,
  ...timelineOperations,
  ...assignmentOperations,
  ...teamOperations,
  ...keyDateOperations,
  ...consentOperations,
  ...identityOperations,
  ...counterOperations,
  ...holdingOperations,
  ...holdingWrites,
  ...relationshipOperations,
  ...keyPersonOperations,
  ...customerGroupOperations,
  ...dossierNoteOperations,
  ...factOperations,
  ...refreshOperations,
  ...segmentOperations,
  ...valueOperations,
  ...analysisOperations,
  ...tierSchemeOperations,
  ...customerTierOperations,
  ...tierListOperations,
  ...tierOverrideOperations,
  ...classificationPolicyOperations,
  ...customerClassificationOperations,
  ...relationScoreOperations,
  creditCoverage,
  ...profileOperations,
  ...stageOperations,
  ...explanationOperations,
  ...tierExplanationOperations,
  ...classificationExplanationOperations,
  ...importOperations,
  ...auditOperations,
  ...jobOperations,
  ...rotationOperations,
  ...nameKeyOperations,
]
