import { importStatuses, feedEntities } from '../../../core/feeds/imports.ts'
import * as schema from '../../platform/schema/journals.ts'
import { column, view } from '../../platform/views/view.ts'

/** A sender is taken for lost when nothing was heard of it for this long, by the database's own clock. */
export const INTERRUPTED_AFTER_SECONDS = 15

/** The state of an import, seen from outside: a sender that fell silent has left it interrupted. */
export const importStatus = (alias: string): string =>
  `case when ${alias}.status = 'running' and ${alias}.heartbeat_at < clock_timestamp() - interval '${INTERRUPTED_AFTER_SECONDS} seconds' then 'interrupted' else ${alias}.status end`

const importRun = view('ImportRun', 'State and progress of an import.', schema.importRun, {
  id: column('uuid', 'Import-Id.'),
  entity: column('text', 'Entity of the rows.', { values: feedEntities }),
  format: column('text', 'Format of the rows.', { values: ['csv', 'ndjson'] }),
  caller: column('text', 'The sender.'),
  status: column('text', 'interrupted: the sender disconnected; the stream can be sent again under the same Import-Id.', {
    values: importStatuses,
    expression: importStatus,
  }),
  rowsRead: column('integer', 'Rows read from the stream.'),
  rowsCreated: column('integer', 'Rows that created a record.'),
  rowsUpdated: column('integer', 'Rows that updated a record.'),
  rowsUnchanged: column('integer', 'Rows that changed nothing.'),
  rowsSuperseded: column('integer', 'Rows older than the stored ones.'),
  rowsRejected: column('integer', 'Rows that were rejected; the first 10,000 can be downloaded for a week.'),
  committedLine: column('integer', 'All rows up to this line are committed; a resumed import continues after it.'),
  rowsWithWarnings: column(
    'integer',
    'Rows that were taken without one of their fields, or with one that seems wrong; the warnings of the first 10,000 can be downloaded for a week.',
  ),
  failureCode: column('text', 'Why it ended early, as an error code.', { nullable: true }),
  failureMessage: column('text', 'Why it ended early, as text.', { nullable: true }),
  startedAt: column('instant', 'When the import started.'),
  heartbeatAt: column('instant', 'When data was last received from the sender.'),
  finishedAt: column('instant', 'When it ended.', { nullable: true }),
})

export const importViews = [importRun]
