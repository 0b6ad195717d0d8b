import { hash } from 'node:crypto'
import type { Caller } from './caller.ts'

interface Verified {
  readonly caller: Caller
  readonly until: number
}

/** Callers of tokens whose signature and claims were verified a short while ago. Instants are milliseconds since 1970. */
export interface VerifiedTokens {
  readonly find: (token: string, now: number) => Caller | undefined
  readonly remember: (token: string, caller: Caller, until: number) => void
}

/**
 * A bounded memory of verified tokens in two generations: a full young generation becomes the old one and what was old and unused is forgotten.
 * Keys are SHA-256 of the token: 1.5 µs, against 80 MB of live credentials in every heap dump for 10,000 tokens of 8 KiB.
 */
export function verifiedTokens(capacity: number): VerifiedTokens {
  const generation = Math.max(1, Math.floor(capacity / 2))
  let young = new Map<string, Verified>()
  let old = new Map<string, Verified>()

  function store(key: string, verified: Verified): void {
    if (young.size >= generation) {
      old = young
      young = new Map()
    }
    young.set(key, verified)
  }

  function find(token: string, now: number): Caller | undefined {
    const key = keyOf(token)
    const recent = young.get(key)
    const verified = recent ?? old.get(key)
    if (!verified) return undefined
    if (now >= verified.until) {
      young.delete(key)
      old.delete(key)
      return undefined
    }
    if (!recent) store(key, verified)
    return verified.caller
  }

  return { find, remember: (token, caller, until) => store(keyOf(token), { caller, until }) }
}

function keyOf(token: string): string {
  return hash('sha256', token, 'base64')
}
