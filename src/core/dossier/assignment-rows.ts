import type { TextKind } from '../kernel/unusable-values.ts'
import { z } from 'zod'
import { asOf, code, day, externalIdText, source } from '../kernel/scalars.ts'
import { businessLines } from './customers.ts'

/** A row of assignments: the whole of an assignment, so that a missing end means that none is set. */
export const assignmentRow = z
  .strictObject({
    source,
    externalId: externalIdText.meta({ description: 'ID of the assignment in the source system.', examples: ['A-77120'] }),
    customerSource: source
      .optional()
      .meta({ description: 'The source system of the customer ID that follows; `source` by default.' }),
    customerExternalId: externalIdText.meta({ description: 'ID of the customer in that system.', examples: ['C000000123'] }),
    staffNumber: code.meta({
      description: 'Number of the assigned relationship manager or teller.',
      examples: ['S00010'],
    }),
    businessLine: z
      .enum(businessLines)
      .meta({ description: 'Business line; a customer is assigned to one staff member per business line at a time.' }),
    startsOn: day.meta({ description: 'First day.', examples: ['2026-12-01'] }),
    endsOn: day.optional().meta({ description: 'First day on which it no longer applies; open-ended if omitted.' }),
    status: z
      .enum(['active', 'cancelled'])
      .optional()
      .meta({ description: '`cancelled` revokes it as if it had never existed; `active` by default.' }),
    asOf,
  })
  .superRefine((row, context) => {
    if (row.endsOn !== undefined && row.endsOn <= row.startsOn) {
      context.addIssue({
        code: 'custom',
        path: ['endsOn'],
        params: { rule: 'period' },
        message: 'The end must be after the start.',
      })
    }
  })

export type AssignmentRow = z.output<typeof assignmentRow>

/** Whose text is looked at for what is no value, and as what. Codes of lists are left to the schema, which knows them all. */
export const assignmentTexts: Readonly<Record<string, TextKind>> = {
  externalId: 'number',
  customerExternalId: 'number',
  staffNumber: 'number',
}
