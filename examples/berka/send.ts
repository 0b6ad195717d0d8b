import { openAsBlob } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { csvColumns } from '../../src/core/feeds/rows.ts'
import { csvField } from '../../src/rest/streams/csv-record.ts'
import { type Converted, entities, type Entity } from './convert.ts'

/** A running service, and the token of a machine client. */
export interface Target {
  readonly url: string
  readonly token: string
}

/** What became of the rows of one import. */
export interface Report {
  readonly id: string
  readonly status: string
  readonly rowsRead: number
  readonly rowsCreated: number
  readonly rowsUpdated: number
  readonly rowsUnchanged: number
  readonly rowsSuperseded: number
  readonly rowsRejected: number
}

/** Rows as CSV, with those columns of the entity that any of them fills. */
export function csvOf(entity: Entity, rows: readonly Readonly<Record<string, string | number | boolean | undefined>>[]): string {
  const columns = csvColumns(entity).filter((column) => rows.some((row) => row[column] !== undefined))
  const field = (value: string | number | boolean | undefined): string => csvField(value?.toString())
  return [columns.join(','), ...rows.map((row) => columns.map((column) => field(row[column])).join(',')), ''].join('\n')
}

const fileOf = (folder: string, entity: Entity): string => join(folder, `${entity}.csv`)

/** Writes one import file for each entity. */
export async function writeFiles(folder: string, { rows }: Converted): Promise<void> {
  await Promise.all(entities.map((entity) => writeFile(fileOf(folder, entity), csvOf(entity, rows[entity]))))
}

/** Sends the import files in the order in which they refer to one another, each as a stream. */
export async function sendFiles(target: Target, folder: string): Promise<ReadonlyMap<Entity, Report>> {
  const reports = new Map<Entity, Report>()
  for (const entity of entities) reports.set(entity, await sendRows(target, entity, await openAsBlob(fileOf(folder, entity))))
  return reports
}

/** Sends CSV of one entity. Throws where the service refuses the stream; rejected rows are for the report. */
export async function sendRows(target: Target, entity: Entity, body: Blob | string): Promise<Report> {
  const response = await call(target, `/v1/imports/${entity}`, { method: 'POST', body, headers: { 'content-type': 'text/csv' } })
  return (await response.json()) as Report
}

/** The rejected rows of an import as the service gives them back: CSV with line, field, code and message. */
export async function readRejects(target: Target, importId: string): Promise<string> {
  return (await call(target, `/v1/imports/${importId}/rejects`, {})).text()
}

/** Asks over GraphQL. Throws where anything of the answer is refused. */
export async function ask<T>(target: Target, query: string, variables: object = {}): Promise<T> {
  const response = await call(target, '/graphql', {
    method: 'POST',
    body: JSON.stringify({ query, variables }),
    headers: { 'content-type': 'application/json' },
  })
  const { data, errors } = (await response.json()) as {
    readonly data?: T
    readonly errors?: readonly { readonly message: string }[]
  }
  if (errors || !data) throw new Error(`GraphQL: ${errors?.map(({ message }) => message).join(' ')}`)
  return data
}

/** A refusal of the service, with its status. */
export interface Refused extends Error {
  readonly name: 'Refused'
  readonly status: number
}

export function isRefused(error: unknown): error is Refused {
  return error instanceof Error && error.name === ('Refused' satisfies Refused['name'])
}

interface Request {
  readonly method?: string
  readonly body?: Blob | string
  readonly headers?: Readonly<Record<string, string>>
}

async function call({ url, token }: Target, path: string, { headers, ...request }: Request): Promise<Response> {
  const response = await fetch(new URL(path, url), {
    ...request,
    headers: { ...headers, authorization: `Bearer ${token}` },
  }).catch((error: unknown) => {
    throw new Error(`${url} does not answer (${reasonOf(error)}): give the PORT or --url of the service.`, { cause: error })
  })
  if (response.ok) return response
  const text = await response.text()
  throw Object.assign(new Error(`${path}: ${response.status} ${text}`), { name: 'Refused' as const, status: response.status })
}

/** What `fetch` hides behind its own message. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: { code?: string; message?: string } }
  return cause?.code ?? cause?.message ?? message
}
