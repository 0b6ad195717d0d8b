import { describe, expect } from 'vitest'
import { errorCodes } from '../../../src/core/kernel/errors.ts'
import { startService, test } from '../../setup/service.ts'

const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

describe('the entry of the service', () => {
  test('names what is there, for programs and for people, and each of it answers', async ({ service }) => {
    const links = (await service.app.inject({ url: '/' })).json().links as Record<string, string>
    expect(Object.keys(links)).toEqual(
      expect.arrayContaining(['/docs', '/openapi.yaml', '/graphiql', '/problems', '/health/ready']),
    )
    const page = await service.app.inject({ url: '/', headers: browser })
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      vary: expect.stringContaining('Accept'),
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    })
    expect([...page.body.matchAll(/<a href="([^"]+)"/g)].map(([, path]) => path)).toEqual(Object.keys(links))
    for (const url of Object.keys(links)) expect((await service.app.inject({ url })).statusCode, url).toBeLessThan(400)
  })

  test('leaves the workbench out where there is none', async () => {
    const without = await startService({}, { graphiql: false })
    try {
      expect(Object.keys((await without.app.inject({ url: '/' })).json().links)).not.toContain('/graphiql')
      expect((await without.app.inject({ url: '/graphiql/' })).statusCode).toBe(404)
    } finally {
      await without.stop()
    }
  })
})

describe('the page of a problem', () => {
  test('is where the type of the problem leads, for every code, with cause and cure', async ({ service }) => {
    const { type, code } = (await service.app.inject({ url: '/v1/customers' })).json()
    expect([type, code]).toEqual(['/problems/unauthenticated', 'unauthenticated'])
    for (const code of errorCodes) {
      const { title, status, cause, cure } = (await service.app.inject({ url: `/problems/${code}` })).json()
      expect(
        [title, cause, cure].every((text) => typeof text === 'string' && text.length > 5),
        code,
      ).toBe(true)
      const page = await service.app.inject({ url: `/problems/${code}`, headers: browser })
      expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
      for (const text of [`<h1>${title}</h1>`, `<code>${code}</code>`, String(status)]) expect(page.body).toContain(text)
      expect(page.body).not.toMatch(/`|undefined/)
    }
    const all = await service.app.inject({ url: '/problems' })
    expect(all.json().problems.map((one: { code: string }) => one.code)).toEqual(errorCodes)
  })

  test('of an unknown code is not found', async ({ service }) => {
    const answer = await service.app.inject({ url: '/problems/none', headers: browser })
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'not_found'])
  })
})
