import { z } from 'zod'
import { auditOnly, event } from './event.ts'

export const platformEvents = {
  'audit.sealed': event('New audit entries of an institution and day were chained; the subject is the chain.', {
    position: z.int().meta({ description: 'Entries in the chain so far.' }),
    hash: z.string().meta({ description: 'Hash of the last link, in hexadecimal.' }),
  }),
  'keys.rotated': auditOnly('A batch of sealed values was brought under the current keys; the subject is the part.', {
    rotated: z.int(),
    masterKeyId: z.string(),
    indexKeyId: z.string(),
  }),
  'client.created': event('A machine client was created.'),
  'job.retried': event('A job that had failed for good is tried again.'),
  'operation.completed': event('A command ran and changed nothing; the subject is its name.'),
}
