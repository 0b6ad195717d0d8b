import { z } from 'zod'
import { valuePolicies } from '../../core/dossier/identity.ts'
import { defaultWinner, feedFieldCodes, type PolicyWinner, policyWinners } from '../../core/dossier/profiles.ts'
import { policyOperations } from '../platform/policies.ts'

/** What a bank may let feeds win of: fields of the profile, and documents, contact points and addresses as a whole. */
const policyFieldCodes = [...feedFieldCodes, ...valuePolicies] as [string, ...string[]]

const winner = z.enum(policyWinners).meta({ description: 'Which value wins if a person has verified the field.' })

export const [profilePolicies, reviseProfilePolicy] = policyOperations<{ readonly winner: PolicyWinner }>({
  kind: 'profile',
  type: 'ProfilePolicy',
  called: 'whose word counts for a field, a person’s or a feed’s',
  domain: 'Party Reference Data Directory',
  keyed: { field: 'field', keys: policyFieldCodes, schema: z.enum(policyFieldCodes).meta({ description: 'The field.' }) },
  list: {
    name: 'profilePolicies',
    summary: 'Profile policies: which source wins for which field',
    description:
      'For each field that feeds bring: whether what a person made sure of stays, which is the default, or feeds win. All versions.',
    permission: 'organisation:read',
  },
  revise: {
    name: 'reviseProfilePolicy',
    summary: 'Set which source wins for a field',
    description:
      'Adds a version; the earlier ones stay, and each conflict names the one by which it came up. It decides on what feeds send from its day on and changes nothing that is stored.',
    permission: 'policy:write',
    reasonExample: 'Core banking checks it against the register.',
  },
  input: { winner },
  output: { winner },
  defaults: () => ({ definition: { winner: defaultWinner }, source: 'product_default' }),
  sameDay: 'replaces',
  read: (_context, _field, input) => ({ winner: input['winner'] as PolicyWinner }),
  show: (definition) => definition,
})
