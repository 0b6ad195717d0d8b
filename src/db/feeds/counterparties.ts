import { normaliseCounterparty } from '../../core/kernel/account-numbers.ts'
import { maskDocumentNumber } from '../../core/kernel/masking.ts'
import { type BlindIndex, type CustomerKey, fieldContext, type Vault } from '../platform/vault.ts'

/** The keyed hashes of a counterparty under every index key, the current one first: what a row may be stored under while keys rotate. */
export function counterpartyIndexes(vault: Vault, counterparty: string): readonly BlindIndex[] {
  return vault.blindIndexes('counterparty', normaliseCounterparty(counterparty))
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
