export const holdingStatuses = ['active', 'dormant', 'frozen', 'closed'] as const
export const partyRoles = ['joint_owner', 'authorised_user', 'guarantor'] as const
export const channels = ['counter', 'atm', 'pos', 'online', 'mobile', 'phone', 'wechat', 'tv', 'other'] as const
export const transactionTypes = ['query', 'transfer', 'payment', 'bill', 'cash', 'interest', 'fee', 'other'] as const
export const purposes = [
  'salary',
  'pension',
  'merchant_settlement',
  'loan_repayment',
  'insurance',
  'household',
  'interest',
  'fee',
  'unknown',
  'other',
] as const
export const editions = ['query', 'professional'] as const
export const origins = ['customer_initiated', 'recommended'] as const
export const directions = ['in', 'out'] as const
export const movementStatuses = ['booked', 'voided'] as const

/** Days between the opening of an account and its first balance within which nothing is missing: banks send balances every month at least. */
export const FIRST_BALANCE_DAYS = 31
