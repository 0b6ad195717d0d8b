import { describe, expect } from 'vitest'
import { refreshKeyDates } from '../../../src/operations/dossier/upcoming-key-dates.ts'
import { runAsSystem } from '../../../src/jobs/worker.ts'
import { type Caller, startOfTests, test, type TestBank } from '../../setup/service.ts'

const midAutumn = { kind: 'birthday', calendar: 'lunar', month: 8, day: 15 }

const create = (bank: TestBank, caller: Caller, customerId: string, body: object, headers = {}) =>
  bank.request(caller, 'POST', `/customers/${customerId}/key-dates`, body, headers)
const upcoming = async (bank: TestBank, query: string, caller = bank.code('M1')): Promise<any[]> => {
  const { status, body } = await bank.request(caller, 'GET', `/upcoming-key-dates${query}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body.items
}
const told = (items: readonly any[]) =>
  items.map(({ day, kind, calendar, years, name, customer }) => [day, kind, calendar, years, name, customer.name])

/** The profile’s birth dates and founding days of customers 1 to 3. */
async function born(bank: TestBank, days: readonly (string | null)[]): Promise<void> {
  for (const [index, birthDate] of days.entries())
    await bank.service.owner.query('update customer set birth_date = $2 where core_number = $1', [
      bank.code(String(index + 1)),
      birthDate,
    ])
}

describe('a key date', () => {
  test('is taken down, listed, corrected and ended, over REST and GraphQL alike, each with audit entry and event', async ({
    bank,
  }) => {
    const manager = bank.code('R1')
    const customerId = await bank.customerId('1')
    const made = await create(bank, manager, customerId, { ...midAutumn, note: '茶叶' })
    const one = await bank.request(manager, 'GET', `/customers/${customerId}/key-dates/${made.body.id}`)
    expect([one.status, one.body]).toEqual([200, made.body])
    expect([made.status, made.body], JSON.stringify(made.body)).toMatchObject([
      201,
      {
        customerId,
        ...midAutumn,
        leapMonth: false,
        year: null,
        recurrence: 'yearly',
        status: 'active',
        nextOn: '2027-09-15',
        followingOn: '2028-10-03',
        source: 'guanxi',
        version: 1,
      },
    ])
    const url = `/customers/${customerId}/key-dates/${made.body.id}`
    const corrected = await bank.request(manager, 'PATCH', url, { day: 16, year: 1980 }, { 'if-match': '"1"' })
    expect([corrected.status, corrected.headers['etag'], corrected.body]).toMatchObject([
      200,
      '"2"',
      { day: 16, year: 1980, note: '茶叶', nextOn: '2027-09-16' },
    ])
    const { data, errors } = await bank.graphql(
      manager,
      `query ($id: ID!) { customer(customerId: $id) { keyDates { id kind calendar month day nextOn note version customer { id } } }
        keyDates(customerId: $id) { totalCount nodes { id year } } }`,
      { id: customerId },
    )
    expect(errors).toBeUndefined()
    expect(data.customer.keyDates).toMatchObject([
      { id: made.body.id, day: 16, nextOn: '2027-09-16', version: 2, customer: { id: customerId } },
    ])
    expect(data.keyDates).toEqual({ totalCount: 1, nodes: [{ id: made.body.id, year: 1980 }] })
    expect((await bank.request(manager, 'GET', `/customers/${customerId}`)).body.keyDates).toHaveLength(1)
    const ended = await bank.request(manager, 'POST', `${url}/end`, {}, { 'if-match': '"2"' })
    expect([ended.status, ended.body]).toMatchObject([200, { status: 'ended', nextOn: null, followingOn: null, version: 3 }])
    const { rows: audit } = await bank.service.owner.query(
      `select operation, actor_id, customer_id, changed from audit_entry where subject_id = $1 order by at, id`,
      [made.body.id],
    )
    expect(audit).toEqual([
      {
        operation: 'createKeyDate',
        actor_id: `staff:${manager}`,
        customer_id: customerId,
        changed: ['kind', 'calendar', 'month', 'day', 'leapMonth', 'recurrence', 'note'],
      },
      { operation: 'correctKeyDate', actor_id: `staff:${manager}`, customer_id: customerId, changed: ['day', 'year'] },
      { operation: 'endKeyDate', actor_id: `staff:${manager}`, customer_id: customerId, changed: ['status'] },
    ])
    const { rows: events } = await bank.service.owner.query(
      'select type from outbox_event where subject_id = $1 order by sequence',
      [made.body.id],
    )
    expect(events.map(({ type }) => type)).toEqual(['key_date.created', 'key_date.updated', 'key_date.ended'])
  })

  test('that cannot be is refused by field and rule, and nothing is written', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const cases: readonly (readonly [object, string, string])[] = [
      [{ kind: 'birthday', month: 2, day: 30 }, '/day', 'invalid_day'],
      [{ kind: 'birthday', month: 2, day: 29, year: 2001 }, '/day', 'invalid_day'],
      [{ ...midAutumn, day: 31 }, '/day', 'invalid_lunar_day'],
      [{ ...midAutumn, month: 1, day: 30, year: 2033 }, '/day', 'invalid_lunar_day'],
      [{ ...midAutumn, month: 4, year: 2021, leapMonth: true }, '/leapMonth', 'no_leap_month'],
      [{ kind: 'birthday', month: 4, day: 1, leapMonth: true }, '/leapMonth', 'not_lunar'],
      [{ kind: 'birthday', month: 1, day: 1, year: 2027 }, '/year', 'future'],
      [{ kind: 'custom', month: 1, day: 1 }, '/name', 'required'],
      [{ kind: 'custom', name: '開\u202e業', month: 1, day: 1 }, '/name', 'bidi_control'],
      [{ kind: 'custom', name: '开\u0000业', month: 1, day: 1 }, '/name', 'nul_character'],
      [{ kind: 'wedding_day', month: 1, day: 1, recurrence: 'once' }, '/year', 'required'],
      [{ kind: 'founding_day', month: 1, day: 1 }, '/kind', 'customer_kind'],
      [{ kind: 'birthday', month: 13, day: 1 }, '/month', 'too_big'],
    ]
    for (const [body, pointer, rule] of cases) {
      const { status, body: problem } = await create(bank, bank.code('M1'), customerId, body)
      expect([status, problem.code, problem.errors[0].pointer, problem.errors[0].rule], JSON.stringify(body)).toEqual([
        400,
        'invalid_input',
        pointer,
        rule,
      ])
      const { data, errors } = await bank.graphql(
        bank.code('M1'),
        `mutation ($input: CreateKeyDateInput!) { createKeyDate(input: $input) { id } }`,
        {
          input: { customerId, ...body },
        },
      )
      expect([data, errors![0]!.extensions.code, errors![0]!.extensions.errors![0]!.rule]).toEqual([null, 'invalid_input', rule])
    }
    expect((await bank.request(bank.code('M1'), 'GET', `/customers/${customerId}/key-dates`)).body.items).toEqual([])
  })

  test('of a kind that a customer has once is refused a second time, until the first has ended', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const first = await create(bank, bank.code('M1'), customerId, midAutumn)
    const second = await create(bank, bank.code('M1'), customerId, { ...midAutumn, day: 16 })
    expect([second.status, second.body.code, second.body.errors[0].pointer]).toEqual([409, 'already_exists', '/kind'])
    const url = `/customers/${customerId}/key-dates/${first.body.id}/end`
    expect((await bank.request(bank.code('M1'), 'POST', url)).status).toBe(200)
    expect((await bank.request(bank.code('M1'), 'POST', url)).body.code).toBe('already_closed')
    expect((await create(bank, bank.code('M1'), customerId, midAutumn)).status).toBe(201)
    const atOnce = await Promise.all(
      ['1', '2', '3'].map((day) =>
        create(bank, bank.code('M1'), customerId, { kind: 'wedding_day', month: 5, day: Number(day) }),
      ),
    )
    expect(atOnce.map(({ status }) => status).sort()).toEqual([201, 409, 409])
  })

  test('is made once for one idempotency key, and of two who correct it at once one is told', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const key = { 'idempotency-key': `k-${bank.name}` }
    const [first, again] = [
      await create(bank, bank.code('M1'), customerId, midAutumn, key),
      await create(bank, bank.code('M1'), customerId, midAutumn, key),
    ]
    expect([again.status, again.body.id, again.headers['idempotency-replayed']]).toEqual([201, first.body.id, 'true'])
    const url = `/customers/${customerId}/key-dates/${first.body.id}`
    const both = await Promise.all(
      [17, 18].map((day) => bank.request(bank.code('M1'), 'PATCH', url, { day }, { 'if-match': '"1"' })),
    )
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412])
    expect((await bank.request(bank.code('M1'), 'PATCH', url, { day: 1 })).status).toBe(428)
    expect(
      (await bank.request(bank.code('M1'), 'PATCH', url, { calendar: 'gregorian', month: 2, day: 30 }, { 'if-match': '"2"' }))
        .body.errors[0].rule,
    ).toBe('invalid_day')
  })

  test('is out of reach for other branches and portfolios, and for roles that may not write', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const { body } = await create(bank, bank.code('R1'), customerId, midAutumn)
    const url = `/customers/${customerId}/key-dates`
    for (const caller of ['M2', 'R2']) {
      expect((await create(bank, bank.code(caller), customerId, midAutumn)).status, caller).toBe(404)
      expect((await bank.request(bank.code(caller), 'GET', url)).status, caller).toBe(404)
      expect((await bank.request(bank.code(caller), 'POST', `${url}/${body.id}/end`)).status, caller).toBe(404)
      expect(
        (await bank.request(bank.code(caller), 'PATCH', `${url}/${body.id}`, { day: 1 }, { 'if-match': '"1"' })).status,
        caller,
      ).toBe(404)
    }
    for (const caller of ['T1', 'U1', 'K1'])
      expect((await create(bank, bank.code(caller), customerId, midAutumn)).status, caller).toBe(403)
    expect((await bank.request(bank.code('A1'), 'GET', url)).status).toBe(403)
  })
})

describe('upcoming key dates', () => {
  test('are those taken down and those of profiles, by day, each with its years', async ({ bank }) => {
    await born(bank, ['1980-11-30', null, '1956-12-22'])
    await bank.feed('customers', [
      {
        externalId: bank.code('7'),
        kind: 'company',
        name: '美好公司',
        institutionCode: bank.code('O1'),
        foundedOn: '2001-11-22',
      },
    ])
    const second = await bank.customerId('2')
    await create(bank, bank.code('M1'), second, { kind: 'birthday', calendar: 'lunar', month: 10, day: 20, year: 1990 })
    await create(bank, bank.code('M1'), second, {
      kind: 'custom',
      name: '乔迁',
      month: 12,
      day: 1,
      year: 2026,
      recurrence: 'once',
    })
    expect(told(await upcoming(bank, ''))).toEqual([
      ['2026-11-22', 'founding_day', 'gregorian', 25, null, '美好公司'],
      ['2026-11-28', 'birthday', 'lunar', 36, null, '李伟'],
      ['2026-11-30', 'birthday', 'gregorian', 46, null, '王芳'],
      ['2026-12-01', 'custom', 'gregorian', 0, '乔迁', '李伟'],
      ['2026-12-22', 'birthday', 'gregorian', 70, null, '张敏'],
    ])
    expect(told(await upcoming(bank, '?days=29'))).toHaveLength(4)
    expect(told(await upcoming(bank, '?kinds=founding_day,custom')).map(([, kind]) => kind)).toEqual(['founding_day', 'custom'])
    expect(told(await upcoming(bank, '?kinds=birthday&days=7')).map(([day]) => day)).toEqual(['2026-11-28'])
    expect(
      told(await upcoming(bank, `?institutionId=${await bank.idOf('institution', 'O2')}`)).map(([, , , , , name]) => name),
    ).toEqual(['张敏'])
    expect(
      told(await upcoming(bank, `?relationshipManagerId=${await bank.staffId('R1')}`)).map(([, , , , , name]) => name),
    ).toEqual(['王芳'])
    expect(told(await upcoming(bank, '', bank.code('R2'))).map(([day]) => day)).toEqual(['2026-11-28', '2026-12-01'])
    // The window of a year and a day holds the same day of two years.
    expect(told(await upcoming(bank, '?days=365&kinds=founding_day')).map(([day, , , years]) => [day, years])).toEqual([
      ['2026-11-22', 25],
      ['2027-11-22', 26],
    ])
  })

  test('come page by page, each once, in one statement a page', async ({ bank, service }) => {
    await born(bank, ['1980-11-30', '1981-11-30', '1982-11-30'])
    const customerId = await bank.customerId('1')
    for (const name of ['甲', '乙', '丙'])
      await create(bank, bank.code('M1'), customerId, { kind: 'custom', name, month: 11, day: 30 })
    const all = await upcoming(bank, '?includeTotal=true')
    expect(all).toHaveLength(6)
    const paged: any[] = []
    for (let cursor = ''; ;) {
      service.statements.length = 0
      const { body } = await bank.request(bank.code('M1'), 'GET', `/upcoming-key-dates?limit=2${cursor}`)
      expect(service.statements).toHaveLength(1)
      paged.push(...body.items)
      if (body.nextCursor === null) break
      cursor = `&cursor=${body.nextCursor}`
    }
    expect(paged).toEqual(all)
    const { data } = await bank.graphql(
      bank.code('M1'),
      '{ upcomingKeyDates(filter: { days: 30 }, first: 4) { totalCount nodes { day customerId keyDateId } } }',
    )
    expect(data.upcomingKeyDates).toMatchObject({
      totalCount: 6,
      nodes: all.slice(0, 4).map(({ day, customerId: of, keyDateId }) => ({ day, customerId: of, keyDateId })),
    })
  })

  test('leave out who has left, ended dates, and the birth date of whom a birthday was taken down for', async ({ bank }) => {
    await born(bank, ['1980-11-30', '1980-11-30', '1980-11-30'])
    await bank.service.owner.query(`update customer set status = 'closed' where core_number = $1`, [bank.code('2')])
    await create(bank, bank.code('M1'), await bank.customerId('3'), { kind: 'birthday', calendar: 'lunar', month: 11, day: 1 })
    const { body } = await create(bank, bank.code('M1'), await bank.customerId('1'), {
      kind: 'custom',
      name: '甲',
      month: 12,
      day: 1,
    })
    await bank.request(bank.code('M1'), 'POST', `/customers/${await bank.customerId('1')}/key-dates/${body.id}/end`)
    expect(told(await upcoming(bank, '')).map(([day, , calendar, , , name]) => [day, calendar, name])).toEqual([
      ['2026-11-30', 'gregorian', '王芳'],
      ['2026-12-09', 'lunar', '张敏'],
    ])
  })

  test('of 29 February fall on the 28th in common years', async ({ bank, service }) => {
    await born(bank, ['2004-02-29', '2004-02-28', null])
    service.clock.now = new Date('2027-02-20T02:00:00Z')
    try {
      expect(told(await upcoming(bank, '?days=20')).map(([day]) => day)).toEqual(['2027-02-28', '2027-02-28'])
      service.clock.now = new Date('2028-02-20T02:00:00Z')
      expect(told(await upcoming(bank, '?days=20')).map(([day]) => day)).toEqual(['2028-02-28', '2028-02-29'])
    } finally {
      service.clock.now = startOfTests
    }
  })

  test('are right though the job that moves them on has not run, and the same when it has', async ({ bank, service }) => {
    await create(bank, bank.code('M1'), await bank.customerId('1'), {
      kind: 'birthday',
      calendar: 'lunar',
      month: 10,
      day: 20,
      year: 1990,
    })
    await create(bank, bank.code('M1'), await bank.customerId('2'), {
      kind: 'custom',
      name: '一次',
      month: 11,
      day: 23,
      year: 2026,
      recurrence: 'once',
    })
    service.clock.now = new Date('2026-11-29T02:00:00Z')
    try {
      const before = await upcoming(bank, '?days=366')
      expect(told(before).map(([day, , , years]) => [day, years])).toEqual([['2027-11-17', 37]])
      await runAsSystem(service.service, refreshKeyDates)
      const { rows } = await service.owner.query(
        `select k.next_on::text, k.following_on::text, k.version from key_date k join customer c on c.id = k.customer_id where c.core_number = any ($1) order by c.core_number`,
        [[bank.code('1'), bank.code('2')]],
      )
      expect(rows).toEqual([
        { next_on: '2027-11-17', following_on: '2028-12-05', version: 1 },
        { next_on: null, following_on: null, version: 1 },
      ])
      expect(await upcoming(bank, '?days=366')).toEqual(before)
      expect(await runAsSystem(service.service, refreshKeyDates)).toEqual({ refreshed: 0 })
    } finally {
      service.clock.now = startOfTests
    }
  })

  test('of nobody are refused, and of too many days', async ({ bank }) => {
    const ask = async (query: string) => {
      const { status, body } = await bank.request(bank.code('M1'), 'GET', `/upcoming-key-dates?${query}`)
      return [status, body.errors[0].pointer]
    }
    expect(await ask(`institutionId=${crypto.randomUUID()}`)).toEqual([422, '/institutionId'])
    expect(await ask(`relationshipManagerId=${crypto.randomUUID()}`)).toEqual([422, '/relationshipManagerId'])
    expect(await ask('days=367')).toEqual([400, '/days'])
    expect(await ask('days=0')).toEqual([400, '/days'])
    expect((await bank.request(bank.code('A1'), 'GET', '/upcoming-key-dates')).status).toBe(403)
  })

  test('begin on the day that it is at the institution of the customer', async ({ bank }) => {
    // 02:00 UTC on 22 November: the 22nd in Shanghai, still the 21st in New York.
    await bank.feed('institutions', [
      {
        externalId: bank.code('NYC'),
        name: 'New York',
        kind: 'outlet',
        parentCode: bank.code('B1'),
        timeZone: 'America/New_York',
      },
    ])
    await bank.feed(
      'customers',
      ['O1', 'NYC'].flatMap((place) =>
        ['21', '22', '23'].map((day) => ({
          externalId: bank.code(`${place}-${day}`),
          kind: 'individual',
          name: `${place} ${day}`,
          institutionCode: bank.code(place),
          birthDate: `1980-11-${day}`,
        })),
      ),
    )
    const found = await upcoming(bank, '?days=1')
    expect(found.map(({ day, customer: { name } }: any) => [day, name]).sort()).toEqual([
      ['2026-11-21', 'NYC 21'],
      ['2026-11-22', 'NYC 22'],
      ['2026-11-22', 'O1 22'],
      ['2026-11-23', 'O1 23'],
    ])
    for (const [number, days] of [
      ['NYC-21', ['2026-11-21']],
      ['O1-21', []],
      ['O1-22', ['2026-11-22']],
    ] as const) {
      const { data } = await bank.graphql(
        bank.code('M1'),
        'query ($id: ID!) { customerOverview(customerId: $id) { upcomingKeyDates { day } } }',
        { id: await bank.customerId(number) },
      )
      expect(
        data.customerOverview.upcomingKeyDates.map(({ day }: any) => day),
        number,
      ).toEqual(days)
    }
  })
})
