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
import { column, many, one, page, view } from '../../platform/views/view.ts'

const version = column('integer', 'Counts changes.')
const customerId = column('uuid', 'The customer it belongs to.')
const asOf = column('instant', 'When it held, by the system that sent it.')
const toCustomer = one('Customer', 'The customer.', {
  permission: 'customer:read',
  on: (parent, child) => `${child}.id = ${parent}.customer_id`,
})

const holding = view(
  'Holding',
  'What a customer has with the bank: an account, a contract, a card, an e-channel sign-up.',
  schema.holding,
  {
    id: column('uuid', 'Id of the holding.'),
    customerId,
    accountNumber: column('text', 'Account or contract number.'),
    currency: column('text', 'ISO 4217 code.'),
    balance: {
      kind: 'money',
      nullable: false,
      description: 'The newest balance; negative where the customer owes.',
      amount: (alias) => `${alias}.balance`,
      currency: (alias) => `${alias}.currency`,
    },
    balanceOn: column('day', 'Day since which it has stood.', { nullable: true }),
    openedOn: column('day', 'Opened on.', { nullable: true }),
    maturesOn: column('day', 'Falls due on.', { nullable: true }),
    autoRenewal: column('boolean', 'Whether it renews itself when due.', { nullable: true }),
    status: column('text', 'State.', { values: holdingStatuses }),
    closedOn: column('day', 'Closed on.', { nullable: true }),
    edition: column('text', 'Edition of an e-channel sign-up.', { nullable: true, values: editions }),
    origin: column('text', 'Whether the customer asked for it or was recommended it.', {
      nullable: true,
      values: origins,
    }),
    activatedOn: column('day', 'First used on.', { nullable: true }),
    lastUsedOn: column('day', 'Last used on.', { nullable: true }),
    source: column('text', 'The system that sent it.'),
    externalId: column('text', 'What that system calls it.'),
    asOf,
    version,
    product: one('Product', 'The product.', {
      permission: 'product:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.product_id`,
    }),
    recommendedBy: one('Staff', 'Who recommended it.', {
      nullable: true,
      permission: 'organisation:read',
      on: (parent, child) => `${child}.id = ${parent}.recommended_by`,
    }),
    customer: toCustomer,
    parties: many('HoldingParty', 'Further parties.', {
      permission: 'holding:read',
      inRest: 'always',
      on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.holding_id = ${parent}.id`,
      orderBy: (child) => `${child}.role, ${child}.party_customer_id`,
    }),
    movements: page('Movement', 'Single flows of note, the latest first.', {
      permission: 'activity:read',
      on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.holding_id = ${parent}.id`,
      keys: (child) => [
        { expression: `${child}.booked_on`, cast: 'date' },
        { expression: `${child}.id`, cast: 'uuid' },
      ],
      direction: 'desc',
    }),
    balances: page('Balance', 'Change points of the balance, the latest first.', {
      permission: 'holding:read',
      on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.holding_id = ${parent}.id`,
      keys: (child) => [{ expression: `${child}.day`, cast: 'date' }],
      direction: 'desc',
    }),
  },
)

const holdingParty = view('HoldingParty', 'A further party of a holding.', schema.holdingParty, {
  id: column('uuid', 'Id of the link.'),
  customerId,
  holdingId: column('uuid', 'The holding.'),
  partyCustomerId: column('uuid', 'The customer who is a party to it.'),
  role: column('text', 'As what.', { values: partyRoles }),
  status: column('text', 'Whether it lasts.', { values: ['active', 'ended'] }),
  source: column('text', 'The system that sent it.'),
  asOf,
  version,
  customer: toCustomer,
  holding: one('Holding', 'The holding.', {
    permission: 'holding:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.id = ${parent}.holding_id`,
  }),
  party: one('Customer', 'The party; null where out of your scope.', {
    nullable: true,
    permission: 'customer:read',
    inRest: 'single',
    on: (parent, child) => `${child}.id = ${parent}.party_customer_id`,
  }),
})

const sharedHolding = view('SharedHolding', 'A holding of another customer to which this one is a party.', schema.partyHolding, {
  id: column('uuid', 'Id of the link.'),
  customerId,
  holdingCustomerId: column('uuid', 'The customer who owns the holding.'),
  holdingId: column('uuid', 'The holding.'),
  role: column('text', 'As what this customer is a party to it.', { values: partyRoles }),
  status: column('text', 'Whether it lasts.', { values: ['active', 'ended'] }),
  asOf,
  version,
  customer: toCustomer,
  holding: one('Holding', 'The holding; null where its owner is out of your scope.', {
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
  day: column('day', 'From this day until the next change point.'),
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

const activity = view('Activity', 'Transactions of one customer and month, counted and summed.', schema.activity, {
  customerId,
  month: column('day', 'First day of the month.'),
  channel: column('text', 'How.', { values: channels }),
  type: column('text', 'What was done.', { values: transactionTypes }),
  purpose: column('text', 'What for.', { values: purposes }),
  direction: column('text', 'Which way the money went.', { values: ['in', 'out', 'none'] }),
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

const movement = view('Movement', 'A single flow of note into or out of a holding.', schema.movement, {
  id: column('uuid', 'Id of the movement.'),
  customerId,
  holdingId: column('uuid', 'The holding.'),
  direction: column('text', 'Which way the money went.', { values: directions }),
  amount: {
    kind: 'money',
    nullable: false,
    description: 'The amount.',
    amount: (alias) => `${alias}.amount`,
    currency: (alias) => `${alias}.currency`,
  },
  bookedOn: column('day', 'Day of booking.'),
  channel: column('text', 'How.', { values: channels }),
  purpose: column('text', 'What for.', { values: purposes }),
  counterpartyMasked: column('text', 'The counterparty’s account with its middle hidden.', { nullable: true }),
  status: column('text', 'Whether it stands.', { values: movementStatuses }),
  source: column('text', 'The system that sent it.'),
  externalId: column('text', 'What that system calls it.'),
  asOf,
  version,
  customer: toCustomer,
  holding: one('Holding', 'The holding.', {
    permission: 'holding:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.customer_id and ${child}.id = ${parent}.holding_id`,
  }),
})

export const holdingViews = [holding, holdingParty, sharedHolding, balance, activity, movement]
