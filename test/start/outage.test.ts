import { realpathSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/start/config.ts'
import { addDays } from '../../src/core/kernel/calendar.ts'
import { startEmbeddedPostgres } from '../../src/start/embedded/postgres.ts'
import { migrate } from '../../src/db/platform/migrate.ts'
import { developmentKeys } from '../../src/start/development-keys.ts'
import { openService, serve } from '../../src/start/service.ts'
import { developmentIssuer } from '../../src/tokens/development-issuer.ts'
import { plantBank } from '../../scripts/bootstrap.ts'

const log = { info: () => {}, warn: () => {} }
const settings = { fsync: 'off', shared_buffers: '16MB' }
const CALLERS = 8

describe('PostgreSQL stopped and started under load', () => {
  test('answers 503 meanwhile, recovers by itself, and loses and doubles nothing', async () => {
    const folder = realpathSync(await mkdtemp(join(tmpdir(), 'guanxi-outage-')))
    let postgres = await startEmbeddedPostgres({ folder, log, settings })
    const config = readConfig({
      NODE_ENV: 'test',
      DATA_DIR: folder,
      PORT: '0',
      LOG_LEVEL: 'silent',
      DEMO_CUSTOMERS: '0',
      RATE_LIMIT_MAX: '0',
    })
    await migrate({ ownerUrl: postgres.ownerUrl, serviceRole: postgres.serviceRole })
    const assembly = { serviceUrl: postgres.serviceUrl, keys: await developmentKeys(folder) }
    const planting = await openService(
      config,
      { ...assembly, serviceUrl: postgres.ownerUrl },
      () => {},
      () => {},
    )
    await plantBank(planting.service, { code: 'HO', name: '总行', source: 'core', clientId: 'core-banking' })
    await planting.close()
    const service = await serve(config, assembly)
    try {
      const token = await (await developmentIssuer(folder)).sign({ sub: 'core-banking', client_id: 'core-banking' })
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const seen = new Map<number, number>()
      const open: number[] = []
      let number = 0
      let stopped = false
      const put = async (index: number): Promise<number> => {
        const day = addDays('2000-01-01', index)
        const { status } = await fetch(`${service.address}/v1/exchange-rates/USD/${day}`, {
          method: 'PUT',
          headers: { ...headers, 'idempotency-key': `rate-${index}` },
          body: JSON.stringify({ source: 'core', rate: '7.1' }),
        })
        seen.set(status, (seen.get(status) ?? 0) + 1)
        return status
      }
      const read = async (): Promise<number> => {
        const { status } = await fetch(`${service.address}/v1/institutions`, { headers })
        seen.set(status, (seen.get(status) ?? 0) + 1)
        return status
      }
      const load = async (): Promise<void> => {
        while (!stopped) {
          const index = number++
          if ((await put(index)) !== 200) open.push(index)
          await read()
          await sleep(5)
        }
      }
      const loads = Array.from({ length: CALLERS }, load)
      const answers = (status: number): number => seen.get(status) ?? 0
      await expect.poll(() => answers(200)).toBeGreaterThan(50)
      await postgres.stop()
      await expect.poll(() => answers(503)).toBeGreaterThan(CALLERS)
      expect((await fetch(`${service.address}/health/ready`)).status).toBe(503)
      expect((await fetch(`${service.address}/health/live`)).status).toBe(200)
      postgres = await startEmbeddedPostgres({ folder, log, settings })
      await expect.poll(async () => (await fetch(`${service.address}/health/ready`)).status).toBe(200)
      const before = answers(200)
      await expect.poll(() => answers(200)).toBeGreaterThan(before + 50)
      stopped = true
      await Promise.all(loads)
      expect([...seen.keys()].sort()).toEqual([200, 503])
      for (const index of open) expect(await put(index)).toBe(200)
      // Past row-level security, in the service's own database.
      const owner = new pg.Client({
        connectionString: Object.assign(new URL(postgres.adminUrl), { pathname: new URL(postgres.ownerUrl).pathname }).href,
      })
      await owner.connect()
      const { rows } =
        await owner.query(`select (select count(*)::int from exchange_rate) as rates, (select count(distinct key)::int from idempotency) as keys,
        (select count(*)::int from outbox_event where type = 'exchange_rate.created') as events`)
      await owner.end()
      expect(rows[0]).toEqual({ rates: number, keys: number, events: number })
    } finally {
      await service.close()
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
