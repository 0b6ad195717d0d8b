import { describe, expect } from 'vitest'
import { openapi, referred } from '../contract-document.ts'
import { customerIds } from '../dossiers.ts'
import { test } from '../../setup/service.ts'

const ends = ['1800-01-01', '1800-01-31', '9999-12-01', '9999-12-31']

/** Every query with days among its parameters, with what else it must have. */
const asking = Object.entries<any>(openapi.paths).flatMap(([path, { get }]) => {
  const parameters: any[] = (get?.parameters ?? [])
    .map(referred)
    .map((one: any) => ({ ...one, schema: { ...referred(one.schema), ...one.schema } }))
  const days = parameters.filter(({ in: place, schema }) => place === 'query' && schema.format === 'date')
  return days.length > 0 ? [{ path, days: days.map(({ name }) => name as string), parameters }] : []
})

describe('a day at either end of the calendar', () => {
  test('is no fault of the service, in any query that takes days', async ({ bank, service }) => {
    expect(asking.length).toBeGreaterThan(5)
    const ids = await customerIds(bank)
    const { rows } = await service.owner.query(`select p.key as id from policy_version p where p.kind = 'tier_scheme' limit 1`)
    const idOf: Readonly<Record<string, string>> = { customerId: ids['1'], schemeId: rows[0]?.id ?? crypto.randomUUID() }
    const asked: string[] = []
    for (const { path, days, parameters } of asking) {
      const url = path
        .replace('/v1', '')
        .replaceAll(/\{(\w+)\}/g, (_all: string, name: string) => idOf[name] ?? crypto.randomUUID())
      const others = parameters
        .filter(({ in: place, required, name }) => place === 'query' && required && !days.includes(name))
        .map(({ name, schema }) => `${name}=${schema.enum?.[0] ?? schema.example ?? schema.examples?.[0] ?? 1}`)
      for (const first of ends)
        for (const last of days.length > 1 ? ends : [first]) {
          const query = [...days.map((name, index) => `${name}=${index === 0 ? first : last}`), ...others].join('&')
          const { status, body } = await bank.request('ADMIN', 'GET', `${url}?${query}`)
          asked.push(`${status}`)
          expect(status, `${path}?${query} ${JSON.stringify(body)}`).toBeLessThan(500)
        }
    }
    expect(asked).toContain('200')
  })

  test('that leads beyond it is refused', async ({ bank }) => {
    const retention = await bank.request('ADMIN', 'GET', '/cohort-retention/customers?from=9999-12-31')
    expect(retention).toMatchObject({
      status: 400,
      body: { code: 'invalid_input', errors: [{ pointer: '/from', rule: 'future' }] },
    })
    const audit = await bank.request('ADMIN', 'GET', '/audit-verification?to=1800-01-02')
    expect(audit).toMatchObject({ status: 400, body: { code: 'invalid_input' } })
  })
})
