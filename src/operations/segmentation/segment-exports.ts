import { z } from 'zod'
import { notFound } from '../../core/kernel/errors.ts'
import { type FactName, factNames, facts as catalogue, type FactValue } from '../../core/segmentation/facts.ts'
import { type ExportedMember, listMembersWithFacts } from '../../db/segmentation/segments/export.ts'
import { findSegment } from '../../db/segmentation/segments/store.ts'
import { domain, institutionId, moneyOf, segmentId, withinOf } from './analyses/scope.ts'
import { type Context, operation } from '../platform/operation.ts'

const AT_ONCE = 1_000

export const exportFormats = ['ndjson', 'csv'] as const

/** Members of a segment as they are sent: columns in their order, and rows in portions. */
export interface ExportedMembers {
  readonly format: (typeof exportFormats)[number]
  readonly columns: readonly string[]
  /** Of each row the values of the columns: texts, numbers, truths, lists of texts, amounts, or nothing. */
  readonly rows: AsyncIterable<readonly (readonly ExportedValue[])[]>
}
export type ExportedValue =
  | string
  | number
  | boolean
  | readonly string[]
  | { readonly amount: string; readonly currency: string }
  | null

export const exportSegmentMembers = operation({
  kind: 'command',
  name: 'exportSegmentMembers',
  summary: 'Export the members of a segment as a stream, with selected facts',
  description:
    'Members in your scope, by institution: ID, core number, name, start, and facts. NDJSON, or CSV if `Accept` or `format` asks for it: amounts are then decimals in the base currency, and sets are separated by spaces. Constant memory; concurrent changes may or may not be included. The audit log records the start and each customer before anything is sent, and at the end the number sent and whether the export was complete.',
  permission: 'fact:read',
  alsoNeeds: () => ['fact:read', 'customer:read'],
  domain,
  input: z.strictObject({
    segmentId,
    facts: z
      .array(z.enum(factNames))
      .min(1)
      .max(factNames.length)
      .refine((names) => new Set(names).size === names.length, {
        error: 'A fact is listed twice.',
        params: { rule: 'distinct' },
      })
      .default(['kind', 'aum'])
      .meta({ description: 'Facts to send, in this order.' }),
    format: z.enum(exportFormats).optional().meta({ description: 'The format; by default as in `Accept`, or else NDJSON.' }),
    institutionId,
  }),
  output: z.custom<ExportedMembers>(),
  errors: ['not_found', 'unknown_reference'],
  transactions: 'own',
  transport: 'rest',
  async run(context, { segmentId: wanted, facts, format = 'ndjson', institutionId: institution }) {
    const { inTransaction, newId } = context
    const exportId = newId()
    const details = { access: 'export' as const, exportId, format, facts: facts.join(' ') }
    const within = await inTransaction(async ({ db, record }) => {
      if (!(await findSegment(db, wanted))) throw notFound('segment')
      record({ event: 'segment.export_started', subjectType: 'segment', subjectId: wanted, details })
      return withinOf({ ...context, db }, institution)
    })
    const read = (after: ExportedMember['place'] | undefined) =>
      inTransaction(async ({ db, record }) => {
        const portion = await listMembersWithFacts(db, {
          segmentId: wanted,
          facts,
          today: context.today,
          within,
          after,
          limit: AT_ONCE,
        })
        // Who looked at a customer is asked by customer: each is in the log before anything of them is sent.
        for (const { customerId } of portion)
          record({
            event: 'customer.exported',
            subjectType: 'segment',
            subjectId: wanted,
            customerId,
            published: false,
            changed: facts,
            details: { access: 'export', exportId },
          })
        return portion
      })
    async function* rows(): AsyncGenerator<readonly (readonly ExportedValue[])[]> {
      let [sent, complete] = [0, false]
      try {
        for (let after: ExportedMember['place'] | undefined; !complete;) {
          const portion = await read(after)
          // Counted as it is handed over: how much of it the reader took, nobody knows.
          sent += portion.length
          if (portion.length > 0) yield portion.map((member) => rowOf(context, facts, member))
          after = portion.at(-1)?.place
          complete = portion.length < AT_ONCE
        }
      } finally {
        await inTransaction(async ({ record }) =>
          record({
            event: 'segment.exported',
            subjectType: 'segment',
            subjectId: wanted,
            details: { ...details, customers: sent, complete },
          }),
        )
      }
    }
    return { format, columns: ['customerId', 'coreNumber', 'name', 'enteredOn', ...facts], rows: rows() }
  },
})

function rowOf(
  context: Context,
  names: readonly FactName[],
  { customerId, coreNumber, name, enteredOn, values }: ExportedMember,
): readonly ExportedValue[] {
  return [customerId, coreNumber, name, enteredOn, ...values.map((value, index) => shown(context, names[index]!, value))]
}

function shown(context: Context, name: FactName, value: FactValue): ExportedValue {
  return catalogue[name].type === 'money' && value !== null
    ? moneyOf(context)(value as bigint)
    : (value as Exclude<FactValue, bigint>)
}
