import { everything } from '../../db/platform/views/conditions.ts'
import { exactlyFound, orMoreThan } from '../../db/segmentation/customer-search.ts'
import { audienceOf, isByFacts } from './audience.ts'
import { alsoNeedsOf, answerCustomers, filterInput, filterOf, refuseUnknown } from './customer-lists.ts'
import { customerOrder, customerOrders } from '../../db/dossier/customer-filter.ts'
import { z } from 'zod'
import { refuseField } from '../../core/kernel/errors.ts'
import { singleLine } from '../../core/kernel/scalars.ts'
import { checkDocument, documentTypes } from '../../core/kernel/identity-numbers.ts'
import { isSearchable, nameMatches, nameMatchOf, typedKey } from '../../core/dossier/name-keys.ts'
import { normaliseEmail, normalisePhone } from '../../core/kernel/phones.ts'
import { foldName } from '../../core/kernel/text.ts'
import {
  allOf,
  bestCandidates,
  type Candidates,
  candidatesByHash,
  candidatesByName,
  candidatesByNumber,
  type NameTerm,
  type SearchFilter,
} from '../../db/segmentation/customer-search.ts'
import { soundOfTerm } from '../../db/dossier/name-keys.ts'
import { findProductIds } from '../../db/organisation/products.ts'
import { joinFacts, audienceConditions } from '../../db/segmentation/segments/audience.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, pageOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerPage } from '../platform/reading.ts'
import { restSchema } from '../platform/rest-schema.ts'

const customerView = viewNamed('Customer')

/** Customers who match and are sorted by something else than by how well. */
const MAX_SORTED = 10_000

const terms = ['name', 'number', 'phone', 'email', 'documentNumber'] as const
const termsOf = (input: { readonly [term in (typeof terms)[number]]?: unknown }): number =>
  terms.filter((term) => input[term] !== undefined).length

const input = z
  .strictObject({
    name: singleLine(200)
      .optional()
      .meta({ description: 'A name or part of it, or the beginning of a Chinese name in pinyin or initials.', examples: ['王'] }),
    number: singleLine(128)
      .optional()
      .meta({ description: 'External ID of the customer in a source system; IDs assigned here are not searched.' }),
    phone: singleLine(40)
      .min(3)
      .optional()
      .meta({ description: 'A phone number in any usual format; Chinese if it has no country code.' }),
    email: singleLine(254).min(3).optional().meta({ description: 'An e-mail address.' }),
    documentNumber: singleLine(64).min(3).optional().meta({ description: 'Number of an identity document.' }),
    documentType: z.enum(documentTypes).default('resident_id').meta({ description: 'Kind of the document.' }),
    documentCountry: z
      .string()
      .regex(/^[A-Z]{2}$/)
      .default('CN')
      .meta({ description: 'Country of the document.' }),
    ...filterInput,
    orderBy: z
      .enum(['match', ...customerOrders])
      .default('match')
      .meta({
        description: `Order of the page: best match first, or a sort order of customers. At most ${MAX_SORTED} matching customers, or customers filtered by a segment or rule, can be sorted. Without a search term \`match\` means \`aum_desc\`.`,
      }),
    limit: pageInput.limit,
    cursor: pageInput.cursor,
  })
  .refine((input) => termsOf(input) === 1 || (termsOf(input) === 0 && isByFacts(input)), {
    error: 'Exactly one of name, number, phone, email and documentNumber is required, or none with a segment or rule.',
    params: { rule: 'exactly_one' },
  })
type Input = z.output<typeof input>

const match = z.enum(nameMatches).meta({
  description:
    'How the customer was found: the name equals the term or begins with it, its pinyin or the initials of its pinyin begin with it, or it contains, resembles or sounds like it. Other values match exactly.',
})

const found = z
  .object({
    items: z.array(
      (restSchema(customerView, 'always') as z.ZodObject)
        .extend({ match })
        .meta({ id: 'CustomerMatch', description: 'A customer found by a search.' }),
    ),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'CustomerMatchPage', description: 'A page of search results.' })

