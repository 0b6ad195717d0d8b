import { z } from 'zod'
import { notFound } from '../../core/kernel/errors.ts'
import { stages } from '../../core/dossier/stages.ts'
import { findStages } from '../../db/dossier/stages.ts'
import { stageDecision } from '../../db/dossier/views/stages.ts'
import { operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'

const domain = 'Customer Relationship Management'

export const customerStages = operation({
  kind: 'query',
  name: 'customerStages',
  summary: 'The life stage of a person and the situation of a business',
  description:
    'By published rules, each decision with the rule’s version and the values it looked at, and with what it suggests: kinds of products and the bank’s own that are on sale. What does not fit the customer’s assessment of suitability is left out, and named with why. A person has one life stage at most; a business may be in several situations; a sole trader has both.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({ customerId: id }),
  output: z
    .object({
      customerId: z.uuid().meta({ description: 'The customer.' }),
      asOf: z.iso.date().meta({ description: 'The day for which it was decided.' }),
      stages: z.array(stageDecision).meta({ description: 'The decisions.' }),
    })
    .meta({ id: 'CustomerStages', description: 'The stages of a customer.' }),
  errors: ['not_found'],
  async run({ db, today }, { customerId }) {
    const found = await findStages(db, customerId, today)
    if (!found) throw notFound('customer')
    return { customerId, asOf: today, stages: found as z.input<typeof stageDecision>[] }
  },
})

export const stageOperations = [customerStages]
