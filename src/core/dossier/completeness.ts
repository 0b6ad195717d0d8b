import type { CustomerKind } from './customers.ts'

interface Item {
  readonly kinds: readonly CustomerKind[]
  /** Points of what the whole dossier of a kind can have. */
  readonly weight: number
}

const everybody = ['individual', 'sole_trader', 'company'] as const
const persons = ['individual', 'sole_trader'] as const
const businesses = ['sole_trader', 'company'] as const

/** What a dossier should hold, by weight. Source: ours. */
export const completenessItems = {
  identity_document: { kinds: everybody, weight: 20 },
  phone: { kinds: everybody, weight: 15 },
  email: { kinds: everybody, weight: 5 },
  address: { kinds: everybody, weight: 10 },
  birth_date: { kinds: persons, weight: 10 },
  gender: { kinds: persons, weight: 5 },
  founded_on: { kinds: ['company'], weight: 10 },
  industry: { kinds: businesses, weight: 10 },
  income_band: { kinds: persons, weight: 5 },
  company_size: { kinds: ['company'], weight: 5 },
  country: { kinds: everybody, weight: 5 },
  relationship_manager: { kinds: everybody, weight: 5 },
  consent: { kinds: everybody, weight: 10 },
  contact_preference: { kinds: everybody, weight: 5 },
  suitability: { kinds: persons, weight: 10 },
  key_person: { kinds: ['company'], weight: 10 },
  credit_standing: { kinds: ['company'], weight: 5 },
} as const satisfies Readonly<Record<string, Item>>

export type CompletenessItem = keyof typeof completenessItems
export const completenessNames = Object.keys(completenessItems) as [CompletenessItem, ...CompletenessItem[]]

/** Months after which a dossier that nobody has confirmed counts as stale. Source: ours. */
export const STALE_AFTER_MONTHS = 24

/** What counts for customers of a kind. */
export function itemsOf(kind: CustomerKind): readonly CompletenessItem[] {
  return completenessNames.filter((name) => (completenessItems[name].kinds as readonly CustomerKind[]).includes(kind))
}

/** How full a dossier is: reached points of those that its kind can have, 0 to 100, and what it lacks, the weightiest first. */
export function completenessOf(
  kind: CustomerKind,
  present: ReadonlySet<string>,
): { readonly score: number; readonly missing: readonly CompletenessItem[] } {
  const items = itemsOf(kind)
  const points = (names: readonly CompletenessItem[]): number =>
    names.reduce((sum, name) => sum + completenessItems[name].weight, 0)
  const missing = items.filter((name) => !present.has(name)).toSorted((one, other) => points([other]) - points([one]))
  return { score: Math.round((100 * (points(items) - points(missing))) / points(items)), missing }
}
