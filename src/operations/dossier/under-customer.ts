import { type Conditions, textsEqual, all, everything, ofCustomer, orderBy } from '../../db/platform/views/conditions.ts'
import { z } from 'zod'
import { notFound } from '../../core/kernel/errors.ts'
import { seesCustomer } from '../../db/dossier/customers.ts'
import { viewNamed } from '../../db/views.ts'
import type { View } from '../../db/platform/views/view.ts'
import { type Context, type Operation, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { id } from '../platform/scalars.ts'
import { type Order } from '../../db/platform/views/keys.ts'

type Page = Omit<Parameters<typeof answerPage>[2], 'order' | 'where' | 'orRefuse'>

/** What grows under a customer, in an order of its own and as far as it meets the conditions. Throws `not_found` for a customer whom the caller may not see. */
export function pageUnder(
  context: Context,
  view: View,
  order: Order,
  { customerId, ...page }: { readonly customerId: string } & Page,
  conditions: Conditions = everything,
) {
  return answerPage(context, view, {
    ...page,
    order,
    where: all(ofCustomer(customerId), conditions),
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
  readonly counts?: Conditions
}

/** One thing of a customer's dossier by its id, and a page of all of them, the latest written first. */
export function dossierQueries({
  view: viewName,
  domain,
  one,
  many,
  filters,
  counts = everything,
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
        answerOne(context, view, all(ofCustomer(String(input['customerId']), String(input[key])), counts)),
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
          all(counts, textsEqual(narrowed as Readonly<Record<string, string | undefined>>)),
        ),
    }),
  ]
}
