export const customerKinds = ['individual', 'sole_trader', 'company'] as const
export type CustomerKind = (typeof customerKinds)[number]

export const customerStatuses = ['prospect', 'active', 'closed', 'merged', 'erased'] as const
export type CustomerStatus = (typeof customerStatuses)[number]

export const genders = ['male', 'female'] as const

export const businessLines = ['personal', 'corporate'] as const
export type BusinessLine = (typeof businessLines)[number]

/** The line of business whose owner is the customer's relationship manager. */
export function mainBusinessLine(kind: CustomerKind): BusinessLine {
  return kind === 'company' ? 'corporate' : 'personal'
}

export const contactKinds = ['phone', 'email'] as const
export const contactPurposes = ['primary', 'home', 'work', 'billing', 'other'] as const
