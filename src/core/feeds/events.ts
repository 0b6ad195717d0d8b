import { z } from 'zod'
import { auditOnly, event } from '../kernel/event.ts'
import { feedEntities } from './imports.ts'

const entity = z.enum(feedEntities).meta({ description: 'What was imported.' })
const count = z.int().min(0)
const batch = event('A batch of rows of an import was applied; the subject is the import.', {
  entity,
  read: count,
  created: count,
  updated: count,
  unchanged: count,
  superseded: count,
  rejected: count,
  withWarnings: count,
})

export const feedEvents = {
  'product.created': event('A product was created.'),
  'product.updated': event('A product was changed or closed.'),
  'exchange_rate.created': event('An exchange rate was set.'),
  'exchange_rate.updated': event('An exchange rate was changed.'),
  'holding.created': event('A holding was created.'),
  'holding.updated': event('A holding was changed or closed.'),
  'holding_party.created': event('A further party of a holding was added.'),
  'holding_party.updated': event('A further party of a holding was changed or ended.'),
  'balance.created': event('A change point of a balance was added.'),
  'balance.updated': event('A change point of a balance was changed.'),
  'activity.created': event('Activity of a month was added.'),
  'activity.updated': event('Activity of a month was changed.'),
  'movement.created': event('A movement was added.'),
  'movement.updated': event('A movement was changed or voided.'),
  'import.started': event('An import was started.', { entity }),
  'import.resumed': event('An import that had broken off was resumed.', { entity }),
  'import.completed': event('An import was completed.', { entity }),
  'import.cancelled': event('An import was cancelled.', { entity }),
  'import.interrupted': event('An import broke off and can be resumed.', { entity }),
  'import.failed': event('An import failed.', { entity }),
  'import.cancellation_requested': event('Cancelling an import was requested.'),
  'import.rejects_read': auditOnly('The rejected rows of an import were read.'),
  'import.warnings_read': auditOnly('The warnings of an import were read.'),
  'import.batch_applied': batch,
  'placeholder_policy.revised': event('A version of the lists was added of what means no value in files.'),
}
