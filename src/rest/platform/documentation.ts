import type { FastifyInstance } from 'fastify'
import { entryPages } from './entry-pages.ts'
import { openApiOf } from './openapi.ts'
import { yamlOf } from './openapi-text.ts'
import { referencePage } from './reference-page.ts'
import { sendUnchanging, type Unchanging, unchanging } from './unchanging.ts'
import { workbench } from './workbench.ts'
import { routes, streams } from '../routes.ts'

/** Serves the contract, a page to read and try it, what each problem code means, and a GraphQL workbench. Nothing is fetched from elsewhere. */
export async function documentation(app: FastifyInstance, { graphiql }: { readonly graphiql: boolean }): Promise<void> {
  // Put together when somebody asks for it: it is large, and most instances are never asked.
  let known: { readonly json: Unchanging; readonly yaml: Unchanging } | undefined
  const contract = () => (known ??= contractTexts())
  app.get('/openapi.json', async (request, reply) => sendUnchanging(request, reply, contract().json))
  app.get('/openapi.yaml', async (request, reply) => sendUnchanging(request, reply, contract().yaml))
  entryPages(app, { graphiql })
  referencePage(app)

  if (graphiql) await workbench(app)
}

function contractTexts(): { readonly json: Unchanging; readonly yaml: Unchanging } {
  const document = openApiOf(routes, streams)
  return {
    json: unchanging('application/json; charset=utf-8', JSON.stringify(document)),
    yaml: unchanging('application/yaml; charset=utf-8', yamlOf(document)),
  }
}
