import pg from 'pg'
import { describe, expect } from 'vitest'
import { startWorker } from '../../../src/jobs/worker.ts'
import { addJob } from '../../../src/db/platform/jobs.ts'
import { test, type TestService } from '../../setup/service.ts'

const whole = { prefixes: ['/'], portfolio: [], caller: 'system:test' }

async function waiting(service: TestService, key: string): Promise<number> {
  const { rows } = await service.owner.query('select count(*)::int as n from graphile_worker.jobs where key = $1', [key])
  return rows[0].n
}

/** Runs a worker until something holds. */
async function untilWorked(service: TestService, holds: () => Promise<boolean>): Promise<void> {
  const pool = new pg.Pool({ connectionString: service.serviceUrl, max: 4 })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const runner = await startWorker(service.service, pool, () => {})
  try {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50))
  } finally {
    await runner.stop()
    await pool.end()
  }
}

describe('a job', () => {
  test('waits if and only if the transaction that adds it is committed, and once under its key', async ({ service }) => {
    const add = (fails: boolean) =>
      service.database.transaction(whole, async (db) => {
        await addJob(db, { name: 'deleteExpiredData', payload: {}, key: 'once', runAt: new Date('2999-01-01') })
        if (fails) throw new Error('rolled back')
      })
    await expect(add(true)).rejects.toThrow('rolled back')
    expect(await waiting(service, 'once')).toBe(0)
    await add(false)
    await add(false)
    expect(await waiting(service, 'once')).toBe(1)
  })

  test('begins a refresh that a command has queued', async ({ service }) => {
    await service.owner.query(`delete from graphile_worker._private_jobs`)
    const token = await service.tokenOf('ADMIN')
    const answer = await service.app.inject({
      method: 'POST',
      url: '/v1/refreshes',
      headers: { authorization: `Bearer ${token}` },
      payload: { kind: 'full' },
    })
    expect(answer.statusCode, answer.body).toBe(202)
    expect(await waiting(service, 'advanceRefreshes')).toBe(1)
    await untilWorked(service, async () => {
      const { rows } = await service.owner.query(`select state from refresh_run where id = $1`, [answer.json().id])
      return rows[0].state === 'done'
    })
  })

  test('that fails as often as it is tried is listed as dead, and can be retried', async ({ service }) => {
    const token = await service.tokenOf('ADMIN')
    const ask = (method: 'GET' | 'POST', url: string) =>
      service.app.inject({
        method,
        url: `/v1${url}`,
        headers: { authorization: `Bearer ${token}` },
        ...(method === 'POST' && { payload: {} }),
      })
    await service.database.transaction(whole, (db) =>
      addJob(db, { name: 'deleteExpiredData', payload: { nonsense: true }, key: 'broken', maxAttempts: 1 }),
    )
    const dead = async () => (await ask('GET', '/dead-jobs')).json().jobs as { id: string; key: string; attempts: number }[]
    await untilWorked(service, async () => (await dead()).length > 0)
    const [job] = await dead()
    expect(job).toMatchObject({ name: 'deleteExpiredData', key: 'broken', attempts: 1 })
    expect(JSON.stringify(job)).not.toContain('nonsense')
    const retried = await ask('POST', `/dead-jobs/${job!.id}/retry`)
    expect([retried.statusCode, retried.json()]).toEqual([200, { jobId: job!.id }])
    expect(await dead()).toEqual([])
    expect((await ask('POST', `/dead-jobs/${job!.id}/retry`)).statusCode).toBe(404)
    await untilWorked(service, async () => (await dead()).length > 0)
    expect((await ask('POST', '/dead-jobs/no-number/retry')).statusCode).toBe(400)
  })
})
