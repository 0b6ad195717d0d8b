import type { CustomerKind } from './customers.ts'
import { foldName } from '../kernel/text.ts'

/** What a Chinese name is typed by on a Latin keyboard. */
export interface NameKey {
  /** Pinyin without tones and spaces: `wangxiaoming`. */
  readonly pinyin: string
  /** First letter of each syllable: `wxm`. */
  readonly initials: string
}

/** A Chinese character as it is read, or what stands between such characters as it is written. */
export interface Syllable {
  readonly text: string
  readonly chinese: boolean
}

/** How Chinese is read. */
export interface Pinyin {
  readonly words: (text: string) => readonly Syllable[]
  /** The syllables of the surname with which a name of these first two characters begins, the usual reading first: surnames have readings of their own, and some have two. */
  readonly surname: (head: string) => readonly (readonly string[])[]
}

/** No one types more, and an index takes no more. */
const MAX_KEY_LENGTH = 120

export function holdsChinese(text: string): boolean {
  return /\p{Script=Han}/u.test(text)
}

/**
 * What the name is found by besides itself: each reading of its surname, and a further one where the same character is read otherwise in a word
 * (曾, zeng and ceng), since people type all of them. Companies are read as words only. Characters without a reading are passed over; a name without Chinese has none.
 */
export function nameKeys(name: string, kind: CustomerKind, pinyin: Pinyin): readonly NameKey[] {
  const folded = foldName(name)
  if (!holdsChinese(folded)) return []
  const words = pinyin.words(folded)
  const keys = (kind === 'company' ? [words] : [...asPerson(folded, words, pinyin), words])
    .map(keyOf)
    .filter((key) => key.initials !== '')
  return keys.filter((key, place) => keys.findIndex((other) => other.pinyin === key.pinyin) === place)
}

/** The readings of a person's name, the usual one first. */
function asPerson(folded: string, words: readonly Syllable[], pinyin: Pinyin): readonly (readonly Syllable[])[] {
  const [head] = /^\p{Script=Han}{1,2}/u.exec(folded) ?? []
  if (head === undefined) return [words]
  return pinyin
    .surname(head)
    .map((surname) => [...surname.map((text) => ({ text, chinese: true })), ...words.slice(surname.length)])
}

function keyOf(syllables: readonly Syllable[]): NameKey {
  return {
    pinyin: letters(syllables.map(({ text }) => text).join('')),
    initials: letters(syllables.map(({ text, chinese }) => (chinese ? text.slice(0, 1) : text)).join('')),
  }
}

/** One spelling of ü, which keyboards have as `v`, passports as `yu` and haste as `u`. */
function letters(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .replaceAll('lyu', 'lu')
    .replaceAll('v', 'u')
    .slice(0, MAX_KEY_LENGTH)
}

/** The key that a folded term of Latin letters may begin: `Wang Xiaoming`, `xi'an`, `Lü`. Empty for other terms. */
export function typedKey(folded: string): string {
  return /^[\p{Script=Latin}\p{N}\p{P}\p{Zs}]*$/u.test(folded) && /[a-z]/.test(folded) ? letters(folded) : ''
}

/** Names of persons and their surnames are no longer: what is longer is read as words. */
const MAX_PERSON_NAME_LENGTH = 4

/** The pinyin of a folded term of two Chinese characters or more: who is called something that sounds the same has it too. Empty for other terms. */
export function soundOf(folded: string, pinyin: Pinyin): string {
  if (!/^\p{Script=Han}{2,}$/u.test(folded)) return ''
  const words = pinyin.words(folded)
  return keyOf([...folded].length > MAX_PERSON_NAME_LENGTH ? words : (asPerson(folded, words, pinyin)[0] ?? words)).pinyin
}

/** How a search found a customer, the best first. */
export const nameMatches = ['exact', 'prefix', 'pinyin', 'initials', 'contains', 'similar'] as const
export type NameMatch = (typeof nameMatches)[number]

/** Ranks are numbered from 1; what resembles a term lies from 6 on, the closer the less. */
export function nameMatchOf(rank: number): NameMatch {
  return nameMatches[Math.min(Math.floor(rank), nameMatches.length) - 1]!
}

/** Whether there is anything in a folded term to find a name by. */
export function isSearchable(folded: string): boolean {
  return /[^\p{P}\p{Z}\p{C}\p{M}]/u.test(folded)
}
