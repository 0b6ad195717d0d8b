import { z } from 'zod'
import { notFound } from '../../core/kernel/errors.ts'
import { findLifeStages } from '../../db/dossier/life-stages.ts'
import { lifeStageDecision } from '../../db/dossier/views/life-stages.ts'
import { operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'

const domain = 'Customer Relationship Management'

export const lifeStages = operation({
  kind: 'query',
  name: 'lifeStages',
  summary: 'The life stage of a person and the situation of a business',
  description:
    'By published rules, each decision with the rule’s version and the values used, and with suggestions: product families and the bank’s own products on sale. Products that do not fit the customer’s suitability assessment are excluded and listed with the reason. A person has at most one life stage; a business may be in several situations; a sole trader has both.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({ customerId: id }),
  output: z
    .object({
      customerId: z.uuid().meta({ description: 'The customer.' }),
      asOf: z.iso.date().meta({ description: 'The day of the decision.' }),
      lifeStages: z.array(lifeStageDecision).meta({ description: 'The decisions.' }),
    })
    .meta({ id: 'LifeStages', description: 'The life stages of a customer.' }),
  errors: ['not_found'],
  async run({ db, today }, { customerId }) {
    const found = await findLifeStages(db, customerId, today)
    if (!found) throw notFound('customer')
    return { customerId, asOf: today, lifeStages: found as z.input<typeof lifeStageDecision>[] }
  },
})

export const lifeStageOperations = [lifeStages]
