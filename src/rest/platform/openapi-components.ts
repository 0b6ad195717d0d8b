import type { Json } from './openapi-items.ts'

/** What several places of a document refer to. */
export interface Components {
  readonly schemas: Record<string, unknown>
  readonly parameters: Record<string, Json>
  readonly responses: Record<string, Json>
}

/** An enum of `schema.graphql`: one name for it in both APIs. */
export interface NamedEnum {
  readonly name: string
  readonly description: string | undefined
  readonly values: readonly string[]
}

/** Texts of one form, wherever they stand. What the format says is not repeated as an expression. */
const scalars: readonly { readonly name: string; readonly form: Json; readonly description: string; readonly example: string }[] =
  [
    {
      name: 'Id',
      form: { type: 'string', format: 'uuid' },
      description: 'An ID: a UUID.',
      example: '019aa9c5-3d80-7c4e-9a51-6f2b8e0d7143',
    },
    { name: 'Day', form: { type: 'string', format: 'date' }, description: 'A calendar day.', example: '2026-11-22' },
    {
      name: 'DateTime',
      form: { type: 'string', format: 'date-time' },
      description: 'An instant in UTC (RFC 3339), with `Z`.',
      example: '2026-11-22T08:30:00.000Z',
    },
    {
      name: 'Decimal',
      form: { type: 'string', pattern: String.raw`^-?\d{1,19}(\.\d{1,4})?$` },
      description: 'A decimal number as text.',
      example: '125000.00',
    },
    {
      name: 'CurrencyCode',
      form: { type: 'string', pattern: '^[A-Z]{3}$' },
      description: 'A currency (ISO 4217).',
      example: 'CNY',
    },
    {
      name: 'CountryCode',
      form: { type: 'string', pattern: '^[A-Z]{2}$' },
      description: 'A country (ISO 3166-1).',
      example: 'CN',
    },
    {
      name: 'SourceCode',
      form: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
      description: 'The system that a record comes from.',
      example: 'core',
    },
  ]

/** What a schema says beside the values that it allows. */
const annotations: ReadonlySet<string> = new Set(['description', 'default', 'examples', 'title', 'deprecated'])

/** What holds values, which are no schemas however they look. */
const holdsValues: ReadonlySet<string> = new Set(['example', 'examples', 'default', 'const', 'enum'])

const selfEvident: ReadonlySet<unknown> = new Set(['uuid', 'date', 'date-time'])

const scalarsByForm = new Map(scalars.map((scalar) => [formOf(scalar.form), scalar]))

/** Gives enums and texts of a common form names, under which `named` describes them once. Throws for an enum that has no name. */
export function shareSchemas<Value>(value: Value, named: Record<string, unknown>, enums: readonly NamedEnum[]): Value {
  const enumsByValues = Map.groupBy(enums, ({ values }) => keyOf(values))
  return walk(value) as Value

  function walk(inner: unknown): unknown {
    if (Array.isArray(inner)) return inner.map(walk)
    if (inner === null || typeof inner !== 'object') return inner
    const walked = Object.fromEntries(
      Object.entries(inner).map(([key, member]) => [
        key,
        key === 'properties' ? members(member as Json) : holdsValues.has(key) ? member : walk(member),
      ]),
    )
    return shared(walked)
  }

  /** The names of properties are no keywords. */
  function members(properties: Json): Json {
    return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, walk(schema)]))
  }

  function shared(schema: Json): Json {
    if (schema['type'] === 'integer') return withoutLimitsOfNumbers(schema)
    if (schema['type'] !== 'string') return schema
    if (Array.isArray(schema['enum'])) return reference(schema, enumNamed(schema['enum'] as string[]))
    const { pattern, ...rest } = schema
    const form = selfEvident.has(schema['format']) ? rest : { ...rest, ...(pattern !== undefined && { pattern }) }
    const scalar = scalarsByForm.get(formOf(form))
    if (!scalar) return form
    named[scalar.name] ??= { ...scalar.form, description: scalar.description, examples: [scalar.example] }
    return reference(form, scalar.name)
  }

  function enumNamed(values: readonly string[]): string {
    const [found] = enumsByValues.get(keyOf(values)) ?? []
    if (!found) throw new Error(`An enum has no name in schema.graphql: ${values.join(', ')}.`)
    named[found.name] ??= { type: 'string', description: found.description, enum: values }
    return found.name
  }
}

const keyOf = (values: readonly string[]): string => [...values].sort().join(' ')

function formOf(schema: Json): string {
  return JSON.stringify(
    Object.entries(schema)
      .filter(([key]) => !annotations.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

function reference(schema: Json, name: string): Json {
  const beside = Object.entries(schema).filter(([key]) => annotations.has(key))
  return { ...Object.fromEntries(beside), $ref: `#/components/schemas/${name}` }
}

/** JSON numbers are exact up to there in any language (RFC 8259): no rule of ours. */
function withoutLimitsOfNumbers(schema: Json): Json {
  const limits = new Set<unknown>([Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER])
  return Object.fromEntries(Object.entries(schema).filter(([key, value]) => !key.endsWith('imum') || !limits.has(value)))
}

/** Moves the parameters that several operations take to the components. The usual form of a parameter has its plain name, another one that of the first operation as well. */
export function shareParameters(
  paths: Record<string, Json>,
  { parameters: shared, schemas }: Pick<Components, 'parameters' | 'schemas'>,
): void {
  const items = Object.values(paths).flatMap((path) => Object.values(path) as Json[])
  const uses = items.flatMap((item) =>
    ((item['parameters'] ?? []) as Json[]).map((parameter) => ({ parameter, operation: item['operationId'] as string })),
  )
  const forms = [...Map.groupBy(uses, ({ parameter }) => JSON.stringify(parameter))].filter(([, all]) => all.length > 1)
  const byName = Map.groupBy(forms, ([, [first]]) => capitalised(first!.parameter))
  const names = new Map<string, string>()
  for (const [name, alike] of byName)
    for (const [index, [form, [first]]] of alike.sort(([, a], [, b]) => b.length - a.length).entries()) {
      const usual = name in schemas ? `${name}Parameter` : name
      const own = index === 0 ? usual : `${name}Of${initial(first!.operation)}`
      shared[own] = first!.parameter
      names.set(form, own)
    }
  for (const item of items)
    if (item['parameters'])
      item['parameters'] = (item['parameters'] as Json[]).map((parameter) => {
        const name = names.get(JSON.stringify(parameter))
        return name === undefined ? parameter : { $ref: `#/components/parameters/${name}` }
      })
}

/** `Idempotency-Key` is `IdempotencyKey`. A header that one operation requires and another does not has two names. */
function capitalised({ name, in: place, required }: Json): string {
  const words = (name as string).split('-').map(initial).join('')
  return place === 'header' && required === true ? `Required${words}` : words
}

export const initial = (name: string): string => `${name[0]!.toUpperCase()}${name.slice(1)}`
