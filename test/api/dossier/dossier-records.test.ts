import { describe, expect } from 'vitest'
import { test, type TestBank } from '../../setup/service.ts'
import { journalOf, toldOf, withCompanies } from './businesses.ts'
import { command } from '../dossiers.ts'

const post = (bank: TestBank, url: string, body: object, caller = bank.code('M1'), headers: Record<string, string> = {}) =>
  bank.request(caller, 'POST', url, body, headers)

const patch = (bank: TestBank, url: string, version: number, body: object, caller = bank.code('M1')) =>
  bank.request(caller, 'PATCH', url, body, { 'if-match': `"${version}"` })

const under = async (bank: TestBank, path: string, customer = '1') => `/customers/${await bank.customerId(customer)}/${path}`

const need = { kind: 'home', amount: '2000000.00', currency: 'CNY', horizonOn: '2029-06-30', source: 'customer' }
const assessment = {
  score: 62,
  level: 3,
  questionnaireVersion: 'risk-1',
  assessedOn: '2026-11-01',
  firstTimeBuyer: false,
  source: 'customer',
}

describe('a note', () => {
  test('keeps every version of itself, with who wrote it and when, over REST and GraphQL', async ({ bank, service }) => {
    const url = await under(bank, 'needs')
    const made = await post(bank, url, need, bank.code('R1'))
    expect(made).toMatchObject({
      status: 201,
      headers: { etag: '"1"' },
      body: {
        kind: 'home',
        amount: { amount: '2000000.00', currency: 'CNY' },
        status: 'open',
        source: 'customer',
        notedOn: '2026-11-22',
        version: 1,
        history: [],
        recordedBy: { number: bank.code('R1') },
      },
    })
    const at = `${url}/${made.body.id}`
    expect((await patch(bank, at, 1, { amount: '2500000.00', currency: 'CNY', note: '学区房\n三居' })).body).toMatchObject({
      id: made.body.id,
      version: 2,
      amount: { amount: '2500000.00' },
      horizonOn: '2029-06-30',
      note: '学区房\n三居',
      history: [
        {
          version: 1,
          amount: { amount: '2000000.00' },
          note: null,
          supersededAt: '2026-11-22T02:00:00.000Z',
          recordedBy: { number: bank.code('R1') },
        },
      ],
      recordedBy: { number: bank.code('M1') },
    })
    expect((await post(bank, `${at}/end`, { status: 'met' })).body).toMatchObject({
      status: 'met',
      version: 3,
      history: [{ version: 2 }, { version: 1 }],
    })
    expect((await post(bank, `${at}/end`, { status: 'dropped' })).body.code).toBe('already_closed')
    expect((await patch(bank, at, 3, { note: 'x' })).body.code).toBe('already_closed')
    const list = await bank.request(bank.code('M1'), 'GET', `${url}?includeTotal=true`)
    expect([list.body.items.map(({ version }: any) => version), list.body.total]).toEqual([[3], 1])
    const { data, errors } = await bank.graphql(
      bank.code('M1'),
      `{ customer(customerId: "${await bank.customerId('1')}") { needs { status amount { amount } history { version status } customer { name } } } }`,
    )
    expect(errors).toBeUndefined()
    expect(data.customer.needs).toEqual([
      {
        status: 'met',
        amount: { amount: '2500000.00' },
        history: [
          { version: 2, status: 'open' },
          { version: 1, status: 'open' },
        ],
        customer: { name: '王芳' },
      },
    ])
    const customerId = await bank.customerId('1')
    expect(await journalOf(bank, made.body.id)).toEqual(
      [
        `correctNeed ${customerId} amount,note`,
        `createNeed ${customerId} notedOn,kind,source,amount,currency,horizonOn`,
        `endNeed ${customerId} status`,
        `need.created ${customerId} notedOn,kind,source,amount,currency,horizonOn`,
        `need.ended ${customerId} status`,
        `need.updated ${customerId} amount,note`,
      ].sort(),
    )
    const { rows } = await service.owner.query('select count(*)::int as n from need where id = $1', [made.body.id])
    expect(rows[0].n).toBe(3)
  })

  test.for([
    ['of an unknown need', 'needs', { ...need, kind: 'yacht' }, [400, 'invalid_input', '/kind', 'invalid_value']],
    ['without a source', 'needs', { kind: 'home' }, [400, 'invalid_input', '/source', 'required']],
    [
      'with an amount in no currency',
      'needs',
      { kind: 'home', amount: '1.00', source: 'customer' },
      [400, 'invalid_input', '/currency', 'required'],
    ],
    [
      'with an unknown currency',
      'needs',
      { ...need, currency: 'XXY' },
      [422, 'unknown_currency', '/currency', 'unknown_currency'],
    ],
    ['with too many decimals', 'needs', { ...need, amount: '1.005' }, [400, 'invalid_input', '/amount', 'amount']],
    ['with a negative amount', 'needs', { ...need, amount: '-1' }, [400, 'invalid_input', '/amount', 'amount']],
    ['for a day that is over', 'needs', { ...need, horizonOn: '2026-11-21' }, [400, 'invalid_input', '/horizonOn', 'period']],
    ['learnt tomorrow', 'needs', { ...need, notedOn: '2026-11-23' }, [422, 'outside_period', '/notedOn', 'future']],
    ['with NUL', 'needs', { ...need, note: 'a\0' }, [400, 'invalid_input', '/note', 'nul_character']],
    [
      'of wealth at no bank',
      'outside-holdings',
      { kind: 'assets', amount: '1', currency: 'CNY', source: 'observed' },
      [400, 'invalid_input', '/bankName', 'required'],
    ],
    [
      'of an outside rating by nobody',
      'credit-standings',
      { origin: 'external', rating: 'AA', ratedOn: '2026-01-01', source: 'public' },
      [400, 'invalid_input', '/agency', 'required'],
    ],
    [
      'of a line used that was not granted',
      'credit-standings',
      { origin: 'internal', rating: 'AA', ratedOn: '2026-01-01', used: '1', currency: 'CNY', source: 'system' },
      [400, 'invalid_input', '/granted', 'required'],
    ],
    [
      'of a rating of tomorrow',
      'credit-standings',
      { origin: 'internal', rating: 'AA', ratedOn: '2026-11-23', source: 'system' },
      [422, 'outside_period', '/ratedOn', 'future'],
    ],
    [
      'of figures of no year',
      'key-figures',
      { revenue: '1', currency: 'CNY', source: 'document' },
      [400, 'invalid_input', '/year', 'required'],
    ],
    [
      'of a year without figures',
      'key-figures',
      { year: 2025, source: 'document' },
      [400, 'invalid_input', '/revenue', 'required'],
    ],
    [
      'of figures of a year to come',
      'key-figures',
      { year: 2027, debtRatio: '50', source: 'document' },
      [422, 'outside_period', '/year', 'future'],
    ],
    [
      'of a debt ratio beyond all bounds',
      'key-figures',
      { year: 2025, debtRatio: '1000', source: 'document' },
      [400, 'invalid_input', '/debtRatio', 'invalid_format'],
    ],
    [
      'of a negative revenue',
      'key-figures',
      { year: 2025, revenue: '-1', currency: 'CNY', source: 'document' },
      [400, 'invalid_input', '/revenue', 'amount'],
    ],
    [
      'of a sixth level of risk',
      'suitability-assessments',
      { ...assessment, level: 6 },
      [400, 'invalid_input', '/level', 'too_big'],
    ],
    [
      'of an assessment that never held',
      'suitability-assessments',
      { ...assessment, expiresOn: '2026-11-01' },
      [400, 'invalid_input', '/expiresOn', 'period'],
    ],
    [
      'of news of tomorrow',
      'life-events',
      { title: '升职', happenedOn: '2026-11-23', source: 'public' },
      [422, 'outside_period', '/happenedOn', 'future'],
    ],
    [
      'of news of nobody',
      'life-events',
      { title: '升职', happenedOn: '2026-11-20', source: 'public', keyPersonId: '0190a000-0000-7000-8000-000000000000' },
      [404, 'not_found', '/keyPersonId', 'not_found'],
    ],
    [
      'of a privilege that ends before it begins',
      'privilege-grants',
      { privilege: 'card', startsOn: '2026-11-22', endsOn: '2026-11-21', source: 'system' },
      [400, 'invalid_input', '/endsOn', 'period'],
    ],
  ] as const)('%s is refused, naming the field and the rule', async ([, path, body, told], { bank }) => {
    expect(toldOf(await post(bank, await under(bank, path), body))).toEqual(told)
  })

  test('is for those only who may write dossiers and see the customer; twice under one key is once; of several editors one wins', async ({
    bank,
    service,
  }) => {
    const url = await under(bank, 'needs')
    expect((await post(bank, url, need, bank.code('T1'))).status).toBe(403)
    expect((await post(bank, url, need, bank.code('R2'))).status).toBe(404)
    expect((await post(bank, url, need, bank.code('M2'))).status).toBe(404)
    const keyed = () => post(bank, url, need, bank.code('R1'), { 'idempotency-key': 'one' })
    const [first, again] = [await keyed(), await keyed()]
    expect([again.body, again.headers['idempotency-replayed']]).toEqual([first.body, 'true'])
    const at = `${url}/${first.body.id}`
    expect((await bank.request(bank.code('R2'), 'GET', at)).status).toBe(404)
    expect((await bank.request(bank.code('T1'), 'GET', at)).status).toBe(200)
    expect((await bank.request(bank.code('M1'), 'PATCH', at, { note: 'x' })).status).toBe(428)
    const editors = await Promise.all(['a', 'b', 'c'].map((note) => patch(bank, at, 1, { note })))
    expect(editors.map(({ status }) => status).sort()).toEqual([200, 412, 412])
    const { rows } = await service.owner.query('select version from need where id = $1 order by 1', [first.body.id])
    expect(rows).toEqual([{ version: 1 }, { version: 2 }])
  })

  test('moves with the customer, in all its versions', async ({ bank, service }) => {
    const url = await under(bank, 'needs')
    const { body } = await post(bank, url, need)
    await patch(bank, `${url}/${body.id}`, 1, { note: 'x' })
    await bank.feed('customers', [
      { externalId: bank.code('1'), kind: 'individual', name: '王芳', institutionCode: bank.code('B2') },
    ])
    const moved = await bank.request(bank.code('M2'), 'GET', `${url}/${body.id}`)
    expect([moved.status, moved.body.history.length]).toEqual([200, 1])
    const { rows } = await service.owner.query('select count(distinct institution_path)::int as n from need where id = $1', [
      body.id,
    ])
    expect(rows[0].n).toBe(1)
  })
})

