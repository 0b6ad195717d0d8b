import { describe, expect } from 'vitest'
import { runAsSystem } from '../../../src/jobs/worker.ts'
import { addDays, type Day, monthEndsUpTo } from '../../../src/core/kernel/calendar.ts'
import { isKnownOfPast } from '../../../src/core/segmentation/history.ts'
import { type FactName, storedFacts } from '../../../src/core/segmentation/facts.ts'
import { factColumn } from '../../../src/db/segmentation/facts/columns.ts'
import { advanceRefreshes } from '../../../src/operations/segmentation/refreshes.ts'
import { type Caller, startOfTests, test, type TestBank, type TestService } from '../../setup/service.ts'
import { factsOf, refreshAll } from './facts.ts'

const onDay = (service: TestService, day: Day): void => void (service.clock.now = new Date(`${day}T02:00:00Z`))

async function headOffice(bank: TestBank): Promise<Caller> {
  await bank.feed('staff', [{ externalId: bank.code('KH'), name: '总行', institutionCode: 'HO', roles: ['marketing'] }])
  return bank.code('KH')
}

async function ask(bank: TestBank, url: string, caller: Caller = bank.code('M1')): Promise<any> {
  const { status, body } = await bank.request(caller, 'GET', url)
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

async function segment(bank: TestBank, caller: Caller, code: string, rule: object | undefined): Promise<string> {
  const body = { code: bank.code(code), name: code, kind: rule ? 'dynamic' : 'static', ...(rule && { rule }) }
  const made = await bank.request(caller, 'POST', '/segments', body)
  const active = await bank.request(caller, 'POST', `/segments/${made.body.id}/activation`, {}, { 'if-match': '"1"' })
  expect(active.status, JSON.stringify(active.body)).toBe(200)
  return made.body.id
}

async function scheme(bank: TestBank, caller: Caller): Promise<string> {
  const { status, body } = await bank.request(caller, 'POST', '/tier-schemes', {
    code: bank.code('wealth'),
    name: '财富',
    kinds: ['individual'],
    measure: 'aum',
    graceDays: 45,
    thresholds: [
      { code: 'silver', name: '银', from: '2000' },
      { code: 'gold', name: '金', from: '5000' },
    ],
  })
  expect(status, JSON.stringify(body)).toBe(201)
  return body.id
}

/** As if the bank had come to the service today, with all that it has. */
async function forgetRefreshes({ owner }: TestService): Promise<void> {
  for (const table of [
    'refresh_run',
    'customer_fact_month',
    'customer_fact',
    'segment_membership',
    'tier_membership',
    'classification_period',
    'customer_condition',
    'segment_month',
    'fact_cut',
  ])
    await owner.query(`delete from ${table}`)
}

/** What is stored of month-ends, of what can be known of a day past. */
async function months({ owner }: TestService, more: readonly string[] = []): Promise<readonly object[]> {
  const asked = [
    ...storedFacts.filter((name) => isKnownOfPast(name)),
    'recencyScore',
    'frequencyScore',
    'monetaryScore',
    'lifecycleStage',
    'activity',
    'productPreference',
    'marketingGrade',
  ] as FactName[]
  // Charged by month at the newest rate, averaged over days before the first balance, or ranked among all of a later day: told apart below.
  const columns = asked.map(factColumn)
  const { rows } = await owner.query(
    `select c.core_number, f.month_end::text, f.tiers, ${[...columns, ...more].map((name) => `to_json(f.${name}) as ${name}`).join(', ')}
     from customer_fact_month f join customer c on c.id = f.customer_id order by f.month_end, c.core_number`,
  )
  return rows
}

describe('the history of a bank', () => {
  test('says of month-ends past what refreshes would have recorded then', async ({ bank, service }) => {
    const caller = await headOffice(bank)
    const c = (code: string): string => bank.code(code)
    const names = ['1', '2', '3', '5', '6', '7']
    const days = monthEndsUpTo('2026-11-21', 14)
    onDay(service, addDays(days[0]!, -10))
    await service.owner.query('delete from balance')
    await service.owner.query(`update holding set status = 'closed', closed_on = '2025-09-01', balance = 0, balance_on = null`)
    await service.owner.query('update customer set aum = 0')
    const open = async (some: readonly string[], since: Day, openedOn: Day): Promise<void> => {
      await bank.feed(
        'customers',
        some.map((one) => ({
          externalId: c(one),
          kind: 'individual',
          name: `客户${one}`,
          institutionCode: c('O1'),
          customerSince: since,
        })),
      )
      await bank.feed(
        'holdings',
        some.map((one) => ({
          externalId: c(`H${one}`),
          customerExternalId: c(one),
          productCode: c('CUR'),
          currency: 'CNY',
          openedOn,
        })),
      )
    }
    await open(names.slice(0, 4), '2024-03-01', '2025-09-15')
    const schemeId = await scheme(bank, caller)
    const rich = await segment(bank, caller, 'rich', { fact: 'aum', gte: '2500' })
    const near = await segment(bank, caller, 'near', { all: [{ segment: rich }, { fact: 'tenure', lt: 24 }] })
    const silver = await segment(bank, caller, 'silver', { fact: 'tiers', overlaps: [`${c('wealth')}:silver`] })
    for (const [month, day] of days.entries()) {
      onDay(service, day)
      if (month === 3) await open(names.slice(4), '2025-12-10', '2025-12-10')
      await bank.feed(
        'balances',
        names.slice(0, month < 3 ? 4 : 6).map((name, index) => ({
          holdingExternalId: c(`H${name}`),
          day,
          amount: `${((month * 37 + index * 53 + month * index * 11) % 71) * 100}.00`,
        })),
      )
      await bank.feed(
        'activity',
        names.slice(0, 3).map((name, index) => ({
          customerExternalId: c(name),
          month: day.slice(0, 7),
          channel: index === 0 ? 'mobile' : 'counter',
          type: 'transfer',
          direction: 'out',
          purpose: 'other',
          currency: 'CNY',
          count: month + index + 1,
          amount: `${100 * month + 10}.00`,
        })),
      )
      // Twice, since rules see the tiers from before the refresh.
      for (const refreshed of [day, day, addDays(day, 1)]) {
        onDay(service, refreshed)
        await bank.request(caller, 'POST', '/refreshes', { kind: 'full' })
        await refreshAll(service)
      }
    }
    onDay(service, '2026-11-22')
    const recorded = (await months(service)).filter(({ month_end }: any) => days.includes(month_end))
    expect(recorded).toHaveLength(5 * 14 + 2 * 11)
    const stages = '/migration-matrix?fact=lifecycleStage&from=2026-09-30&to=2026-10-31'
    const trendOf = async (id: string) => (await ask(bank, `/segments/${id}/trend?months=14`)).points.slice(0, -1)
    const [trends, growth, matrix] = [
      await Promise.all([rich, near, silver].map(trendOf)),
      await ask(bank, `/tier-schemes/${schemeId}/growth?since=2026-08-31`),
      await ask(bank, stages),
    ]
    expect([growth.reconstructed, matrix.reconstructedFrom, matrix.reconstructedTo]).toEqual([false, false, false])

    await forgetRefreshes(service)
    await bank.request(caller, 'POST', '/refreshes', { kind: 'full' })
    await refreshAll(service)
    const runs = await ask(bank, '/refreshes', caller)
    expect(runs.items.map(({ kind, state, reason }: any) => [kind, state, reason])).toContainEqual([
      'history',
      'done',
      'schedule',
    ])
    const again = (await months(service, ['reconstructed'])) as any[]
    expect(again.every(({ reconstructed }) => reconstructed)).toBe(true)
    const missing: string[] = []
    for (const [place, was] of recorded.entries()) {
      const now = again[place]
      for (const [name, value] of Object.entries(was)) {
        if (now[name] === null && value !== null) missing.push(`${now.month_end} ${name}`)
        else expect(now[name], `${now.core_number} ${now.month_end} ${name}`).toEqual(value)
      }
    }
    // Activity of twelve full months is known from September 2026 on; that nobody has paid for a year, from October.
    const late = missing.filter((one) => one >= '2026-11')
    expect(late).toEqual([])
    expect(new Set(missing.map((one) => one.split(' ')[1]))).not.toContain('aum')
    expect(new Set(missing.map((one) => one.split(' ')[1]))).not.toContain('tiers')
    expect(
      missing
        .filter((one) => one.endsWith(' frequency'))
        .map((one) => one.slice(0, 7))
        .at(-1),
    ).toBe('2026-08')

    const now = await Promise.all([rich, near, silver].map(trendOf))
    for (const [place, points] of now.entries())
      expect(points).toEqual(trends[place].map((point: any) => ({ ...point, reconstructed: true, undeterminedShare: 0 })))
    const then = ({ tiers }: any) =>
      tiers.map(({ rank, customersBefore, assetsBefore }: any) => [rank, customersBefore, assetsBefore])
    const told = await ask(bank, `/tier-schemes/${schemeId}/growth?since=2026-08-31`)
    expect([told.comparable, told.reconstructed, told.undetermined, then(told)]).toEqual([true, true, 0, then(growth)])
    expect(await ask(bank, stages)).toEqual({ ...matrix, reconstructedFrom: true, reconstructedTo: true })
    // The activity of half a year does not tell when others paid last.
    const early = await ask(bank, '/migration-matrix?fact=lifecycleStage&from=2026-03-31&to=2026-10-31')
    const untold = early.moves.filter(({ fromStatus }: any) => fromStatus === 'undetermined')
    expect(untold.reduce((sum: number, { customers }: any) => sum + customers, 0)).toBe(3)
    service.clock.now = startOfTests
  })

  test('leaves out what no day past can tell, and says so', async ({ bank, service }) => {
    const caller = await headOffice(bank)
    const c = (code: string): string => bank.code(code)
    // Customer 1 has had an account since 2020, of which the bank has sent balances since August only.
    await bank.feed('balances', [
      { holdingExternalId: c('A1'), day: '2026-08-15', amount: '6000.00' },
      { holdingExternalId: c('A2'), day: '2020-01-31', amount: '5500.00' },
      { holdingExternalId: c('A1'), day: '2026-11-21', amount: '6000.00' },
    ])
    await bank.feed('assignments', [
      {
        externalId: c('S3'),
        customerExternalId: c('3'),
        staffNumber: c('R3'),
        businessLine: 'personal',
        startsOn: '2024-01-01',
        endsOn: '2026-09-10',
      },
      {
        externalId: c('S3b'),
        customerExternalId: c('3'),
        staffNumber: c('R1'),
        businessLine: 'personal',
        startsOn: '2026-09-10',
      },
    ])
    const left = { externalId: c('9'), kind: 'individual', name: '先生', institutionCode: c('O1'), customerSince: '2025-02-01' }
    await bank.feed('customers', [left])
    await bank.feed('customers', [{ ...left, status: 'closed', closedOn: '2026-09-20' }])
    const schemeId = await scheme(bank, caller)
    const [rich, agreed, chosen, longRich] = [
      await segment(bank, caller, 'rich', { fact: 'aum', gte: '2500' }),
      await segment(bank, caller, 'agreed', { fact: 'consents', overlaps: ['sms:marketing'] }),
      await segment(bank, caller, 'chosen', undefined),
      await segment(bank, caller, 'long', { hasBeen: { fact: 'aum', gte: '2500' }, days: 10 }),
    ]
    await forgetRefreshes(service)
    await refreshAll(service)

    const facts = (customer: string, on: Day) => factsOf(bank, customer, bank.code('M1'), `?on=${on}`)
    expect(await facts('1', '2026-07-31')).toMatchObject({ aum: null, aumPeak60: null, accounts: 1, familiesHeld: ['deposit'] })
    expect(await facts('1', '2026-08-31')).toMatchObject({ aum: '6000.00', aumAverage30: null, aumChange90: null })
    expect(await facts('1', '2026-10-31')).toMatchObject({ aum: '6000.00', aumAverage30: '6000.00', aumAverage90: null })
    // The dossier of then is not known, whatever it says today.
    expect(await facts('2', '2026-08-31')).toMatchObject({
      aum: '5500.00',
      aumAverage365: '5500.00',
      consents: null,
      needs: null,
      completeness: null,
      incomeBand: null,
      outsideAssets: null,
      lifetimeValue: null,
    })
    expect(await facts('3', '2026-08-31')).toMatchObject({ relationshipManager: c('R3') })
    expect(await facts('3', '2026-09-30')).toMatchObject({ relationshipManager: c('R1') })
    expect(await facts('9', '2026-08-31')).toMatchObject({ status: 'active' })
    expect(await facts('9', '2026-09-30')).toMatchObject({ status: 'closed', lifecycleStage: 'ended' })
    const whole = await ask(bank, `/customers/${await bank.customerId('2')}/facts?on=2026-08-31`)
    expect(whole.reconstructed).toBe(true)
    expect((await ask(bank, `/customers/${await bank.customerId('2')}/facts`)).reconstructed).toBe(false)
    const { aumByMonth } = await ask(bank, `/customers/${await bank.customerId('1')}`)
    expect(aumByMonth.slice(0, 5).map(({ unknownBalances }: any) => unknownBalances)).toEqual([0, 0, 0, 1, 1])

    // Customers 1 and 3, whose balances are not known.
    const growth = await ask(bank, `/tier-schemes/${schemeId}/growth?since=2026-07-31`)
    expect([growth.comparable, growth.reconstructed, growth.undetermined]).toEqual([true, true, 2])
    expect(growth.tiers.map(({ customersBefore }: any) => customersBefore)).toEqual([1, 0, 1])
    const { moves } = await ask(bank, `/migration-matrix?schemeId=${schemeId}&from=2026-07-31&to=2026-08-31`)
    expect(
      moves.map(({ fromStatus, from, toStatus, to, customers }: any) => [fromStatus, from, toStatus, to, customers]),
    ).toEqual([
      ['in_state', 'gold', 'in_state', 'gold', 1],
      ['no_state', null, 'no_state', null, 1],
      ['undetermined', null, 'in_state', 'gold', 1],
      ['undetermined', null, 'undetermined', null, 1],
    ])
    const listed = await ask(
      bank,
      `/migration-matrix/customers?schemeId=${schemeId}&from=2026-07-31&to=2026-08-31&fromStatus=undetermined&toStatus=undetermined`,
    )
    expect(listed.items.map(({ coreNumber }: any) => coreNumber)).toEqual([c('3')])
    const between = await ask(bank, `/migration-matrix?segmentIds=${rich}&from=2026-07-31&to=2026-08-31`)
    expect(between.moves.map(({ fromStatus, toStatus, customers }: any) => [fromStatus, toStatus, customers])).toEqual([
      ['in_state', 'in_state', 1],
      ['no_state', 'no_state', 1],
      ['undetermined', 'in_state', 1],
      ['undetermined', 'undetermined', 1],
    ])

    const trend = async (id: string): Promise<any[]> => (await ask(bank, `/segments/${id}/trend?months=4`)).points
    const [july, august, , , now] = await trend(rich)
    expect([july.customers, august.customers, now.customers]).toEqual([1, 2, 2])
    expect([july.reconstructed, now.reconstructed, now.undeterminedShare]).toEqual([true, false, null])
    expect(july.undeterminedShare).toBeGreaterThan(august.undeterminedShare)
    for (const id of [agreed, chosen, longRich])
      expect((await trend(id)).map(({ customers, undeterminedShare }: any) => [customers === null, undeterminedShare])).toEqual([
        [true, 100],
        [true, 100],
        [true, 100],
        [true, 100],
        [false, null],
      ])
    // The stay that was reconstructed ends where the recorded one begins.
    const { data } = await bank.graphql(
      bank.code('M1'),
      `query ($id: ID!) { customer(customerId: $id) { segmentHistory { nodes { segmentId enteredOn leftOn leftReason reconstructed } } } }`,
      { id: await bank.customerId('1') },
    )
    expect(data.customer.segmentHistory.nodes.filter(({ segmentId }: any) => segmentId === rich)).toEqual([
      expect.objectContaining({ enteredOn: '2026-11-22', leftOn: null, reconstructed: false }),
      expect.objectContaining({ enteredOn: '2026-08-31', leftOn: '2026-11-22', leftReason: 'continued', reconstructed: true }),
    ])
    const { cohorts } = await ask(bank, `/cohort-retention?segmentId=${rich}&from=2026-08-01&to=2026-08-31&periods=2`)
    expect(cohorts[0]).toMatchObject({ size: 1, reconstructed: true })
    expect(cohorts[0].cells.map(({ retained }: any) => retained)).toEqual([1, 1, 1])
  })

  test('gives way to other refreshes, goes on where it was, by several workers too, and leaves what was recorded alone', async ({
    bank,
    service,
  }) => {
    const caller = await headOffice(bank)
    const balances = [3000, 1000, 6000].map((amount, index) => ({
      holdingExternalId: bank.code(`A${index + 1}`),
      day: '2020-01-31',
      amount: `${amount}.00`,
    }))
    await bank.feed('balances', balances)
    const schemeId = await scheme(bank, caller)
    await forgetRefreshes(service)
    await refreshAll(service)
    const before = await months(service)
    await service.owner.query(
      `update customer_fact_month set reconstructed = false, tiers = '{}', aum = 1 where month_end = '2026-08-31' and customer_id = $1`,
      [await bank.customerId('1')],
    )
    const asked = await bank.request(caller, 'POST', '/refreshes', { kind: 'history' })
    expect([asked.status, asked.body.kind, asked.body.state]).toEqual([202, 'history', 'queued'])
    const step = () => runAsSystem(service.service, advanceRefreshes)
    for (let taken = 0; taken < 5; taken++) await step()
    const run = await ask(bank, `/refreshes/${asked.body.id}`, caller)
    expect([run.state, run.monthEnd]).toEqual(['running', '2025-01-31'])
    const other = await bank.request(caller, 'POST', '/refreshes', { kind: 'full' })
    for (let taken = 0; taken < 4; taken++) await step()
    expect((await ask(bank, `/refreshes/${other.body.id}`, caller)).state).toBe('done')
    expect((await ask(bank, `/refreshes/${asked.body.id}`, caller)).state).toBe('running')
    await Promise.all([refreshAll(service), refreshAll(service)])
    expect(await ask(bank, `/refreshes/${asked.body.id}`, caller)).toMatchObject({
      state: 'done',
      monthEnd: '2026-10-31',
      step: 'done',
    })
    const after = await months(service)
    const changed = after.filter((row, place) => JSON.stringify(row) !== JSON.stringify(before[place]))
    expect(changed).toMatchObject([{ core_number: bank.code('1'), month_end: '2026-08-31', aum: 1, tiers: [] }])
    const { tiers } = await ask(bank, `/tier-schemes/${schemeId}/growth?since=2026-08-31`)
    expect(tiers.map(({ customersBefore }: any) => customersBefore)).toEqual([2, 0, 1])
  })

  test('is empty where nothing tells of the past', async ({ bank, service }) => {
    const caller = await headOffice(bank)
    await service.owner.query('delete from balance')
    await service.owner.query('delete from activity')
    await service.owner.query('delete from movement')
    await forgetRefreshes(service)
    await refreshAll(service)
    const { items } = await ask(bank, '/refreshes', caller)
    expect(items.map(({ kind, state, customersTotal }: any) => [kind, state, customersTotal])).toContainEqual([
      'history',
      'done',
      null,
    ])
    const { rows } = await service.owner.query('select count(*)::int as n from customer_fact_month')
    expect(rows).toEqual([{ n: 0 }])
    const { points } = await ask(
      bank,
      `/segments/${await segment(bank, caller, 'rich', { fact: 'aum', gte: '1' })}/trend?months=1`,
    )
    expect(points.map(({ customers, reconstructed }: any) => [customers, reconstructed])).toEqual([
      [null, false],
      [0, false],
    ])
  })
})
