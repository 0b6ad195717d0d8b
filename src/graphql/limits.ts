import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  getNullableType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isListType,
  isObjectType,
  type SelectionSetNode,
} from 'graphql'
import { DomainError } from '../core/kernel/errors.ts'

/** Bounds of one GraphQL document, checked before it runs. */
export interface DocumentLimits {
  /** Characters of the text. */
  readonly length: number
  readonly depth: number
  /** Fields under the root, each of which is an operation of its own. */
  readonly rootFields: number
  /** Fields, spreads and inline fragments, counted as often as fragments bring them in. */
  readonly selections: number
  readonly aliases: number
  /** Rows that pages and lists inside each other could bring at most. */
  readonly rows: number
}

export const documentLimits: DocumentLimits = {
  length: 100_000,
  depth: 12,
  rootFields: 20,
  selections: 1_000,
  aliases: 50,
  rows: 50_000,
}

/** What a plain list counts in rows. It brings 500 at most, but what is bounded per parent has a handful of them as a rule. */
const LISTED = 10

/** What a page counts that says nothing of its size, neither in the document nor in the schema. */
const LARGEST_PAGE = 200

/** Selections inside selections, fragments among them, that are followed at all: keeps the walk off the end of the stack. */
const MAX_NESTED = 100

/** Refuses a text that is too long to be read. Throws `query_too_complex`. */
export function checkLength({ length }: string, limits: DocumentLimits = documentLimits): void {
  if (length > limits.length) throw tooComplex(`The query is longer than ${limits.length} characters.`)
}

/**
 * Refuses documents that nest too deep or ask for too much, and circular fragments. Throws `query_too_complex`. Every fragment is measured
 * once, whether it is used or not, so that the time is linear in the document. What the schema does not know is left to validation.
 */
export function checkLimits(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
  limits: DocumentLimits = documentLimits,
): void {
  // Of the variables only numbers count: sizes of pages.
  const sizes = JSON.stringify(Object.entries(variables).filter(([, value]) => typeof value === 'number'))
  if (limits === documentLimits && within.get(document) === sizes) return
  const survey = surveyOf(schema, document, variables, limits)
  for (const definition of document.definitions) {
    if (definition.kind === 'FragmentDefinition') measureFragment(survey, definition.name.value, 0)
    if (definition.kind !== 'OperationDefinition') continue
    const { fields } = measureSet(survey, definition.selectionSet, schema.getRootType(definition.operation) ?? undefined, 0)
    if (fields > limits.rootFields) throw tooComplex(`The query selects more than ${limits.rootFields} root fields.`)
  }
  if (limits === documentLimits) within.set(document, sizes)
}

/** Documents that were last found to keep the limits, with the sizes of pages that were asked for. */
const within = new WeakMap<DocumentNode, string>()

/** What a selection set asks for, for each time that it comes. */
interface Measure {
  /** Selection sets inside each other, this one included. */
  readonly depth: number
  /** The same with fragments. */
  readonly nesting: number
  /** Fields of this level. */
  readonly fields: number
  readonly selections: number
  readonly aliases: number
  readonly rows: number
}

interface Survey {
  readonly schema: GraphQLSchema
  readonly limits: DocumentLimits
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly variables: ReadonlyMap<string, number>
  /** Fragments by name; one that is being measured is `open`. */
  readonly measured: Map<string, Measure | 'open'>
}

const nothing: Measure = { depth: 1, nesting: 1, fields: 0, selections: 0, aliases: 0, rows: 0 }

function surveyOf(
  schema: GraphQLSchema,
  { definitions }: DocumentNode,
  given: Readonly<Record<string, unknown>>,
  limits: DocumentLimits,
): Survey {
  const fragments = new Map<string, FragmentDefinitionNode>()
  const variables = new Map<string, number>()
  for (const definition of definitions) {
    if (definition.kind === 'FragmentDefinition') fragments.set(definition.name.value, definition)
    if (definition.kind !== 'OperationDefinition') continue
    for (const { variable, defaultValue } of definition.variableDefinitions ?? []) {
      const name = variable.name.value
      // A fragment may serve several operations: the greatest of their defaults counts.
      if (defaultValue?.kind === 'IntValue') variables.set(name, Math.max(variables.get(name) ?? 0, Number(defaultValue.value)))
    }
  }
  for (const [name, value] of Object.entries(given)) if (typeof value === 'number') variables.set(name, value)
  return { schema, limits, fragments, variables, measured: new Map() }
}

function measureFragment(survey: Survey, name: string, path: number): Measure {
  const { schema, fragments, measured } = survey
  const known = measured.get(name)
  if (known === 'open') throw tooComplex(`The fragment ${name} contains itself.`)
  if (known) return known
  const fragment = fragments.get(name)
  if (!fragment) return nothing
  measured.set(name, 'open')
  const measure = measureSet(survey, fragment.selectionSet, schema.getType(fragment.typeCondition.name.value), path)
  measured.set(name, measure)
  return measure
}

