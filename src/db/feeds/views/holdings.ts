import {
  channels,
  directions,
  editions,
  holdingStatuses,
  movementStatuses,
  origins,
  partyRoles,
  purposes,
  transactionTypes,
} from '../../../core/feeds/holdings.ts'
import * as schema from '../schema/holdings.ts'
import { column, many, one, page, view, visibleId } from '../../platform/views/view.ts'

const version = column('integer', 'Version of the record.')
const customerId = column('uuid', 'The customer it belongs to.')
const asOf = column('instant', 'When it was true in the source system.')
const toCustomer = one('Customer', 'The customer.', {
  permission: 'customer:read',
  on: (parent, child) => `${child}.id = ${parent}.customer_id`,
})

const holding = view(
  'Holding',
  'A product that a customer has with the bank: an account, contract, card or e-channel sign-up.',
  schema.holding,
  {
    id: column('uuid', 'ID of the holding.'),
    customerId,
    accountNumber: column('text', 'Account or contract number.'),
    currency: column('text', 'ISO 4217 code.'),
    balance: {
      kind: 'money',
      nullable: false,
      description: 'The newest balance; negative for a debt.',
      amount: (alias) => `${alias}.balance`,
      currency: (alias) => `${alias}.currency`,
    },
    balanceOn: column('day', 'First day of this balance.', { nullable: true }),
    openedOn: column('day', 'Opening day.', { nullable: true }),
    maturesOn: column('day', 'Maturity day.', { nullable: true }),
    autoRenewal: column('boolean', 'Whether it renews automatically at maturity.', { nullable: true }),
    status: column('text', 'Status.', { values: holdingStatuses }),
    closedOn: column('day', 'Closing day.', { nullable: true }),
    edition: column('text', 'Edition of an e-channel sign-up.', { nullable: true, values: editions }),
    origin: column('text', 'Whether the customer asked for it or it was recommended.', {
      nullable: true,
      values: origins,
    }),
    activatedOn: column('day', 'First day of use.', { nullable: true }),
    lastUsedOn: column('day', 'Last day of use.', { nullable: true }),
    source: column('text', 'The source system.'),
    externalId: column('text', 'External ID in the source system.'),
    asOf,
    version,
    product: one('Product', 'The product.', {
      permission: 'product:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.product_id`,
    }),
    recommendedBy: one('Staff', 'The staff member who recommended it.', {
      nullable: true,
      permission: 'organisation:read',
      on: (parent, child) => `${child}.id = ${parent}.recommended_by`,
    }),
    customer: toCustomer,
    parties: many('HoldingParty', 'Holding parties.', {
      permission: 'holding:read',
      inRest: 'always',
      on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.holding_id = ${parent}.id`,
      orderBy: (child) => `${child}.role, ${child}.party_customer_id`,
    }),
    movements: page('Movement', 'Movements, newest first.', {
      permission: 'activity:read',
      on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.holding_id = ${parent}.id`,
      keys: (child) => [
        { expression: `${child}.booked_on`, cast: 'date' },
        { expression: `${child}.id`, cast: 'uuid' },
      ],
      direction: 'desc',
    }),
    balances: page('Balance', 'Change points of the balance, newest first.', {
      permission: 'holding:read',
      on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.holding_id = ${parent}.id`,
      keys: (child) => [{ expression: `${child}.day`, cast: 'date' }],
      direction: 'desc',
    }),
  },
)

const holdingParty = view('HoldingParty', 'A further party of a holding.', schema.holdingParty, {
  id: column('uuid', 'ID of the link.'),
  customerId,
  holdingId: column('uuid', 'The holding.'),
  partyCustomerId: visibleId('customer', 'party_customer_id', 'The customer who is the party'),
  role: column('text', 'Role.', { values: partyRoles }),
  status: column('text', 'Whether it is active.', { values: ['active', 'ended'] }),
  source: column('text', 'The source system.'),
  asOf,
  version,
  customer: toCustomer,
  holding: one('Holding', 'The holding.', {
    permission: 'holding:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.id = ${parent}.holding_id`,
  }),
  party: one('Customer', 'The party; null if out of your scope.', {
    nullable: true,
    permission: 'customer:read',
    inRest: 'single',
    on: (parent, child) => `${child}.id = ${parent}.party_customer_id`,
  }),
})

