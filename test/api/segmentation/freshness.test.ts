import { advanceAssignments } from '../../../src/operations/dossier/due-assignments.ts'
import { describe, expect } from 'vitest'
import { runAsSystem } from '../../../src/jobs/worker.ts'
import { type Caller, startOfTests, test, type TestBank } from '../../setup/service.ts'
import { operationNamed, overGraphql, overRest } from '../calls.ts'
import { customerIds, customers, customerRow, type CustomerName, delegate, fillDossiers, ownedTables } from '../dossiers.ts'

/** Which of the four customers somebody sees now: by the page of customers, by each dossier and by each account, over both sides. */
async function seenBy(bank: TestBank, caller: Caller): Promise<string> {
  const ids = await customerIds(bank)
  const listed = (await overRest(bank, caller, operationNamed('customers'), {})).body.items.map(({ id }: { id: string }) => id)
  const seen: string[] = []
  for (const customer of customers) {
    const asks: readonly boolean[] = [
      listed.includes(ids[customer]),
      (await overRest(bank, caller, operationNamed('customer'), { customerId: ids[customer] })).code === 'ok',
      (await overGraphql(bank, caller, operationNamed('customer'), { customerId: ids[customer] })).code === 'ok',
      (
        await overRest(bank, caller, operationNamed('holding'), {
          customerId: ids[customer],
          holdingId: await bank.holdingId(`A${customer}`),
        })
      ).code === 'ok',
      (await overRest(bank, caller, operationNamed('holdings'), { customerId: ids[customer] })).code === 'ok',
    ]
    if (asks.some((answer) => answer !== asks[0]))
      throw new Error(`The answers about customer ${customer} disagree: ${asks.join()}.`)
    if (asks[0]) seen.push(customer)
  }
  return seen.join()
}

const assignment = (bank: TestBank, customer: CustomerName, staff: string, days: object) => ({
  externalId: bank.code(`S${customer}`),
  customerExternalId: bank.code(customer),
  staffNumber: bank.code(staff),
  businessLine: 'personal',
  startsOn: '2024-01-01',
  ...days,
})

/** Moves the clock for one piece of work only: tests of a file share it. */
async function at<T>(bank: TestBank, instant: string, work: () => Promise<T>): Promise<T> {
  bank.service.clock.now = new Date(instant)
  try {
    return await work()
  } finally {
    bank.service.clock.now = startOfTests
  }
}

describe('a delegation', () => {
  test('that begins today opens the portfolio at once, and revoking it closes it with the next request', async ({ bank }) => {
    expect(await seenBy(bank, bank.code('R3'))).toBe('3')
    const delegationId = await delegate(bank, 'R1', 'R3', '2026-11-22')
    expect(await seenBy(bank, bank.code('R3'))).toBe('1,3')
    const customerId = await bank.customerId('1')
    const corrected = await overRest(bank, bank.code('R3'), operationNamed('correctCustomer'), {
      customerId,
      industry: 'F5211',
      expectedVersion: 1,
    })
    expect(corrected.code, 'the deputy works the portfolio').toBe('ok')
    expect((await overGraphql(bank, bank.code('M1'), operationNamed('revokeDelegation'), { delegationId })).code).toBe('ok')
    expect(await seenBy(bank, bank.code('R3'))).toBe('3')
    expect(await seenBy(bank, bank.code('R1'))).toBe('1')
  })

  test('of a day to come opens the portfolio at midnight of the deputy and not before, and closes it on its last day', async ({
    bank,
  }) => {
    const request = {
      staffId: await bank.staffId('R1'),
      deputyId: await bank.staffId('R3'),
      startsOn: '2026-11-23',
      endsOn: '2026-11-24',
      reason: 'training',
    }
    expect((await overRest(bank, bank.code('M1'), operationNamed('delegatePortfolio'), request)).code).toBe('ok')
    expect(await seenBy(bank, bank.code('R3'))).toBe('3')
    expect(await at(bank, '2026-11-22T15:59:59Z', () => seenBy(bank, bank.code('R3')))).toBe('3')
    expect(await at(bank, '2026-11-22T16:00:00Z', () => seenBy(bank, bank.code('R3')))).toBe('1,3')
    expect(await at(bank, '2026-11-23T15:59:59Z', () => seenBy(bank, bank.code('R3')))).toBe('1,3')
    expect(await at(bank, '2026-11-23T16:00:00Z', () => seenBy(bank, bank.code('R3')))).toBe('3')
  })

  test('is read by the clock of the service and not by that of the database', async ({ bank }) => {
    const past = {
      staffId: await bank.staffId('R1'),
      deputyId: await bank.staffId('R3'),
      startsOn: '2020-03-02',
      endsOn: '2020-03-09',
      reason: 'holiday',
    }
    await at(bank, '2020-03-02T02:00:00Z', async () => {
      expect((await overRest(bank, bank.code('M1'), operationNamed('delegatePortfolio'), past)).code).toBe('ok')
      expect(await seenBy(bank, bank.code('R3'))).toBe('1,3')
    })
    expect(await seenBy(bank, bank.code('R3'))).toBe('3')
  })

  test('covers the portfolio itself and not what its keeper covers for others', async ({ bank }) => {
    await delegate(bank, 'R2', 'R1', '2026-11-22')
    await delegate(bank, 'R1', 'R3', '2026-11-22')
    expect(await seenBy(bank, bank.code('R1'))).toBe('1,2')
    expect(await seenBy(bank, bank.code('R3'))).toBe('1,3')
  })

  test('opens what the portfolio gains while it lasts', async ({ bank }) => {
    await delegate(bank, 'R1', 'R3', '2026-11-22')
    await bank.feed('assignments', [assignment(bank, '2', 'R1', {})])
    expect([
      await seenBy(bank, bank.code('R1')),
      await seenBy(bank, bank.code('R2')),
      await seenBy(bank, bank.code('R3')),
    ]).toEqual(['1,2', '', '1,2,3'])
  })

  test('is refused for a deputy who sees customers by branch and would gain nothing', async ({ bank }) => {
    await bank.feed('staff', [{ externalId: bank.code('T2'), name: '柜员', institutionCode: bank.code('O2'), roles: ['teller'] }])
    const refused = await bank.request(bank.code('M1'), 'POST', '/delegations', {
      staffId: await bank.staffId('R1'),
      deputyId: await bank.staffId('T2'),
      startsOn: '2026-11-22',
      endsOn: '2026-11-30',
      reason: 'leave',
    })
    expect([refused.status, refused.body.code]).toEqual([409, 'conflict'])
  })
})

