import { readFile } from 'node:fs/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  buildASTSchema,
  type DocumentNode,
  execute,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  parse,
  validate,
} from 'graphql'
import mercurius, { type MercuriusOptions } from 'mercurius'
import { DomainError } from '../core/kernel/errors.ts'
import type { Service } from '../operations/platform/execute.ts'
import { checkLength, checkLimits } from './limits.ts'
import { withoutValues } from './messages.ts'
import { type GraphqlContext, resolvers } from './resolvers.ts'
import { scalars } from './scalars.ts'

export interface GraphqlSettings {
  /** Documents that clients may name instead of sending them: text by id. */
  readonly documents: ReadonlyMap<string, string>
  /** Whether clients may send documents of their own. */
  readonly freeQueries: boolean
}

const RESPONSE_TYPE = 'application/graphql-response+json'

/** Characters of the longest document that is cached with what was made of it, which takes up to fifty times as much memory. */
const MAX_CACHED_LENGTH = 20_000
/** Documents that are cached, at least: mercurius keeps up to twice as many. */
const MAX_CACHED = 100
const MAX_TOKENS = 20_000

/** Of the body of a request. `extensions` belongs to GraphQL over HTTP; nothing of it has a meaning here. */
const members = ['query', 'documentId', 'variables', 'operationName', 'extensions']

interface GraphqlBody {
  readonly query?: unknown
  readonly documentId?: unknown
  readonly variables?: unknown
  readonly operationName?: unknown
}

