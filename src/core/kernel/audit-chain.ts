/** An audit entry in its canonical text, as the chain sees it. */
export interface ChainedEntry {
  readonly id: string
  readonly text: string
}

/** Where a chain stands: the number of its entries and the hash of the last one. */
export interface ChainHead {
  readonly position: number
  readonly hash: Uint8Array
}

export interface ChainLink extends ChainHead {
  readonly entryId: string
}

type Hash = (previous: Uint8Array, text: string) => Uint8Array

export const emptyChain: ChainHead = { position: 0, hash: new Uint8Array(32) }

/** Links further entries to a chain, in the order given: each hash is over the one before it and the entry's text. */
export function extendChain(head: ChainHead, entries: readonly ChainedEntry[], hash: Hash): readonly ChainLink[] {
  let { position, hash: previous } = head
  return entries.map(({ id, text }) => {
    previous = hash(previous, text)
    return { entryId: id, position: ++position, hash: previous }
  })
}

/** A link as it was stored, with the entry it stands for; `text` is null where that entry is gone. */
export interface StoredLink {
  readonly position: number
  readonly hash: Uint8Array
  readonly text: string | null
}

export type ChainFault = 'entry_missing' | 'entry_altered' | 'link_missing'

/** Goes on verifying a chain from a head. Answers the new head, or the position and kind of the first fault. */
export function verifyChain(
  head: ChainHead,
  links: readonly StoredLink[],
  hash: Hash,
): ChainHead | { readonly position: number; readonly fault: ChainFault } {
  let { position, hash: previous } = head
  for (const link of links) {
    if (link.position !== position + 1) return { position: position + 1, fault: 'link_missing' }
    if (link.text === null) return { position: link.position, fault: 'entry_missing' }
    const expected = hash(previous, link.text)
    if (!equal(expected, link.hash)) return { position: link.position, fault: 'entry_altered' }
    position = link.position
    previous = expected
  }
  return { position, hash: previous }
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index])
}
