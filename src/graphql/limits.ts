import type { DocumentNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql'
import { DomainError } from '../core/errors.ts'

/** Bounds of one GraphQL document, checked before it runs. */
export interface DocumentLimits {
  readonly depth: number
  /** Fields, fragments worked in. */
  readonly fields: number
  readonly aliases: number
  /** Rows that pages inside pages could bring at most. */
  readonly rows: number
}

export const documentLimits: DocumentLimits = { depth: 12, fields: 1_000, aliases: 50, rows: 50_000 }

const DEFAULT_FIRST = 50

interface Measure {
  fields: number
  aliases: number
  rows: number
}

/** Refuses documents that nest too deep or ask for too much, and circular fragments. Throws `query_too_complex`. */
export function checkLimits(
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
  limits: DocumentLimits = documentLimits,
): void {
  const fragments = new Map(
    document.definitions.flatMap((one) => (one.kind === 'FragmentDefinition' ? [[one.name.value, one] as const] : [])),
  )
  for (const definition of document.definitions) {
    if (definition.kind !== 'OperationDefinition') continue
    walk(
      definition.selectionSet,
      { depth: 1, rows: 1, open: [] },
      { fields: 0, aliases: 0, rows: 0 },
      fragments,
      variables,
      limits,
    )
  }
}

interface Place {
  readonly depth: number
  /** How many times what stands here may come. */
  readonly rows: number
  readonly open: readonly string[]
}

function walk(
  { selections }: SelectionSetNode,
  place: Place,
  measure: Measure,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  variables: Readonly<Record<string, unknown>>,
  limits: DocumentLimits,
): void {
  if (place.depth > limits.depth) throw tooComplex(`It nests deeper than ${limits.depth} levels.`)
  for (const node of selections) {
    if (node.kind === 'FragmentSpread') {
      const name = node.name.value
      if (place.open.includes(name)) throw tooComplex(`The fragment ${name} contains itself.`)
      const fragment = fragments.get(name)
      if (fragment) walk(fragment.selectionSet, { ...place, open: [...place.open, name] }, measure, fragments, variables, limits)
    } else if (node.kind === 'InlineFragment') {
      walk(node.selectionSet, place, measure, fragments, variables, limits)
    } else {
      if (++measure.fields > limits.fields) throw tooComplex(`It asks for more than ${limits.fields} fields.`)
      if (node.alias && ++measure.aliases > limits.aliases) throw tooComplex(`It uses more than ${limits.aliases} aliases.`)
      if (!node.selectionSet) continue
      const first = node.arguments?.find(({ name }) => name.value === 'first')?.value
      const given =
        first?.kind === 'IntValue'
          ? Number(first.value)
          : first?.kind === 'Variable'
            ? Number(variables[first.name.value] ?? DEFAULT_FIRST)
            : undefined
      const isPage = node.selectionSet.selections.some(
        (inner) => inner.kind === 'Field' && (inner.name.value === 'nodes' || inner.name.value === 'edges'),
      )
      const rows = place.rows * (isPage ? (given ?? DEFAULT_FIRST) : 1)
      measure.rows += isPage ? rows : 0
      if (measure.rows > limits.rows)
        throw tooComplex(`Its pages could bring more than ${limits.rows} rows. Ask for fewer with first.`)
      walk(node.selectionSet, { ...place, depth: place.depth + 1, rows }, measure, fragments, variables, limits)
    }
  }
}

function tooComplex(message: string): DomainError {
  return new DomainError('query_too_complex', message)
}
