import { z } from 'zod'
import { institutionKinds, institutionStatuses, staffStatuses } from './institutions.ts'
import { roles } from '../kernel/permissions.ts'
import { productFamilies } from './products.ts'
import { asOf, code, day, distinct, externalIdText, industry, line, source, timeZone } from '../kernel/scalars.ts'

/** A row of institutions. An institution keeps its parent for good. */
export const institutionRow = z
  .strictObject({
    source,
    externalId: externalIdText.meta({ description: 'What that system calls the institution.', examples: ['0755'] }),
    code: code.optional().meta({
      description: 'The bank’s own code, unique in the bank; the external id for a new institution without one.',
      examples: ['0755'],
    }),
    name: line(200).meta({ description: 'Name.', examples: ['深圳分行'] }),
    kind: z.enum(institutionKinds).meta({ description: 'Level; it lies below the level of the parent.' }),
    parentCode: code.optional().meta({
      description: 'Code of the institution above, which may stand anywhere in the same batch. Only the head office has none.',
      examples: ['HO'],
    }),
    status: z.enum(institutionStatuses).optional().meta({ description: 'Whether it works; a new one is active.' }),
    latitude: z
      .number()
      .min(-90)
      .max(90)
      .optional()
      .meta({ description: 'Degrees north, together with `longitude`.', examples: [22.5431] }),
    longitude: z
      .number()
      .min(-180)
      .max(180)
      .optional()
      .meta({ description: 'Degrees east, together with `latitude`.', examples: [114.0579] }),
    timeZone: timeZone
      .optional()
      .meta({ description: 'IANA time zone; that of the institution above where it has none.', examples: ['Asia/Shanghai'] }),
    calendar: z
      .enum(['CN', 'none'])
      .optional()
      .meta({ description: 'Public holidays it keeps; those of the institution above where it names none.' }),
    asOf,
  })
  .superRefine((row, context) => {
    if ((row.latitude === undefined) === (row.longitude === undefined)) return
    const field = row.latitude === undefined ? 'latitude' : 'longitude'
    context.addIssue({
      code: 'custom',
      path: [field],
      params: { rule: 'together' },
      message: 'Latitude and longitude come together.',
    })
  })

/** A row of staff. */
export const staffRow = z
  .strictObject({
    source,
    externalId: externalIdText.meta({ description: 'What that system calls the staff member.', examples: ['S10233'] }),
    number: code.optional().meta({
      description: 'Staff number, unique in the bank, which tokens name; the external id for a new member without one.',
      examples: ['10233'],
    }),
    name: line(200).meta({ description: 'Name.', examples: ['李雷'] }),
    institutionCode: code.meta({ description: 'Code of the home institution.', examples: ['0755'] }),
    roles: distinct(z.enum(roles), 10)
      .min(1)
      .meta({ description: 'What the staff member does; decides on rights.', examples: [['relationship_manager']] }),
    status: z.enum(staffStatuses).optional().meta({ description: 'Whether the staff member works here; a new one is active.' }),
    industries: distinct(industry, 50)
      .optional()
      .meta({ description: 'GB/T 4754 codes of the industries served.', examples: [['C', 'F51']] }),
    areas: distinct(line(100), 50)
      .optional()
      .meta({ description: 'Areas served.', examples: [['南山区']] }),
    productFamilies: distinct(z.enum(productFamilies), 13)
      .optional()
      .meta({ description: 'Product families that they know well.', examples: [['wealth', 'fund']] }),
    customerCapacity: z
      .int()
      .min(0)
      .max(1_000_000)
      .optional()
      .meta({ description: 'Most customers to keep.', examples: [300] }),
    dailyCapacity: z
      .int()
      .min(0)
      .max(10_000)
      .optional()
      .meta({ description: 'Most contacts a day.', examples: [12] }),
    activeFrom: day.optional().meta({ description: 'First working day.', examples: ['2024-03-01'] }),
    activeUntil: day.optional().meta({ description: 'First day no longer at work.' }),
    asOf,
  })
  .superRefine((row, context) => {
    if (row.activeFrom !== undefined && row.activeUntil !== undefined && row.activeUntil <= row.activeFrom) {
      context.addIssue({
        code: 'custom',
        path: ['activeUntil'],
        params: { rule: 'period' },
        message: 'The end must lie after the beginning.',
      })
    }
  })

export type InstitutionRow = z.output<typeof institutionRow>
export type StaffRow = z.output<typeof staffRow>
