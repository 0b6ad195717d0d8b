/** The import entities, in the order in which a bank sends them: each refers only to those before it. */
export const feedEntities = [
  'institutions',
  'staff',
  'products',
  'exchangeRates',
  'customers',
  'assignments',
  'holdings',
  'holdingParties',
  'balances',
  'activity',
  'movements',
] as const
export type FeedEntity = (typeof feedEntities)[number]

export const importStatuses = ['running', 'completed', 'failed', 'cancelled', 'interrupted'] as const
export type ImportStatus = (typeof importStatuses)[number]
