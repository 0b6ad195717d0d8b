import type { TextKind } from '../kernel/unusable-values.ts'
import { z } from 'zod'
import type { CurrencyCode } from '../kernel/currencies.ts'
import { customerKinds, genders } from './customers.ts'
import { documentTypes } from '../kernel/identity-numbers.ts'
import { amountProblem, parseAmount } from '../kernel/money.ts'
import { companySizes, incomeBands, kindProblem } from './profiles.ts'
import {
  asOf,
  code,
  country,
  currency,
  day,
  decimalAmount,
  externalIdText,
  industry,
  language,
  singleLine,
  source,
} from '../kernel/scalars.ts'

const ofPersons = ['gender', 'birthDate'] as const
const ofKinds = [
  'occupation',
  'incomeBand',
  'deceasedOn',
  'companySize',
  'registeredCapital',
  'merchantSince',
  'merchantUntil',
  'merchantCategoryCode',
] as const

/** ISO 18245: what a merchant sells. */
export const merchantCategoryCode = z.string().regex(/^\d{4}$/, 'A merchant category code must have four digits, such as 5411.')

const fields = {
  source,
  externalId: externalIdText.meta({
    description: 'External ID of the customer: the core-banking number of the customers the source creates.',
    examples: ['C000000123'],
  }),
  kind: z.enum(customerKinds).meta({ description: 'Kind of customer; can change for prospects only.' }),
  name: singleLine(200).meta({ description: 'Name of the person or company.', examples: ['王小明'] }),
  status: z
    .enum(['active', 'prospect', 'closed'])
    .optional()
    .meta({ description: 'Lifecycle status of the record; a new one is active, or a prospect from the source `guanxi`.' }),
  institutionCode: code.meta({ description: 'Code of the customer’s institution.', examples: ['0755'] }),
  gender: z.enum(genders).optional().meta({ description: 'Gender of a person.' }),
  birthDate: day.optional().meta({ description: 'Birth date of a person.', examples: ['1986-04-12'] }),
  foundedOn: day.optional().meta({ description: 'Founding day of a company or of a sole trader’s business.' }),
  industry: industry.optional().meta({ description: 'GB/T 4754 code.', examples: ['F5211'] }),
  country: country.optional().meta({ description: 'ISO 3166-1 code of residence.', examples: ['CN'] }),
  preferredLanguage: language.optional().meta({ description: 'BCP 47 tag.', examples: ['zh-CN'] }),
  customerSince: day.optional().meta({ description: 'First day as a customer.', examples: ['2019-08-01'] }),
  closedOn: day.optional().meta({ description: 'Day on which the relationship ended; requires the status `closed`.' }),
  occupation: singleLine(100)
    .optional()
    .meta({ description: 'Occupation of a person.', examples: ['教师'] }),
  incomeBand: z.enum(incomeBands).optional().meta({ description: 'Annual income of a person, as a band in the base currency.' }),
  deceasedOn: day.optional().meta({ description: 'Day on which a person died.' }),
  companySize: z
    .enum(companySizes)
    .optional()
    .meta({ description: 'Size of a company or business by the classification of the ministry (MIIT 2011 No. 300).' }),
  registeredCapital: decimalAmount
    .optional()
    .meta({ description: 'Registered capital; requires its currency.', examples: ['1000000.00'] }),
  registeredCapitalCurrency: currency
    .optional()
    .meta({ description: 'ISO 4217 code of the registered capital.', examples: ['CNY'] }),
  merchantSince: day.optional().meta({ description: 'First day as a merchant, of a company or sole trader.' }),
  merchantUntil: day.optional().meta({ description: 'Last day as a merchant.' }),
  merchantCategoryCode: merchantCategoryCode
    .optional()
    .meta({ description: 'ISO 18245 code of the merchant’s business.', examples: ['5411'] }),
  documentType: z.enum(documentTypes).optional().meta({ description: 'Kind of the identity document; requires its number.' }),
  documentCountry: country.optional().meta({ description: 'ISO 3166-1 code of the issuer; CN by default.', examples: ['CN'] }),
  documentNumber: singleLine(64)
    .optional()
    .meta({ description: 'Number of the identity document. Stored encrypted.', examples: ['110101199003070134'] }),
  documentValidUntil: day.optional().meta({ description: 'Last day on which the document is valid.' }),
  phone: singleLine(40)
    .optional()
    .meta({
      description:
        'Phone; Chinese if it has no country code, local ones in the area of the institution. Several may be separated by `/`, `;`, `,` or `、`: the first is the primary one. Stored encrypted.',
      examples: ['13812345678'],
    }),
  email: singleLine(254)
    .optional()
    .meta({ description: 'Primary e-mail address. Stored encrypted.', examples: ['li@example.com'] }),
  addressCountry: country.optional().meta({ description: 'ISO 3166-1 code of the primary address.', examples: ['CN'] }),
  addressRegion: singleLine(100)
    .optional()
    .meta({ description: 'Province or state.', examples: ['广东省'] }),
  addressCity: singleLine(100)
    .optional()
    .meta({ description: 'City.', examples: ['深圳市'] }),
  addressPostalCode: singleLine(20)
    .optional()
    .meta({ description: 'Postal code.', examples: ['518000'] }),
  addressLine: singleLine(300).optional().meta({ description: 'District, street and house. Stored encrypted.' }),
  asOf,
}

