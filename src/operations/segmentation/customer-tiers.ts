import { z } from 'zod'
import { notFound } from '../../core/kernel/errors.ts'
import { findTiers } from '../../db/segmentation/tiers/current-tiers.ts'
import { viewNamed } from '../../db/views.ts'
import { tierHistoryKeys } from '../../db/segmentation/views/tiers.ts'
import { customerTier, decodeTiers } from '../../db/segmentation/views/customer-tiers.ts'
import { operation, pageOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { id } from '../platform/scalars.ts'
import { pageUnder } from '../dossier/under-customer.ts'

const membershipView = viewNamed('TierMembership')
const domain = 'Customer Product and Service Eligibility'

export const customerTiers = operation({
  kind: 'query',
  name: 'customerTiers',
  summary: 'The tiers of a customer in every tier scheme',
  description:
    'The tier and its start, the current measure, the distance to the next threshold and above the customer’s own, the grace period if one is running, and whether the tier was set by hand. Schemes that do not apply are omitted.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({ customerId: id }),
  output: z
    .object({
      customerId: z.uuid().meta({ description: 'The customer.' }),
      tiers: z.array(customerTier).meta({ description: 'One per applicable scheme.' }),
    })
    .meta({ id: 'CustomerTiers', description: 'The tiers of a customer.' }),
  errors: ['not_found'],
  async run({ db, bank, today }, { customerId }) {
    const found = await findTiers(db, customerId, { baseCurrency: bank.baseCurrency, today })
    if (found === undefined) throw notFound('customer')
    return { customerId, tiers: [...decodeTiers(found)] }
  },
})

export const tierHistory = pageOperation(membershipView, {
  kind: 'query',
  name: 'tierHistory',
  summary: 'Tier history of a customer',
  description: 'When each tier started and ended, the reason and the version of the scheme, latest start first.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({ customerId: id, ...pageInput }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, input) => pageUnder(context, membershipView, { name: 'begun', direction: 'desc', keys: tierHistoryKeys }, input),
})

export const customerTierOperations = [customerTiers, tierHistory]
