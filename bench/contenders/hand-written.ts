import Fastify from 'fastify'
import pg from 'pg'
import { calendar, customerJson, listJson, pageJson } from './customer-json.ts'
import { overviewJson } from './overview-json.ts'
import { benchSegments } from './segments.ts'
import { insertMovement, portfolioSummary } from './statements.ts'

// What a good engineer writes in a day for one question each: no guards, no validation, JSON built by PostgreSQL and passed on as it comes.

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL']!, max: 10, options: '-c jit=off -c TimeZone=UTC' })
const app = Fastify()

async function json(name: string, text: string, values: unknown[]): Promise<string | undefined> {
  const { rows } = await pool.query<{ v: string }>({ name, text, values })
  return rows[0]?.v
}

app.get('/health/live', () => 'ok')

app.get<{ Params: { id: string } }>('/customers/:id', async (request, reply) => {
  const { today, months } = calendar()
  const body = await json('customer', customerJson, [request.params.id, months, today])
  return reply
    .code(body === undefined ? 404 : 200)
    .type('application/json')
    .send(body)
})

app.get<{ Params: { id: string } }>('/pages/:id', async (request, reply) =>
  reply.type('application/json').send(await json('page', pageJson, [request.params.id, calendar().months])),
)

app.get<{ Params: { id: string } }>('/overviews/:id', async (request, reply) => {
  const { today, months } = calendar(24)
  return reply.type('application/json').send(await json('overview', overviewJson, [request.params.id, months, today]))
})

app.get<{ Params: { id: string } }>('/lists/:id', async (request, reply) =>
  reply.type('application/json').send(await json('list', listJson, [request.params.id])),
)

app.get<{ Querystring: { path: string } }>('/portfolio-summary', async (request, reply) => {
  const { path } = request.query
  const body = await json('summary', portfolioSummary, [path, `${path.slice(0, -1)}0`, calendar().today])
  return reply.type('application/json').send(body)
})

app.get<{ Params: { code: string } }>('/segment-counts/:code', async (request, reply) => {
  const { code, sql } = benchSegments.find((one) => one.code === request.params.code)!
  const text = `select json_build_object('customers', count(*)) as v from customer_fact where status = 'active' and $1::date is not null and ${sql}`
  return reply.type('application/json').send(await json(code, text, [calendar().today]))
})

app.post<{ Body: Record<string, string> }>('/movements', async (request, reply) => {
  const { holdingExternalId, id, auditId, externalId, direction, amount, bookedOn, channel, purpose } = request.body
  const values = [id, holdingExternalId, externalId, direction, amount, bookedOn, channel, purpose, auditId]
  return reply
    .code(201)
    .type('application/json')
    .send(await json('movement', insertMovement, values))
})

await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
