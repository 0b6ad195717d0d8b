import { type FeedRefusal, refusal } from './feed.ts'

/** What a source system calls a thing. */
export interface ExternalReference {
  readonly source: string
  readonly externalId: string
}

/** The refusal of a source system's name that stands for nothing, or for something outside the caller's scope. */
export function unknownName(field: string, what: 'customer' | 'holding', { source, externalId }: ExternalReference): FeedRefusal {
  return refusal(field, 'unknown_reference', `There is no ${what} "${externalId}" of source "${source}" in your scope.`)
}

/** What a row that names its customer refers to. */
export function customerNameOf(row: {
  readonly source: string
  readonly customerSource?: string | undefined
  readonly customerExternalId: string
}): ExternalReference {
  return { source: row.customerSource ?? row.source, externalId: row.customerExternalId }
}