describe('a suitability assessment', () => {
  test('takes the place of the one before, expires after a year and lets first-time buyers have the lowest level only', async ({
    bank,
    service,
  }) => {
    const url = await under(bank, 'suitability-assessments')
    const first = await post(bank, url, { ...assessment, firstTimeBuyer: true })
    expect(first.body).toMatchObject({
      expiresOn: '2027-11-01',
      suitability: { valid: true, highestLevel: 1, reason: 'first_time_buyer' },
    })
    const second = await post(bank, url, assessment)
    expect(second.body.suitability).toEqual({ valid: true, highestLevel: 3, reason: 'assessed' })
    expect((await bank.request(bank.code('M1'), 'GET', `${url}/${first.body.id}`)).body).toMatchObject({
      status: 'ended',
      version: 2,
      suitability: { valid: false, highestLevel: null, reason: 'ended' },
    })
    const before = service.clock.now
    service.clock.now = new Date('2027-11-01T02:00:00Z')
    const later = await bank.request(bank.code('M1'), 'GET', `${url}/${second.body.id}`)
    service.clock.now = before
    expect(later.body.suitability).toEqual({ valid: false, highestLevel: null, reason: 'expired' })
    const together = await Promise.all([post(bank, url, assessment), post(bank, url, assessment)])
    expect(together.map(({ status }) => status)).toEqual([201, 201])
    const active = await bank.request(bank.code('M1'), 'GET', `${url}?status=active`)
    expect(active.body.items).toHaveLength(1)
  })
})

