import * as approvals from './dossier/schema/approvals.ts'
import * as policies from './platform/schema/policies.ts'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { TableKind } from './platform/schema/kinds.ts'
import * as consents from './dossier/schema/consents.ts'
import * as counter from './dossier/schema/counter-notes.ts'
import * as customers from './dossier/schema/customers.ts'
import * as facts from './segmentation/schema/facts.ts'
import * as holdings from './feeds/schema/holdings.ts'
import * as journals from './platform/schema/journals.ts'
import * as keyDates from './dossier/schema/key-dates.ts'
import * as nameKeys from './dossier/schema/name-keys.ts'
import * as notes from './dossier/schema/dossier-records.ts'
import * as people from './dossier/schema/people.ts'
import * as profiles from './dossier/schema/profiles.ts'
import * as reference from './organisation/schema/reference.ts'
import * as teams from './dossier/schema/teams.ts'

import * as classifications from './segmentation/schema/classifications.ts'
import * as segments from './segmentation/schema/segments.ts'
import * as tiers from './segmentation/schema/tiers.ts'

export const tables: readonly { readonly kind: TableKind; readonly table: PgTable }[] = [
  { kind: 'reference', table: reference.directoryVersion },
  { kind: 'reference', table: reference.bankSetting },
  { kind: 'reference', table: reference.institution },
  { kind: 'reference', table: reference.staff },
  { kind: 'reference', table: reference.client },
  { kind: 'reference', table: reference.delegation },
  { kind: 'reference', table: reference.product },
  { kind: 'reference', table: reference.exchangeRate },
  { kind: 'reference', table: reference.calendarDay },
  { kind: 'reference', table: policies.policyVersion },
  { kind: 'customer', table: customers.customer },
  { kind: 'owned', table: customers.customerExternalId },
  { kind: 'owned', table: customers.identityDocument },
  { kind: 'owned', table: customers.contactPoint },
  { kind: 'owned', table: customers.address },
  { kind: 'owned', table: customers.assignment },
  { kind: 'owned', table: teams.teamMember },
  { kind: 'owned', table: counter.counterNote },
  { kind: 'owned', table: approvals.approvalRequest },
  { kind: 'registry', table: customers.externalId },
  { kind: 'registry', table: customers.blindIndex },
  { kind: 'owned', table: holdings.holding },
  { kind: 'owned', table: holdings.holdingParty },
  { kind: 'owned', table: holdings.partyHolding },
  { kind: 'owned', table: holdings.balance },
  { kind: 'owned', table: holdings.activity },
  { kind: 'owned', table: holdings.movement },
  { kind: 'owned', table: nameKeys.nameKey },
  { kind: 'owned', table: keyDates.keyDate },
  { kind: 'owned', table: consents.consentEvent },
  { kind: 'owned', table: consents.contactPreference },
  { kind: 'reference', table: consents.quietHours },
  { kind: 'owned', table: people.relationship },
  { kind: 'owned', table: people.keyPerson },
  { kind: 'owned', table: people.sharedKeyPerson },
  { kind: 'owned', table: people.customerGroup },
  { kind: 'owned', table: people.customerGroupMember },
  { kind: 'owned', table: people.groupMembership },
  { kind: 'owned', table: notes.need },
  { kind: 'owned', table: notes.outsideHolding },
  { kind: 'owned', table: notes.creditStanding },
  { kind: 'owned', table: notes.suitabilityAssessment },
  { kind: 'owned', table: notes.lifeEvent },
  { kind: 'owned', table: notes.privilegeGrant },
  { kind: 'owned', table: facts.customerFact },
  { kind: 'owned', table: facts.customerFactMonth },
  { kind: 'owned', table: facts.customerFactStale },
  { kind: 'reference', table: facts.factPercentile },
  { kind: 'reference', table: segments.segment },
  { kind: 'reference', table: segments.segmentVersion },
  { kind: 'reference', table: segments.segmentMonth },
  { kind: 'owned', table: segments.segmentMembership },
  { kind: 'owned', table: segments.customerCondition },
  { kind: 'reference', table: tiers.tierScheme },
  { kind: 'owned', table: tiers.tierMembership },
  { kind: 'owned', table: tiers.tierOverride },
  { kind: 'owned', table: classifications.classificationPeriod },
  { kind: 'owned', table: classifications.relationshipPreference },
  { kind: 'local', table: facts.refreshRun },
  { kind: 'owned', table: notes.keyFigure },
  { kind: 'owned', table: profiles.customerProfile },
  { kind: 'owned', table: profiles.fieldSource },
  { kind: 'owned', table: profiles.profileConflict },
  { kind: 'journal', table: journals.auditEntry },
  { kind: 'journal', table: journals.auditLink },
  { kind: 'local', table: journals.auditWatermark },
  { kind: 'journal', table: journals.outboxEvent },
  { kind: 'journal', table: journals.idempotency },
  { kind: 'local', table: nameKeys.nameKeyProgress },
  { kind: 'local', table: counter.callCount },
  { kind: 'local', table: journals.importRun },
  { kind: 'local', table: journals.importReject },
  { kind: 'local', table: journals.migration },
]

const kinds = new Map(tables.map(({ kind, table }) => [table, kind]))

/** What a table holds; undefined for one that the schema does not list. */
export function kindOf(table: PgTable): TableKind | undefined {
  return kinds.get(table)
}
