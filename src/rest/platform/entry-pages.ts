import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorCode, errorCodes } from '../../core/kernel/errors.ts'
import { explanations } from './problem-explanations.ts'
import { problems } from './problems.ts'

const style =
  'body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem } dt { font-weight: 600 } dd { margin: 0 0 1rem } code { font-size: 0.9em }'

const policy = `default-src 'none'; img-src data:; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

interface Place {
  readonly path: string
  readonly what: string
}

/** Serves what people and programs find first: what is where, and what the code of a problem means. Browsers get a page, others JSON. */
export function entryPages(app: FastifyInstance, { graphiql }: { readonly graphiql: boolean }): void {
  const places: readonly Place[] = [
    { path: '/docs', what: 'Reference of REST, to read, search and try' },
    { path: '/openapi.yaml', what: 'Contract of REST (OpenAPI 3.1)' },
    { path: '/openapi.json', what: 'The same as JSON' },
    ...(graphiql ? [{ path: '/graphiql', what: 'Workbench of GraphQL, which is served at POST /graphql' }] : []),
    { path: '/problems', what: 'Codes of problems, with cause and cure' },
    { path: '/health/ready', what: 'Health' },
  ]
  app.get('/', async (request, reply) =>
    send(request, reply, 'Guanxi', listOf(places.map(({ path, what }) => [linkTo(path), what])), {
      name: 'Guanxi',
      rest: '/v1',
      graphql: '/graphql',
      links: Object.fromEntries(places.map(({ path, what }) => [path, what])),
    }),
  )
  app.get('/problems', async (request, reply) =>
    send(
      request,
      reply,
      'Problems',
      listOf(errorCodes.map((code) => [linkTo(`/problems/${code}`, code), problems[code].title])),
      {
        problems: errorCodes.map(explained),
      },
    ),
  )
  app.get<{ Params: { code: string } }>('/problems/:code', async (request, reply) => {
    const code = errorCodes.find((known) => known === request.params.code)
    if (code === undefined) return reply.callNotFound()
    const { status, title, cause, cure } = explained(code)
    const rows = [
      ['Code', `<code>${code}</code>`],
      ['Status', String(status)],
      ['Cause', marked(cause)],
      ['Cure', marked(cure)],
    ] as const
    return send(request, reply, title, `${listOf(rows)}\n<p>${linkTo('/problems', 'All problems')}</p>`, explained(code))
  })
}

const explained = (code: ErrorCode) => ({ type: `/problems/${code}`, code, ...problems[code], ...explanations[code] })

const linkTo = (path: string, text = path): string => `<a href="${path}">${text}</a>`

const listOf = (rows: readonly (readonly [string, string])[]): string =>
  `<dl>\n${rows.map(([term, text]) => `<dt>${term}</dt><dd>${text}</dd>`).join('\n')}\n</dl>`

/** Texts of ours, with code between backticks. */
const marked = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>')

function send({ headers }: FastifyRequest, reply: FastifyReply, title: string, body: string, json: object): FastifyReply {
  reply.header('Vary', 'Accept')
  if (!(headers.accept ?? '').includes('text/html'))
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(json))
  return reply.header('Content-Security-Policy', policy).type('text/html; charset=utf-8').send(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><link rel="icon" href="data:,"><style>${style}</style></head>
<body>
<h1>${title}</h1>
${body}
</body>
</html>
`)
}
