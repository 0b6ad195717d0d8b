import { type FeedRefusal, refusal } from '../kernel/feed.ts'
export const productFamilies = [
  'deposit',
  'loan',
  'wealth',
  'fund',
  'insurance',
  'card',
  'payroll',
  'collection',
  'e_channel',
  'securities',
  'precious_metal',
  'settlement',
  'other',
] as const
export type ProductFamily = (typeof productFamilies)[number]

/** Families whose balances count as assets under management: what the customer owns here, never what is owed. */
export const assetFamilies: readonly ProductFamily[] = ['deposit', 'wealth', 'fund', 'insurance']

/** Only e-channels come in editions: one that shows, one that pays. */
export function hasEditions(family: ProductFamily): boolean {
  return family === 'e_channel'
}

export const productCategories = ['deposit', 'loan', 'fee'] as const
export const productLifecycles = ['introduction', 'growth', 'saturation', 'decline'] as const
export const productStatuses = ['active', 'closed'] as const

/** The refusal of a code that another product has. */
export function productCodeTaken(code: string): FeedRefusal {
  return refusal('code', 'already_exists', `Another product has the code "${code}".`)
}
