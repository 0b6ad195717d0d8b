import type { ActivityRow } from '../../src/core/feeds/rows.ts'
import type { Transaction } from './files.ts'

/** How a transaction of the set is called here. */
export type Reading = Required<Pick<ActivityRow, 'channel' | 'type' | 'purpose'>>

const reading = (channel: Reading['channel'], type: Reading['type'], purpose: Reading['purpose']): Reading => ({
  channel,
  type,
  purpose,
})

// By operation and k_symbol, in their spelling. The set calls everything that is taken by the bank itself a withdrawal in cash.
const readings: Readonly<Record<string, Readonly<Record<string, Reading>>>> = {
  'credit in cash': { '': reading('counter', 'cash', 'unknown') },
  'withdrawal in cash': {
    '': reading('counter', 'cash', 'unknown'),
    household: reading('counter', 'cash', 'household'),
    'payment for statement': reading('other', 'fee', 'fee'),
    'sanction interest if negative balance': reading('other', 'interest', 'interest'),
  },
  'credit card withdrawal': { '': reading('atm', 'cash', 'unknown') },
  'collection from another bank': { '': reading('other', 'transfer', 'unknown') },
  'remittance to another bank': {
    '': reading('other', 'transfer', 'unknown'),
    household: reading('other', 'transfer', 'household'),
    'insurrance payment': reading('other', 'transfer', 'insurance'),
  },
  '': { 'interest credited': reading('other', 'interest', 'interest') },
}

/** Channel, type and purpose of a transaction. Throws for what the table does not know: nothing is guessed. */
export function readingOf({ id, operation, symbol }: Pick<Transaction, 'id' | 'operation' | 'symbol'>): Reading {
  const found = readings[operation]?.[symbol]
  if (!found) throw new Error(`The transaction ${id} is of an unknown kind: operation "${operation}", k_symbol "${symbol}".`)
  return found
}

/** The other side as Czech account numbers are written, number and bank; undefined where the set does not say. */
export function counterpartyOf({ bank, account }: Pick<Transaction, 'bank' | 'account'>): string | undefined {
  return bank === '' || account === '' ? undefined : `${account}/${bank}`
}
