import { parseShare } from '../../core/kernel/shares.ts'
import { z } from 'zod'
import { parseDay } from '../../core/kernel/calendar.ts'
import { paragraph } from '../../core/kernel/scalars.ts'

export const id = z.uuid().meta({ description: 'An ID assigned by the service.' })

export const daySchema = z
  .string()
  .refine((text) => parseDay(text) !== undefined, { error: 'Must be a date, such as 2026-11-22.', params: { rule: 'day' } })
  .meta({ format: 'date' })

/** A decimal amount of the base currency. Its decimals are checked where the currency is known. */
export const amountText = z
  .string()
  .regex(/^-?\d{1,17}(\.\d{1,4})?$/, { error: 'Must be an amount, such as 1234.50.' })
  .meta({ description: 'A decimal amount in the base currency.', examples: ['50000.00'] })

export const expectedVersion = z
  .int()
  .min(1)
  .max(2_147_483_647)
  .optional()
  .meta({ description: 'The version you read. The change is refused if the current version differs.' })

export const sourceName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: 'A source is 1 to 64 letters, digits, dots, dashes and underscores.' })
  .meta({ description: 'The source system.', examples: ['core'] })

export const externalIdText = z
  .string()
  .min(1)
  .max(128)
  .meta({ description: 'External ID in the source system.', examples: ['C000000123'] })

/** What somebody writes down in their own words. */
export const noteText = paragraph(2000)

export const shareText = z.string().refine((text) => parseShare(text) !== undefined, {
  error: 'Must be a percentage from 0 to 100 with at most 4 decimals, such as 33.3333.',
  params: { rule: 'share' },
})

export const percentText = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,4})?$/, { error: 'Must be a percentage from 0 to 999.9999 with at most 4 decimals, such as 48.5.' })
