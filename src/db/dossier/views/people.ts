import { z } from 'zod'
import { groupKinds, groupStatuses } from '../../../core/dossier/customer-groups.ts'
import { counterpartLevels, keyPersonRoles, keyPersonStatuses } from '../../../core/dossier/key-people.ts'
import { relationshipKinds, relationshipStatuses } from '../../../core/dossier/relationships.ts'
import * as schema from '../schema/people.ts'
import { decodeMoney } from '../../platform/views/decode.ts'
import { column, type Computed, many, one, view } from '../../platform/views/view.ts'

const version = column('integer', 'Counts changes; named by If-Match and expectedVersion.')
const customerId = column('uuid', 'The customer it belongs to.')
const createdAt = column('instant', 'When it was written down.')
const endedOn = column('day', 'First day on which it holds no more.', { nullable: true })
const updatedAt = column('instant', 'When it last changed.')
const toCustomer = one('Customer', 'The customer.', {
  permission: 'customer:read',
  on: (parent, child) => `${child}.id = ${parent}.customer_id`,
})

const relationship = view(
  'Relationship',
  'What another customer is to a customer. It stands under both, under one id.',
  schema.relationship,
  {
    id: column('uuid', 'Id of the relationship, the same under both customers.'),
    customerId,
    relatedCustomerId: column('uuid', 'The other customer.'),
    kind: column('text', 'What the other customer is to this one.', { values: relationshipKinds }),
    share: column('decimal', 'Share of the company in percent, where it is about shares.', {
      nullable: true,
      expression: (alias) => `trim_scale(${alias}.share)::text`,
    }),
    since: column('day', 'First day, where it is known.', { nullable: true }),
    note: column('text', 'What else is to be known of it. Read under both customers.', { nullable: true }),
    thankedOn: column('day', 'Day on which the referrer was thanked.', { nullable: true }),
    status: column('text', 'Whether it lasts.', { values: relationshipStatuses }),
    endedOn,
    createdAt,
    updatedAt,
    version,
    customer: toCustomer,
    relatedCustomer: one('Customer', 'The other customer; null where out of your scope.', {
      nullable: true,
      permission: 'customer:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.related_customer_id`,
    }),
  },
)

const counterpart = {
  counterpartStaffId: column('uuid', 'Who in the bank holds the relation.', { nullable: true }),
  counterpartLevel: column('text', 'At which level of the bank it is held.', { nullable: true, values: counterpartLevels }),
  counterpart: one('Staff', 'Who in the bank holds the relation.', {
    nullable: true,
    permission: 'organisation:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.counterpart_staff_id`,
  }),
}

const contact: Computed = {
  kind: 'computed',
  nullable: false,
  description: 'Phone and e-mail, masked.',
  permission: 'identity:read',
  notedAs: 'keyPersonContact',
  inRest: true,
  output: z
    .object({
      phoneMasked: z.string().nullable().meta({ description: 'The number with its middle hidden.' }),
      emailMasked: z.string().nullable().meta({ description: 'The address with its middle hidden.' }),
    })
    .meta({ id: 'KeyPersonContact', description: 'How a key person is reached. Stored encrypted.' }),
  expression: (alias) => `json_build_object('phoneMasked', ${alias}.phone_masked, 'emailMasked', ${alias}.email_masked)`,
}

const keyPerson = view(
  'KeyPerson',
  'Somebody who decides or works for a company or sole trader. One record, also where they serve several.',
  schema.keyPerson,
  {
    id: column('uuid', 'Id of the record.'),
    customerId,
    name: column('text', 'Name of the person.'),
    role: column('text', 'What they are to decisions of the company.', { values: keyPersonRoles }),
    title: column('text', 'Their title there.', { nullable: true }),
    contact,
    birthMonth: column('integer', 'Month of the birthday.', { nullable: true }),
    birthDay: column('integer', 'Day of the birthday.', { nullable: true }),
    birthYear: column('integer', 'Year of birth, where it is known.', { nullable: true }),
    career: column('text', 'What they did before.', { nullable: true }),
    offices: column('texts', 'Posts that they hold elsewhere.'),
    honours: column('texts', 'Honours that they were given.'),
    interests: column('texts', 'What they like.'),
    ...counterpart,
    personCustomerId: column('uuid', 'Their own record, where they are a customer too.', { nullable: true }),
    status: column('text', 'Whether they are a key person still.', { values: keyPersonStatuses }),
    endedOn,
    createdAt,
    updatedAt,
    version,
    customer: toCustomer,
    person: one('Customer', 'Their own record; null where there is none, or out of your scope.', {
      nullable: true,
      permission: 'customer:read',
      inRest: 'single',
      on: (parent, child) => `${child}.id = ${parent}.person_customer_id`,
    }),
  },
)