describe('an assignment', () => {
  test('that ends takes the customer out of sight at once', async ({ bank }) => {
    const { body } = await overRest(bank, bank.code('R1'), operationNamed('customer'), { customerId: await bank.customerId('1') })
    const [{ id: assignmentId }] = body.assignments
    const ended = await overRest(bank, bank.code('M1'), operationNamed('endAssignment'), {
      customerId: body.id,
      assignmentId,
      endsOn: '2026-11-22',
    })
    expect([ended.code, ended.body.state]).toEqual(['ok', 'ended'])
    expect(await seenBy(bank, bank.code('R1'))).toBe('')
    expect(await seenBy(bank, bank.code('M1'))).toBe('1,2,3')
  })

  test('that a feed hands to somebody else changes both portfolios at once', async ({ bank }) => {
    expect([await seenBy(bank, bank.code('R1')), await seenBy(bank, bank.code('R2'))]).toEqual(['1', '2'])
    await bank.feed('assignments', [assignment(bank, '1', 'R2', {})])
    expect([await seenBy(bank, bank.code('R1')), await seenBy(bank, bank.code('R2'))]).toEqual(['', '1,2'])
  })

  test('of a day to come takes effect when the job runs after midnight of the institution, here and in Prague', async ({
    bank,
  }) => {
    const c = (suffix: string) => bank.code(suffix)
    await bank.feed('institutions', [
      { externalId: c('PRG'), name: 'Praha', kind: 'outlet', parentCode: c('B1'), timeZone: 'Europe/Prague' },
    ])
    await bank.feed('customers', [{ ...customerRow(bank, '2'), institutionCode: c('PRG') }])
    // From the 23rd on R3 keeps customer 1 in Shanghai and customer 2 in Prague; until then R1 and R2 do.
    const planned = (customer: CustomerName) => ({
      ...assignment(bank, customer, 'R3', { startsOn: '2026-11-23' }),
      externalId: c(`N${customer}`),
    })
    await bank.feed('assignments', [
      assignment(bank, '1', 'R1', { endsOn: '2026-11-23' }),
      assignment(bank, '2', 'R2', { endsOn: '2026-11-23' }),
      planned('1'),
      planned('2'),
    ])
    const portfolios = async () => [await seenBy(bank, c('R1')), await seenBy(bank, c('R2')), await seenBy(bank, c('R3'))]
    const after = (instant: string) =>
      at(bank, instant, async () => {
        await runAsSystem(bank.service.service, advanceAssignments)
        return portfolios()
      })
    expect(await after('2026-11-22T15:59:59Z'), 'before any midnight').toEqual(['1', '2', '3'])
    expect(await at(bank, '2026-11-22T16:00:00Z', portfolios), 'midnight in Shanghai, before the job').toEqual(['1', '2', '3'])
    expect(await after('2026-11-22T16:00:00Z'), 'midnight in Shanghai').toEqual(['', '2', '1,3'])
    expect(await after('2026-11-22T22:59:59Z'), 'before midnight in Prague').toEqual(['', '2', '1,3'])
    expect(await after('2026-11-22T23:00:00Z'), 'midnight in Prague').toEqual(['', '', '1,2,3'])
    const { rows } = await bank.service.owner.query(
      'select count(*)::int as left from assignment where customer_id = any ($1) and state = $2',
      [Object.values(await customerIds(bank)), 'planned'],
    )
    expect(rows).toEqual([{ left: 0 }])
  })

  test('that a feed brings is judged by the day of the customer’s institution and not by that of the sender', async ({
    bank,
  }) => {
    const c = (suffix: string) => bank.code(suffix)
    await bank.feed('institutions', [
      { externalId: c('PRG'), name: 'Praha', kind: 'outlet', parentCode: c('B1'), timeZone: 'Europe/Prague' },
    ])
    await bank.feed('customers', [{ ...customerRow(bank, '2'), institutionCode: c('PRG') }])
    const rows = [
      assignment(bank, '2', 'R2', { endsOn: '2026-11-23' }),
      { ...assignment(bank, '2', 'R3', { startsOn: '2026-11-23' }), externalId: c('N2') },
    ]
    // Half past midnight at head office in Shanghai, half past five in the afternoon of the day before in Prague.
    await at(bank, '2026-11-22T16:30:00Z', async () => {
      await bank.feed('assignments', rows)
      expect([await seenBy(bank, c('R2')), await seenBy(bank, c('R3'))]).toEqual(['2', '3'])
    })
  })
})

