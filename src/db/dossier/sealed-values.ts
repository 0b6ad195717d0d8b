import { normaliseCounterparty } from '../../core/kernel/account-numbers.ts'
import { type BlindIndexKind, fieldContext } from '../platform/vault.ts'

/**
 * Every column that holds a value encrypted under its customer's key beside a keyed hash of it. What rotates keys and what reveals values go by this
 * list; a test compares it with the catalogue.
 */
export interface SealedValue {
  readonly table: string
  readonly encrypted: string
  readonly hash: string
  /** Whether people are found by it, so that its hash stands in the registry too. */
  readonly registered: boolean
  readonly context: (rowId: string) => string
  /** What is hashed of the clear value. `kind` is the row's own, where its table has one. */
  readonly hashed: (
    value: string,
    row: { readonly id: string; readonly kind: string | null },
  ) => {
    readonly kind: BlindIndexKind
    readonly text: string
  }
  /** The column that tells kinds of the table apart. */
  readonly kindColumn?: string
}

export const sealedValues = {
  document_number: {
    table: 'identity_document',
    encrypted: 'number_encrypted',
    hash: 'number_hash',
    registered: true,
    context: (rowId) => fieldContext('identity_document', 'number', rowId),
    hashed: (value) => ({ kind: 'document', text: value }),
  },
  contact_value: {
    table: 'contact_point',
    encrypted: 'value_encrypted',
    hash: 'value_hash',
    registered: true,
    context: (rowId) => fieldContext('contact_point', 'value', rowId),
    hashed: (value, { kind }) => ({ kind: kind as 'phone' | 'email', text: value }),
    kindColumn: 'kind',
  },
  address_line: {
    table: 'address',
    encrypted: 'line_encrypted',
    hash: 'line_hash',
    registered: false,
    context: (rowId) => fieldContext('address', 'line', rowId),
    hashed: (value, { id }) => ({ kind: 'address', text: `${id}\0${value}` }),
  },
  movement_counterparty: {
    table: 'movement',
    encrypted: 'counterparty_encrypted',
    hash: 'counterparty_hash',
    registered: false,
    context: (rowId) => fieldContext('movement', 'counterparty_encrypted', rowId),
    hashed: (value) => ({ kind: 'counterparty', text: normaliseCounterparty(value) }),
  },
} as const satisfies Readonly<Record<string, SealedValue>>

export type SealedValueName = keyof typeof sealedValues