/** A row of customers. Fields that are missing leave what is stored. */
export const customerRow = z.strictObject(fields).superRefine(checkTogether)

/** The same from a file, whose name may have been left out because it says nothing: it stays then, and nobody new is made without one. */
export const feedCustomerRow = z.strictObject({ ...fields, name: fields.name.optional() }).superRefine(checkTogether)

/** What no field shows by itself. */
function checkTogether(row: Omit<z.output<z.ZodObject<typeof fields>>, 'name'>, context: z.RefinementCtx): void {
  const refuse = (field: keyof typeof row, rule: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [field], params: { rule }, message })
  if (row.documentType !== undefined && row.documentNumber === undefined)
    refuse('documentNumber', 'together', 'A document’s type and number must be given together.')
  if (row.documentType === undefined) {
    if (row.documentNumber !== undefined)
      refuse('documentType', 'together', 'A document’s type and number must be given together.')
    else if (row.documentCountry !== undefined)
      refuse('documentCountry', 'together', 'A document’s country requires its type and number.')
    else if (row.documentValidUntil !== undefined)
      refuse('documentValidUntil', 'together', 'A document’s validity requires its type and number.')
  }
  if (row.kind === 'company')
    for (const field of ofPersons) if (row[field] !== undefined) refuse(field, 'kind', 'Not allowed for a company.')
  for (const field of ofKinds) {
    const problem = row[field] === undefined ? undefined : kindProblem(field, row.kind)
    if (problem !== undefined) refuse(field, 'kind', problem)
  }
  const capital = capitalProblem(row)
  if (capital) refuse(...capital)
  if (row.merchantUntil !== undefined && row.merchantSince !== undefined && row.merchantUntil < row.merchantSince)
    refuse('merchantUntil', 'period', 'The end must not be before the start.')
  if (row.kind === 'individual' && row.foundedOn !== undefined)
    refuse('foundedOn', 'kind', 'Not allowed for a private individual.')
  if (row.status === 'closed' && row.closedOn === undefined)
    refuse('closedOn', 'together', 'A closed customer requires closedOn.')
  if (row.status !== 'closed' && row.closedOn !== undefined)
    refuse('closedOn', 'together', 'closedOn requires the status closed.')
  if (row.closedOn !== undefined && row.customerSince !== undefined && row.closedOn < row.customerSince)
    refuse('closedOn', 'period', 'The end must not be before the start.')
}

type Capital = 'registeredCapital' | 'registeredCapitalCurrency'

function capitalProblem({
  registeredCapital,
  registeredCapitalCurrency,
}: {
  readonly registeredCapital?: string | undefined
  readonly registeredCapitalCurrency?: string | undefined
}): [field: Capital, rule: string, message: string] | undefined {
  if ((registeredCapital === undefined) !== (registeredCapitalCurrency === undefined))
    return [
      registeredCapital === undefined ? 'registeredCapital' : 'registeredCapitalCurrency',
      'together',
      'Registered capital and its currency must be given together.',
    ]
  if (registeredCapital === undefined) return undefined
  const code = registeredCapitalCurrency as CurrencyCode
  const amount = parseAmount(registeredCapital, code)
  if (amount === undefined) return ['registeredCapital', 'amount', amountProblem(registeredCapital, code)!]
  return amount < 0n ? ['registeredCapital', 'amount', 'Registered capital must not be negative.'] : undefined
}

export type CustomerRow = z.output<typeof customerRow>
export type FeedCustomerRow = z.output<typeof feedCustomerRow>

/** Whose text is looked at for what is no value, and as what. Codes of lists are left to the schema, which knows them all. */
export const customerTexts: Readonly<Record<string, TextKind>> = {
  externalId: 'number',
  name: 'name',
  institutionCode: 'number',
  occupation: 'text',
  documentNumber: 'number',
  phone: 'number',
  email: 'text',
  addressRegion: 'text',
  addressCity: 'text',
  addressPostalCode: 'number',
  addressLine: 'text',
  gender: 'text',
  birthDate: 'text',
  foundedOn: 'text',
  industry: 'text',
  country: 'text',
  preferredLanguage: 'text',
  customerSince: 'text',
  incomeBand: 'text',
  deceasedOn: 'text',
  companySize: 'text',
  merchantSince: 'text',
  merchantUntil: 'text',
  merchantCategoryCode: 'text',
  documentType: 'text',
  documentCountry: 'text',
  documentValidUntil: 'text',
  addressCountry: 'text',
}
