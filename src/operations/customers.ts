import { z } from 'zod'
import type { CurrencyCode } from '../core/currencies.ts'
import { customerKinds, customerStatuses } from '../core/customers.ts'
import { notFound, refuseField } from '../core/errors.ts'
import { formatAmount, parseAmount } from '../core/money.ts'
import { documentTypes, checkDocument } from '../core/identity-numbers.ts'
import { normaliseEmail, normalisePhone } from '../core/phones.ts'
import { productFamilies } from '../core/products.ts'
import { foldName } from '../core/text.ts'
import {
  customerConditions,
  type CustomerFilter,
  customerOrder,
  customerOrders,
  findCustomerByExternalId,
  findCustomersByHash,
  findCustomersByNumber,
  nameMatch,
  nameRank,
  summarisePortfolio,
} from '../db/customers.ts'
import { findInstitutionPath, knowsStaff } from '../db/organisation.ts'
import { viewNamed } from '../db/views/all.ts'
import { type Context, operation, pageOperation, viewOperation } from './operation.ts'
import { pageInput, type SelectedPage } from './pages.ts'
import { answerOne, answerPage } from './reading.ts'
import { moneySchema } from './rest-schema.ts'
import { amountText, daySchema, externalIdText, id, sourceName } from './scalars.ts'

const customerView = viewNamed('Customer')
const domain = 'Party Reference Data Directory'

export const customer = viewOperation(customerView, {
  kind: 'query',
  name: 'customer',
  summary: 'Everything about one customer',
  description:
    'The customer with the institution and relationship manager who keep them, what they hold, their assets now and by month.',
  permission: 'customer:read',
  domain,
  input: z.strictObject({ customerId: id }),
  errors: ['not_found'],
  run: (context, { customerId }) => answerOne(context, customerView, (row, bind) => `${row}.id = ${bind(customerId)}::uuid`),
})

export const customerByExternalId = viewOperation(customerView, {
  kind: 'query',
  name: 'customerByExternalId',
  summary: 'The customer whom a source system calls by this id',
  description: 'Looks the id up over the whole bank and answers the customer when they are within your scope.',
  permission: 'customer:read',
  domain,
  input: z.strictObject({ source: sourceName, externalId: externalIdText }),
  errors: ['not_found'],
  async run(context, { source, externalId }) {
    const customerId = await findCustomerByExternalId(context.db, source, externalId)
    if (!customerId) throw notFound('customer')
    return answerOne(context, customerView, (row, bind) => `${row}.id = ${bind(customerId)}::uuid`)
  },
})

const filterInput = {
  institutionId: id.optional().meta({ description: 'Customers of this institution and of all below it.' }),
  relationshipManagerId: id.optional().meta({ description: 'Customers whom this staff member keeps.' }),
  kind: z.array(z.enum(customerKinds)).min(1).max(3).optional().meta({ description: 'Of these kinds.' }),
  status: z.array(z.enum(customerStatuses)).min(1).max(5).optional().meta({ description: 'In these states.' }),
  productFamily: z.enum(productFamilies).optional().meta({ description: 'With an open holding of this family.' }),
  aumFrom: amountText.optional().meta({ description: 'With at least these assets, in the base currency.' }),
  aumTo: amountText.optional().meta({ description: 'With at most these assets, in the base currency.' }),
  openedSince: daySchema.optional().meta({ description: 'Customers since this day or later.' }),
}

type FilterInput = z.output<z.ZodObject<typeof filterInput>>

/** Resolves the institution to the prefix of its subtree and amounts to minor units. */
async function filterOf(context: Context, input: FilterInput): Promise<CustomerFilter> {
  const { institutionId, kind, status, aumFrom, aumTo, ...rest } = input
  return {
    ...rest,
    reach: context.scope,
    kinds: kind,
    statuses: status,
    aumFrom: minorUnits(context, 'aumFrom', aumFrom),
    aumTo: minorUnits(context, 'aumTo', aumTo),
    subtree: institutionId === undefined ? undefined : await pathOf(context, institutionId),
  }
}

async function pathOf({ db }: Context, institutionId: string): Promise<string> {
  const path = await findInstitutionPath(db, institutionId)
  if (!path) throw refuseField('unknown_reference', 'institutionId', 'unknown_reference', 'There is no such institution.')
  return path
}

/** Asked where nothing was found, so that a portfolio that is not empty costs no statement more. */
async function refuseUnknownManager({ db }: Context, staffId: string | undefined): Promise<void> {
  if (staffId !== undefined && !(await knowsStaff(db, staffId)))
    throw refuseField('unknown_reference', 'relationshipManagerId', 'unknown_reference', 'There is no such staff member.')
}