describe('a privilege', () => {
  test('counts its uses and what they cost, while it holds', async ({ bank }) => {
    const url = await under(bank, 'privilege-grants')
    const { body } = await post(bank, url, {
      privilege: 'priority_lane',
      startsOn: '2026-01-01',
      endsOn: '2026-12-01',
      source: 'system',
    })
    const use = (said: object) => post(bank, `${url}/${body.id}/uses`, said)
    expect(body).toMatchObject({ usedCount: 0, cost: null })
    expect((await use({ cost: '30.00', currency: 'CNY' })).body).toMatchObject({
      usedCount: 1,
      cost: { amount: '30.00', currency: 'CNY' },
      lastUsedOn: '2026-11-22',
    })
    expect((await use({ usedOn: '2026-11-01' })).body).toMatchObject({ usedCount: 2, cost: { amount: '30.00' } })
    expect((await use({ cost: '12.50', currency: 'CNY' })).body).toMatchObject({
      usedCount: 3,
      cost: { amount: '42.50' },
      version: 4,
    })
    expect(toldOf(await use({ cost: '1.00', currency: 'USD' }))).toEqual([409, 'conflict', '/currency', 'currency'])
    expect(toldOf(await use({ usedOn: '2025-12-31' })).slice(0, 2)).toEqual([422, 'outside_period'])
    expect(toldOf(await use({ usedOn: '2026-11-23' }))).toEqual([422, 'outside_period', '/usedOn', 'future'])
    await post(bank, `${url}/${body.id}/end`, {})
    expect((await use({})).body.code).toBe('already_closed')
  })
})