const sharedHolding = view('SharedHolding', 'A holding of another customer to which this one is a party.', schema.partyHolding, {
  id: column('uuid', 'ID of the link.'),
  customerId,
  holdingCustomerId: visibleId('customer', 'holding_customer_id', 'The customer who owns the holding'),
  holdingId: column('uuid', 'The holding.'),
  role: column('text', 'Role of this customer.', { values: partyRoles }),
  status: column('text', 'Whether it is active.', { values: ['active', 'ended'] }),
  asOf,
  version,
  customer: toCustomer,
  holding: one('Holding', 'The holding; null if its owner is out of your scope.', {
    nullable: true,
    permission: 'holding:read',
    inRest: 'always',
    sameCustomer: false,
    on: (parent, child) => `${child}.customer_id = ${parent}.holding_customer_id and ${child}.id = ${parent}.holding_id`,
  }),
})

const balance = view('Balance', 'A change point of a holding’s balance.', schema.balance, {
  customerId,
  holdingId: column('uuid', 'The holding.'),
  day: column('day', 'Applies from this day until the next change point.'),
  amount: {
    kind: 'money',
    nullable: false,
    description: 'The balance at the end of that day.',
    amount: (alias) => `${alias}.amount`,
    currency: (alias) =>
      `(select h.currency from holding h where h.customer_id = ${alias}.customer_id and h.id = ${alias}.holding_id)`,
  },
  asOf,
  version,
  customer: toCustomer,
  holding: one('Holding', 'The holding.', {
    permission: 'holding:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.id = ${parent}.holding_id`,
  }),
})

const activity = view('Activity', 'Transactions of a customer in a month, counted and summed.', schema.activity, {
  customerId,
  month: column('day', 'First day of the month.'),
  channel: column('text', 'Channel.', { values: channels }),
  type: column('text', 'Transaction type.', { values: transactionTypes }),
  purpose: column('text', 'Purpose.', { values: purposes }),
  direction: column('text', 'Direction of the money.', { values: ['in', 'out', 'none'] }),
  count: column('integer', 'Number of transactions.'),
  amount: {
    kind: 'money',
    nullable: false,
    description: 'Their sum.',
    amount: (alias) => `${alias}.amount`,
    currency: (alias) => `${alias}.currency`,
  },
  asOf,
  version,
  customer: toCustomer,
})

const movement = view('Movement', 'A single large flow into or out of a holding.', schema.movement, {
  id: column('uuid', 'ID of the movement.'),
  customerId,
  holdingId: column('uuid', 'The holding.'),
  direction: column('text', 'Direction of the money.', { values: directions }),
  amount: {
    kind: 'money',
    nullable: false,
    description: 'The amount.',
    amount: (alias) => `${alias}.amount`,
    currency: (alias) => `${alias}.currency`,
  },
  bookedOn: column('day', 'Day of booking.'),
  channel: column('text', 'Channel.', { values: channels }),
  purpose: column('text', 'Purpose.', { values: purposes }),
  counterpartyMasked: column('text', 'The counterparty’s account, masked in the middle.', { nullable: true }),
  status: column('text', 'Status.', { values: movementStatuses }),
  source: column('text', 'The source system.'),
  externalId: column('text', 'External ID in the source system.'),
  asOf,
  version,
  customer: toCustomer,
  holding: one('Holding', 'The holding.', {
    permission: 'holding:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.id = ${parent}.holding_id`,
  }),
})

export const holdingViews = [holding, holdingParty, sharedHolding, balance, activity, movement]
