import { gunzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { startService, test } from '../../setup/service.ts'

const origin = 'https://crm.bank.example'

describe('an answer', () => {
  test('with data is stored by nobody, run and framed nowhere, also a refusal, over both APIs', async ({ bank }) => {
    for (const [caller, method, url, body] of [
      [bank.code('M1'), 'GET', '/customers', undefined],
      [bank.code('M1'), 'GET', `/customers/${crypto.randomUUID()}`, undefined],
      [null, 'GET', '/customers', undefined],
      [bank.code('M1'), 'POST', '/graphql', { query: '{ customers(first: 1) { nodes { id } } }' }],
    ] as const)
      expect((await bank.request(caller, method, url, body)).headers, url).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': `default-src 'none'; frame-ancestors 'none'`,
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000',
      })
  })

  test('is compressed for who accepts it, from a kilobyte on', async ({ bank, service }) => {
    const headers = { authorization: `Bearer ${await service.tokenOf(bank.code('M1'))}`, 'accept-encoding': 'gzip' }
    const plain = await service.app.inject({ url: '/v1/facts', headers: { authorization: headers.authorization } })
    const packed = await service.app.inject({ url: '/v1/facts', headers })
    expect([plain.headers['content-encoding'], packed.headers['content-encoding']]).toEqual([undefined, 'gzip'])
    expect(gunzipSync(packed.rawPayload).toString()).toBe(plain.body)
    expect(packed.rawPayload.length * 3).toBeLessThan(plain.rawPayload.length)
    const brotli = await service.app.inject({ url: '/openapi.json', headers: { 'accept-encoding': 'br' } })
    expect(brotli.headers['content-encoding']).toBe('br')
    expect((await service.app.inject({ url: '/health/live', headers })).headers['content-encoding']).toBeUndefined()
  })

  test('of the page of documentation asks for nothing by HTTPS that was asked for by HTTP', async ({ service }) => {
    const page = await service.app.inject({ url: '/docs/', headers: { host: 'guanxi.bank.example' } })
    expect([page.statusCode, page.headers['content-security-policy']]).toEqual([
      200,
      expect.stringContaining("default-src 'none'"),
    ])
    expect(String(page.headers['content-security-policy'])).not.toContain('upgrade-insecure-requests')
  })

  test('is for pages of listed origins only, and of none by default', async ({ service }) => {
    const preflight = (app: typeof service.app, from: string) =>
      app.inject({
        method: 'OPTIONS',
        url: '/v1/customers',
        headers: { origin: from, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      })
    expect((await preflight(service.app, origin)).headers['access-control-allow-origin']).toBeUndefined()
    const open = await startService({}, { corsOrigins: [origin] })
    try {
      const allowed = await preflight(open.app, origin)
      expect([allowed.statusCode, allowed.headers]).toMatchObject([
        204,
        {
          'access-control-allow-origin': origin,
          'access-control-allow-methods': expect.stringContaining('PATCH'),
          'access-control-allow-headers': expect.stringContaining('If-Match'),
        },
      ])
      expect((await preflight(open.app, 'https://other.example')).headers['access-control-allow-origin']).toBeUndefined()
      const refused = await open.app.inject({ url: '/v1/customers', headers: { origin } })
      expect([
        refused.statusCode,
        refused.headers['access-control-allow-origin'],
        refused.headers['access-control-expose-headers'],
      ]).toEqual([401, origin, expect.stringContaining('ETag')])
    } finally {
      await open.stop()
    }
  })
})
