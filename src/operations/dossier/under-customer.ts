import { z } from 'zod'
import { notFound } from '../../core/kernel/errors.ts'
import { seesCustomer } from '../../db/dossier/customers.ts'
import { viewNamed } from '../../db/views.ts'
import type { Bind, View } from '../../db/platform/views/view.ts'
import { type Context, type Operation, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage, orderBy } from '../platform/reading.ts'
import { id } from '../platform/scalars.ts'
import { type Order } from '../../db/platform/views/keys.ts'

/** The condition that a row is this one of this customer. */
export function ofCustomer(customerId: string, rowId: string) {
  return (row: string, bind: Bind): string =>
    `${row}.customer_id = ${bind(customerId)}::uuid and ${row}.id = ${bind(rowId)}::uuid`
}

type Page = Omit<Parameters<typeof answerPage>[2], 'order' | 'where' | 'orRefuse'>

/** What grows under a customer, in an order of its own and as far as it meets the conditions. Throws `not_found` for a customer whom the caller may not see. */
export function pageUnder(
  context: Context,
  view: View,
  order: Order,
  { customerId, ...page }: { readonly customerId: string } & Page,
  conditions: (row: string, bind: Bind) => readonly string[] = () => [],
) {
  return answerPage(context, view, {
    ...page,
    order,
    where: (row, bind) => [`${row}.customer_id = ${bind(customerId)}::uuid`, ...conditions(row, bind)],
    async orRefuse() {
      if (!(await seesCustomer(context.db, customerId))) throw notFound('customer')
    },
  })
}

/** The name of the input that says which thing of a view is meant. */
export function idOf({ name }: Pick<View, 'name'>): string {
  return `${name[0]!.toLowerCase()}${name.slice(1)}Id`
}

interface Event {
  readonly name: string
  readonly summary: string
  readonly description: string
}

interface DossierQueries {
  readonly view: string
  readonly domain: string
  readonly one: Event
  readonly many: Event
  /** What a page may be narrowed to: inputs by the names of the columns that must equal them. */
  readonly filters: Readonly<Record<string, z.ZodType>>
  /** Which rows count at all. */
  readonly counts?: (row: string) => readonly string[]
}

/** One thing of a customer's dossier by its id, and a page of all of them, the latest written first. */
export function dossierQueries({
  view: viewName,
  domain,
  one,
  many,
  filters,
  counts = () => [],
}: DossierQueries): readonly [Operation, Operation] {
  const view = viewNamed(viewName)
  const key = idOf(view)
  return [
    viewOperation(view, {
      kind: 'query',
      ...one,
      permission: 'dossier:read',
      domain,
      input: z.strictObject({ customerId: id, [key]: id }),
      errors: ['not_found'],
      run: (context, input: Readonly<Record<string, unknown>>) =>
        answerOne(context, view, (row, bind) =>
          [ofCustomer(String(input['customerId']), String(input[key]))(row, bind), ...counts(row)].join(' and '),
        ),
    }),
    pageOperation(view, {
      kind: 'query',
      ...many,
      permission: 'dossier:read',
      domain,
      input: z.strictObject({ customerId: id, ...filters, ...pageInput }),
      errors: ['invalid_cursor', 'not_found'],
      run: (context, { customerId, limit, cursor, includeTotal, ...narrowed }) =>
        pageUnder(
          context,
          view,
          orderBy('latest', 'desc', [['id', 'uuid']]),
          { customerId, limit, cursor, includeTotal },
          (row, bind) => [
            ...counts(row),
            ...Object.entries(narrowed).flatMap(([column, value]) =>
              value === undefined ? [] : [`${row}.${column} = ${bind(value)}::text`],
            ),
          ],
        ),
    }),
  ]
}
