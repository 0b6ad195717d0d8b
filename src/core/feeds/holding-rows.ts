import type { TextKind } from '../kernel/unusable-values.ts'
import { z } from 'zod'
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
} from './holdings.ts'
import { amountProblem, isCurrency } from '../kernel/money.ts'
import { asOf, code, currency, day, decimalAmount, externalIdText, singleLine, month, source } from '../kernel/scalars.ts'

const customerSource = source
  .optional()
  .meta({ description: 'The source system of the customer ID that follows; `source` by default.' })
const customerExternalId = externalIdText.meta({ description: 'ID of the customer in that system.', examples: ['C000000123'] })
const holdingExternalId = externalIdText.meta({
  description: 'External ID of the holding in `source`.',
  examples: ['6222020200001234567'],
})
const currencyOfHolding = currency.optional().meta({ description: 'Must be the holding’s currency.', examples: ['CNY'] })

/** Whether the currency, which has passed its own rule, has no such amount. */
const misfitOf = (amount: string, currency: string): string | undefined =>
  isCurrency(currency) ? amountProblem(amount, currency) : undefined

/** A row of holdings. Optional fields that are missing leave what is stored. */
export const holdingRow = z
  .strictObject({
    source,
    externalId: externalIdText.meta({
      description: 'ID of the holding in the source system.',
      examples: ['6222020200001234567'],
    }),
    accountNumber: singleLine(64)
      .optional()
      .meta({
        description: 'Account number known to the customer; the external ID by default for a new holding.',
        examples: ['6222020200001234567'],
      }),
    customerSource,
    customerExternalId,
    productCode: code.meta({ description: 'Code of the product.', examples: ['TD-12M'] }),
    currency: currency.meta({ description: 'ISO 4217 code.', examples: ['CNY'] }),
    balance: decimalAmount
      .optional()
      .meta({ description: 'Balance in that currency, debts negative.', examples: ['6000000.00'] }),
    balanceOn: day
      .optional()
      .meta({ description: 'Day of the balance; the day of `asOf` by default.', examples: ['2026-11-21'] }),
    openedOn: day.optional().meta({ description: 'Day of opening.', examples: ['2025-12-15'] }),
    maturesOn: day.optional().meta({ description: 'Day of maturity.', examples: ['2026-12-15'] }),
    autoRenewal: z.boolean().optional().meta({ description: 'Whether it renews automatically at maturity.' }),
    status: z.enum(holdingStatuses).optional().meta({ description: 'Status; a new one is active by default.' }),
    closedOn: day.optional().meta({ description: 'Day of closing; requires the status `closed`.' }),
    edition: z.enum(editions).optional().meta({ description: 'Edition of an e-channel; not allowed for other holdings.' }),
    origin: z.enum(origins).optional().meta({ description: 'Origin of the sign-up.' }),
    recommendedBy: code.optional().meta({ description: 'Staff number of the person who recommended it.', examples: ['S00010'] }),
    activatedOn: day.optional().meta({ description: 'Day of the first use of an e-channel.' }),
    lastUsedOn: day.optional().meta({ description: 'Day of the last use.' }),
    asOf,
  })
  .superRefine((row, context) => {
    const refuse = (field: keyof typeof row, rule: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], params: { rule }, message })
    const misfit = row.balance === undefined ? undefined : misfitOf(row.balance, row.currency)
    if (misfit !== undefined) refuse('balance', 'amount', misfit)
    if (row.balance === undefined && row.balanceOn !== undefined)
      refuse('balanceOn', 'together', 'The day of a balance requires the balance.')
    if (row.status !== 'closed' && row.closedOn !== undefined)
      refuse('closedOn', 'together', 'closedOn requires the status closed.')
    if (row.openedOn !== undefined) {
      if (row.maturesOn !== undefined && row.maturesOn < row.openedOn)
        refuse('maturesOn', 'period', 'maturesOn must not be before openedOn.')
      if (row.closedOn !== undefined && row.closedOn < row.openedOn)
        refuse('closedOn', 'period', 'closedOn must not be before openedOn.')
    }
  })

/** A row of holding parties. */
export const holdingPartyRow = z.strictObject({
  source,
  holdingSource: source
    .optional()
    .meta({ description: 'The source system of the holding ID that follows; `source` by default.' }),
  holdingExternalId: externalIdText.meta({
    description: 'ID of the holding in the source system.',
    examples: ['6222020200001234567'],
  }),
  customerSource,
  customerExternalId: customerExternalId.meta({
    description: 'ID of the holding party in that system.',
    examples: ['C000000124'],
  }),
  role: z.enum(partyRoles).meta({ description: 'Role of the party.' }),
  status: z.enum(['active', 'ended']).optional().meta({ description: 'Whether the link is active; `active` by default.' }),
  asOf,
})

