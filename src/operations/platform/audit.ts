import { idsEqual, textsEqual, all, orderBy } from '../../db/platform/views/conditions.ts'
import { writtenWithin } from '../../db/platform/audit.ts'
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { emptyChain, extendChain, verifyChain } from '../../core/kernel/audit-chain.ts'
import { addDays } from '../../core/kernel/calendar.ts'
import { refuseField } from '../../core/kernel/errors.ts'
import {
  type Chain,
  countUnsealed,
  findHeads,
  lockSealing,
  insertLinks,
  listChains,
  listLinks,
  listPublishedHeads,
  listUnsealed,
  sealedUpTo,
} from '../../db/platform/audit.ts'
import type { Db } from '../../db/platform/database.ts'
import { viewNamed } from '../../db/views.ts'
import { operation, pageOperation } from './operation.ts'
import { pageInput } from './pages.ts'
import { answerPage } from './reading.ts'
import { daySchema, id } from './scalars.ts'

/** Far from the ends of the calendar, so that days around it exist too. */
export const logDay = daySchema.refine((day) => day >= '2000-01-01' && day <= '2999-12-31', {
  error: 'The audit log covers days from 2000-01-01 to 2999-12-31.',
  params: { rule: 'range' },
})

const hash = (previous: Uint8Array, text: string): Uint8Array => createHash('sha256').update(previous).update(text).digest()

export const latestEntryFirst = orderBy('at', 'desc', [
  ['at', 'timestamptz'],
  ['id', 'uuid'],
])

