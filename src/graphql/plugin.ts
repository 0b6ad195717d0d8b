import { readFile } from 'node:fs/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type DocumentNode, type ExecutionResult, GraphQLError, parse } from 'graphql'
import mercurius, { type MercuriusOptions } from 'mercurius'
import { DomainError } from '../core/errors.ts'
import type { Service } from '../operations/execute.ts'
import { checkLimits } from './limits.ts'
import { resolvers } from './resolvers.ts'
import { scalars } from './scalars.ts'

export interface GraphqlSettings {
  /** Documents that clients may name instead of sending them: text by id. */
  readonly documents: ReadonlyMap<string, string>
  /** Whether clients may send documents of their own. */
  readonly freeQueries: boolean
}

const RESPONSE_TYPE = 'application/graphql-response+json'
const MOST_PARSED = 500

interface GraphqlBody {
  readonly query?: unknown
  readonly documentId?: unknown
  readonly variables?: unknown
  readonly operationName?: unknown
}

/** Serves `POST /graphql` as GraphQL over HTTP demands, on the schema of `schema.graphql`. */
export async function graphql(app: FastifyInstance, service: Service, settings: GraphqlSettings): Promise<void> {
  await app.register(mercurius, {
    schema: await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8'),
    resolvers: { ...scalars, ...resolvers() } as never,
    routes: false,
    graphiql: false,
    jit: 1,
    errorFormatter: ({ data, errors }, { request }: { readonly request: FastifyRequest } & object) => ({
      statusCode: 200,
      response: { data: data ?? null, errors: (errors ?? []).map((error) => publicError(error, request)) },
    }),
  } as MercuriusOptions)
  const parsed = new Map<string, DocumentNode>()

  app.post('/graphql', { config: { operation: 'graphql' } }, async (request, reply) => {
    const body = bodyOf(request)
    const source = sourceOf(body, settings)
    const variables = (body.variables ?? {}) as Record<string, unknown>
    const operationName = (body.operationName ?? undefined) as string | undefined
    try {
      let document = parsed.get(source)
      if (!document) {
        document = parse(source, { maxTokens: 20_000 })
        if (parsed.size >= MOST_PARSED) parsed.delete(parsed.keys().next().value!)
        parsed.set(source, document)
      }
      checkLimits(document, variables)
      // Everything under a root field was read by its own statement, so the default look-up by name answers all else.
      const { data, errors } = await app.graphql(
        keyedSource(source, document, operationName),
        { request, service } as never,
        variables,
        operationName,
      )
      return send(request, reply, 200, { ...(data !== undefined && { data }), ...(errors?.length && { errors }) })
    } catch (error) {
      return send(request, reply, 400, { errors: requestErrors(error, request) })
    }
  })
}

/** mercurius keeps what it has compiled by the text alone: a document of several operations needs a text for each of them. */
function keyedSource(source: string, { definitions }: DocumentNode, operationName: string | undefined): string {
  return operationName !== undefined && definitions.filter(({ kind }) => kind === 'OperationDefinition').length > 1
    ? `${source}\n# ${operationName.replaceAll(/\W/g, '')}`
    : source
}

function bodyOf({ body }: FastifyRequest): GraphqlBody {
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    throw new DomainError('malformed_request', 'The body must be a JSON object with a query.')
  const { variables, operationName } = body as GraphqlBody
  if (variables !== undefined && variables !== null && (typeof variables !== 'object' || Array.isArray(variables)))
    throw new DomainError('malformed_request', 'variables must be an object.')
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string')
    throw new DomainError('malformed_request', 'operationName must be text.')
  return body
}

function sourceOf({ query, documentId }: GraphqlBody, { documents, freeQueries }: GraphqlSettings): string {
  if (typeof documentId === 'string') {
    const known = documents.get(documentId)
    if (known === undefined) throw new DomainError('not_found', 'There is no persisted document of this id.')
    return known
  }
  if (typeof query !== 'string' || query.trim() === '') throw new DomainError('malformed_request', 'The body must hold a query.')
  if (!freeQueries && ![...documents.values()].includes(query))
    throw new DomainError('not_permitted', 'Only persisted documents are answered here.')
  return query
}

/** A client that does not ask for the response type of the draft gets `application/json`, with which every well-formed request answers 200. */
function send(request: FastifyRequest, reply: FastifyReply, status: number, result: ExecutionResult): FastifyReply {
  const modern = (request.headers.accept ?? '').includes(RESPONSE_TYPE)
  return reply
    .code(modern ? status : 200)
    .type(`${modern ? RESPONSE_TYPE : 'application/json'}; charset=utf-8`)
    .send(JSON.stringify(result))
}

/** Errors of documents that could not run: syntax, validation, limits. */
function requestErrors(error: unknown, request: FastifyRequest): GraphQLError[] {
  const inner = (error as { errors?: readonly GraphQLError[] }).errors
  if (inner)
    return inner.map(
      (one) =>
        new GraphQLError(one.message, { ...(one.nodes && { nodes: one.nodes }), extensions: { code: 'malformed_request' } }),
    )
  return [publicError(error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error }), request)]
}

/** Only refusals explain themselves; whatever else went wrong is logged and shows nothing. */
function publicError(error: GraphQLError, request: FastifyRequest): GraphQLError {
  const { originalError, nodes, path } = error
  const at = { ...(nodes && { nodes }), ...(path && { path }) }
  if (originalError instanceof DomainError) {
    const { message, code, problems } = originalError
    return new GraphQLError(message, {
      ...at,
      extensions: { code, ...(problems.length > 0 && { errors: problems }), traceId: request.id },
    })
  }
  // Without a cause it is graphql's own word about the document or its variables.
  if (!originalError || originalError instanceof GraphQLError)
    return new GraphQLError(error.message, { ...at, extensions: { code: 'malformed_request' } })
  request.log.error({ err: originalError }, 'a resolver failed')
  return new GraphQLError('Something went wrong on our side.', { ...at, extensions: { code: 'internal', traceId: request.id } })
}
