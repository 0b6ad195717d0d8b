import { z } from 'zod'
import { groupKinds, groupStatuses } from '../../../core/dossier/customer-groups.ts'
import { counterpartLevels, keyPersonRoles, keyPersonStatuses } from '../../../core/dossier/key-people.ts'
import { relationshipKinds, relationshipStatuses } from '../../../core/dossier/relationships.ts'
import * as schema from '../schema/people.ts'
import { decodeMoney } from '../../platform/views/decode.ts'
import { column, type Computed, many, one, view, visibleId } from '../../platform/views/view.ts'

const version = column('integer', 'Version of the record; sent as If-Match or expectedVersion.')
const customerId = column('uuid', 'The customer it belongs to.')
const createdAt = column('instant', 'When it was recorded.')
const endedOn = column('day', 'First day on which it no longer applies.', { nullable: true })
const updatedAt = column('instant', 'When it last changed.')
const toCustomer = one('Customer', 'The customer.', {
  permission: 'customer:read',
  on: (parent, child) => `${child}.id = ${parent}.customer_id`,
})

const relationship = view(
  'Relationship',
  'A relationship between two customers. It appears under both, with one ID.',
  schema.relationship,
  {
    id: column('uuid', 'ID of the relationship, the same under both customers.'),
    customerId,
    relatedCustomerId: visibleId('customer', 'related_customer_id', 'The other customer'),
    kind: column('text', 'Role of the other customer for this one.', { values: relationshipKinds }),
    share: column('decimal', 'Share of the company in percent, for shareholdings.', {
      nullable: true,
      expression: (alias) => `trim_scale(${alias}.share)::text`,
    }),
    since: column('day', 'First day, if known.', { nullable: true }),
    note: column('text', 'Note. Shown under both customers.', { nullable: true }),
    thankedOn: column('day', 'Day on which the referrer was thanked.', { nullable: true }),
    status: column('text', 'Whether it is active.', { values: relationshipStatuses }),
    endedOn,
    createdAt,
    updatedAt,
    version,
    customer: toCustomer,
    relatedCustomer: one('Customer', 'The other customer; null if out of your scope.', {
      nullable: true,
      permission: 'customer:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.related_customer_id`,
    }),
  },
)

const counterpart = {
  counterpartStaffId: column('uuid', 'The staff member who holds the relation.', { nullable: true }),
  counterpartLevel: column('text', 'Level of the bank at which the relation is held.', {
    nullable: true,
    values: counterpartLevels,
  }),
  counterpart: one('Staff', 'The staff member who holds the relation.', {
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
      phoneMasked: z.string().nullable().meta({ description: 'The number, masked in the middle.' }),
      emailMasked: z.string().nullable().meta({ description: 'The address, masked in the middle.' }),
    })
    .meta({ id: 'KeyPersonContact', description: 'Contact details of a key person. Stored encrypted.' }),
  expression: (alias) => `json_build_object('phoneMasked', ${alias}.phone_masked, 'emailMasked', ${alias}.email_masked)`,
}

const keyPerson = view(
  'KeyPerson',
  'A person who decides or works for a company or sole trader. One record, even if they serve several companies.',
  schema.keyPerson,
  {
    id: column('uuid', 'ID of the record.'),
    customerId,
    name: column('text', 'Name of the person.'),
    role: column('text', 'Role in the company’s decisions.', { values: keyPersonRoles }),
    title: column('text', 'Job title there.', { nullable: true }),
    contact,
    birthMonth: column('integer', 'Month of the birthday.', { nullable: true }),
    birthDay: column('integer', 'Day of the birthday.', { nullable: true }),
    birthYear: column('integer', 'Year of birth, if known.', { nullable: true }),
    career: column('text', 'Previous career.', { nullable: true }),
    offices: column('texts', 'Offices held elsewhere.'),
    honours: column('texts', 'Honours received.'),
    interests: column('texts', 'Interests.'),
    ...counterpart,
    personCustomerId: visibleId('customer', 'person_customer_id', 'Their own customer record, if they are a customer too'),
    status: column('text', 'Whether they are still a key person.', { values: keyPersonStatuses }),
    endedOn,
    createdAt,
    updatedAt,
    version,
    customer: toCustomer,
    person: one('Customer', 'Their own customer record; null if there is none or it is out of your scope.', {
      nullable: true,
      permission: 'customer:read',
      inRest: 'single',
      on: (parent, child) => `${child}.id = ${parent}.person_customer_id`,
    }),
  },
)