describe('what else is noted', () => {
  test('is wealth elsewhere, credit standing and news of a key person', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const at = `/customers/${ids['C1']}`
    const outside = {
      bankName: '他行',
      kind: 'loan',
      productName: '按揭',
      amount: '800000',
      currency: 'CNY',
      source: 'observed',
      notedOn: '2026-10-01',
    }
    expect((await post(bank, `${at}/outside-holdings`, outside)).body).toMatchObject({
      amount: { amount: '800000.00' },
      notedOn: '2026-10-01',
    })
    const rating = {
      origin: 'external',
      agency: '联合资信',
      rating: 'AA+',
      outlook: 'stable',
      ratedOn: '2026-03-01',
      source: 'public',
    }
    const rated = await post(bank, `${at}/credit-standings`, { ...rating, granted: '1000000', used: '250000', currency: 'CNY' })
    expect(rated.body).toMatchObject({ granted: { amount: '1000000.00' }, used: { amount: '250000.00' }, outlook: 'stable' })
    const inDollars = { granted: '150000', currency: 'USD' }
    const url = `${at}/credit-standings/${rated.body.id}`
    expect(toldOf(await patch(bank, url, 1, inDollars))).toEqual([400, 'invalid_input', '/used', 'required'])
    expect((await patch(bank, url, 1, { ...inDollars, used: '1' })).body).toMatchObject({
      used: { amount: '1.00', currency: 'USD' },
    })
    const person = await command(bank, 'POST', `${at}/key-people`, { name: '陈', role: 'executive' })
    const news = await post(bank, `${at}/life-events`, {
      title: '当选人大代表',
      happenedOn: '2026-11-20',
      keyPersonId: person.id,
      source: 'public',
    })
    expect(news.body).toMatchObject({ title: '当选人大代表', keyPerson: { name: '陈' } })
    const { data } = await bank.graphql(
      bank.code('M1'),
      `{ customer(customerId: "${ids['C1']}") { outsideHoldings { bankName } creditStandings { rating } lifeEvents { keyPerson { name } } privilegeGrants { id } suitabilityAssessments { id } } }`,
    )
    expect(data.customer).toEqual({
      outsideHoldings: [{ bankName: '他行' }],
      creditStandings: [{ rating: 'AA+' }],
      lifeEvents: [{ keyPerson: { name: '陈' } }],
      privilegeGrants: [],
      suitabilityAssessments: [],
    })
  })
})