/** Serves `POST /graphql` as GraphQL over HTTP demands, on the schema of `schema.graphql`. */
export async function graphql(app: FastifyInstance, service: Service, settings: GraphqlSettings): Promise<void> {
  // All of the bank's own documents may be cached; of what callers make up only so many.
  const maxCached = Math.max(MAX_CACHED, settings.documents.size)
  await app.register(mercurius, {
    // Without locations the schema does not hold on to every token of its text.
    schema: buildASTSchema(
      parse(await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8'), { noLocation: true }),
      { assumeValidSDL: true },
    ),
    resolvers: { ...scalars, ...resolvers() } as never,
    routes: false,
    graphiql: false,
    jit: 1,
    cache: maxCached,
    errorFormatter: ({ data, errors }, { request }: { readonly request: FastifyRequest } & object) => ({
      statusCode: 200,
      response: { data: data ?? null, errors: (errors ?? []).map((error) => publicError(error, request)) },
    }),
  } as MercuriusOptions)
  const valid = new Map<string, DocumentNode>()

  /** The document that was asked for the longest time ago makes room. */
  function cache(source: string, document: DocumentNode): void {
    valid.delete(source)
    valid.set(source, document)
    if (valid.size > maxCached) valid.delete(valid.keys().next().value!)
  }

  app.post('/graphql', { config: { operation: 'graphql' } }, async (request, reply) => {
    const body = bodyOf(request)
    const source = sourceOf(body, settings)
    const variables = (body.variables ?? {}) as Record<string, unknown>
    const operationName = (body.operationName ?? undefined) as string | undefined
    try {
      checkLength(source)
      const cached = valid.get(source)
      const document = cached ?? parseDocument(source)
      checkLimits(app.graphql.schema, document, variables)
      if (!cached) checkValid(app.graphql.schema, document)
      // Everything under a root field was read by its own statement, so the default look-up by name answers all else.
      const context = { request, service }
      if (source.length > MAX_CACHED_LENGTH) {
        const result = await runOnce(app.graphql.schema, document, context, variables, operationName)
        return send(request, reply, 200, result)
      }
      cache(source, cached ?? parseDocument(source, true))
      const { data, errors } = await app.graphql(
        keyedSource(source, document, operationName),
        context as never,
        variables,
        operationName,
      )
      return send(request, reply, 200, { ...(data !== undefined && { data }), ...(errors?.length && { errors }) })
    } catch (error) {
      return send(request, reply, 400, { errors: requestErrors(error, request) })
    }
  })
}

/** Throws what graphql says of bad syntax, or `query_too_complex`. Without locations it does not hold on to every token and comment. */
function parseDocument(source: string, noLocation = false): DocumentNode {
  try {
    return parse(source, { maxTokens: MAX_TOKENS, noLocation })
  } catch (error) {
    // The parser goes down a level with every bracket; the stack is what ends it.
    if (error instanceof RangeError) throw new DomainError('query_too_complex', 'The query is nested too deeply to be parsed.')
    throw error
  }
}

/** Stops here what is not valid, since mercurius would keep it with its errors. The work is bounded by graphql itself. */
function checkValid(schema: GraphQLSchema, document: DocumentNode): void {
  const errors = validate(schema, document)
  if (errors.length > 0) throw Object.assign(new Error('Invalid document.'), { errors })
}

/** Runs a document that is too long to be cached, past mercurius, which would keep it. */
async function runOnce(
  schema: GraphQLSchema,
  document: DocumentNode,
  contextValue: GraphqlContext,
  variableValues: Record<string, unknown>,
  operationName: string | undefined,
): Promise<ExecutionResult> {
  const { data, errors } = await execute({ schema, document, contextValue, variableValues, operationName })
  // Without data it did not begin to run: variables or the operation's name.
  if (data === undefined) throw Object.assign(new Error('The document cannot be executed.'), { errors })
  return { data, ...(errors && { errors: errors.map((error) => publicError(error, contextValue.request)) }) }
}

/**
 * mercurius keeps what it has compiled by the text alone: a document of several operations needs a text for each of them, and only for
 * those that it has, or names of any length would be cached.
 */
function keyedSource(source: string, { definitions }: DocumentNode, operationName: string | undefined): string {
  const operations = definitions.flatMap((one) => (one.kind === 'OperationDefinition' ? [one.name?.value] : []))
  return operations.length > 1 && operationName !== undefined && operations.includes(operationName)
    ? `${source}\n# ${operationName}`
    : source
}

function bodyOf({ body }: FastifyRequest): GraphqlBody {
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    throw new DomainError('malformed_request', 'The body must be a JSON object with a query.')
  const foreign = Object.keys(body).find((name) => !members.includes(name))
  if (foreign !== undefined)
    throw new DomainError('malformed_request', `The body has an unknown member ${foreign}. Allowed are ${members.join(', ')}.`)
  const { variables, operationName } = body as GraphqlBody
  if (variables !== undefined && variables !== null && (typeof variables !== 'object' || Array.isArray(variables)))
    throw new DomainError('malformed_request', 'variables must be an object.')
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string')
    throw new DomainError('malformed_request', 'operationName must be a string.')
  return body
}

function sourceOf({ query, documentId }: GraphqlBody, { documents, freeQueries }: GraphqlSettings): string {
  if (typeof documentId === 'string') {
    const known = documents.get(documentId)
    if (known === undefined) throw new DomainError('not_found', 'There is no persisted document with this ID.')
    return known
  }
  if (typeof query !== 'string' || query.trim() === '')
    throw new DomainError('malformed_request', 'The body must contain a query.')
  if (!freeQueries && ![...documents.values()].includes(query))
    throw new DomainError('not_permitted', 'Only persisted documents are accepted here.')
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
        new GraphQLError(withoutValues(one.message), { ...(one.nodes && { nodes: one.nodes }), extensions: malformed(request) }),
    )
  return [publicError(error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error }), request)]
}

const malformed = ({ id }: FastifyRequest): Record<string, unknown> => ({ code: 'malformed_request', traceId: id })

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
    return new GraphQLError(withoutValues(error.message), { ...at, extensions: malformed(request) })
  request.log.error({ err: originalError }, 'a resolver failed')
  return new GraphQLError('Internal error.', { ...at, extensions: { code: 'internal', traceId: request.id } })
}
