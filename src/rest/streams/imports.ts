import { feedEntities, type FeedEntity } from '../../core/feeds/imports.ts'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DomainError, type ErrorCode, refuseField } from '../../core/kernel/errors.ts'
import { csvColumns } from '../../core/feeds/rows.ts'
import { execute, type Service } from '../../operations/platform/execute.ts'
import { importRejects, importRows, importWarnings, type RejectedRows } from '../../operations/feeds/imports.ts'
import type { SentRow } from '../../operations/feeds/import-rows.ts'
import { type ImportRefusal, type ImportRefusalCode, isImportRefusal } from './refusal.ts'
import { readRows } from './read-rows.ts'
import { formatRejects } from './rejects.ts'
import { get, post, refuseForeign, selectionOf } from '../platform/route.ts'

/** Streams that the URL table cannot say: described in the contract by hand. */
export const importStreams = [
  post('/imports/:entity', importRows),
  get('/imports/:importId/rejects', importRejects),
  get('/imports/:importId/warnings', importWarnings),
]

const codes: Readonly<Record<ImportRefusalCode, ErrorCode>> = {
  unsupported_media_type: 'unsupported_media_type',
  unsupported_encoding: 'unsupported_media_type',
  missing_header: 'malformed_request',
  bad_header: 'malformed_request',
  wrong_charset: 'malformed_request',
  unknown_columns: 'unknown_column',
  duplicate_columns: 'malformed_request',
  unterminated_quote: 'malformed_request',
  record_too_long: 'payload_too_large',
  body_too_large: 'payload_too_large',
  gzip_damaged: 'malformed_request',
  gzip_ratio: 'payload_too_large',
  stream_aborted: 'stream_aborted',
}

const columnFaults: Partial<Readonly<Record<ImportRefusalCode, string>>> = {
  unknown_columns: 'Unknown column for this entity.',
  duplicate_columns: 'Duplicate column in the header.',
}

/** Serves imports: the body is read as a stream by what it says it is, and never held whole. A sender may be silent for so many milliseconds. */
export async function serveImports(app: FastifyInstance, service: Service, longestSilenceMs: number): Promise<void> {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, body, done) => done(null, body))

  app.post<{ Params: { entity: string } }>(
    '/v1/imports/:entity',
    { config: { operation: 'importRows', streams: true } },
    async (request, reply) => {
      refuseForeign(request, importRows)
      const named = { importId: service.newId(), ...namedBy(request) }
      const entity = entityOf(request.params.entity)
      // Said with every answer from the moment when there is such an import, so that what broke off can be taken up again.
      const rows = sentRows(request, entity, () => void reply.header('Import-Id', named.importId))
      const goBack = timeReading(request, reply, longestSilenceMs)
      const { answer } = await execute(service, importRows, {
        caller: request.caller,
        input: { ...named, rows },
        selection: selectionOf(importRows),
        refusedAs: null,
        requestId: request.id,
      }).finally(() => {
        goBack()
        // What is unread of a refused stream is let go, so that the answer reaches the sender.
        request.raw.resume()
      })
      return reply.header('Import-Id', named.importId).send(answer)
    },
  )

  for (const [what, operation] of [
    ['rejects', importRejects],
    ['warnings', importWarnings],
  ] as const)
    app.get<{ Params: { importId: string } }>(
      `/v1/imports/:importId/${what}`,
      { config: { operation: operation.name, streams: true } },
      async (request, reply) => {
        refuseForeign(request, operation)
        const { answer } = await execute(service, operation, {
          caller: request.caller,
          input: { ...(request.query as object), ...request.params },
          selection: new Map(),
          refusedAs: null,
          requestId: request.id,
        })
        const { format, header, rows } = answer as RejectedRows
        reply.type(format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson; charset=utf-8')
        return reply.send(Readable.from(formatRejects(format, header, rows)))
      },
    )
}

/**
 * Times the sender's silence only, and not our own while a batch is applied or after the body has been read: for that, the connection's time-out
 * is heard here instead of destroying it. Answers how to go back to that.
 */
function timeReading({ raw }: FastifyRequest, { raw: response }: FastifyReply, milliseconds: number): () => void {
  const heard = (): void => {
    if (raw.complete) return
    // What has come and was not taken yet keeps the sender waiting for us.
    if (raw.readableLength > 0) raw.setTimeout(milliseconds)
    else raw.destroy()
  }
  const unheard = (): void => {}
  raw.on('timeout', heard)
  response.on('timeout', unheard)
  return () => {
    raw.off('timeout', heard)
    response.off('timeout', unheard)
  }
}

function entityOf(text: string): FeedEntity {
  const entity = feedEntities.find((known) => known === text)
  if (!entity) throw refuseField('not_found', 'entity', 'entity', `Unknown entity. Use one of ${feedEntities.join(', ')}.`)
  return entity
}

function namedBy({ headers, params }: FastifyRequest<{ Params: { entity: string } }>): object {
  const importId = headers['import-id']
  const firstLine = headers['import-first-line']
  return {
    entity: params.entity,
    ...(importId !== undefined && { importId }),
    ...(firstLine !== undefined && { firstLine: lineOf(firstLine) }),
  }
}

function lineOf(text: string | readonly string[]): number {
  if (typeof text !== 'string' || !/^[1-9]\d{0,14}$/.test(text))
    throw refuseField('invalid_input', 'firstLine', 'line', 'Import-First-Line must be a line number, from 1, in decimal digits.')
  return Number(text)
}

/** `begun` is called when the first rows are asked for: the import is in the database then. */
function sentRows({ raw, headers }: FastifyRequest, entity: FeedEntity, started: () => void) {
  const stream = refusing(() =>
    readRows(raw, {
      contentType: headers['content-type'],
      contentEncoding: headers['content-encoding'],
      columns: csvColumns(entity),
    }),
  )
  return { format: stream.format, header: stream.header, batches: batches(stream, started) }
}

async function* batches(stream: AsyncIterable<readonly SentRow[]>, started: () => void): AsyncGenerator<readonly SentRow[]> {
  started()
  try {
    yield* stream
  } catch (error) {
    throw isImportRefusal(error) ? refusalOf(error) : error
  }
}

function refusing<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw isImportRefusal(error) ? refusalOf(error) : error
  }
}

function refusalOf({ code, message, columns }: ImportRefusal): DomainError {
  return new DomainError(
    codes[code],
    message,
    (columns ?? []).map((column) => ({ pointer: `/${column}`, rule: code, message: columnFaults[code] ?? message })),
  )
}
