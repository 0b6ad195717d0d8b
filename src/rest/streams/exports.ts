import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refuseField } from '../../core/kernel/errors.ts'
import { execute, type Service } from '../../operations/platform/execute.ts'
import { type ExportedMembers, type ExportedValue, exportSegmentMembers } from '../../operations/segmentation/segment-exports.ts'
import { csvField } from './csv-record.ts'
import { fromQuery, get, refuseForeign } from '../platform/route.ts'

/** Streams that the URL table cannot say. */
export const exportStreams = [get('/segments/:segmentId/members/export', exportSegmentMembers)]

/** Serves exports: rows are read as fast as the reader takes them, and no faster. */
export async function serveExports(app: FastifyInstance, service: Service): Promise<void> {
  app.get<{ Params: { segmentId: string } }>(
    '/v1/segments/:segmentId/members/export',
    { config: { operation: exportSegmentMembers.name, streams: true }, exposeHeadRoute: false },
    async (request, reply) => {
      refuseForeign(request, exportSegmentMembers)
      const asked = fromQuery(exportSegmentMembers.input, request.query as Record<string, string>)
      const { answer } = await execute(service, exportSegmentMembers, {
        caller: request.caller,
        input: { ...('format' in asked ? {} : { format: acceptedOf(request) }), ...asked, ...request.params },
        selection: new Map(),
        refusedAs: null,
        requestId: request.id,
      })
      const members = answer as ExportedMembers
      const { format } = members
      return reply
        .type(format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson; charset=utf-8')
        .header('Content-Disposition', `attachment; filename="members.${format}"`)
        .send(Readable.from(textOf(members), { highWaterMark: 1 }))
    },
  )
}

/** The format that the reader accepts. Whoever accepts anything gets NDJSON. */
function acceptedOf({ headers: { accept = '*/*' } }: FastifyRequest): 'csv' | 'ndjson' {
  const accepted = accept
    .split(',')
    .map((one) => one.trim().toLowerCase().split(';'))
    .filter(([, ...parameters]) => !parameters.some((parameter) => /^\s*q=0(\.0*)?\s*$/.test(parameter)))
    .map(([type]) => type)
  for (const type of accepted) {
    if (type === 'text/csv') return 'csv'
    if (type === 'application/x-ndjson' || type === '*/*' || type === 'application/*') return 'ndjson'
    if (type === 'text/*') return 'csv'
  }
  throw refuseField('invalid_input', 'Accept', 'media_type', 'Accept must allow application/x-ndjson or text/csv.')
}

async function* textOf({ format, columns, rows }: ExportedMembers): AsyncGenerator<string, void, undefined> {
  if (format === 'csv') yield csvLine(columns)
  for await (const portion of rows)
    yield portion.map((row) => (format === 'csv' ? csvLine(row.map(csvText)) : ndjsonLine(columns, row))).join('')
}

const csvLine = (values: readonly (string | undefined)[]): string => `${values.map(csvField).join(',')}\r\n`

const ndjsonLine = (columns: readonly string[], row: readonly ExportedValue[]): string =>
  `${JSON.stringify(Object.fromEntries(columns.map((column, index) => [column, row[index]])))}\n`

function csvText(value: ExportedValue): string | undefined {
  if (value === null) return undefined
  if (typeof value !== 'object') return String(value)
  return 'amount' in value ? value.amount : value.join(' ')
}
