import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { errorCodes } from '../../core/kernel/errors.ts'
import { openApiOf } from './openapi.ts'
import { yamlOf } from './openapi-text.ts'
import { problems } from './problems.ts'
import { sendUnchanging, type Unchanging, unchanging } from './unchanging.ts'
import { routes, streams } from '../routes.ts'

/** Serves the contract, a page to read and try it, what each problem code means, and a GraphQL workbench. Nothing is fetched from elsewhere. */
export async function documentation(app: FastifyInstance, { graphiql }: { readonly graphiql: boolean }): Promise<void> {
  // Put together when somebody asks for it: it is large, and most instances are never asked.
  let known: { readonly json: Unchanging; readonly yaml: Unchanging } | undefined
  const contract = () => (known ??= contractTexts())
  app.get('/openapi.json', async (request, reply) => sendUnchanging(request, reply, contract().json))
  app.get('/openapi.yaml', async (request, reply) => sendUnchanging(request, reply, contract().yaml))
  app.get<{ Params: { code: string } }>('/problems/:code', async ({ params }, reply) => {
    const code = errorCodes.find((known) => known === params.code)
    return code ? { code, ...problems[code] } : reply.callNotFound()
  })

  await app.register(swagger, {
    mode: 'static',
    specification: { document: { openapi: '3.1.0', info: { title: 'Guanxi', version: '' }, paths: {} } },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    // Over plain HTTP, inside a bank’s network, the page would ask for its own parts by HTTPS and stay blank.
    transformStaticCSP: (policy) => policy.replace(/\s*upgrade-insecure-requests;?/, ''),
    transformSpecification: (() => openApiOf(routes, streams)) as never,
    transformSpecificationClone: false,
    uiConfig: { persistAuthorization: false },
    theme: { title: 'Guanxi' },
  })

  if (!graphiql) return
  app.get('/graphiql', async (_request, reply) => reply.redirect('/graphiql/'))
  app.get('/graphiql/', async (_request, reply) => reply.type('text/html; charset=utf-8').send(await workbench()))
  // Only where it is served: the container image goes without it.
  const root = fileURLToPath(new URL('dist/', import.meta.resolve('altair-static')))
  await app.register(fastifyStatic, { root, prefix: '/graphiql/', index: false, decorateReply: false })
}

function contractTexts(): { readonly json: Unchanging; readonly yaml: Unchanging } {
  const document = openApiOf(routes, streams)
  return {
    json: unchanging('application/json; charset=utf-8', JSON.stringify(document)),
    yaml: unchanging('application/yaml; charset=utf-8', yamlOf(document)),
  }
}

/** The page is put together when somebody asks for it: what it takes is large. */
async function workbench(): Promise<string> {
  const { renderAltair } = await import('altair-static')
  return renderAltair({
    baseURL: '/graphiql/',
    endpointURL: '/graphql',
    initialQuery: '{ customers(first: 3) { nodes { id name aum { amount currency } } } }',
    initialHeaders: { Authorization: 'Bearer <token>' },
  })
}