describe('a customer whom a feed moves', () => {
  test('leaves the sight of the old branch and enters that of the new one, with every row of every table', async ({ bank }) => {
    const c = (suffix: string) => bank.code(suffix)
    await fillDossiers(bank)
    const ids = await customerIds(bank)
    const { rows: places } = await bank.service.owner.query('select code, path from institution')
    const pathOf = (code: string): string => places.find((place) => place.code === c(code)).path
    const pathsNow = async (): Promise<Record<string, string[]>> => {
      const found: Record<string, string[]> = {}
      for (const { name, column } of ownedTables)
        found[name] = (
          await bank.service.owner.query(`select distinct institution_path from ${name} where ${column} = $1`, [ids['1']])
        ).rows.map((row) => row.institution_path)
      return found
    }
    const everywhere = (path: string) => Object.fromEntries(ownedTables.map(({ name }) => [name, [path]]))
    expect(await pathsNow()).toEqual(everywhere(pathOf('O1')))
    expect([
      await seenBy(bank, c('M1')),
      await seenBy(bank, c('M2')),
      await seenBy(bank, c('T1')),
      await seenBy(bank, c('R1')),
      await seenBy(bank, c('R3')),
    ]).toEqual(['1,2,3', '4', '1,2', '1', '1,3'])

    await bank.feed('customers', [{ ...customerRow(bank, '1'), institutionCode: c('B2') }])
    expect(await pathsNow()).toEqual(everywhere(pathOf('B2')))
    // The relationship manager keeps the customer until the assignment ends, and so does the one who covers.
    expect([
      await seenBy(bank, c('M1')),
      await seenBy(bank, c('M2')),
      await seenBy(bank, c('T1')),
      await seenBy(bank, c('R1')),
      await seenBy(bank, c('R3')),
    ]).toEqual(['2,3', '1,4', '2', '1', '1,3'])
    expect(await seenBy(bank, { client: `feed-${c('B1')}` })).toBe('2,3')
    expect(await seenBy(bank, { client: `feed-${c('B2')}` })).toBe('1,4')

    const dossier = await overRest(bank, c('R1'), operationNamed('customer'), { customerId: ids['1'] })
    for (const part of [
      'externalIds',
      'identityDocuments',
      'contactPoints',
      'addresses',
      'assignments',
      'holdings',
      'sharedHoldings',
    ])
      expect(dossier.body[part].length, part).toBeGreaterThan(0)
    for (const name of ['activity', 'movements'])
      expect(
        (await overRest(bank, c('R1'), operationNamed(name), { customerId: ids['1'] })).body.items.length,
        name,
      ).toBeGreaterThan(0)
    await bank.feed('customers', [customerRow(bank, '1')])
    expect([await seenBy(bank, c('M1')), await seenBy(bank, c('M2'))]).toEqual(['1,2,3', '4'])
    expect(await pathsNow()).toEqual(everywhere(pathOf('O1')))
  })
})

describe('staff who move to another institution', () => {
  test('see from there with their next request', async ({ bank }) => {
    expect(await seenBy(bank, bank.code('T1'))).toBe('1,2')
    await bank.feed('staff', [
      { externalId: bank.code('T1'), name: '职员T1', institutionCode: bank.code('O2'), roles: ['teller'] },
    ])
    expect(await seenBy(bank, bank.code('T1'))).toBe('3')
    await bank.feed('staff', [
      { externalId: bank.code('T1'), name: '职员T1', institutionCode: bank.code('B1'), roles: ['teller'] },
    ])
    expect(await seenBy(bank, bank.code('T1'))).toBe('1,2,3')
  })
})
