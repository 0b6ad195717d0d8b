import { ownedWithinReach } from '../../dossier/reach.ts'
import type { Scope } from '../../../core/kernel/actors.ts'
import { inSubtree } from '../../platform/views/keys.ts'
import type { Bind } from '../../platform/views/view.ts'

/** Whose customers an analysis is about. */
export interface Within {
  readonly reach: Scope
  /** Path of the institution whose subtree is meant. */
  readonly subtree: string | undefined
}

/** Rows of what belongs to customers, within reach, under an alias. Portfolios see such rows through the customer only. */
export function ownedRows(
  table: string,
  row: string,
  { reach, subtree }: Within,
  bind: Bind,
): { readonly from: string; readonly where: readonly string[] } {
  const customer = `${row}_customer`
  return {
    from:
      reach.portfolio.length > 0
        ? `${table} ${row} join customer ${customer} on ${customer}.id = ${row}.customer_id`
        : `${table} ${row}`,
    where: [
      ...ownedWithinReach(reach, row, bind),
      ...(subtree === undefined ? [] : [inSubtree(`${row}.institution_path`, subtree, bind)]),
    ],
  }
}

/** Counts the rows of facts whose amounts leave out holdings without a rate. */
export const unconvertedOf = (row: string): string => `count(*) filter (where ${row}.unconverted_currencies <> '{}')::int`