const sharedKeyPerson = view(
  'SharedKeyPerson',
  'What a key person whose record stands under another company is at this one.',
  schema.sharedKeyPerson,
  {
    id: column('uuid', 'Id of the link.'),
    customerId,
    keyPersonCustomerId: column('uuid', 'The company under which the record stands.'),
    keyPersonId: column('uuid', 'The record.'),
    role: column('text', 'What they are to decisions of this company.', { values: keyPersonRoles }),
    title: column('text', 'Their title here.', { nullable: true }),
    ...counterpart,
    status: column('text', 'Whether they serve this company still.', { values: keyPersonStatuses }),
    endedOn,
    createdAt,
    updatedAt,
    version,
    customer: toCustomer,
    keyPerson: one('KeyPerson', 'The record; null where the other company is out of your scope.', {
      nullable: true,
      permission: 'dossier:read',
      inRest: 'always',
      sameCustomer: false,
      on: (parent, child) => `${child}.customer_id = ${parent}.key_person_customer_id and ${child}.id = ${parent}.key_person_id`,
    }),
  },
)

const value: Computed = {
  kind: 'computed',
  nullable: false,
  description: 'The members in figures.',
  permission: 'customer:read',
  inRest: true,
  output: z
    .object({
      members: z.int().meta({ description: 'How many members there are.' }),
      notShown: z.int().meta({ description: 'How many of them are out of your scope, and left out of the sum.' }),
      aum: z
        .object({ amount: z.string(), currency: z.string() })
        .meta({ description: 'Assets under management of the others together, in the base currency.' }),
    })
    .meta({
      id: 'GroupValue',
      description: 'What the members of a household or group own together, as far as you may see them.',
    }),
  expression: (
    alias,
    bind,
    { baseCurrency },
  ) => `select json_build_array(count(*), count(c.id), coalesce(sum(c.aum), 0)::text, ${bind(baseCurrency)}::text)
    from customer_group_member m left join customer c on c.id = m.member_customer_id
    where m.customer_id = ${alias}.customer_id and m.group_id = ${alias}.id and m.status = 'active'`,
  decode(answer) {
    const [members, shown, amount, currency] = answer as [number, number, string, string]
    return { members, notShown: members - shown, aum: decodeMoney([amount, currency]) }
  },
}

const customerGroup = view(
  'CustomerGroup',
  'Customers who are looked at together, and the one who heads them.',
  schema.customerGroup,
  {
    id: column('uuid', 'Id of the group.'),
    customerId: column('uuid', 'The customer who heads it.'),
    kind: column('text', 'What it is.', { values: groupKinds }),
    name: column('text', 'What it is called.'),
    value,
    status: column('text', 'Whether it lasts.', { values: groupStatuses }),
    endedOn,
    createdAt,
    updatedAt,
    version,
    customer: toCustomer,
    members: many('CustomerGroupMember', 'Who is in it, the head among them.', {
      permission: 'dossier:read',
      inRest: 'always',
      on: (parent, child) =>
        `${child}.customer_id = ${parent}.customer_id and ${child}.group_id = ${parent}.id and ${child}.status = 'active'`,
      orderBy: (child) => `${child}.joined_on, ${child}.id`,
    }),
  },
)

const membership = {
  status: column('text', 'Whether it lasts.', { values: groupStatuses }),
  joinedOn: column('day', 'First day.'),
  endedOn,
  createdAt,
  updatedAt,
  version,
  customer: toCustomer,
}

const customerGroupMember = view(
  'CustomerGroupMember',
  'A member of a household or group, seen from its head.',
  schema.customerGroupMember,
  {
    id: column('uuid', 'Id of the membership, the same for head and member.'),
    customerId: column('uuid', 'The customer who heads the group.'),
    groupId: column('uuid', 'The group.'),
    memberCustomerId: column('uuid', 'The member.'),
    ...membership,
    group: one('CustomerGroup', 'The group.', {
      permission: 'dossier:read',
      on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.id = ${parent}.group_id`,
    }),
    member: one('Customer', 'The member; null where out of your scope.', {
      nullable: true,
      permission: 'customer:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.member_customer_id`,
    }),
  },
)

const groupMembership = view(
  'GroupMembership',
  'That a customer is in a household or group, seen from the customer.',
  schema.groupMembership,
  {
    id: column('uuid', 'Id of the membership, the same for head and member.'),
    customerId,
    headCustomerId: column('uuid', 'The customer who heads the group.'),
    groupId: column('uuid', 'The group.'),
    kind: column('text', 'What it is.', { values: groupKinds }),
    ...membership,
    group: one('CustomerGroup', 'The group; null where its head is out of your scope.', {
      nullable: true,
      permission: 'dossier:read',
      inRest: 'always',
      sameCustomer: false,
      on: (parent, child) => `${child}.customer_id = ${parent}.head_customer_id and ${child}.id = ${parent}.group_id`,
    }),
  },
)

export const peopleViews = [relationship, keyPerson, sharedKeyPerson, customerGroup, customerGroupMember, groupMembership]
