import { z } from 'zod'
import { parseDay } from './calendar.ts'
import { isCurrency } from './currencies.ts'
import { amountBound, parseRate, rateBound } from './money.ts'
import { personalNumberIn } from './personal-numbers.ts'
import { cleanText } from './text.ts'
import { isCountry } from './countries.ts'

/** What a text may become, or the rule that it breaks. */
type Read = (text: string) => { readonly value: string } | { readonly rule: string; readonly message: string }

/** A string that is read into its stored form; what breaks a rule becomes a custom issue with `params.rule`. */
function read(reader: Read): z.ZodString {
  return z.string().check((context) => {
    const result = reader(context.value)
    if ('value' in result) context.value = result.value
    else
      context.issues.push({
        code: 'custom',
        input: context.value,
        message: result.message,
        params: { rule: result.rule },
        continue: false,
      })
  })
}

const textMessages = {
  nul_character: 'A NUL character is not allowed.',
  control_character: 'Control characters are not allowed.',
  invalid_unicode: 'The text is not valid Unicode.',
  bidi_control: 'Characters that change the text direction are not allowed.',
} as const

/** Text on one line, cleaned, of 1 to `most` characters. */
export function singleLine(most: number): z.ZodString {
  return read((text) => {
    const cleaned = cleanText(text)
    return cleaned.ok ? cleaned : { rule: cleaned.rule, message: textMessages[cleaned.rule] }
  })
    .min(1)
    .max(most)
}

/** What somebody writes about a customer, on one line: without numbers of persons. */
export function remark(most: number): z.ZodString {
  return written('single').min(1).max(most)
}

/** The same on several lines. */
export function paragraph(most: number): z.ZodString {
  return written('multiple').min(1).max(most)
}

function written(lines: 'single' | 'multiple'): z.ZodString {
  return read((text) => {
    const cleaned = cleanText(text, lines)
    if (!cleaned.ok) return { rule: cleaned.rule, message: textMessages[cleaned.rule] }
    const kind = personalNumberIn(cleaned.value)
    return kind === undefined ? cleaned : { rule: 'personal_number', message: personalNumberMessages[kind] }
  })
}

const personalNumberMessages = {
  resident_id: 'The text contains a resident ID number: store it as an identity document instead.',
  document: 'The text contains the number of an identity document: store it as an identity document instead.',
  bank_card: 'The text contains a bank card number: omit it, or give only its last four digits.',
  phone: 'The text contains a phone number: store it as a contact point instead.',
} as const

/** Keeps the text itself where it passes. */
function checked(passes: (text: string) => boolean, rule: string, message: string): z.ZodString {
  return read((text) => (passes(text) ? { value: text } : { rule, message }))
}

/** Remembers what an expensive reader answered, for at most 1,000 texts. */
function remembered(reader: Read): Read {
  const answers = new Map<string, ReturnType<Read>>()
  return (text) => {
    const known = answers.get(text)
    if (known) return known
    const answer = reader(text)
    if (answers.size < 1000 && text.length <= 100) answers.set(text, answer)
    return answer
  }
}

export const source = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'A source is 1 to 64 letters, digits, dots, underscores and hyphens.')
  .meta({ description: 'The source system.', examples: ['core'] })

export const externalIdText = singleLine(128)
export const code = singleLine(64)

export const day = checked(
  (text) => parseDay(text) !== undefined,
  'day',
  'Must be a real date from 1800-01-01 to 9999-12-31, such as 2026-11-22.',
).meta({ format: 'date' })

/** A month as `YYYY-MM`. */
export const month = checked((text) => parseDay(`${text}-01`) !== undefined, 'month', 'Must be a month, such as 2026-11.').meta({
  pattern: '^\\d{4}-\\d{2}$',
})

