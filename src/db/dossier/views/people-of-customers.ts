import { z } from 'zod'
import { type Computed, many } from '../../platform/views/view.ts'

const referrals: Computed = {
  kind: 'computed',
  nullable: false,
  description: 'Customers whom this one referred.',
  permission: 'dossier:read',
  inRest: false,
  output: z
    .object({
      count: z.int().meta({ description: 'How many they are.' }),
      thanked: z.int().meta({ description: 'For how many of them the referrer was thanked.' }),
    })
    .meta({ id: 'Referrals', description: 'Customers whom a customer referred, in figures.' }),
  expression: (alias) => `select json_build_object('count', count(*), 'thanked', count(r.thanked_on)) from relationship r
    where r.customer_id = ${alias}.id and r.kind = 'referred' and r.status = 'active'`,
}

/** The fields of a customer that lead to those who belong to them. */
export const peopleRelations = {
  relationships: many('Relationship', 'What other customers are to this one, as long as it lasts.', {
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
  sharedKeyPeople: many('SharedKeyPerson', 'Key people whose records stand under other companies.', {
    permission: 'dossier:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id and ${child}.status = 'active'`,
    orderBy: (child) => `${child}.role, ${child}.id`,
  }),
}
