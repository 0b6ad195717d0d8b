import { lossReasons, lossRemedies } from '../../../core/segmentation/value.ts'
import { column, derivedView, type MoneyField, one } from '../../platform/views/view.ts'

const money = (name: string, description: string): MoneyField => ({
  kind: 'money',
  nullable: false,
  description,
  amount: (alias) => `${alias}.${name}`,
  currency: (_alias, bind, { baseCurrency }) => `${bind(baseCurrency)}::text`,
})

const unprofitableCustomer = derivedView('UnprofitableCustomer', 'A customer whose contribution is below zero.', [], {
  customerId: column('uuid', 'The customer.'),
  income: money('income', 'Annual income from the customer’s balances.'),
  variableCost: money('variable_cost', 'Annual cost of their transactions.'),
  amount: money('amount', 'Loss: cost above income.'),
  reason: column('text', 'Reason: costly channels, too thin a margin, or too little business.', { values: lossReasons }),
  remedy: column('text', 'Remedy: move the transactions to cheaper channels, charge a fee, or end the relationship.', {
    values: lossRemedies,
  }),
  customer: one('Customer', 'The customer.', {
    permission: 'customer:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.customer_id`,
  }),
})

export const valueViews = [unprofitableCustomer]
