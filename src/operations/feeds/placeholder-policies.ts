import { z } from 'zod'
import { defaultPlaceholders, type PlaceholderPolicy } from '../../core/kernel/unusable-values.ts'
import { day, singleLine } from '../../core/kernel/scalars.ts'
import { policyOperations } from '../platform/policies.ts'

const texts = z
  .array(singleLine(50))
  .max(500)
  .meta({ description: 'Texts that mean no value, whatever their case.', examples: [['NULL', '不详']] })
const days = z
  .array(day)
  .max(100)
  .meta({ description: 'Days that systems fill in for unknown ones: stored with a warning.', examples: [['1900-01-01']] })

export const [placeholderPolicies, revisePlaceholderPolicy] = policyOperations<PlaceholderPolicy>({
  kind: 'placeholder',
  type: 'PlaceholderPolicy',
  called: 'what means no value in files',
  domain: 'Customer Data Integration',
  list: {
    name: 'placeholderPolicies',
    summary: 'Placeholders: what means no value in files',
    description:
      'Texts that imports leave out, with a warning, and days that they store with one. All versions. Masked values, numbers that a spreadsheet rounded, and texts in a wrong encoding are left out whatever the policy.',
    permission: 'organisation:read',
  },
  revise: {
    name: 'revisePlaceholderPolicy',
    summary: 'Set what means no value in files',
    description:
      'Adds a version with the whole lists. It decides on imports that begin on its day or later, and changes nothing that is stored.',
    permission: 'policy:write',
    reasonExample: 'The card system writes “-9999” where it knows no value.',
  },
  input: { texts, days },
  output: {
    texts: z.array(z.string()).meta({ description: 'Texts that mean no value, whatever their case.' }),
    days: z.array(z.iso.date()).meta({ description: 'Days that are stored with a warning.' }),
  },
  defaults: () => ({ definition: defaultPlaceholders, source: 'product_default' }),
  sameDay: 'replaces',
  read: (_context, _key, input) => ({ texts: input['texts'] as string[], days: input['days'] as string[] }),
  show: (definition) => ({ ...definition }),
})

export const placeholderPolicyOperations = [placeholderPolicies, revisePlaceholderPolicy]