export const customerSearch = {
  ...pageOperation(customerView, {
    kind: 'query',
    name: 'customerSearch',
    summary: 'Find customers by name, number, phone, e-mail or identity document',
    description:
      'Exactly one of `name`, `number`, `phone`, `email` and `documentNumber`, or a segment or rule without one, and any filter of `customers`. Names match by beginning, part or similarity, Chinese ones also by pinyin, initials and sound, best match first; other values match exactly. Only customers in your scope are found.',
    permission: 'customer:search',
    domain: 'Party Reference Data Directory',
    input,
    errors: ['invalid_cursor', 'unknown_reference', 'conflict', 'query_too_complex'],
    alsoNeeds: alsoNeedsOf('customer:search'),
    lane: 'pool',
    examples: [{ input: { name: '王' } }, { input: { name: 'wangxm', kind: ['individual'], orderBy: 'aum_desc' } }],
    async run(context, input) {
      const { limit, cursor, orderBy } = input
      if (termsOf(input) === 0)
        return answerCustomers(context, conditionsOf(input), {
          orderBy: orderBy === 'match' ? 'aum_desc' : orderBy,
          limit,
          cursor,
          includeTotal: false,
          found: exactlyFound,
        })
      const candidates = await candidatesOf(context, input, await searchFilterOf(context, input))
      const audience = await audienceOf(context, input)
      const ownOrder = orderBy === 'match' ? candidates.order : customerOrder(orderBy)
      const after = cursor === undefined || orderBy !== 'match' ? undefined : context.cursors.open(candidates.order.name, cursor)
      // What facts say is asked of the candidates: a page of the best of them might hold none who meet it.
      const { order, join, found } =
        orderBy === 'match' && !audience ? bestCandidates(candidates, limit, after) : allOf(candidates, ownOrder, MAX_SORTED)
      return answerPage(context, customerView, {
        join: (row, bind) => `${join(row, bind)}${audience ? ` ${joinFacts(row)}` : ''}`,
        where: audience ? orMoreThan((_row, bind) => audienceConditions(audience, bind), MAX_SORTED) : everything,
        order,
        limit,
        cursor,
        includeTotal: false,
        found: { expression: found, read: (value) => matchOf(value as [number, number]) },
        orRefuse: () => refuseUnknown(context, input),
      })
    },
  }),
  output: found,
}

const conditionsOf = (input: Input) => Object.fromEntries(Object.entries(input).filter(([name]) => name in filterInput))

function matchOf([rank, candidates]: [number, number]): string {
  if (candidates <= MAX_SORTED) return nameMatchOf(rank)
  throw refuseField(
    'invalid_input',
    'orderBy',
    'too_many',
    `More than ${MAX_SORTED} customers match: enter more of the name, add filters, or order by match.`,
  )
}

async function searchFilterOf(context: Context, input: Input): Promise<SearchFilter> {
  const { productFamily, productCode, ...filter } = await filterOf(context, conditionsOf(input))
  const ofProducts = productFamily !== undefined || productCode !== undefined
  return {
    ...filter,
    productIds: ofProducts ? await findProductIds(context.db, { family: productFamily, code: productCode }) : undefined,
  }
}

async function candidatesOf({ vault }: Context, input: Input, filter: SearchFilter): Promise<Candidates> {
  const { name, number, phone, email, documentNumber, documentType, documentCountry } = input
  const byHash = (kind: 'document' | 'phone' | 'email', value: string) =>
    candidatesByHash(
      kind,
      vault.blindIndexes(kind, value).map(({ hash }) => hash),
      filter,
    )
  if (name !== undefined) return candidatesByName(await termOf(name), filter)
  if (number !== undefined) return candidatesByNumber(number, filter)
  if (phone !== undefined) {
    const normalised = normalisePhone(phone)
    if (!normalised) throw refuseField('invalid_input', 'phone', 'phone', 'Must be a phone number.')
    return byHash('phone', normalised)
  }
  if (email !== undefined) {
    const normalised = normaliseEmail(email)
    if (!normalised) throw refuseField('invalid_input', 'email', 'email', 'Must be an e-mail address.')
    return byHash('email', normalised)
  }
  return byHash('document', checkDocument(documentType, documentCountry, documentNumber!).number)
}

async function termOf(name: string): Promise<NameTerm> {
  const folded = foldName(name)
  if (!isSearchable(folded))
    throw refuseField('invalid_input', 'name', 'name', 'The name has nothing to search for: it has no letter, digit or symbol.')
  const typed = typedKey(folded)
  return typed === '' ? { folded, key: await soundOfTerm(folded), sounds: true } : { folded, key: typed, sounds: false }
}

export const customerSearchOperations = [customerSearch]
