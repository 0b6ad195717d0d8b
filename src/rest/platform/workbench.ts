import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'

const initialQuery = `# A token goes into the headers, in place of <token>. On a development machine this prints one:
#   npm run --silent token
# Elsewhere the bank's identity provider issues it.
{
  customers(first: 3) {
    nodes {
      id
      name
      aum {
        amount
        currency
      }
    }
  }
}
`

/** Its banners only advertise. */
const withoutBanners = '<style>app-banner-container { display: none !important }</style>'

/** Serves a page to try GraphQL in. Nothing is fetched from elsewhere. */
export async function workbench(app: FastifyInstance): Promise<void> {
  app.get('/graphiql', async (_request, reply) => reply.redirect('/graphiql/'))
  app.get('/graphiql/', async (_request, reply) => reply.type('text/html; charset=utf-8').send(await page()))
  // Only where it is served: the container image goes without it.
  const root = fileURLToPath(new URL('dist/', import.meta.resolve('altair-static')))
  await app.register(fastifyStatic, { root, prefix: '/graphiql/', index: false, decorateReply: false })
}

/** The page is put together when somebody asks for it: what it takes is large. */
async function page(): Promise<string> {
  const { renderAltair } = await import('altair-static')
  const html = renderAltair({
    baseURL: '/graphiql/',
    endpointURL: '/graphql',
    initialQuery,
    initialHeaders: { Authorization: 'Bearer <token>' },
    disableAccount: true,
  })
  return html.replace('<title>Altair</title>', `<title>Guanxi: GraphQL</title>${withoutBanners}`)
}
