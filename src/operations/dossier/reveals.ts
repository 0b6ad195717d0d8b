import { z } from 'zod'
import { callerOf } from '../../core/kernel/actors.ts'
import { notFound } from '../../core/kernel/errors.ts'
import { singleLine } from '../../core/kernel/scalars.ts'
import { type RevealableField, revealableFields, revealPurposes } from '../../core/dossier/identity.ts'
import type { Permission } from '../../core/kernel/permissions.ts'
import { requireWithinLimit } from '../../core/dossier/recognition.ts'
import { countCall } from '../../db/platform/call-counts.ts'
import type { Db } from '../../db/platform/database.ts'
import { openKey, readClearValue, subjectOf } from '../../db/dossier/identity.ts'
import { accessReasonContext } from '../../db/dossier/accesses.ts'
import { operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'
import { domain } from './customer-values.ts'

/** What shows the same value masked. */
function seenBefore(field: RevealableField): readonly Permission[] {
  if (field === 'movement_counterparty') return ['activity:read']
  return field === 'key_person_phone' || field === 'key_person_email' ? ['identity:read', 'dossier:read'] : ['identity:read']
}

/** One value in clear, for one stated purpose. Repeating it changes nothing, so it takes no idempotency key and stores no answer. */
export const revealCustomerField = operation({
  kind: 'command',
  name: 'revealCustomerField',
  summary: 'Reveal one protected value of a customer',
  description:
    'The number of a document, a phone or e-mail address, the line of an address, the counterparty of a movement, or the phone or e-mail address of a key person. Caller, purpose and field are audited before the value is returned; the value itself is not stored, not even under an idempotency key. Limited per caller and minute (`REVEALS_PER_MINUTE`).',
  permission: 'identity:reveal',
  domain,
  transactions: 'own',
  refusals: { event: 'customer.field_revealed', subjectType: 'reveal', access: 'reveal' },
  alsoNeeds: ({ field }) => ['identity:reveal', ...seenBefore(field)],
  input: z.strictObject({
    customerId: id,
    field: z.enum(revealableFields).meta({ description: 'Field to reveal.' }),
    id: id.meta({ description: 'ID of the document, contact point, address, movement or key person.' }),
    purpose: z.enum(revealPurposes).meta({ description: 'Purpose.' }),
    reason: singleLine(500)
      .min(3)
      .meta({ description: 'Reason, as text. Stored encrypted for auditors.', examples: ['returning a call'] }),
  }),
  output: z
    .object({
      customerId: id,
      field: z.enum(revealableFields).meta({ description: 'Field that was revealed.' }),
      id: id.meta({ description: 'ID of the record that holds it.' }),
      value: z.string().meta({ description: 'The plain value. Do not store it.' }),
    })
    .meta({ id: 'RevealedField', description: 'One protected value in plain text.' }),
  errors: ['not_found'],
  async run({ inTransaction, actor, clock, limits, vault, newId }, { customerId, field, id: subjectId, purpose, reason }) {
    const reveal = await inTransaction(async ({ db, record }) => {
      const calls = await countCall(db, callerOf(actor), 'reveal', limits.revealsPerMinute, clock())
      const value = calls > limits.revealsPerMinute ? undefined : await readClearValue(db, vault, customerId, field, subjectId)
      const accessId = newId()
      const outcome = value !== undefined ? 'shown' : calls > limits.revealsPerMinute ? 'rate_limited' : 'unknown'
      record({
        event: 'customer.field_revealed',
        subjectType: subjectOf(field),
        subjectId,
        published: false,
        // Who is out of reach is as if there were nobody: the entry names what was asked for and not whose it is.
        ...(value !== undefined && { customerId }),
        changed: [field],
        details: {
          access: 'reveal',
          purpose,
          outcome,
          ...(value !== undefined && { accessId, reason: await sealReason(db, customerId, accessId) }),
        },
      })
      return { calls, value }
    })
    requireWithinLimit(reveal.calls, limits.revealsPerMinute)
    if (reveal.value === undefined) throw notFound('value')
    return { customerId, field, id: subjectId, value: reveal.value }

    /** Under the customer's own key: entries of the log never change, so that no key of the bank may have to. */
    async function sealReason(db: Db, of: string, accessId: string): Promise<string> {
      return vault.encrypt(await openKey(db, vault, of), reason, accessReasonContext(accessId)).toString('base64')
    }
  },
})
