import { z } from 'zod'
import { asOf, code, day, externalIdText, source } from '../kernel/scalars.ts'
import { businessLines } from './customers.ts'

/** A row of assignments: the whole of an assignment, so that a missing end means that none is set. */
export const assignmentRow = z
  .strictObject({
    source,
    externalId: externalIdText.meta({ description: 'What that system calls the assignment.', examples: ['A-77120'] }),
    customerSource: source
      .optional()
      .meta({ description: 'The system whose name for the customer follows; `source` where it is missing.' }),
    customerExternalId: externalIdText.meta({ description: 'What that system calls the customer.', examples: ['C0000123'] }),
    staffNumber: code.meta({
      description: 'Number of the relationship manager or teller who keeps the customer.',
      examples: ['10233'],
    }),
    businessLine: z
      .enum(businessLines)
      .meta({ description: 'Line of business; at any time one person keeps a customer in each.' }),
    startsOn: day.meta({ description: 'First day.', examples: ['2026-12-01'] }),
    endsOn: day.optional().meta({ description: 'First day on which it holds no more; without one it has no end.' }),
    status: z
      .enum(['active', 'cancelled'])
      .optional()
      .meta({ description: '`cancelled` takes it back as if it had never been; `active` where it is missing.' }),
    asOf,
  })
  .superRefine((row, context) => {
    if (row.endsOn !== undefined && row.endsOn <= row.startsOn) {
      context.addIssue({
        code: 'custom',
        path: ['endsOn'],
        params: { rule: 'period' },
        message: 'The end must lie after the beginning.',
      })
    }
  })

export type AssignmentRow = z.output<typeof assignmentRow>