export const auditEntries = pageOperation(viewNamed('AuditEntry'), {
  kind: 'query',
  name: 'auditEntries',
  summary: 'Audit entries, newest first',
  description: 'Actions by people and machines in your subtree, and actions on its customers.',
  permission: 'audit:read',
  domain: 'Internal Audit',
  input: z.strictObject({
    customerId: id.optional().meta({ description: 'Concerning this customer.' }),
    actorId: z.string().min(1).max(200).optional().meta({ description: 'By this actor, such as staff:S00012.' }),
    operation: z.string().min(1).max(100).optional().meta({ description: 'By this operation only.' }),
    from: logDay.optional().meta({ description: 'From this day (UTC).' }),
    to: logDay.optional().meta({ description: 'Until this day (UTC).' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor'],
  lane: 'pool',
  run: (context, { customerId, actorId, operation: name, from, to, ...page }) =>
    answerPage(context, viewNamed('AuditEntry'), {
      ...page,
      order: latestEntryFirst,
      where: all(
        idsEqual({ customer_id: customerId }),
        textsEqual({ actor_id: actorId, operation: name }),
        writtenWithin({ from, to }),
      ),
    }),
})

const SEAL_AT_ONCE = 10_000

export const sealAudit = operation({
  kind: 'command',
  name: 'sealAudit',
  summary: 'Chain new audit entries',
  description:
    'Links committed entries to the chain of their institution and day and publishes each new head as an event. Entries are never locked, so writers do not wait.',
  permission: 'system:run',
  domain: 'Internal Audit',
  input: z.strictObject({}),
  output: z.object({ sealed: z.int() }),
  transport: 'internal',
  async run({ db, record }) {
    if (!(await lockSealing(db))) return { sealed: 0 }
    const entries = await listUnsealed(db, SEAL_AT_ONCE)
    const byChain = Map.groupBy(entries, ({ chainPath, chainDay }) => `${chainPath}@${chainDay}`)
    const chains = [...byChain.values()].map(([first]): Chain => ({ path: first!.chainPath, day: first!.chainDay }))
    const heads = new Map((await findHeads(db, chains)).map((head) => [`${head.path}@${head.day}`, head]))
    const links = chains.flatMap((chain) => {
      const key = `${chain.path}@${chain.day}`
      return extendChain(heads.get(key) ?? emptyChain, byChain.get(key)!, hash).map((link) => ({ ...chain, ...link }))
    })
    await insertLinks(db, links)
    const latest = entries.at(-1)
    if (latest) await sealedUpTo(db, latest.at)
    const last = new Map(links.map((link) => [`${link.path}@${link.day}`, link]))
    for (const [key, link] of last) {
      record({
        event: 'audit.sealed',
        subjectType: 'audit_chain',
        subjectId: key,
        audited: false,
        path: link.path,
        details: { position: link.position, hash: Buffer.from(link.hash).toString('hex') },
      })
    }
    return { sealed: links.length }
  },
})

const VERIFY_AT_ONCE = 5_000
const MAX_VERIFIED_DAYS = 366

export const auditVerification = operation({
  kind: 'query',
  name: 'auditVerification',
  summary: 'Verify the integrity of the audit log',
  description:
    'Recomputes the chains of your subtree day by day and compares them with the stored chains and with the heads published as events. Detects every entry changed or removed after it was sealed, including whole chains; an entry added later appears in the chain as what it is, the latest.',
  permission: 'audit:read',
  domain: 'Internal Audit',
  input: z.strictObject({
    from: logDay.optional().meta({ description: 'First day (UTC); a week ago by default.' }),
    to: logDay.optional().meta({ description: 'Last day (UTC); today by default.' }),
  }),
  output: z
    .object({
      chains: z.int().meta({ description: 'Number of chains (per institution and day) that were computed.' }),
      entries: z.int().meta({ description: 'Number of entries in them.' }),
      unsealed: z.int().meta({ description: 'Entries of these days, older than an hour, that are in no chain.' }),
      intact: z.boolean().meta({ description: 'Whether no fault was found.' }),
      faults: z
        .array(
          z
            .object({
              institutionPath: z.string().meta({ description: 'Institution of the chain.' }),
              day: z.iso.date().meta({ description: 'Day of the chain (UTC).' }),
              position: z.int().meta({ description: 'Position of the entry, counted from 1.' }),
              fault: z
                .enum(['entry_missing', 'entry_altered', 'link_missing', 'head_mismatch'])
                .meta({ description: 'Kind of fault.' }),
            })
            .meta({ id: 'AuditFault', description: 'A fault in a chain.' }),
        )
        .meta({ description: 'The first fault of each broken chain.' }),
    })
    .meta({ id: 'AuditVerification', description: 'Result of a verification of the audit log.' }),
  errors: [],
  lane: 'pool',
  async run({ db, now, today }, { from, to }) {
    const last = to ?? addDays(today, 1)
    const first = from ?? addDays(last, -8)
    if (first > last) throw refuseField('invalid_input', 'from', 'period', 'The first day must not be after the last.')
    if (addDays(first, MAX_VERIFIED_DAYS) < last)
      throw refuseField('invalid_input', 'from', 'period', `At most ${MAX_VERIFIED_DAYS} days can be verified at once.`)
    const chains = await listChains(db, first, last)
    const faults: {
      institutionPath: string
      day: string
      position: number
      fault: 'entry_missing' | 'entry_altered' | 'link_missing' | 'head_mismatch'
    }[] = []
    let entries = 0
    for (const chain of chains) {
      const result = await verifyStored(db, chain)
      entries += result.entries
      if (result.fault) faults.push({ institutionPath: chain.path, day: chain.day, ...result.fault })
    }
    const unsealed = await countUnsealed(db, first, last, new Date(now.getTime() - 3_600_000))
    return { chains: chains.length, entries, unsealed, intact: faults.length === 0 && unsealed === 0, faults }
  },
})

type StoredFault = {
  readonly position: number
  readonly fault: 'entry_missing' | 'entry_altered' | 'link_missing' | 'head_mismatch'
}

async function verifyStored(db: Db, chain: Chain): Promise<{ readonly entries: number; readonly fault?: StoredFault }> {
  let head = emptyChain
  for (;;) {
    const links = await listLinks(db, chain, head.position, VERIFY_AT_ONCE)
    const result = verifyChain(head, links, hash)
    if ('fault' in result) return { entries: result.position, fault: result }
    head = result
    if (links.length < VERIFY_AT_ONCE) break
  }
  const differing = (await listPublishedHeads(db, chain)).find(({ hash: published, stored }) => published !== stored)
  return differing
    ? { entries: head.position, fault: { position: differing.position, fault: 'head_mismatch' } }
    : { entries: head.position }
}

export const auditOperations = [auditEntries, auditVerification, sealAudit]
