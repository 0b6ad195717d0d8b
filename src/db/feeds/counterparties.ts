import { maskDocumentNumber } from '../../core/masking.ts'
import { type CustomerKey, fieldContext, type Vault } from '../vault.ts'

/** One form of an account number for hashing: full-width, lower case, spaces and hyphens make no other account. */
export function normaliseCounterparty(text: string): string {
  return text.normalize('NFKC').replace(/[\s\-‐-―]/g, '').toUpperCase()
}

/** A counterparty as a movement keeps it; bytes in hexadecimal. */
export interface StoredCounterparty {
  readonly encrypted: string
  readonly masked: string
  readonly hash: string
  readonly keyId: string
}

/** Encrypts the counterparty of a movement under its customer's key. */
export function sealCounterparty(vault: Vault, key: CustomerKey, movementId: string, counterparty: string): StoredCounterparty {
  const { hash, keyId } = vault.blindIndex('counterparty', normaliseCounterparty(counterparty))
  return {
    encrypted: vault.encrypt(key, counterparty, fieldContext('movement', 'counterparty_encrypted', movementId)).toString('hex'),
    masked: maskDocumentNumber(counterparty),
    hash: hash.toString('hex'),
    keyId,
  }
}
