import { z } from 'zod'
import {
  endNameKeyProgress,
  lockNameKeyProgress,
  lockNamesAfter,
  saveNameKeyProgress,
  writeNameKeys,
} from '../../db/dossier/name-keys.ts'
import { operation } from '../platform/operation.ts'

/** The worker runs it again while something was left. Writers of these customers wait for the batch. */
const MAX_BATCH_SIZE = 1_000

export const refreshNameKeys = operation({
  kind: 'command',
  name: 'refreshNameKeys',
  summary: 'Create pinyin search keys for existing customers',
  description:
    'Computes the keys of customers created before names had any, in batches while the service runs; if interrupted, it resumes. Until then searches by pinyin do not find them.',
  permission: 'system:run',
  domain: 'Party Reference Data Directory',
  input: z.strictObject({}),
  output: z.object({ passed: z.int() }),
  transport: 'internal',
  async run({ db }) {
    const afterId = await lockNameKeyProgress(db)
    if (afterId === undefined) return { passed: 0 }
    const customers = await lockNamesAfter(db, afterId, MAX_BATCH_SIZE)
    await writeNameKeys(db, customers, true)
    const last = customers.at(-1)
    await (last ? saveNameKeyProgress(db, last.customerId) : endNameKeyProgress(db))
    return { passed: customers.length }
  },
})

export const nameKeyOperations = [refreshNameKeys]
