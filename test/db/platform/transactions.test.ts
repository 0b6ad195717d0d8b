import { describe, expect } from 'vitest'
import { type Database, openDatabase, sendAlong } from '../../../src/db/platform/database.ts'
import { test, type TestBank } from '../../setup/service.ts'

const wholeBank = { prefixes: ['/'], portfolio: [], caller: 'system:test' }

async function withDatabase(bank: TestBank, work: (database: Database) => Promise<void>): Promise<void> {
  const database = openDatabase(
    { url: bank.service.serviceUrl, poolSize: 1, fastLaneConnections: 1, statementTimeoutMs: 2_000, fastLaneTimeoutMs: 500 },
    { warn() {} },
  )
  try {
    await work(database)
  } finally {
    await database.close()
  }
}

/** Why a promise was rejected. */
const reason = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: Error) => error.message,
  )

const refused = async (): Promise<never> => {
  throw new Error('refused')
}

describe('a transaction', () => {
  test('that is refused before it has sent anything leaves its connection to the next one as it was', async ({ bank }) => {
    await withDatabase(bank, async (database) => {
      for (let turn = 0; turn < 3; turn++)
        expect(await reason(database.transaction(wholeBank, refused, { readOnly: true }))).toBe('refused')
      const rows = await database.transaction(wholeBank, (db) =>
        db.rows<{ mode: string }>({ text: `select current_setting('transaction_read_only') as mode`, values: [] }),
      )
      expect(rows).toEqual([{ mode: 'off' }])
    })
  })

  test('fails with the error of a statement that was only sent along, and keeps nothing', async ({ bank }) => {
    await withDatabase(bank, async (database) => {
      const work = database.transaction(wholeBank, async (db) => {
        await db.rows({ text: `update directory_version set version = version + 1`, values: [] })
        sendAlong(db.rows({ text: 'select 1 / 0', values: [] }))
      })
      expect(await reason(work)).toBe('division by zero')
      const after = database.transaction(wholeBank, async (db) => {
        sendAlong(db.rows({ text: 'select 1 / 0', values: [] }))
        return db.rows({ text: 'select 1', values: [] })
      })
      expect(await reason(after)).toBe('division by zero')
    })
  })

  test('tells which statement of a flight failed and answers those before it', async ({ bank }) => {
    await withDatabase(bank, async (database) => {
      const told = await database
        .transaction(wholeBank, async (db) => {
          const outcomes = await Promise.allSettled([
            db.rows({ text: 'select 1 as one', values: [] }),
            db.rows({ text: 'select 1 / $1::int as two', values: [0] }),
            db.rows({ text: 'select 3 as three', values: [] }),
          ])
          throw Object.assign(new Error('told'), { outcomes })
        })
        .catch((error: Error & { outcomes: PromiseSettledResult<unknown>[] }) => error.outcomes)
      expect(told.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as Error).message))).toEqual(
        [[{ one: 1 }], 'division by zero', 'division by zero'],
      )
    })
  })

  test('prepares a statement anew after the flight in which it was prepared has failed', async ({ bank }) => {
    await withDatabase(bank, async (database) => {
      // Statements get a name when they come for the third time.
      const answer = (value: number) => ({ text: 'select $1::int as prepared_anew', values: [value] })
      const failing = () =>
        database.transaction(wholeBank, async (db) => {
          sendAlong(db.rows({ text: 'select 1 / 0', values: [] }))
          return db.rows(answer(1))
        })
      for (let turn = 0; turn < 5; turn++) expect(await reason(failing())).toBe('division by zero')
      for (let turn = 0; turn < 5; turn++) {
        expect(await reason(failing())).toBe('division by zero')
        expect(await database.transaction(wholeBank, (db) => db.rows(answer(turn)))).toEqual([{ prepared_anew: turn }])
      }
    })
  })
})
