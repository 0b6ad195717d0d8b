import { importStatuses, feedEntities } from '../../../core/feeds/imports.ts'
import * as schema from '../../platform/schema/journals.ts'
import { column, view } from '../../platform/views/view.ts'

/** A sender is taken for lost when nothing was heard of it for this long, by the database's own clock. */
export const LOST_AFTER_SECONDS = 15

/** The state of an import, seen from outside: a sender that fell silent has left it interrupted. */
export const importStatus = (alias: string): string =>
  `case when ${alias}.status = 'running' and ${alias}.heartbeat_at < clock_timestamp() - interval '${LOST_AFTER_SECONDS} seconds' then 'interrupted' else ${alias}.status end`

const importRun = view('ImportRun', 'How an import stands.', schema.importRun, {
  id: column('uuid', 'Import-Id.'),
  entity: column('text', 'What the rows are.', { values: feedEntities }),
  format: column('text', 'How they were sent.', { values: ['csv', 'ndjson'] }),
  caller: column('text', 'Who sends them.'),
  status: column('text', 'interrupted: the sender is gone; the stream can be sent again under the same Import-Id.', {
    values: importStatuses,
    expression: importStatus,
  }),
  rowsRead: column('integer', 'Rows taken from the stream.'),
  rowsCreated: column('integer', 'Rows that made something new.'),
  rowsUpdated: column('integer', 'Rows that changed something.'),
  rowsUnchanged: column('integer', 'Rows that said what is known.'),
  rowsSuperseded: column('integer', 'Rows older than what is known.'),
  rowsRejected: column('integer', 'Rows that were refused; the first 10,000 can be read back for a week.'),
  committedLine: column('integer', 'All rows up to this line are done; a resumed import goes on after it.'),
  failureCode: column('text', 'Why it ended early: an error code.', { nullable: true }),
  failureMessage: column('text', 'Why it ended early, in words.', { nullable: true }),
  startedAt: column('instant', 'When the first sender began.'),
  heartbeatAt: column('instant', 'When the sender was last heard of.'),
  finishedAt: column('instant', 'When it ended.', { nullable: true }),
})

export const importViews = [importRun]
