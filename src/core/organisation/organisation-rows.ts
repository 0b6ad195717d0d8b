import type { TextKind } from '../kernel/unusable-values.ts'
import { z } from 'zod'
import { institutionKinds, institutionStatuses, staffStatuses } from './institutions.ts'
import { roles } from '../kernel/permissions.ts'
import { productFamilies } from './products.ts'
import { asOf, code, day, distinct, externalIdText, industry, singleLine, source, timeZone } from '../kernel/scalars.ts'

/** A row of institutions. An institution keeps its parent for good. */
export const institutionRow = z
  .strictObject({
    source,
    externalId: externalIdText.meta({ description: 'ID of the institution in the source system.', examples: ['0755'] }),
    code: code.optional().meta({
      description: 'The bank’s own code, unique in the bank; the external ID by default for a new institution.',
      examples: ['0755'],
    }),
    name: singleLine(200).meta({ description: 'Name.', examples: ['深圳分行'] }),
    kind: z.enum(institutionKinds).meta({ description: 'Level; must be below the level of the parent.' }),
    parentCode: code.optional().meta({
      description: 'Code of the parent institution, whose row must come first. Only the head office has none.',
      examples: ['HO'],
    }),
    status: z.enum(institutionStatuses).optional().meta({ description: 'Whether it is open; a new one is active by default.' }),
    latitude: z
      .number()
      .min(-90)
      .max(90)
      .optional()
      .meta({ description: 'Degrees north; requires `longitude`.', examples: [22.5431] }),
    longitude: z
      .number()
      .min(-180)
      .max(180)
      .optional()
      .meta({ description: 'Degrees east; requires `latitude`.', examples: [114.0579] }),
    areaCode: z
      .string()
      .regex(/^0[1-9]\d{1,2}$/, 'An area code is a zero and two or three digits, such as 0755.')
      .optional()
      .meta({
        description: 'Area code that local phone numbers of its customers get; inherited from the parent if omitted.',
        examples: ['0755'],
      }),
    timeZone: timeZone
      .optional()
      .meta({ description: 'IANA time zone; inherited from the parent if omitted.', examples: ['Asia/Shanghai'] }),
    calendar: z
      .enum(['CN', 'none'])
      .optional()
      .meta({ description: 'Calendar of public holidays; inherited from the parent if omitted.' }),
    asOf,
  })
  .superRefine((row, context) => {
    if ((row.latitude === undefined) === (row.longitude === undefined)) return
    const field = row.latitude === undefined ? 'latitude' : 'longitude'
    context.addIssue({
      code: 'custom',
      path: [field],
      params: { rule: 'together' },
      message: 'Latitude and longitude must be given together.',
    })
  })

/** A row of staff. */
export const staffRow = z
  .strictObject({
    source,
    externalId: externalIdText.meta({ description: 'ID of the staff member in the source system.', examples: ['S00010'] }),
    number: code.optional().meta({
      description: 'Staff number, unique in the bank, used in tokens; the external ID by default for a new staff member.',
      examples: ['S00010'],
    }),
    name: singleLine(200).meta({ description: 'Name.', examples: ['李雷'] }),
    institutionCode: code.meta({ description: 'Code of the home institution.', examples: ['0755'] }),
    roles: distinct(z.enum(roles), 10)
      .min(1)
      .meta({ description: 'Roles of the staff member; they grant permissions.', examples: [['relationship_manager']] }),
    status: z
      .enum(staffStatuses)
      .optional()
      .meta({ description: 'Whether the staff member works here; a new one is active by default.' }),
    industries: distinct(industry, 50)
      .optional()
      .meta({ description: 'GB/T 4754 codes of the industries served.', examples: [['C', 'F51']] }),
    areas: distinct(singleLine(100), 50)
      .optional()
      .meta({ description: 'Areas served.', examples: [['南山区']] }),
    productFamilies: distinct(z.enum(productFamilies), 13)
      .optional()
      .meta({ description: 'Product families of which they have expert knowledge.', examples: [['wealth', 'fund']] }),
    customerCapacity: z
      .int()
      .min(0)
      .max(1_000_000)
      .optional()
      .meta({ description: 'Maximum number of customers.', examples: [300] }),
    dailyCapacity: z
      .int()
      .min(0)
      .max(10_000)
      .optional()
      .meta({ description: 'Maximum number of contacts a day.', examples: [12] }),
    activeFrom: day.optional().meta({ description: 'First working day.', examples: ['2024-03-01'] }),
    activeUntil: day.optional().meta({ description: 'First day on which they no longer work here.' }),
    asOf,
  })
  .superRefine((row, context) => {
    if (row.activeFrom !== undefined && row.activeUntil !== undefined && row.activeUntil <= row.activeFrom) {
      context.addIssue({
        code: 'custom',
        path: ['activeUntil'],
        params: { rule: 'period' },
        message: 'The end must be after the start.',
      })
    }
  })

export type InstitutionRow = z.output<typeof institutionRow>
export type StaffRow = z.output<typeof staffRow>

/** Whose text is looked at for what is no value, and as what. Codes of lists are left to the schema, which knows them all. */
export const institutionTexts: Readonly<Record<string, TextKind>> = {
  externalId: 'number',
  code: 'number',
  name: 'name',
  parentCode: 'number',
}
export const staffTexts: Readonly<Record<string, TextKind>> = {
  externalId: 'number',
  number: 'number',
  name: 'name',
  institutionCode: 'number',
}