function minorUnits({ bank }: Context, field: string, text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined
  const amount = parseAmount(text, bank.baseCurrency as CurrencyCode)
  if (amount === undefined) throw refuseField('invalid_input', field, 'amount', `This is no amount of ${bank.baseCurrency}.`)
  return amount
}

export const customers = pageOperation(customerView, {
  kind: 'query',
  name: 'customers',
  summary: 'Customers by institution, relationship manager, kind, state, products and assets',
  description:
    'The customers within your scope that meet every condition, in the order asked for. The total is counted on request only.',
  permission: 'customer:read',
  domain,
  input: z.strictObject({
    ...filterInput,
    orderBy: z.enum(customerOrders).default('aum_desc').meta({ description: 'Order of the page.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'unknown_reference'],
  // Who holds what is not told to those who may not see holdings.
  alsoNeeds: ({ productFamily }) => (productFamily === undefined ? [] : ['customer:read', 'holding:read']),
  lane: ({ includeTotal, productFamily }) => (includeTotal || productFamily ? 'pool' : 'fast'),
  async run(context, { orderBy, limit, cursor, includeTotal, ...input }) {
    const filter = await filterOf(context, input)
    return answerPage(context, customerView, {
      where: (row, bind) => customerConditions(filter, row, bind),
      order: customerOrder(orderBy),
      limit,
      cursor,
      includeTotal,
      planned:
        Object.keys(input).some((name) => name !== 'relationshipManagerId') || input.relationshipManagerId === undefined
          ? 'each_time'
          : 'once',
      orRefuse: () => refuseUnknownManager(context, input.relationshipManagerId),
    })
  },
})

/** A look-up by value finds few; a phone that more share is no way to tell people apart. */
const MOST_FOUND_BY_VALUE = 200

export const customerSearch = pageOperation(customerView, {
  kind: 'query',
  name: 'customerSearch',
  summary: 'Find customers by name, number, phone, e-mail or identity document',
  description:
    'Exactly one of `name`, `number`, `phone`, `email` and `documentNumber`. Names are found by what they begin with, contain or resemble, the best first; the others by exact match. Only customers within your scope are found.',
  permission: 'customer:search',
  domain,
  input: z
    .strictObject({
      name: z
        .string()
        .trim()
        .min(1)
        .max(200)
        .optional()
        .meta({ description: 'A name or part of it.', examples: ['王'] }),
      number: z
        .string()
        .min(1)
        .max(128)
        .optional()
        .meta({ description: 'The number that a source system gives the customer; names that people give here are none.' }),
      phone: z
        .string()
        .min(3)
        .max(40)
        .optional()
        .meta({ description: 'A phone in any usual spelling; without a country code a Chinese one.' }),
      email: z.string().min(3).max(254).optional().meta({ description: 'An e-mail address.' }),
      documentNumber: z.string().min(3).max(64).optional().meta({ description: 'Number of an identity document.' }),
      documentType: z.enum(documentTypes).default('resident_id').meta({ description: 'Kind of the document.' }),
      documentCountry: z
        .string()
        .regex(/^[A-Z]{2}$/)
        .default('CN')
        .meta({ description: 'Country of the document.' }),
      limit: pageInput.limit,
      cursor: pageInput.cursor,
    })
    .refine(
      ({ name, number, phone, email, documentNumber }) =>
        [name, number, phone, email, documentNumber].filter((value) => value !== undefined).length === 1,
      {
        error: 'Give exactly one of name, number, phone, email and documentNumber.',
        params: { rule: 'exactly_one' },
      },
    ),
  errors: ['invalid_cursor'],
  lane: 'pool',
  examples: [{ input: { name: '王' } }],
  async run(context, input): Promise<SelectedPage> {
    const { limit, cursor, name } = input
    if (name !== undefined) {
      const folded = foldName(name)
      if (!folded) throw refuseField('invalid_input', 'name', 'name', 'Nothing to search by is left of this name.')
      return answerPage(context, customerView, {
        join: nameMatch(folded, limit, cursor, context.cursors),
        where: () => [],
        order: nameRank,
        limit,
        cursor,
        includeTotal: false,
      })
    }
    const ids = await idsByValue(context, input)
    return answerPage(context, customerView, {
      where: (row, bind) => [`${row}.id = any (${bind(ids)}::uuid[])`],
      order: customerOrder('name_asc'),
      limit,
      cursor,
      includeTotal: false,
    })
  },
})

async function idsByValue({ db, vault }: Context, input: z.output<typeof customerSearch.input>): Promise<string[]> {
  const { number, phone, email, documentNumber } = input as {
    number?: string
    phone?: string
    email?: string
    documentNumber?: string
  }
  if (number !== undefined) return findCustomersByNumber(db, number, MOST_FOUND_BY_VALUE)
  if (phone !== undefined) {
    const normalised = normalisePhone(phone)
    if (!normalised) throw refuseField('invalid_input', 'phone', 'phone', 'This is no phone number.')
    return findCustomersByHash(db, 'phone', hashes(vault.blindIndexes('phone', normalised)), MOST_FOUND_BY_VALUE)
  }
  if (email !== undefined) {
    const normalised = normaliseEmail(email)
    if (!normalised) throw refuseField('invalid_input', 'email', 'email', 'This is no e-mail address.')
    return findCustomersByHash(db, 'email', hashes(vault.blindIndexes('email', normalised)), MOST_FOUND_BY_VALUE)
  }
  const { documentType, documentCountry } = input as { documentType: (typeof documentTypes)[number]; documentCountry: string }
  const { number: normalised } = checkDocument(documentType, documentCountry, documentNumber!)
  return findCustomersByHash(db, 'document', hashes(vault.blindIndexes('document', normalised)), MOST_FOUND_BY_VALUE)
}

const hashes = (indexes: readonly { readonly hash: Buffer }[]): Buffer[] => indexes.map(({ hash }) => hash)

const summaryPart = {
  customers: z.int().meta({ description: 'Number of customers.' }),
  amount: moneySchema.meta({ description: 'In the base currency.' }),
}

export const portfolioSummary = operation({
  kind: 'query',
  name: 'portfolioSummary',
  summary: 'Count and assets of a relationship manager or of a subtree, by kind and product family',
  description:
    'Active customers within your scope: of one relationship manager, of one institution and all below it, or of all you may see. By family the balances of the open holdings of these customers, debts negative, in the base currency at the newest rates.',
  permission: 'portfolio:read',
  domain: 'Customer Relationship Management',
  input: z.strictObject({ institutionId: filterInput.institutionId, relationshipManagerId: filterInput.relationshipManagerId }),
  output: z
    .object({
      asOf: z.iso.date().meta({ description: 'The day whose exchange rates count.' }),
      customers: z.int().meta({ description: 'Number of customers.' }),
      aum: moneySchema.meta({ description: 'Their assets.' }),
      byKind: z
        .array(
          z
            .object({ kind: z.enum(customerKinds).meta({ description: 'Kind of customer.' }), ...summaryPart })
            .meta({ id: 'PortfolioKind', description: 'The customers of one kind.' }),
        )
        .meta({ description: 'By kind of customer.' }),
      byFamily: z
        .array(
          z
            .object({
              family: z.enum(productFamilies).meta({ description: 'Product family.' }),
              holdings: z.int().meta({ description: 'Open holdings.' }),
              ...summaryPart,
            })
            .meta({ id: 'PortfolioFamily', description: 'The holdings of one product family.' }),
        )
        .meta({ description: 'By product family.' }),
    })
    .meta({ id: 'PortfolioSummary', description: 'A portfolio in figures.' }),
  errors: ['unknown_reference'],
  lane: 'pool',
  async run(context, { institutionId, relationshipManagerId }) {
    const currency = context.bank.baseCurrency as CurrencyCode
    const filter = {
      reach: context.scope,
      relationshipManagerId,
      subtree: institutionId === undefined ? undefined : await pathOf(context, institutionId),
    }
    const rows = await summarisePortfolio(context.db, filter, currency, context.today)
    if (rows.length === 0) await refuseUnknownManager(context, relationshipManagerId)
    const money = (minor: bigint) => ({ amount: formatAmount(minor, currency), currency })
    const byKind = rows.filter(({ by }) => by === 'kind').sort((a, b) => a.key.localeCompare(b.key))
    const byFamily = rows.filter(({ by }) => by === 'family').sort((a, b) => a.key.localeCompare(b.key))
    return {
      asOf: context.today,
      customers: byKind.reduce((sum, row) => sum + row.customers, 0),
      aum: money(byKind.reduce((sum, row) => sum + BigInt(row.amount), 0n)),
      byKind: byKind.map(({ key, customers: count, amount }) => ({
        kind: key as (typeof customerKinds)[number],
        customers: count,
        amount: money(BigInt(amount)),
      })),
      byFamily: byFamily.map(({ key, customers: count, holdings, amount }) => ({
        family: key as (typeof productFamilies)[number],
        customers: count,
        holdings,
        amount: money(BigInt(amount)),
      })),
    }
  },
})

export const customerOperations = [customer, customerByExternalId, customers, customerSearch, portfolioSummary]