describe('key figures', () => {
  const figures = {
    year: 2025,
    revenue: '5000000',
    totalAssets: '9000000',
    netProfit: '-120000.50',
    currency: 'CNY',
    debtRatio: '48.5',
    source: 'document',
  }

  test('are kept for each year and source once, a loss among them', async ({ bank }) => {
    const url = await under(bank, 'key-figures')
    const made = await post(bank, url, figures)
    expect(made).toMatchObject({
      status: 201,
      body: {
        year: 2025,
        revenue: { amount: '5000000.00', currency: 'CNY' },
        netProfit: { amount: '-120000.50', currency: 'CNY' },
        debtRatio: '48.5',
      },
    })
    expect(toldOf(await post(bank, url, figures))).toEqual([409, 'already_exists', '/year', 'already_exists'])
    expect((await post(bank, url, { ...figures, source: 'public' })).status).toBe(201)
    const other = await post(bank, url, { ...figures, year: 2024 })
    expect(other.status).toBe(201)
    expect(toldOf(await patch(bank, `${url}/${other.body.id}`, 1, { year: 2025 })).slice(0, 3)).toEqual([
      409,
      'already_exists',
      '/year',
    ])
    expect((await patch(bank, `${url}/${made.body.id}`, 1, { debtRatio: '50' })).body).toMatchObject({
      debtRatio: '50',
      version: 2,
    })
    await post(bank, `${url}/${made.body.id}/end`, {})
    const together = await Promise.all([post(bank, url, figures), post(bank, url, figures)])
    expect(together.map(({ status }) => status).sort()).toEqual([201, 409])
    const { data } = await bank.graphql(
      bank.code('M1'),
      `{ customer(customerId: "${await bank.customerId('1')}") { keyFigures { year source debtRatio } } }`,
    )
    expect(data!['customer'].keyFigures).toHaveLength(4)
  })
})

describe('credit coverage', () => {
  test('counts who is rated and granted a line, among all and among the willing, in scope only', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const c = (suffix: string) => bank.code(suffix)
    await bank.feed('assignments', [
      {
        externalId: c('SC1'),
        customerExternalId: c('C1'),
        staffNumber: c('R1'),
        businessLine: 'corporate',
        startsOn: '2024-01-01',
      },
    ])
    const rating = { origin: 'internal', rating: 'A', ratedOn: '2026-01-01', source: 'system' }
    await post(bank, `/customers/${ids['C1']}/credit-standings`, { ...rating, granted: '100', currency: 'CNY' })
    const plain = await post(bank, `/customers/${ids['C2']}/credit-standings`, rating)
    await post(bank, `/customers/${ids['C2']}/needs`, { kind: 'working_capital', source: 'customer' })
    const ask = async (query = '', caller = c('M1')) => (await bank.request(caller, 'GET', `/credit-coverage${query}`)).body
    expect(await ask()).toEqual({
      target: 100,
      all: { customers: 3, rated: 2, granted: 1, ratedAndGranted: 1, percent: '33.33', missing: 2 },
      willing: { customers: 1, rated: 1, granted: 0, ratedAndGranted: 0, percent: '0.00', missing: 1 },
      groups: [],
    })
    await post(bank, `/customers/${ids['C2']}/credit-standings/${plain.body.id}/end`, {})
    expect((await ask()).all).toMatchObject({ rated: 1 })
    expect((await ask('?kind=individual')).all).toMatchObject({ customers: 6, rated: 0 })
    expect((await ask('', c('R1'))).all).toMatchObject({ customers: 1, percent: '100.00', missing: 0 })
    expect((await ask('', c('M2'))).all).toMatchObject({ customers: 0, percent: null })
    const o1 = await bank.idOf('institution', 'O1')
    expect(await ask(`?institutionId=${o1}&groupBy=institution`)).toMatchObject({
      groups: [{ id: o1, code: c('O1'), all: { customers: 3 }, willing: { customers: 1 } }],
    })
    expect(await ask('?groupBy=relationship_manager')).toMatchObject({
      groups: [
        { code: c('R1'), all: { customers: 1, percent: '100.00' } },
        { id: null, code: null, all: { customers: 2 } },
      ],
    })
    const { data, errors } = await bank.graphql(
      c('M1'),
      `{ creditCoverage(relationshipManagerId: "${await bank.staffId('R1')}") { target all { percent } willing { customers } } }`,
    )
    expect([data, errors]).toEqual([
      { creditCoverage: { target: 100, all: { percent: '100.00' }, willing: { customers: 0 } } },
      undefined,
    ])
    expect((await bank.request(c('T1'), 'GET', '/credit-coverage')).status).toBe(403)
    const nobody = '?relationshipManagerId=0190a000-0000-7000-8000-000000000000'
    expect(toldOf(await bank.request(c('M1'), 'GET', `/credit-coverage${nobody}`)).slice(0, 3)).toEqual([
      422,
      'unknown_reference',
      '/relationshipManagerId',
    ])
  })
})
