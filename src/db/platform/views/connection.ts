import type { Selection } from './view.ts'
import { propertyOf } from './response-keys.ts'

/** The parts of a connection's selection that ask for nodes, in the order in which `connectionOf` takes their values. */
export function pageShape(selection: Selection): readonly { readonly nodes: Selection }[] {
  return [...selection.values()].flatMap(({ name, selection: inner }) => {
    if (name === 'nodes') return [{ nodes: inner }]
    if (name === 'edges') return [...inner.values()].flatMap((edge) => (edge.name === 'node' ? [{ nodes: edge.selection }] : []))
    return []
  })
}

/** A row of a page: for each part of the selection that asks for nodes, what it says of the row. */
export interface Row {
  readonly cursor: string
  readonly nodes: readonly unknown[]
  /** How a search found it. */
  readonly match?: string | undefined
}

/** A row that seals its cursor when somebody asks for it: that costs more than reading the row. */
export function withCursor(seal: () => string, nodes: readonly unknown[], match?: string): Row {
  let sealed: string | undefined
  return {
    get cursor() {
      return (sealed ??= seal())
    },
    nodes,
    match,
  }
}

/** Builds a Relay connection from rows whose `nodes` follow `pageShape`. */
export function connectionOf(
  selection: Selection,
  rows: readonly Row[],
  page: { readonly hasNextPage: boolean; readonly totalCount?: number },
): Record<string, unknown> {
  const connection: Record<string, unknown> = {
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: false,
      get startCursor() {
        return rows[0]?.cursor ?? null
      },
      get endCursor() {
        return rows.at(-1)?.cursor ?? null
      },
    },
    totalCount: page.totalCount ?? null,
  }
  let part = 0
  for (const [responseKey, { name, selection: inner }] of selection) {
    const property = propertyOf(responseKey, name)
    if (name === 'nodes') {
      const at = part++
      connection[property] = rows.map(({ nodes }) => nodes[at])
    } else if (name === 'edges') {
      const places = [...inner].flatMap(([key, edge]) =>
        edge.name === 'node' ? [{ property: propertyOf(key, 'node'), at: part++ }] : [],
      )
      connection[property] = rows.map((row) => ({
        get cursor() {
          return row.cursor
        },
        match: row.match ?? null,
        ...Object.fromEntries(places.map(({ property: place, at }) => [place, row.nodes[at]])),
      }))
    }
  }
  return connection
}