const sharedKeyPerson = view(
  'SharedKeyPerson',
  'The role at this company of a key person whose record belongs to another company.',
  schema.sharedKeyPerson,
  {
    id: column('uuid', 'ID of the link.'),
    customerId,
    keyPersonCustomerId: visibleId('customer', 'key_person_customer_id', 'The company to which the record belongs'),
    keyPersonId: column('uuid', 'The record.'),
    role: column('text', 'Role in the decisions of this company.', { values: keyPersonRoles }),
    title: column('text', 'Job title here.', { nullable: true }),
    ...counterpart,
    status: column('text', 'Whether they still serve this company.', { values: keyPersonStatuses }),
    endedOn,
    createdAt,
    updatedAt,
    version,
    customer: toCustomer,
    keyPerson: one('KeyPerson', 'The record; null if the other company is out of your scope.', {
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
  description: 'Statistics of the members.',
  permission: 'customer:read',
  inRest: true,
  output: z
    .object({
      members: z.int().meta({ description: 'Number of members.' }),
      notShown: z.int().meta({ description: 'Number of members out of your scope, excluded from the sum.' }),
      notCounted: z
        .int()
        .meta({ description: 'Number of members whose record is closed, merged or erased, excluded from the sum.' }),
      aum: z
        .object({ amount: z.string(), currency: z.string() })
        .meta({ description: 'Total assets under management of the other members, in the base currency.' }),
    })
    .meta({
      id: 'GroupValue',
      description: 'Total value of the members of a household or group in your scope.',
    }),
  expression: (
    alias,
    bind,
    { baseCurrency },
  ) => `select json_build_array(count(*), count(c.id), count(*) filter (where c.status not in ('prospect', 'active')), coalesce(sum(c.aum) filter (where c.status in ('prospect', 'active')), 0)::text, ${bind(baseCurrency)}::text)
    from customer_group_member m left join customer c on c.id = m.member_customer_id
    where m.customer_id = ${alias}.customer_id and m.group_id = ${alias}.id and m.status = 'active'`,
  decode(answer) {
    const [members, shown, notCounted, amount, currency] = answer as [number, number, number, string, string]
    return { members, notShown: members - shown, notCounted, aum: decodeMoney([amount, currency]) }
  },
}

const customerGroup = view('CustomerGroup', 'Customers that are viewed together, and their head.', schema.customerGroup, {
  id: column('uuid', 'ID of the group.'),
  customerId: column('uuid', 'The head of the group.'),
  kind: column('text', 'Kind.', { values: groupKinds }),
  name: column('text', 'Name of the group.'),
  value,
  status: column('text', 'Whether it is active.', { values: groupStatuses }),
  endedOn,
  createdAt,
  updatedAt,
  version,
  customer: toCustomer,
  members: many('CustomerGroupMember', 'Members, including the head.', {
    permission: 'dossier:read',
    inRest: 'always',
    on: (parent, child) =>
      `${child}.customer_id = ${parent}.customer_id and ${child}.group_id = ${parent}.id and ${child}.status = 'active'`,
    orderBy: (child) => `${child}.joined_on, ${child}.id`,
  }),
})

const membership = {
  status: column('text', 'Whether it is active.', { values: groupStatuses }),
  joinedOn: column('day', 'First day.'),
  endedOn,
  createdAt,
  updatedAt,
  version,
  customer: toCustomer,
}

const customerGroupMember = view(
  'CustomerGroupMember',
  'A member of a household or group, seen from the head.',
  schema.customerGroupMember,
  {
    id: column('uuid', 'ID of the membership, the same for head and member.'),
    customerId: column('uuid', 'The head of the group.'),
    groupId: column('uuid', 'The group.'),
    memberCustomerId: visibleId('customer', 'member_customer_id', 'The member'),
    ...membership,
    group: one('CustomerGroup', 'The group.', {
      permission: 'dossier:read',
      on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.id = ${parent}.group_id`,
    }),
    member: one('Customer', 'The member; null if out of your scope.', {
      nullable: true,
      permission: 'customer:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.member_customer_id`,
    }),
  },
)

const groupMembership = view(
  'GroupMembership',
  'Membership of a customer in a household or group, seen from the customer.',
  schema.groupMembership,
  {
    id: column('uuid', 'ID of the membership, the same for head and member.'),
    customerId,
    headCustomerId: visibleId('customer', 'head_customer_id', 'The head of the group'),
    groupId: column('uuid', 'The group.'),
    kind: column('text', 'Kind.', { values: groupKinds }),
    ...membership,
    group: one('CustomerGroup', 'The group; null if its head is out of your scope.', {
      nullable: true,
      permission: 'dossier:read',
      inRest: 'always',
      sameCustomer: false,
      on: (parent, child) => `${child}.customer_id = ${parent}.head_customer_id and ${child}.id = ${parent}.group_id`,
    }),
  },
)

export const peopleViews = [relationship, keyPerson, sharedKeyPerson, customerGroup, customerGroupMember, groupMembership]
