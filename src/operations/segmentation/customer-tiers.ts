import { z } from 'zod'
import { notFound } from '../../core/kernel/errors.ts'
import { findTiers } from '../../db/segmentation/tiers/standing.ts'
import { viewNamed } from '../../db/views.ts'
import { customerTier, decodeTiers, tierHistoryKeys } from '../../db/segmentation/views/tiers.ts'
import { operation, pageOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { id } from '../platform/scalars.ts'
import { pageUnder } from '../dossier/under-customer.ts'

const membershipView = viewNamed('TierMembership')
const domain = 'Customer Product and Service Eligibility'

export const customerTiers = operation({
  kind: 'query',
  name: 'customerTiers',
  summary: 'Where a customer stands in every scheme of tiers',
  description:
    'The tier that is held and since when, the measure now, how far it is to the next line and above the own one, the grace that runs, and whether somebody set the tier by hand. Schemes that do not apply are left out.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({ customerId: id }),
  output: z
    .object({
      customerId: z.uuid().meta({ description: 'The customer.' }),
      tiers: z.array(customerTier).meta({ description: 'One for each scheme that applies.' }),
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
  summary: 'All stays of a customer in tiers',
  description: 'When they began and ended, why and by which version of the scheme, the latest begun first.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({ customerId: id, ...pageInput }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, input) => pageUnder(context, membershipView, { name: 'begun', direction: 'desc', keys: tierHistoryKeys }, input),
})

export const customerTierOperations = [customerTiers, tierHistory]
