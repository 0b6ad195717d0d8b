import { z } from 'zod'
import { customerKinds, genders } from '../customers.ts'
import { documentTypes } from '../identity-numbers.ts'
import { asOf, code, country, day, externalIdText, industry, language, line, source } from './scalars.ts'

const ofPersons = ['gender', 'birthDate'] as const

/** A row of customers. Fields that are missing leave what is stored. */
export const customerRow = z
  .strictObject({
    source,
    externalId: externalIdText.meta({
      description: 'What that system calls the customer: the core-banking number of the customers it creates.',
      examples: ['C0000123'],
    }),
    kind: z.enum(customerKinds).meta({ description: 'What the customer is; changes for prospects only.' }),
    name: line(200).meta({ description: 'Name of the person or company.', examples: ['王小明'] }),
    status: z
      .enum(['active', 'prospect', 'closed'])
      .optional()
      .meta({ description: 'Where the record stands in its life; a new one is active, of the source `guanxi` a prospect.' }),
    institutionCode: code.meta({ description: 'Code of the institution that keeps the customer.', examples: ['0755'] }),
    gender: z.enum(genders).optional().meta({ description: 'Sex of a person.' }),
    birthDate: day.optional().meta({ description: 'Birth date of a person.', examples: ['1986-04-12'] }),
    foundedOn: day.optional().meta({ description: 'Founding day of a company or a sole trader’s business.' }),
    industry: industry.optional().meta({ description: 'GB/T 4754 code.', examples: ['F5211'] }),
    country: country.optional().meta({ description: 'ISO 3166-1 code of residence.', examples: ['CN'] }),
    preferredLanguage: language.optional().meta({ description: 'BCP 47 tag.', examples: ['zh-CN'] }),
    customerSince: day.optional().meta({ description: 'First day as a customer.', examples: ['2019-08-01'] }),
    closedOn: day.optional().meta({ description: 'Day on which the relation ended; goes with the status `closed`.' }),
    documentType: z
      .enum(documentTypes)
      .optional()
      .meta({ description: 'Kind of the identity document, together with its number.' }),
    documentCountry: country
      .optional()
      .meta({ description: 'ISO 3166-1 code of the issuer; CN where it is missing.', examples: ['CN'] }),
    documentNumber: line(64)
      .optional()
      .meta({ description: 'Number of the identity document. Stored encrypted.', examples: ['110101199003070134'] }),
    documentValidUntil: day.optional().meta({ description: 'Last day on which the document is valid.' }),
    phone: line(40)
      .optional()
      .meta({
        description: 'Primary phone; without a country code it belongs to China. Stored encrypted.',
        examples: ['13812345678'],
      }),
    email: line(254)
      .optional()
      .meta({ description: 'Primary e-mail address. Stored encrypted.', examples: ['li@example.com'] }),
    addressCountry: country.optional().meta({ description: 'ISO 3166-1 code of the primary address.', examples: ['CN'] }),
    addressRegion: line(100)
      .optional()
      .meta({ description: 'Province or state.', examples: ['广东省'] }),
    addressCity: line(100)
      .optional()
      .meta({ description: 'City.', examples: ['深圳市'] }),
    addressPostalCode: line(20)
      .optional()
      .meta({ description: 'Postal code.', examples: ['518000'] }),
    addressLine: line(300).optional().meta({ description: 'District, street and house. Stored encrypted.' }),
    asOf,
  })
  .superRefine((row, context) => {
    const refuse = (field: keyof typeof row, rule: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], params: { rule }, message })
    if (row.documentType !== undefined && row.documentNumber === undefined)
      refuse('documentNumber', 'together', 'A document’s type and number come together.')
    if (row.documentType === undefined) {
      if (row.documentNumber !== undefined) refuse('documentType', 'together', 'A document’s type and number come together.')
      else if (row.documentCountry !== undefined)
        refuse('documentCountry', 'together', 'A document’s country needs its type and number.')
      else if (row.documentValidUntil !== undefined)
        refuse('documentValidUntil', 'together', 'A document’s validity needs its type and number.')
    }
    if (row.kind === 'company')
      for (const field of ofPersons) if (row[field] !== undefined) refuse(field, 'kind', 'A company has none.')
    if (row.kind === 'individual' && row.foundedOn !== undefined) refuse('foundedOn', 'kind', 'A private individual has none.')
    if (row.status === 'closed' && row.closedOn === undefined)
      refuse('closedOn', 'together', 'A closed customer needs the day on which the relation ended.')
    if (row.status !== 'closed' && row.closedOn !== undefined)
      refuse('closedOn', 'together', 'The day on which the relation ended goes with the status closed.')
    if (row.closedOn !== undefined && row.customerSince !== undefined && row.closedOn < row.customerSince)
      refuse('closedOn', 'period', 'The end must not lie before the beginning.')
  })
