import { z } from 'zod'
import { type Computed, many } from '../../platform/views/view.ts'

const referrals: Computed = {
  kind: 'computed',
  nullable: false,
  description: 'Customers referred by this customer.',
  permission: 'dossier:read',
  inRest: false,
  output: z
    .object({
      count: z.int().meta({ description: 'Number of referred customers.' }),
      thanked: z.int().meta({ description: 'Number of them with a thanked referrer.' }),
    })
    .meta({ id: 'Referrals', description: 'Statistics of the customers that a customer referred.' }),
  expression: (alias) => `select json_build_object('count', count(*), 'thanked', count(r.thanked_on)) from relationship r
    where r.customer_id = ${alias}.id and r.kind = 'referred' and r.status = 'active'`,
}

/** The fields of a customer that lead to those who belong to them. */
export const peopleRelations = {
  relationships: many('Relationship', 'Active relationships to other customers.', {
    permission: 'dossier:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id and ${child}.status = 'active'`,
    orderBy: (child) => `${child}.kind, ${child}.id`,
  }),
  referrals,
  keyPeople: many('KeyPerson', 'Key people of a company or sole trader.', {
    permission: 'dossier:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id and ${child}.status = 'active'`,
    orderBy: (child) => `${child}.role, ${child}.id`,
  }),
  groups: many('GroupMembership', 'The household and the groups in which the customer is.', {
    permission: 'dossier:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id and ${child}.status = 'active'`,
    orderBy: (child) => `${child}.kind, ${child}.id`,
  }),
  sharedKeyPeople: many('SharedKeyPerson', 'Key people whose records belong to other companies.', {
    permission: 'dossier:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id and ${child}.status = 'active'`,
    orderBy: (child) => `${child}.role, ${child}.id`,
  }),
}
