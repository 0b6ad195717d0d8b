import Fastify, { type FastifyInstance } from 'fastify'
import { sendUnchanging, type Unchanging, unchanging } from './unchanging.ts'

const title = 'Guanxi: REST reference'

/** Everything of the page comes from the service itself. Styles are written by its script; nothing else is inline. */
const policy = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self' 'unsafe-inline'`,
  `img-src 'self' data:`,
  `font-src 'self' data:`,
  `connect-src 'self'`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
].join('; ')

/** All operations are in the sidebar, where the browser's own search finds them too. What leads to the maker's services is off. */
const configuration = {
  url: '/openapi.json',
  metaData: { title },
  defaultOpenAllTags: true,
  showOperationId: true,
  hideModels: true,
  documentDownloadType: 'none',
  persistAuth: false,
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
  customCss: 'a[href*="scalar.com"] { display: none !important }',
}

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
</head>
<body style="margin: 0">
<noscript>This page needs JavaScript; <a href="/openapi.yaml">the contract</a> does not.</noscript>
<div id="reference"></div>
<script src="/docs/reference.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`

const start = `Scalar.createApiReference('#reference', ${JSON.stringify(configuration)})\n`

/** Serves a page to read the contract, search it and try it. */
export function referencePage(app: FastifyInstance): void {
  const html = unchanging('text/html; charset=utf-8', page)
  const starter = unchanging('text/javascript; charset=utf-8', start)
  let script: Promise<Unchanging> | undefined
  app.get('/docs', async (_request, reply) => reply.redirect('/docs/'))
  app.get('/docs/', async (request, reply) => sendUnchanging(request, reply.header('Content-Security-Policy', policy), html))
  app.get('/docs/start.js', async (request, reply) => sendUnchanging(request, reply, starter))
  app.get('/docs/reference.js', async (request, reply) => sendUnchanging(request, reply, await (script ??= bundledScript())))
}

/** The package holds its script in a module of 5 MB and gives it out through its plugin only: asked for when somebody opens the page. */
async function bundledScript(): Promise<Unchanging> {
  const { default: scalar } = await import('@scalar/fastify-api-reference')
  const holder = Fastify()
  await holder.register(scalar, { routePrefix: '/docs', configuration: { url: '/openapi.json' } })
  const { body } = await holder.inject('/docs/js/scalar.js')
  await holder.close()
  return unchanging('text/javascript; charset=utf-8', body)
}
