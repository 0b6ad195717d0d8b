import type { Day } from './calendar.ts'
import { DomainError } from './errors.ts'

/** Where a policy comes from: published practice, the default of the product, or the bank. */
export const policySources = ['industry_practice', 'product_default', 'bank'] as const
export type PolicySource = (typeof policySources)[number]

/** A version of what a bank decides by. Never changed. */
export interface PolicyVersion<D> {
  /** Which policy of its kind; empty where there is only one. */
  readonly key: string
  /** Counts versions; 0 for the default that ships. */
  readonly version: number
  /** First day on which it decides; null for the default. */
  readonly effectiveOn: Day | null
  readonly definition: D
  readonly source: PolicySource
  readonly reason: string | null
  /** The caller, as the audit log names callers; null for the default. */
  readonly setBy: string | null
  readonly setAt: Date | null
}

/** The default of a policy as a version: it decides until the first version of the bank begins. */
export function defaultVersion<D>(key: string, definition: D, source: PolicySource): PolicyVersion<D> {
  return { key, version: 0, effectiveOn: null, definition, source, reason: null, setBy: null, setAt: null }
}

/** Refuses a version that begins before today, or on a day on which another one begins. Throws `outside_period` and `period_overlap`. */
export function requireEffectiveOn(effectiveOn: Day, today: Day, others: readonly Day[]): void {
  const at = { pointer: '/effectiveOn', rule: 'effective_on' }
  if (effectiveOn < today)
    throw new DomainError('outside_period', 'A version must take effect today or later.', [
      { ...at, message: `A version begins today or later: ${effectiveOn} is before ${today}.` },
    ])
  if (others.includes(effectiveOn))
    throw new DomainError('period_overlap', 'Two versions cannot take effect on the same day.', [
      { ...at, message: 'Another version takes effect on this day.' },
    ])
}
