import { z } from 'zod'
import { countUnrotated, rotateBatch, rotatedParts } from '../../db/dossier/rotation.ts'
import { operation } from '../platform/operation.ts'

export const rotateKeys = operation({
  kind: 'command',
  name: 'rotateKeys',
  summary: 'Re-encrypt a batch under the current keys',
  description:
    'Wraps customers’ keys with the current master key, and rehashes search values with the current index key, in batches while the service runs. What is already under the current keys is skipped, so it can be interrupted and run again.',
  permission: 'system:run',
  domain: 'System Administration',
  input: z.strictObject({
    part: z.enum(rotatedParts),
    after: z.array(z.string()).optional(),
    limit: z.int().min(1).max(10_000).default(500),
  }),
  output: z.object({ rotated: z.int(), next: z.array(z.string()).nullable() }),
  transport: 'internal',
  async run({ db, vault, record }, { part, after, limit }) {
    const { rotated, next } = await rotateBatch(db, vault, part, after, limit)
    if (rotated > 0) {
      const { master, index } = vault.current
      record({
        event: 'keys.rotated',
        subjectType: 'keys',
        subjectId: part,
        published: false,
        details: { rotated, masterKeyId: master, indexKeyId: index },
      })
    }
    return { rotated, next: next ? [...next] : null }
  },
})

export const unrotatedKeys = operation({
  kind: 'query',
  name: 'unrotatedKeys',
  summary: 'Number of records under keys other than the current ones',
  description: 'By part of the rotation.',
  permission: 'system:run',
  domain: 'System Administration',
  input: z.strictObject({}),
  output: z.object({ parts: z.array(z.object({ part: z.enum(rotatedParts), left: z.int() })) }),
  transport: 'internal',
  lane: 'pool',
  async run({ db, vault }) {
    const counts = await Promise.all(rotatedParts.map((part) => countUnrotated(db, vault, part)))
    return { parts: rotatedParts.map((part, place) => ({ part, left: counts[place]! })) }
  },
})

export const rotationOperations = [rotateKeys, unrotatedKeys]
