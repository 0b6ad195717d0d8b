import { inSubtree, type Order } from './keys.ts'
import type { Bind } from './view.ts'

/** What a row must meet: pieces of a `where` clause about the row of this alias, all of which must hold. */
export type Conditions = (row: string, bind: Bind) => readonly string[]

/** Values by column; a column whose value is undefined is not asked about. */
type Wanted<T> = Readonly<Record<string, T | undefined>>

function equal<T>(cast: string) {
  return (wanted: Wanted<T>): Conditions =>
    (row, bind) =>
      Object.entries(wanted).flatMap(([column, value]) =>
        value === undefined ? [] : [`${row}.${column} = ${bind(value)}::${cast}`],
      )
}

export const idsEqual = equal<string>('uuid')
export const textsEqual = equal<string>('text')
export const daysEqual = equal<string>('date')
export const flagsEqual = equal<boolean>('boolean')

/** All of these. */
export function all(...parts: readonly Conditions[]): Conditions {
  return (row, bind) => parts.flatMap((part) => part(row, bind))
}

export const everything: Conditions = () => []

/** The row with this id. */
export function withId(id: string): Conditions {
  return idsEqual({ id })
}

/** This row of this customer: both, as rows live with their customer. */
export function ofCustomer(customerId: string, id?: string): Conditions {
  return idsEqual({ customer_id: customerId, id })
}

/** The column is one of these texts, where any are given. */
export function oneOf(column: string, values: readonly string[] | undefined): Conditions {
  return (row, bind) => (values === undefined ? [] : [`${row}.${column} = any (${bind(values)}::text[])`])
}

/** The array of the column holds this text, where one is given. */
export function holds(column: string, value: string | undefined): Conditions {
  return (row, bind) => (value === undefined ? [] : [`${bind(value)}::text = any (${row}.${column})`])
}

/** From the one day until the other, both included, where they are given. */
export function daysWithin(
  column: string,
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
): Conditions {
  return (row, bind) => [
    ...(from === undefined ? [] : [`${row}.${column} >= ${bind(from)}::date`]),
    ...(to === undefined ? [] : [`${row}.${column} <= ${bind(to)}::date`]),
  ]
}

/** In the subtree of this path, where one is given. */
export function under(column: string, path: string | undefined): Conditions {
  return (row, bind) => (path === undefined ? [] : [inSubtree(`${row}.${column}`, path, bind)])
}

/** An order by plain columns, the last of which makes rows unique; all in one direction and none null. */
export function orderBy(
  name: string,
  direction: 'asc' | 'desc',
  columns: readonly (readonly [column: string, cast: string])[],
): Order {
  return { name, direction, keys: (row) => columns.map(([column, cast]) => ({ expression: `${row}.${column}`, cast })) }
}
