import type { Json } from './openapi-items.ts'

type Schemas = Readonly<Record<string, Json>>

const reference = (name: string): string => `#/components/schemas/${name}`

/** A view has a schema for each depth at which it is answered: `Customer`, `CustomerSummary`, `CustomerReference`. */
const viewOf = (name: string): string => name.replace(/(Summary|Reference)$/, '')

/** Leaves one schema of a view where two depths are alike, and lets a deeper one extend a flatter one where it has all its fields. Answers the document's parts as they are then. */
export function shareViews<Part>(part: Part, schemas: Schemas): { readonly part: Part; readonly schemas: Schemas } {
  const names = new Map<string, string>()
  let left = schemas
  for (let alike = namesOfAlike(left); alike.size > 0; alike = namesOfAlike(left)) {
    for (const [from, to] of alike) names.set(from, to)
    left = renamed(Object.fromEntries(Object.entries(left).filter(([name]) => !alike.has(name))), alike)
  }
  // A name may have been given up for one that was given up later.
  const final = new Map([...names.keys()].map((name) => [name, lastOf(name, names)]))
  return { part: renamed(part, final), schemas: extended(withBases(left)) }
}

function namesOfAlike(schemas: Schemas): Map<string, string> {
  const alike = Map.groupBy(Object.keys(schemas), (name) => `${viewOf(name)} ${JSON.stringify(schemas[name])}`)
  return new Map(
    [...alike.values()].flatMap((names) => {
      const [first, ...rest] = names.sort((a, b) => a.length - b.length)
      return rest.map((name) => [name, first!] as const)
    }),
  )
}

function lastOf(name: string, names: ReadonlyMap<string, string>): string {
  const next = names.get(name)
  return next === undefined ? name : lastOf(next, names)
}

function renamed<Value>(value: Value, names: ReadonlyMap<string, string>): Value {
  const references = new Map([...names].map(([from, to]) => [reference(from), reference(to)]))
  const walk = (inner: unknown, key = ''): unknown => {
    if (Array.isArray(inner)) return inner.map((one) => walk(one))
    if (inner !== null && typeof inner === 'object')
      return Object.fromEntries(Object.entries(inner).map(([name, member]) => [name, walk(member, name)]))
    return key === '$ref' ? (references.get(inner as string) ?? inner) : inner
  }
  return walk(value) as Value
}

/** Where each of two depths has a field that the other has not, or not in this form, both extend what they have in common. */
function withBases(schemas: Schemas): Schemas {
  const bases = [...Map.groupBy(Object.keys(schemas), viewOf)].flatMap(([view, names]) => {
    const [one, other] = names.map((name) => schemas[name]!)
    if (names.length !== 2 || `${view}Reference` in schemas || contains(one!, other!) || contains(other!, one!)) return []
    const common = Object.entries(fieldsOf(one!)).filter(([name, field]) => isAlike(fieldsOf(other!)[name], field))
    if (common.length === 0) return []
    const required = ((one!['required'] ?? []) as string[]).filter((name) => common.some(([field]) => field === name))
    const base = { description: one!['description'], type: 'object', properties: Object.fromEntries(common), required }
    return [[`${view}Reference`, base] as const]
  })
  return { ...schemas, ...Object.fromEntries(bases) }
}

const isAlike = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** From the flattest depth on, so that each extends the nearest one. */
function extended(schemas: Schemas): Schemas {
  const views = Map.groupBy(Object.keys(schemas), viewOf)
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const flatter = views
        .get(viewOf(name))!
        .filter((other) => other.length > name.length && contains(schema, schemas[other]!))
        .sort((a, b) => sizeOf(schemas[b]!) - sizeOf(schemas[a]!))[0]
      return [name, flatter === undefined ? schema : extension(schema, flatter, schemas[flatter]!)]
    }),
  )
}

const fieldsOf = (schema: Json): Json => (schema['properties'] ?? {}) as Json

const sizeOf = (schema: Json): number => Object.keys(fieldsOf(schema)).length

function contains(schema: Json, flatter: Json): boolean {
  const fields = fieldsOf(schema)
  return (
    sizeOf(flatter) > 0 &&
    sizeOf(flatter) < sizeOf(schema) &&
    Object.entries(fieldsOf(flatter)).every(([name, field]) => isAlike(fields[name], field))
  )
}

function extension(schema: Json, name: string, flatter: Json): Json {
  const inherited = fieldsOf(flatter)
  const own = Object.entries(fieldsOf(schema)).filter(([field]) => !(field in inherited))
  const required = ((schema['required'] ?? []) as string[]).filter((field) => !(field in inherited))
  return {
    ...(schema['description'] !== undefined && { description: schema['description'] }),
    allOf: [
      { $ref: reference(name) },
      { type: 'object', ...(required.length > 0 && { required }), properties: Object.fromEntries(own) },
    ],
  }
}
