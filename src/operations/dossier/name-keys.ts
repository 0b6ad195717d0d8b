import { z } from 'zod'
import {
  endNameKeyProgress,
  lockNameKeyProgress,
  lockNamesAfter,
  refoldKeyPeople,
  refoldNames,
  saveNameKeyProgress,
  writeNameKeys,
} from '../../db/dossier/name-keys.ts'
import { operation } from '../platform/operation.ts'

/** The worker runs it again while something was left. Writers of these customers wait for the batch. */
const MAX_BATCH_SIZE = 1_000

export const refreshNameKeys = operation({
  kind: 'command',
  name: 'refreshNameKeys',
  summary: 'Work out the search keys of existing names',
  description:
    'Folds the names of customers and key people that were stored before names folded as they do now, and computes their pinyin keys, in batches while the service runs; if interrupted, it resumes. Until then some searches do not find them.',
  permission: 'system:run',
  domain: 'Party Reference Data Directory',
  input: z.strictObject({}),
  output: z.object({ passed: z.int() }),
  transport: 'internal',
  async run({ db }) {
    const progress = await lockNameKeyProgress(db)
    if (progress === undefined) return { passed: 0 }
    const { part, afterId } = progress
    if (part === 'key_person') {
      const last = await refoldKeyPeople(db, afterId, MAX_BATCH_SIZE)
      await (last === undefined ? endNameKeyProgress(db) : saveNameKeyProgress(db, { part, afterId: last }))
      return { passed: last === undefined ? 0 : 1 }
    }
    const customers = await lockNamesAfter(db, afterId, MAX_BATCH_SIZE)
    await refoldNames(db, customers)
    await writeNameKeys(db, customers, true)
    const last = customers.at(-1)
    await saveNameKeyProgress(db, last ? { part, afterId: last.customerId } : { part: 'key_person', afterId: firstId })
    return { passed: Math.max(customers.length, 1) }
  },
})

const firstId = '00000000-0000-0000-0000-000000000000'

export const nameKeyOperations = [refreshNameKeys]
