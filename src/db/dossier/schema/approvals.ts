import { integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import type { ApprovalKindName, ApprovalState } from '../../../core/dossier/approvals.ts'

const instant = (name: string) => timestamp(name, { withTimezone: true })

export const approvalRequest = pgTable(
  'approval_request',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    kind: text().$type<ApprovalKindName>().notNull(),
    subjectId: uuid('subject_id').notNull(),
    state: text().$type<ApprovalState>().notNull(),
    reason: text().notNull(),
    requestedBy: uuid('requested_by').notNull(),
    requestedAt: instant('requested_at').notNull(),
    decidedBy: uuid('decided_by'),
    decidedAt: instant('decided_at'),
    decisionNote: text('decision_note'),
    version: integer().notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)