const instantForm = /^\d{4}-\d{2}-\d{2}[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/** An instant by RFC 3339, kept as `YYYY-MM-DDThh:mm:ss.sssZ`. */
export const instant = read((text) => {
  const at = instantForm.test(text) && parseDay(text.slice(0, 10)) ? new Date(text.toUpperCase()) : undefined
  if (!at || Number.isNaN(at.getTime()))
    return { rule: 'instant', message: 'Must be an RFC 3339 timestamp with an offset, such as 2026-11-22T08:00:00+08:00.' }
  return { value: at.toISOString() }
}).meta({ format: 'date-time' })

export const asOf = instant.optional().meta({
  description:
    'When the row was true in the source system; the time of receipt by default. A row older than the stored one changes nothing.',
  examples: ['2026-11-22T00:30:00+08:00'],
})

const decimalForm = /^-?\d{1,19}(\.\d{1,4})?$/

/** An amount as a decimal text. How many decimals it may have, and how large it may be, depends on the currency: see `amountProblem`. */
export const decimalAmount = read((text) => {
  if (decimalForm.test(text)) return { value: text }
  if (!/^-?\d+(\.\d+)?$/.test(text)) return { rule: 'decimal', message: 'Must be a decimal number, such as 1234.50.' }
  return /^-?\d{1,19}\./.test(text)
    ? { rule: 'decimal', message: 'An amount has at most 4 decimals, and no more than its currency allows.' }
    : { rule: 'decimal', message: `The amount is too large: the maximum is ${amountBound} in a currency with two decimals.` }
}).meta({ pattern: decimalForm.source })

export const currency = checked(
  isCurrency,
  'unknown_currency',
  'Must be the ISO 4217 code of an active currency, such as CNY.',
).meta({ pattern: '^[A-Z]{3}$' })

export const rate = read((text) => {
  if (parseRate(text) !== undefined) return { value: text }
  return /^\d{11,}(\.\d{1,10})?$/.test(text)
    ? { rule: 'rate', message: `The rate is too large: it must be below ${rateBound}.` }
    : { rule: 'rate', message: 'Must be a positive decimal number with at most 10 decimals.' }
})

const fractionForm = /^-?\d{1,2}(\.\d{1,6})?$/

/** A share as a decimal fraction from −1 to 10 with at most 6 decimals: 0.0275 is 2.75 %. */
export const fraction = checked(
  (text) => fractionForm.test(text) && Number(text) >= -1 && Number(text) <= 10,
  'fraction',
  'Must be a decimal fraction from -1 to 10 with at most 6 decimals; 0.0275 is 2.75 %.',
)

export const country = checked(isCountry, 'country', 'Must be an ISO 3166-1 alpha-2 code, such as CN.').meta({
  pattern: '^[A-Z]{2}$',
})

export const language = read(
  remembered((text) => {
    try {
      const [tag] = Intl.getCanonicalLocales(text)
      if (tag !== undefined) return { value: tag }
    } catch {}
    return { rule: 'language', message: 'Must be a BCP 47 language tag, such as zh-CN.' }
  }),
).max(35)

export const timeZone = read(
  remembered((text) => {
    try {
      // Offsets such as +08:00 pass Intl but are no zones: they know no summer time.
      if (/^[A-Za-z]/.test(text)) return { value: new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone }
    } catch {}
    return { rule: 'time_zone', message: 'Must be an IANA time zone name, such as Asia/Shanghai.' }
  }),
)

/** GB/T 4754: a section from A to T, and up to four digits for division, group and class. */
export const industry = z.string().regex(/^[A-T]\d{0,4}$/, 'Must be a GB/T 4754 code, such as C3912.')

/** A list of at most `most` entries that are all different. */
export function distinct<T extends z.ZodType<string>>(entry: T, most: number): z.ZodArray<T> {
  return z
    .array(entry)
    .max(most)
    .refine((entries) => new Set(entries).size === entries.length, {
      message: 'Entries must be unique.',
      params: { rule: 'duplicate' },
    })
}
