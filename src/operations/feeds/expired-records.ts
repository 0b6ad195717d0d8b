import { z } from 'zod'
import { deleteExpiredRejects } from '../../db/feeds/imports.ts'
import { deleteExpiredAnswers } from '../../db/platform/idempotency.ts'
import { operation } from '../platform/operation.ts'

export const deleteExpiredData = operation({
  kind: 'command',
  name: 'deleteExpiredData',
  summary: 'Delete expired data',
  description: 'Deletes stored responses of idempotency keys and rejected rows of imports after their retention time.',
  permission: 'system:run',
  domain: 'System Administration',
  input: z.strictObject({}),
  output: z.object({}),
  transport: 'internal',
  async run({ db, now }) {
    await deleteExpiredAnswers(db, now)
    await deleteExpiredRejects(db, now)
    return {}
  },
})
