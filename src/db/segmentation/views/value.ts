import { lossCauses, waysOut } from '../../../core/segmentation/value.ts'
import { column, derivedView, type MoneyField, one } from '../../platform/views/view.ts'

const money = (name: string, description: string): MoneyField => ({
  kind: 'money',
  nullable: false,
  description,
  amount: (alias) => `${alias}.${name}`,
  currency: (_alias, bind, { baseCurrency }) => `${bind(baseCurrency)}::text`,
})

const lossMaker = derivedView('LossMaker', 'A customer who brings less than serving them costs.', [], {
  customerId: column('uuid', 'The customer.'),
  income: money('income', 'What the customer’s balances bring in a year.'),
  variableCost: money('variable_cost', 'What their transactions cost in a year.'),
  amount: money('amount', 'How much more they cost.'),
  cause: column('text', 'Why: costly channels, too thin a margin, or hardly any business.', { values: lossCauses }),
  wayOut: column('text', 'What to do: move the transactions to cheap channels, charge for them, or let the customer go.', {
    values: waysOut,
  }),
  customer: one('Customer', 'The customer.', {
    permission: 'customer:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.customer_id`,
  }),
})

export const valueViews = [lossMaker]