/** A row of balances. Decimals are checked against the holding’s currency when the row is applied. */
export const balanceRow = z
  .strictObject({
    source,
    holdingExternalId,
    day: day.meta({ description: 'First day of the balance.', examples: ['2026-11-21'] }),
    amount: decimalAmount.meta({ description: 'Balance in the holding’s currency, debts negative.', examples: ['6000000.00'] }),
    currency: currencyOfHolding,
    asOf,
  })
  .superRefine((row, context) => {
    const misfit = row.currency === undefined ? undefined : misfitOf(row.amount, row.currency)
    if (misfit !== undefined) context.addIssue({ code: 'custom', path: ['amount'], params: { rule: 'amount' }, message: misfit })
  })

/** A row of activity: transactions of one month that agree in all of channel, type, purpose, direction, currency and counterparty. */
export const activityRow = z
  .strictObject({
    source,
    customerSource,
    customerExternalId,
    month: month.meta({ description: 'The month.', examples: ['2026-10'] }),
    channel: z.enum(channels).meta({ description: 'Channel of the transactions.' }),
    type: z.enum(transactionTypes).meta({ description: 'Type of the transactions.' }),
    purpose: z.enum(purposes).optional().meta({ description: 'Purpose of the transactions; `unknown` by default.' }),
    direction: z
      .enum([...directions, 'none'])
      .optional()
      .meta({ description: 'Into or out of the customer’s holdings; `none` by default.' }),
    currency: currency.meta({ description: 'ISO 4217 code.', examples: ['CNY'] }),
    counterparty: singleLine(64)
      .optional()
      .meta({ description: 'Account of the counterparty. Stored as a keyed hash only.', examples: ['6217000010001234567'] }),
    count: z
      .int()
      .min(0)
      .max(2_147_483_647)
      .meta({ description: 'Number of transactions.', examples: [14] }),
    amount: decimalAmount.optional().meta({ description: 'Their sum, 0 or more; 0 by default.', examples: ['3820.50'] }),
    asOf,
  })
  .superRefine((row, context) => {
    const refuse = (rule: string, message: string): void =>
      context.addIssue({ code: 'custom', path: ['amount'], params: { rule }, message })
    if (row.amount === undefined) return
    if (row.amount.startsWith('-')) refuse('negative', 'The sum must not be negative; use `direction`.')
    else {
      const misfit = misfitOf(row.amount, row.currency)
      if (misfit !== undefined) refuse('amount', misfit)
    }
  })

/** A row of movements. Decimals are checked against the holding’s currency when the row is applied. */
export const movementRow = z
  .strictObject({
    source,
    externalId: externalIdText.meta({
      description: 'ID of the movement in the source system.',
      examples: ['M-2026-11-21-000731'],
    }),
    holdingExternalId,
    direction: z.enum(directions).meta({ description: 'Into or out of the holding.' }),
    amount: decimalAmount.meta({ description: 'Amount in the holding’s currency, above 0.', examples: ['500000.00'] }),
    currency: currencyOfHolding,
    bookedOn: day.meta({ description: 'Day of booking.', examples: ['2026-11-21'] }),
    channel: z.enum(channels).optional().meta({ description: 'Channel; `other` by default for a new one.' }),
    purpose: z.enum(purposes).optional().meta({ description: 'Purpose; `unknown` by default for a new one.' }),
    counterparty: singleLine(64)
      .optional()
      .meta({ description: 'Account of the counterparty. Stored encrypted.', examples: ['6217000010001234567'] }),
    status: z
      .enum(movementStatuses)
      .optional()
      .meta({ description: '`voided` voids a booking; a new one is booked by default.' }),
    asOf,
  })
  .superRefine((row, context) => {
    const refuse = (rule: string, message: string): void =>
      context.addIssue({ code: 'custom', path: ['amount'], params: { rule }, message })
    if (!/[1-9]/.test(row.amount) || row.amount.startsWith('-'))
      refuse('positive', 'The amount must be above 0; use `direction`.')
    else {
      const misfit = row.currency === undefined ? undefined : misfitOf(row.amount, row.currency)
      if (misfit !== undefined) refuse('amount', misfit)
    }
  })

/** Whose text is looked at for what is no value, and as what. Codes of lists are left to the schema, which knows them all. */
export const holdingTexts: Readonly<Record<string, TextKind>> = {
  externalId: 'number',
  customerExternalId: 'number',
  productCode: 'number',
  accountNumber: 'number',
  recommendedBy: 'number',
  openedOn: 'text',
  maturesOn: 'text',
  edition: 'text',
  origin: 'text',
  activatedOn: 'text',
  lastUsedOn: 'text',
}
export const holdingPartyTexts: Readonly<Record<string, TextKind>> = { holdingExternalId: 'number', customerExternalId: 'number' }
export const balanceTexts: Readonly<Record<string, TextKind>> = { holdingExternalId: 'number' }
export const activityTexts: Readonly<Record<string, TextKind>> = {
  customerExternalId: 'number',
  counterparty: 'text',
  purpose: 'text',
}
export const movementTexts: Readonly<Record<string, TextKind>> = {
  externalId: 'number',
  holdingExternalId: 'number',
  counterparty: 'text',
  channel: 'text',
  purpose: 'text',
}
