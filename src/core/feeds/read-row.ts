import type { z } from 'zod'
import { customerTexts, feedCustomerRow } from '../dossier/customer-rows.ts'
import { assignmentTexts } from '../dossier/assignment-rows.ts'
import { institutionTexts, staffTexts } from '../organisation/organisation-rows.ts'
import { activityTexts, balanceTexts, holdingPartyTexts, holdingTexts, movementTexts } from './holding-rows.ts'
import { productTexts } from './product-rows.ts'
import { type FeedRefusal, type FeedWarning, refusal } from '../kernel/feed.ts'
import type { FeedEntity } from './imports.ts'
import { feedRows, refusalOfIssues } from './rows.ts'
import { type Placeholders, type TextKind, unusableMessages, unusableText } from '../kernel/unusable-values.ts'

/** A row of a file as it is applied, with what was left out of it; or why it cannot be. */
export type ReadRow = { readonly row: unknown; readonly warnings: readonly FeedWarning[] } | { readonly refusal: FeedRefusal }

const texts: Readonly<Record<FeedEntity, Readonly<Record<string, TextKind>>>> = {
  institutions: institutionTexts,
  staff: staffTexts,
  products: productTexts,
  exchangeRates: {},
  customers: customerTexts,
  assignments: assignmentTexts,
  holdings: holdingTexts,
  holdingParties: holdingPartyTexts,
  balances: balanceTexts,
  activity: activityTexts,
  movements: movementTexts,
}

const document = ['documentType', 'documentCountry', 'documentNumber', 'documentValidUntil'] as const
const address = ['addressCountry', 'addressRegion', 'addressCity', 'addressPostalCode', 'addressLine'] as const

/** What goes together is left out together. */
const groups: Readonly<Partial<Record<FeedEntity, readonly (readonly string[])[]>>> = { customers: [document, address] }

/**
 * Fields without which a row is still good. What is not among them decides who or what a row is about, what it is worth, or what may be done with it: a row
 * in which it cannot be read is refused.
 */
const dispensable: Readonly<Partial<Record<FeedEntity, ReadonlySet<string>>>> = {
  customers: new Set([
    ...document,
    ...address,
    'gender',
    'birthDate',
    'foundedOn',
    'industry',
    'country',
    'preferredLanguage',
    'customerSince',
    'occupation',
    'incomeBand',
    'deceasedOn',
    'companySize',
    'merchantSince',
    'merchantUntil',
    'merchantCategoryCode',
    'phone',
    'email',
  ]),
  holdings: new Set([
    'accountNumber',
    'recommendedBy',
    'openedOn',
    'maturesOn',
    'edition',
    'origin',
    'activatedOn',
    'lastUsedOn',
  ]),
  activity: new Set(['counterparty', 'purpose']),
  movements: new Set(['counterparty', 'channel', 'purpose']),
}

/** The name of a customer who is known stays; that nobody new is made without one is seen when the row is applied. */
const schemas: Readonly<Record<FeedEntity, z.ZodType>> = { ...feedRows, customers: feedCustomerRow }

const noFields: ReadonlySet<string> = new Set()
const daysOf = ['birthDate', 'foundedOn', 'customerSince'] as const

/** Reads the fields of a row. Leaves out what is no value, and what breaks a rule where the row is good without it; refuses the row otherwise. */
export function readRow(entity: FeedEntity, given: unknown, placeholders: Placeholders): ReadRow {
  const soft = dispensable[entity] ?? noFields
  const warnings: FeedWarning[] = []
  let fields = given
  if (isObject(given)) {
    const rest = { ...given }
    for (const [field, kind] of Object.entries(texts[entity])) {
      const text = rest[field]
      const rule = typeof text === 'string' ? unusableText(text, kind, placeholders) : undefined
      if (rule === undefined) continue
      const optional = soft.has(field) || (entity === 'customers' && field === 'name')
      if (!optional) return { refusal: refusal(field, 'invalid_input', unusableMessages[rule]) }
      leaveOut(entity, field, rest)
      warnings.push({ field, code: rule, message: unusableMessages[rule] })
    }
    fields = rest
  }
  for (;;) {
    const parsed = schemas[entity].safeParse(fields)
    if (parsed.success) return { row: parsed.data, warnings: [...warnings, ...suspectDays(parsed.data, placeholders)] }
    const broken = parsed.error.issues.filter(({ path: [field] }) => typeof field === 'string' && soft.has(field))
    if (broken.length < parsed.error.issues.length || !isObject(fields)) return { refusal: refusalOfIssues(parsed.error.issues) }
    const rest = { ...fields }
    for (const issue of broken) {
      const field = String(issue.path[0])
      if (!leaveOut(entity, field, rest)) continue
      warnings.push({ field, code: 'invalid_value', message: issue.message })
    }
    // A rule that speaks of a field that is not there cannot be met by leaving it out.
    if (Object.keys(rest).length === Object.keys(fields).length) return { refusal: refusalOfIssues(parsed.error.issues) }
    fields = rest
  }
}

function isObject(given: unknown): given is Record<string, unknown> {
  return given !== null && typeof given === 'object' && !Array.isArray(given)
}

/** Removes a field and what goes with it. Answers whether there was anything to remove. */
function leaveOut(entity: FeedEntity, field: string, fields: Record<string, unknown>): boolean {
  const group = groups[entity]?.find((one) => one.includes(field)) ?? [field]
  const before = Object.keys(fields).length
  for (const name of group) delete fields[name]
  return Object.keys(fields).length < before
}

function suspectDays(row: unknown, placeholders: Placeholders): readonly FeedWarning[] {
  const fields = row as Readonly<Partial<Record<string, unknown>>>
  return daysOf.flatMap((field) => {
    const day = fields[field]
    return typeof day === 'string' && placeholders.isDay(day)
      ? [
          {
            field,
            code: 'placeholder_day',
            message: `${day} is what many systems fill in for an unknown day: it was stored as sent.`,
          },
        ]
      : []
  })
}
