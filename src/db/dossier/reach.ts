import type { Conditions } from '../platform/views/conditions.ts'
import type { Scope } from '../../core/kernel/actors.ts'
import { inSubtree } from '../platform/views/keys.ts'
import type { Bind } from '../platform/views/view.ts'

/** A subtree is a range of paths; a portfolio is looked up by its staff. */
export function withinReach({ prefixes, portfolio }: Scope, row: string, bind: Bind): string[] {
  if (portfolio.length > 0) return [`${row}.id in (select customer_id from portfolio_customers())`]
  const [prefix, ...more] = prefixes
  return prefix === undefined || prefix === '/' || more.length > 0 ? [] : [inSubtree(`${row}.institution_path`, prefix, bind)]
}

/** The same for rows of what belongs to customers. */
export function ownedWithinReach({ prefixes, portfolio }: Scope, row: string, bind: Bind): string[] {
  if (portfolio.length > 0) return [`${row}.customer_id in (select customer_id from portfolio_customers())`]
  const [prefix, ...more] = prefixes
  return prefix === undefined || prefix === '/' || more.length > 0 ? [] : [inSubtree(`${row}.institution_path`, prefix, bind)]
}

/** The same as conditions of a page. */
export function ownedInReach(scope: Scope): Conditions {
  return (row, bind) => ownedWithinReach(scope, row, bind)
}
