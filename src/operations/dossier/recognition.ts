import { z } from 'zod'
import { callerOf, type StaffActor } from '../../core/kernel/actors.ts'
import { customerKinds } from '../../core/dossier/customers.ts'
import { DomainError } from '../../core/kernel/errors.ts'
import { country, singleLine } from '../../core/kernel/scalars.ts'
import { checkDocument, documentTypes } from '../../core/kernel/identity-numbers.ts'
import { normaliseContact } from '../../core/dossier/identity.ts'
import {
  cautions,
  cautionsOf,
  isInBirthdayWindow,
  suggestionBases,
  suggestionOf,
  MAX_CANDIDATES,
  recognitionOf,
  recognitionOutcomes,
  requireWithinLimit,
} from '../../core/dossier/recognition.ts'
import type { LifeStageDecision } from '../../core/dossier/life-stages.ts'
import { countCall } from '../../db/platform/call-counts.ts'
import type { Db } from '../../db/platform/database.ts'
import { recogniseByHash, recogniseByNumber, type RecognisedCustomer } from '../../db/dossier/recognition.ts'
import { findLifeStages } from '../../db/dossier/life-stages.ts'
import { type Context, operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'

const domain = 'Customer Relationship Management'

export const manager = z
  .object({
    number: z.string().meta({ description: 'Staff number.' }),
    name: z.string().meta({ description: 'Name.' }),
    isCaller: z.boolean().meta({ description: 'Whether it is the caller, or a colleague covered by the caller.' }),
  })
  .meta({ id: 'RecognisedManager', description: 'The relationship manager of a customer.' })

const person = {
  customerId: id.meta({ description: 'The customer.' }),
  name: z.string().meta({ description: 'Name.' }),
  kind: z.enum(customerKinds).meta({ description: 'Kind of customer.' }),
}

const card = z
  .object({
    ...person,
    customerSince: z.iso.date().nullable().meta({ description: 'First day as a customer; null for a prospect.' }),
    relationshipManager: manager.nullable().meta({ description: 'The assigned staff member; null if unassigned.' }),
    inBirthdayWindow: z.boolean().meta({ description: 'Whether the birthday is within seven days, before or after.' }),
    cautions: z.array(z.enum(cautions)).meta({ description: 'Cautions to read before speaking to the customer.' }),
    tiers: z
      .array(
        z
          .object({
            scheme: z.string().meta({ description: 'Code of the scheme.' }),
            tier: z.string().meta({ description: 'Code of the tier.' }),
            name: z.string().meta({ description: 'Name of the tier.' }),
          })
          .meta({ id: 'RecognisedTier', description: 'A tier held by a customer.' }),
      )
      .meta({ description: 'The current tiers of the customer, by scheme.' }),
    privileges: z.array(z.string()).meta({ description: 'Codes of the customer’s current privileges.' }),
    suggestion: z
      .object({
        basis: z.enum(suggestionBases).meta({ description: 'The basis: an open need, or the customer’s life stage.' }),
        about: z.string().meta({ description: 'The kind of need, or the suggestion of the life stage.' }),
      })
      .meta({ id: 'RecognitionSuggestion', description: 'The one topic to suggest.' })
      .nullable()
      .meta({ description: 'The one topic to suggest, if any.' }),
  })
  .meta({ id: 'GreetingCard', description: 'What a counter needs to greet a customer of any branch, and nothing else.' })

const recognition = z
  .object({
    outcome: z.enum(recognitionOutcomes).meta({ description: 'Result of the look-up.' }),
    card: card.nullable().meta({ description: 'The customer found.' }),
    candidates: z
      .array(z.object(person).meta({ id: 'RecognisedPerson', description: 'One of several customers that match.' }))
      .meta({ description: 'If two to five customers match: ask for the name, and repeat with `customerId`.' }),
  })
  .meta({ id: 'Recognition', description: 'Result of recognising a person at the counter.' })

export const recogniseCustomer = operation({
  kind: 'command',
  name: 'recogniseCustomer',
  summary: 'Recognise the person at the counter, in any branch of the bank',
  description:
    'Exactly one of `number`, `phone` and `documentNumber`. Returns a greeting card for any customer of the bank and nothing more; a value shared by more than five returns `ambiguous` and no customer. Every look-up is audited, including misses and refusals. Limited per caller and minute (`RECOGNITIONS_PER_MINUTE`).',
  permission: 'customer:recognise',
  domain,
  transactions: 'own',
  refusals: { event: 'customer.recognised', subjectType: 'recognition', access: 'recognition' },
  input: z
    .strictObject({
      number: singleLine(128)
        .optional()
        .meta({ description: 'External ID of the customer in a source system.', examples: ['C000000001'] }),
      phone: singleLine(40)
        .optional()
        .meta({ description: 'A phone number in any usual format; Chinese if it has no country code.' }),
      documentNumber: singleLine(64).optional().meta({ description: 'Number of an identity document.' }),
      documentType: z.enum(documentTypes).default('resident_id').meta({ description: 'Kind of the document.' }),
      documentCountry: country.default('CN').meta({ description: 'Country of the document.' }),
      customerId: id.optional().meta({ description: 'The chosen one of several matches, from an earlier look-up.' }),
    })
    .refine(
      ({ number, phone, documentNumber }) => [number, phone, documentNumber].filter((one) => one !== undefined).length === 1,
      {
        error: 'Exactly one of number, phone and documentNumber is required.',
        params: { rule: 'exactly_one' },
      },
    ),
  output: recognition,
  errors: [],
  examples: [{ input: { number: 'C000000001' } }],
  async run(context, input) {
    const { inTransaction, actor, clock, limits, today } = context
    const by = (['number', 'phone', 'documentNumber'] as const).find((name) => input[name] !== undefined)!
    const recognised = await inTransaction(async ({ db, record }) => {
      const note = (outcome: string, customerId?: string): void =>
        record({
          event: 'customer.recognised',
          subjectType: 'recognition',
          subjectId: by,
          published: false,
          ...(customerId !== undefined && { customerId }),
          changed: [by],
          details: { access: 'recognition', outcome },
        })
      const counting = countCall(db, callerOf(actor), 'recognition', limits.recognitionsPerMinute, clock())
      const looking = lookUp(db, context, input).catch((error: unknown) => {
        if (error instanceof DomainError && error.code === 'invalid_input') return error
        throw error
      })
      const [calls, found] = await Promise.all([counting, looking])
      if (calls > limits.recognitionsPerMinute) {
        note('rate_limited')
        return { calls, outcome: 'unknown' as const, found: [], stages: [] }
      }
      if (found instanceof DomainError) {
        note('invalid')
        return { calls, refusal: found }
      }
      const outcome = recognitionOf(found.length)
      if (outcome === 'found' || outcome === 'multiple') for (const { customerId } of found) note(outcome, customerId)
      else note(outcome)
      const stages = outcome === 'found' ? ((await findLifeStages(db, found[0]!.customerId, today)) ?? []) : []
      return { calls, outcome, found, stages }
    })
    requireWithinLimit(recognised.calls, limits.recognitionsPerMinute)
    if ('refusal' in recognised) throw recognised.refusal
    const [first] = recognised.found
    return {
      outcome: recognised.outcome,
      card: recognised.outcome === 'found' && first ? cardOf(first, recognised.stages, actor as StaffActor, today) : null,
      candidates:
        recognised.outcome === 'multiple'
          ? recognised.found.map(({ customerId, name, kind }) => ({ customerId, name, kind }))
          : [],
    }
  },
})

interface LookUp {
  readonly number?: string | undefined
  readonly phone?: string | undefined
  readonly documentNumber?: string | undefined
  readonly documentType: (typeof documentTypes)[number]
  readonly documentCountry: string
  readonly customerId?: string | undefined
}

/** One more than may be shown: those beyond are not needed to tell that there are too many. Too many stay so, whichever of them is named. */
async function lookUp(db: Db, { vault, today }: Context, input: LookUp): Promise<readonly RecognisedCustomer[]> {
  const most = MAX_CANDIDATES + 1
  const hashes = (kind: 'phone' | 'document', value: string) => vault.blindIndexes(kind, value).map(({ hash }) => hash)
  const found =
    input.number !== undefined
      ? await recogniseByNumber(db, input.number, most, today)
      : input.phone !== undefined
        ? await recogniseByHash(db, 'phone', hashes('phone', normaliseContact('phone', input.phone, 'phone')), most, today)
        : await recogniseByHash(
            db,
            'document',
            hashes('document', checkDocument(input.documentType, input.documentCountry, input.documentNumber!).number),
            most,
            today,
          )
  return input.customerId === undefined || found.length > MAX_CANDIDATES
    ? found
    : found.filter(({ customerId }) => customerId === input.customerId)
}

function cardOf(
  found: RecognisedCustomer,
  stages: readonly LifeStageDecision[],
  { id: callerId, covers }: StaffActor,
  today: string,
): z.output<typeof card> {
  const { customerId, name, kind, customerSince, birthDate, birthday, managerId, managerNumber, managerName, need } = found
  const minded = cautionsOf(found)
  return {
    customerId,
    name,
    kind,
    customerSince,
    relationshipManager:
      managerId === null
        ? null
        : { number: managerNumber!, name: managerName!, isCaller: managerId === callerId || covers.includes(managerId) },
    inBirthdayWindow: isInBirthdayWindow(birthDate, birthday, today),
    cautions: [...minded],
    tiers: [...found.tiers],
    privileges: [...found.privileges],
    suggestion: suggestionOf(minded, need, stages),
  }
}

export const recognitionOperations = [recogniseCustomer]
