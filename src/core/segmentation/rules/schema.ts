import { z } from 'zod'
import { type FactName, factNames, facts } from '../facts.ts'
import { type Fact, type FactType } from '../fact-types.ts'
import { boundedPercent, dayUnits, MAX_PERCENT, operatorsOf } from './check-conditions.ts'
import { MAX_TEXT_LENGTH, MAX_CONDITIONS, MAX_VALUES, MAX_DURATION_DAYS, type Operator } from './rule.ts'

/**
 * The language of rules as a schema for editors. It describes the form: what `checkRule` refuses beyond that (days and segments that do not exist, bounds reversed, the
 * depth and size of the whole) no schema can say.
 */
export function ruleJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(rule, { io: 'input' })
}

const saying: Readonly<Record<Operator, string>> = {
  eq: 'Equal.',
  ne: 'Not equal; unknown if the fact is missing.',
  lt: 'Less, or earlier.',
  lte: 'Less or equal, or not later.',
  gt: 'Greater, or later.',
  gte: 'Greater or equal, or not earlier.',
  between: 'From the first to the second, both inclusive.',
  in: 'One of these.',
  overlaps: 'At least one of these is in the set.',
  exists: 'Whether the fact has a value.',
}

const relative: Readonly<Record<keyof typeof dayUnits, string>> = {
  days: 'This many days from today.',
  months: 'This many months from today; the last day if that month is shorter.',
  years: 'This many years from today.',
  monthEnd: 'The last day of the month this many months from now.',
}

const rule: z.ZodType = z
  .lazy(() => z.union([all, any, not, ...conditions(), percentile, hasBeen, segment, bucket]))
  .meta({ id: 'Rule', title: 'Rule', description: 'A rule over the facts of a customer; see docs/rules.md.' })

const rules = z.array(rule).min(1).max(MAX_CONDITIONS)
const all = z.strictObject({ all: rules }).meta({ description: 'All of these are true.' })
const any = z.strictObject({ any: rules }).meta({ description: 'At least one of these is true.' })
const not = z.strictObject({ not: rule }).meta({ description: 'This is false. Unknown remains unknown.' })
const hasBeen = z
  .strictObject({
    hasBeen: rule,
    days: z.int().min(1).max(MAX_DURATION_DAYS).meta({ description: 'For at least this many days.' }),
  })
  .meta({
    description: 'This has been true without interruption, as observed by refreshes. It must not contain another `hasBeen`.',
  })
const segment = z
  .strictObject({ segment: z.string().meta({ description: 'The ID of a segment that is not retired.' }) })
  .meta({ description: 'The rule of a segment, or whether the customer is on its list.' })
const percentileBound = z.int().min(0).max(100)
const share = z.number().min(0).max(100).meta({ description: 'A bound from 0 to 100 with at most two decimals.' })
const bucket = z
  .strictObject({
    bucket: z.strictObject({
      seed: z.string().min(1).max(MAX_TEXT_LENGTH).meta({ description: 'The same seed selects the same customers.' }),
      from: share,
      to: share,
    }),
  })
  .meta({ description: 'A random share of customers: from the first bound, inclusive, to the second, exclusive.' })

/** One of these facts, each with what it says. */
function oneOf(names: readonly FactName[]): z.ZodType {
  const [first, ...others] = names.map((name) => z.literal(name).meta({ description: facts[name].description }))
  return others.length === 0 ? first! : z.union([first!, ...others])
}

const institution = z
  .string()
  .optional()
  .meta({ description: 'The code of an institution: percentiles of the active customers in its subtree.' })
const ordered = factNames.filter((name) => facts[name].type === 'number' || facts[name].type === 'money')
const percentile = z
  .strictObject({
    fact: oneOf(ordered),
    percentile: z.union([
      ...(['lt', 'lte', 'gt', 'gte'] as const).map((operator) => z.strictObject({ institution, [operator]: percentileBound })),
      z.strictObject({ institution, between: z.tuple([percentileBound, percentileBound]) }),
    ]),
  })
  .meta({ description: 'The percentile of the fact among all active customers of the bank, or of a subtree.' })

const text = z.string().min(1).max(MAX_TEXT_LENGTH)
const day = z
  .union([
    z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}$/)
      .meta({ format: 'date' }),
    ...Object.entries(dayUnits).map(([unit, most]) =>
      z.strictObject({ [unit]: z.int().min(-most).max(most) }).meta({ description: relative[unit as keyof typeof dayUnits] }),
    ),
  ])
  .meta({ id: 'RuleDay', description: 'A day, fixed or relative to today.' })

/** What a fact is compared with. Facts of one key are written alike. */
function operandOf(name: FactName): { readonly key: string; readonly schema: z.ZodType } {
  const { type, unit, values }: Fact = facts[name]
  switch (type) {
    case 'number':
      return boundedPercent.has(name)
        ? { key: 'share', schema: z.number().min(0).max(100) }
        : unit === 'percent'
          ? { key: 'percent', schema: z.number().min(-MAX_PERCENT).max(MAX_PERCENT) }
          : { key: 'number', schema: z.number() }
    case 'money':
      return {
        key: 'money',
        schema: z
          .string()
          .max(40)
          .regex(/^-?\d+(\.\d+)?$/)
          .meta({ examples: ['50000.00'] }),
      }
    case 'day':
      return { key: 'day', schema: day }
    case 'boolean':
      return { key: 'boolean', schema: z.boolean() }
    case 'enum':
    case 'set':
      return values ? { key: name, schema: z.enum(values as [string]) } : { key: type, schema: text }
  }
}

/** A form for each kind of values: the fact, and one of the operators that it takes. */
function conditions(): readonly z.ZodType[] {
  const kinds = new Map<string, { readonly type: FactType; readonly schema: z.ZodType; readonly names: FactName[] }>()
  for (const name of factNames) {
    const { key, schema } = operandOf(name)
    const kind = kinds.get(key) ?? { type: facts[name].type, schema, names: [] }
    kind.names.push(name)
    kinds.set(key, kind)
  }
  return [...kinds.values()].map(({ type, schema, names }) =>
    z
      .strictObject({
        fact: oneOf(names),
        ...Object.fromEntries(
          operatorsOf[type].map((operator) => [
            operator,
            given(operator, schema).optional().meta({ description: saying[operator] }),
          ]),
        ),
      })
      .meta({ minProperties: 2, maxProperties: 2 }),
  )
}

function given(operator: Operator, value: z.ZodType): z.ZodType {
  switch (operator) {
    case 'exists':
      return z.boolean()
    case 'between':
      return z.tuple([value, value])
    case 'in':
    case 'overlaps':
      return z.array(value).min(1).max(MAX_VALUES)
    default:
      return value
  }
}
