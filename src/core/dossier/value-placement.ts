import type { ValuePolicy } from './identity.ts'

/** A stored value of a kind: a document of a type, a phone, an e-mail address, an address. */
export interface Placed {
  readonly id: string
  readonly customerId: string
  readonly source: string
  readonly verifiedAt: Date | null
  /** Beside the one value that its source has by default. */
  readonly added: boolean
  readonly conflicting: boolean
}

/** A value that is sent, compared with those that are stored. */
export interface SentValue<T> {
  readonly source: string
  readonly policy: ValuePolicy
  /** A person entered it, no feed. */
  readonly fromPerson: boolean
  /** The policies in which the bank lets feeds win over what a person has verified. */
  readonly overridden: ReadonlySet<string>
  /** It breaks a rule that stored values of its kind may pass. */
  readonly fails: boolean
  readonly passes: (stored: T) => boolean
  readonly isSame: (stored: T) => boolean
  /** Whether a person has dismissed this value of this source beside that one. */
  readonly wasDismissed: (stored: T) => boolean
}

export interface Placement<T> {
  /** Where the value goes; undefined where nothing is to be written. */
  readonly place?: { readonly before: T | undefined; readonly added: boolean; readonly conflicting: boolean }
  /** What the source sent before and has replaced by this value. */
  readonly withdrawn: readonly T[]
}

/**
 * Which stored value of the same kind a sent one replaces. A feed never overwrites what a person has verified, nor what it has sent itself and passes its check with what fails it:
 * the sent value is stored beside it as conflicting, one for each source, until the source sends the other one or a person decides. A value that a person has dismissed is not stored again. A policy may let feeds win.
 */
export function placeFor<T extends Placed>(stored: readonly T[], sent: SentValue<T>): Placement<T> {
  const { source, policy, fromPerson, overridden, fails, passes, isSame, wasDismissed } = sent
  const mine = stored.find((one) => !one.added && one.source === source)
  if (fromPerson) return { place: { before: mine, added: false, conflicting: false }, withdrawn: [] }
  const better = fails && mine && passes(mine) && !isSame(mine) ? mine : undefined
  const ofSource = stored.filter((one) => one.source === source && one.verifiedAt === null && one !== better)
  const verified = overridden.has(policy) ? [] : stored.filter((one) => one.verifiedAt !== null)
  if (verified.length === 0 && !better)
    return { place: { before: mine, added: false, conflicting: false }, withdrawn: ofSource.filter((one) => one !== mine) }
  const same = verified.find(isSame)
  if (same) {
    const place = same.source === source ? { before: same, added: same.added, conflicting: false } : undefined
    return { ...(place && { place }), withdrawn: ofSource }
  }
  if ([...verified, ...(better ? [better] : [])].some(wasDismissed)) return { withdrawn: ofSource }
  const before = ofSource.find((one) => one === mine) ?? ofSource[0]
  const added = before ? before.added : mine !== undefined
  return { place: { before, added, conflicting: true }, withdrawn: ofSource.filter((one) => one !== before) }
}