function measureSet(survey: Survey, { selections }: SelectionSetNode, type: GraphQLNamedType | undefined, path: number): Measure {
  if (path >= MAX_NESTED) throw tooDeep(survey.limits)
  let sum = nothing
  for (const node of selections) {
    if (node.kind === 'Field') sum = added(sum, measureField(survey, node, type, path))
    else if (node.kind === 'FragmentSpread') sum = added(sum, wrapped(measureFragment(survey, node.name.value, path + 1)))
    else {
      const condition = node.typeCondition
      const inner = condition ? survey.schema.getType(condition.name.value) : type
      sum = added(sum, wrapped(measureSet(survey, node.selectionSet, inner, path + 1)))
    }
    refuseBeyond(sum, survey.limits)
  }
  return sum
}

const introspection: ReadonlyMap<string, string> = new Map([
  ['__schema', '__Schema'],
  ['__type', '__Type'],
])

/** What a field adds to the selection set in which it stands. */
function measureField(survey: Survey, node: FieldNode, parent: GraphQLNamedType | undefined, path: number): Measure {
  const own = { ...nothing, fields: 1, selections: 1, aliases: node.alias ? 1 : 0 }
  if (!node.selectionSet) return own
  const field = isObjectType(parent) ? parent.getFields()[node.name.value] : undefined
  const type = field ? getNamedType(field.type) : survey.schema.getType(introspection.get(node.name.value) ?? '')
  const inner = measureSet(survey, node.selectionSet, type, path + 1)
  const times = timesOf(survey, node, field, parent)
  return {
    // What tools ask of the schema itself nests deeper than any screen and costs no statement.
    depth: type?.name.startsWith('__') ? 1 : inner.depth + 1,
    nesting: inner.nesting + 1,
    fields: 1,
    selections: inner.selections + 1,
    aliases: inner.aliases + own.aliases,
    rows: times === undefined ? inner.rows : times * (1 + inner.rows),
  }
}

/** How many rows a field brings for each of its parent: undefined for what is no page and no list. */
function timesOf(
  survey: Survey,
  node: FieldNode,
  field: GraphQLField<unknown, unknown> | undefined,
  parent: GraphQLNamedType | undefined,
): number | undefined {
  if (!field) return undefined
  const first = field.args.find(({ name }) => name === 'first')
  if (first || isConnection(getNamedType(field.type)))
    return Math.max(1, firstOf(survey, node) ?? Number(first?.defaultValue ?? LARGEST_PAGE))
  // The nodes and edges of a page are counted with the page.
  return isListType(getNullableType(field.type)) && !isConnection(parent) ? LISTED : undefined
}

function isConnection(type: GraphQLNamedType | undefined): boolean {
  return type?.name.endsWith('Connection') ?? false
}

function firstOf({ variables }: Survey, { arguments: given }: FieldNode): number | undefined {
  const value = given?.find(({ name }) => name.value === 'first')?.value
  if (value?.kind === 'IntValue') return Number(value.value)
  return value?.kind === 'Variable' ? variables.get(value.name.value) : undefined
}

function added(one: Measure, other: Measure): Measure {
  return {
    depth: Math.max(one.depth, other.depth),
    nesting: Math.max(one.nesting, other.nesting),
    fields: one.fields + other.fields,
    selections: one.selections + other.selections,
    aliases: one.aliases + other.aliases,
    rows: one.rows + other.rows,
  }
}

/** A fragment adds what it holds to the same level, and counts itself. */
function wrapped(measure: Measure): Measure {
  return { ...measure, nesting: measure.nesting + 1, selections: measure.selections + 1 }
}

/** What is too much somewhere is too much in all. */
function refuseBeyond({ depth, nesting, selections, aliases, rows }: Measure, limits: DocumentLimits): void {
  if (depth > limits.depth || nesting > MAX_NESTED) throw tooDeep(limits)
  if (selections > limits.selections) throw tooComplex(`The query selects more than ${limits.selections} fields and fragments.`)
  if (aliases > limits.aliases) throw tooComplex(`The query uses more than ${limits.aliases} aliases.`)
  if (rows > limits.rows)
    throw tooComplex(`The pages of the query could return more than ${limits.rows} rows. Request fewer with first.`)
}

function tooDeep({ depth }: DocumentLimits): DomainError {
  return tooComplex(`The query is nested deeper than ${depth} levels, or ${MAX_NESTED} with fragments.`)
}

function tooComplex(message: string): DomainError {
  return new DomainError('query_too_complex', message)
}
