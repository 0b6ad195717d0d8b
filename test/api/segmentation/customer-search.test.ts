import { customerOrders } from '../../../src/db/dossier/customer-filter.ts'
import { describe, expect } from 'vitest'
import { runAsSystem } from '../../../src/jobs/worker.ts'
import { refreshNameKeys } from '../../../src/operations/dossier/name-keys.ts'
import { type Caller, test, type TestBank } from '../../setup/service.ts'

interface Item {
  readonly id: string
  readonly name: string
  readonly match: string
}

interface Someone {
  readonly number: string
  readonly name: string
  readonly kind?: string
  readonly outlet?: string
  readonly more?: object
}

/** Gives the bank these customers, with numbers `1`, `2`, … where nothing is said. */
async function withPeople(bank: TestBank, people: readonly (string | Partial<Someone>)[]): Promise<TestBank> {
  await bank.build()
  await bank.feed(
    'customers',
    people.map((one, index) => {
      const {
        number = String(index + 1),
        name,
        kind = 'individual',
        outlet = 'O1',
        more = {},
      } = typeof one === 'string' ? { name: one } : one
      return { externalId: bank.code(number), kind, name, institutionCode: bank.code(outlet), ...more }
    }),
  )
  return bank
}

/** One page over REST. */
async function page(bank: TestBank, search: object, caller: Caller = bank.code('M1')) {
  const { status, body } = await bank.request(caller, 'POST', '/customers/search', search)
  expect(status, JSON.stringify(body)).toBe(200)
  return body as { readonly items: readonly Item[]; readonly nextCursor: string | null }
}

/** All pages; every page but the last must be full. */
async function all(bank: TestBank, search: object, limit: number, caller: Caller = bank.code('M1')): Promise<readonly Item[]> {
  const items: Item[] = []
  for (let cursor: string | undefined; ;) {
    const { items: some, nextCursor } = await page(bank, { ...search, limit, ...(cursor !== undefined && { cursor }) }, caller)
    items.push(...some)
    if (nextCursor === null) return items
    expect(some).toHaveLength(limit)
    cursor = nextCursor
  }
}

const told = (items: readonly Item[]) => items.map(({ name, match }) => `${name} ${match}`)

async function refusal(bank: TestBank, search: object, caller: Caller = bank.code('M1')) {
  const { status, body } = await bank.request(caller, 'POST', '/customers/search', search)
  return [status, body.code, body.errors?.[0]?.pointer, body.errors?.[0]?.rule]
}

describe('a search by name', () => {
  test('finds what equals the term, begins with it, contains it and sounds like it, the best first, over REST and GraphQL alike', async ({
    empty,
  }) => {
    const bank = await withPeople(empty, ['王小明', '王小明珠', '老王小明', '王晓明', '汪小明', '王大明', '李雷'])
    const { items } = await page(bank, { name: '王小明' })
    expect(told(items).slice(0, 3)).toEqual(['王小明 exact', '王小明珠 prefix', '老王小明 contains'])
    expect(told(items).slice(3).sort()).toEqual(['汪小明 similar', '王晓明 similar'])
    const { data, errors } = await bank.graphql(
      bank.code('M1'),
      '{ customerSearch(filter: { name: "王小明" }) { edges { match node { id name } } nodes { id } } }',
    )
    expect(errors).toBeUndefined()
    expect(data.customerSearch.edges.map(({ match, node }: any) => ({ ...node, match }))).toEqual(
      items.map(({ id, name, match }) => ({ id, name, match })),
    )
    expect(data.customerSearch.nodes.map(({ id }: any) => id)).toEqual(items.map(({ id }) => id))
    const listed = await bank.graphql(bank.code('M1'), '{ customers { edges { match } } }')
    expect(listed.data.customers.edges[0]).toEqual({ match: null })
  })

  test('finds Chinese names by pinyin and its initials, and Latin ones by their letters', async ({ empty }) => {
    const bank = await withPeople(empty, [
      '王小明',
      '王晓敏',
      '王欣',
      '吴小梅',
      'Wang Xiao',
      'Anna Wangler',
      'Wanda',
      { name: '深圳市华信贸易有限公司', kind: 'company' },
      { name: 'IBM中国有限公司', kind: 'company' },
    ])
    const found = async (name: string, caller?: Caller) => told((await page(bank, { name }, caller)).items)
    expect(await found('wang')).toEqual([
      'Wang Xiao prefix',
      // In the order of their pinyin: -min, -ming.
      '王晓敏 pinyin',
      '王小明 pinyin',
      '王欣 pinyin',
      'Anna Wangler contains',
      'Wanda similar',
    ])
    expect((await found('wangx')).slice(0, 3)).toEqual(['王晓敏 pinyin', '王小明 pinyin', '王欣 pinyin'])
    expect(await found('Wáng Xiǎo')).toEqual(expect.arrayContaining(['Wang Xiao exact', '王小明 pinyin', '王晓敏 pinyin']))
    expect(await found('wangxiaoming')).toEqual(expect.arrayContaining(['王小明 pinyin']))
    expect((await found('WXM')).sort()).toEqual(['吴小梅 initials', '王小明 initials', '王晓敏 initials'].sort())
    expect(await found('w')).toEqual([
      'Wanda prefix',
      'Wang Xiao prefix',
      '王晓敏 pinyin',
      '王小明 pinyin',
      '王欣 pinyin',
      '吴小梅 pinyin',
    ])
    expect(await found('shenzhenshihuaxin')).toEqual(['深圳市华信贸易有限公司 pinyin'])
    expect(await found('szshx')).toEqual(['深圳市华信贸易有限公司 initials'])
    expect(await found('ibm')).toEqual(['IBM中国有限公司 prefix'])
    expect(await found('ibmzg')).toEqual(['IBM中国有限公司 initials'])
    // The same through a portfolio, which is gone through one by one.
    await bank.feed(
      'assignments',
      ['1', '5', '6'].map((number) => ({
        externalId: bank.code(`S${number}`),
        customerExternalId: bank.code(number),
        staffNumber: bank.code('R1'),
        businessLine: 'personal',
        startsOn: '2024-01-01',
      })),
    )
    expect(await found('wang', bank.code('R1'))).toEqual(['Wang Xiao prefix', '王小明 pinyin', 'Anna Wangler contains'])
    expect(await found('wxm', bank.code('R1'))).toEqual(['王小明 initials'])
    expect(await found('汪晓明', bank.code('R1'))).toEqual(['王小明 similar'])
    expect(await found('wang', bank.code('R2'))).toEqual([])
    expect(await found('wang', bank.code('M2'))).toEqual([])
  })

  test('finds a surname by either of its readings, once', async ({ empty }) => {
    const bank = await withPeople(empty, ['曾丽', '单丽', '仇丽', '解丽', '任丽', '吕丽', '單丽'])
    const found = async (name: string) => (await page(bank, { name })).items.map((one) => one.name)
    for (const [name, ...terms] of [
      ['曾丽', 'zengli', 'cengli'],
      ['仇丽', 'qiuli', 'chouli'],
      ['解丽', 'xieli', 'jieli'],
      ['任丽', 'renli'],
      ['吕丽', 'lvli', 'lüli', 'lyuli', 'luli'],
    ])
      for (const term of terms) expect(await found(term), term).toEqual([name])
    for (const term of ['shanli', 'danli']) expect((await found(term)).sort(), term).toEqual(['单丽', '單丽'].sort())
    expect(await found('c')).toEqual(['曾丽', '仇丽'])
  })

  test('follows a name that changes, a prospect who becomes a company, and a move to another branch', async ({ empty }) => {
    const bank = await withPeople(empty, [{ name: '曾记', more: { status: 'prospect' } }, '李明'])
    const change = (number: string, row: object) =>
      bank.feed('customers', [{ externalId: bank.code(number), kind: 'individual', institutionCode: bank.code('O1'), ...row }])
    const found = async (name: string, caller = bank.code('M1')) =>
      (await page(bank, { name }, caller)).items.map((one) => one.name)
    await change('2', { name: '赵明' })
    expect([await found('liming'), await found('zhaoming'), await found('zm')]).toEqual([[], ['赵明'], ['赵明']])
    await change('2', { name: 'Max' })
    expect([await found('zhaoming'), await found('max')]).toEqual([[], ['Max']])
    await change('2', { name: '赵明', institutionCode: bank.code('B2') })
    expect([await found('zhaom'), await found('zhaom', bank.code('M2'))]).toEqual([[], ['赵明']])
    await change('1', { name: '曾记', kind: 'company', status: 'active' })
    expect([await found('zengji'), await found('cengji')]).toEqual([[], ['曾记']])
    const { body } = await bank.request(bank.code('M1'), 'POST', '/customers', {
      kind: 'individual',
      name: '钱七',
      institutionCode: bank.code('O1'),
    })
    expect(await found('qianq')).toEqual(['钱七'])
    await bank.request(bank.code('M1'), 'PATCH', `/customers/${body.id}`, { name: '孙七' }, { 'if-match': `"${body.version}"` })
    expect([await found('qianq'), await found('sunq')]).toEqual([[], ['孙七']])
  })

  test('takes names of any script, and refuses what is no text by the name of its field', async ({ empty }) => {
    const bank = await withPeople(empty, ['😀王', '𠮷田一郎', '👨‍👩‍👧家', 'a_b%c', "O'Brien", '  王　芳  ', '字'.repeat(200)])
    const found = async (name: string) => (await page(bank, { name })).items.map((one) => one.name)
    expect(await found('😀')).toEqual(['😀王'])
    expect(await found('𠮷')).toEqual(['𠮷田一郎'])
    expect(await found('𠮷田')).toEqual(['𠮷田一郎'])
    expect(await found('jitian')).toEqual(['𠮷田一郎'])
    expect(await found('👨‍👩‍👧')).toEqual(['👨‍👩‍👧家'])
    expect(await found('王\u200f\u200d')).toEqual(['王　芳'])
    expect(await found('a_b%')).toEqual(['a_b%c'])
    expect(await found('_b')).toEqual(['a_b%c'])
    expect(await found("o'b")).toEqual(["O'Brien"])
    expect(await found('字'.repeat(200))).toEqual(['字'.repeat(200)])
    expect(await found('字'.repeat(199))).toEqual(['字'.repeat(200)])
    expect(await found('q'.repeat(200))).toEqual([])
    expect(await refusal(bank, { name: '字'.repeat(201) })).toEqual([400, 'invalid_input', '/name', 'too_big'])
    for (const term of ['。。', '---', '\u200f'])
      expect(await refusal(bank, { name: term }), JSON.stringify(term)).toEqual([400, 'invalid_input', '/name', 'name'])
    for (const term of ['', '  ', '\u200b'])
      expect(await refusal(bank, { name: term }), JSON.stringify(term)).toEqual([400, 'invalid_input', '/name', 'too_small'])
    for (const field of ['name', 'number', 'phone', 'email', 'documentNumber', 'productCode']) {
      const rest = field === 'productCode' ? { name: '王' } : {}
      expect(await refusal(bank, { ...rest, [field]: '王a@b\0' })).toEqual([400, 'invalid_input', `/${field}`, 'nul_character'])
      expect(await refusal(bank, { ...rest, [field]: '王a@b\u202e' })).toEqual([
        400,
        'invalid_input',
        `/${field}`,
        'bidi_control',
      ])
      expect(await refusal(bank, { ...rest, [field]: '王\u0007a@b' })).toEqual([
        400,
        'invalid_input',
        `/${field}`,
        'control_character',
      ])
    }
  })
})

describe('a search with conditions', () => {
  test('pages through all who match and meet them, each once, whatever the order and whoever asks', async ({ empty }) => {
    const kinds = ['individual', 'sole_trader', 'company'] as const
    const names = ['王芳', '王方', '汪芳', 'Wang Fang', '王芳芳', '老王芳', 'Wangler', '单王芳', '李王']
    const people = Array.from({ length: 90 }, (_, index) => ({
      number: String(index + 1),
      name: names[index % names.length]!,
      kind: kinds[index % 4 === 0 ? 1 : index % 5 === 0 ? 2 : 0],
      outlet: index % 3 === 0 ? 'O2' : 'O1',
      more: {
        status: index % 7 === 0 ? 'closed' : 'active',
        ...(index % 7 === 0 && { closedOn: '2026-05-01' }),
        customerSince: `20${String(10 + (index % 15))}-03-01`,
        ...(index % 5 !== 0 || index % 4 === 0 ? { birthDate: `19${String(50 + (index % 40))}-01-01` } : {}),
      },
    }))
    const bank = await withPeople(empty, people)
    const c = (suffix: string) => bank.code(suffix)
    const open = people.filter(({ more }) => more.status !== 'closed')
    await bank.feed(
      'assignments',
      open
        .filter(({ kind }) => kind !== 'company')
        .map(({ number }) => ({
          externalId: c(`S${number}`),
          customerExternalId: c(number),
          staffNumber: c(Number(number) % 2 === 0 ? 'R1' : 'R3'),
          businessLine: 'personal',
          startsOn: '2024-01-01',
        })),
    )
    await bank.feed(
      'holdings',
      open.map(({ number }) => ({
        externalId: c(`A${number}`),
        customerExternalId: c(number),
        productCode: c(Number(number) % 4 === 0 ? 'FND' : 'CUR'),
        currency: 'CNY',
        balance: `${number}00.00`,
        balanceOn: '2026-11-20',
      })),
    )
    const { rows } = await bank.service.owner.query(
      `select id, kind, status, core_number as number, aum::int as aum, customer_since::text as since, relationship_manager_id as manager from customer where core_number ^@ $1`,
      [`${bank.name}-`],
    )
    const customers = rows.map((row) => ({ ...row, ...people.find(({ number }) => c(number) === row.number)!, kind: row.kind }))
    const managers = { R1: await bank.staffId('R1'), R3: await bank.staffId('R3') }
    const outlets = { O1: await bank.idOf('institution', 'O1'), O2: await bank.idOf('institution', 'O2') }
    const filters: readonly [object, (one: any) => boolean][] = [
      [{}, () => true],
      [{ kind: ['company', 'sole_trader'] }, ({ kind }) => kind !== 'individual'],
      [{ status: ['closed'] }, ({ status }) => status === 'closed'],
      [{ institutionId: outlets.O2 }, ({ outlet }) => outlet === 'O2'],
      [{ relationshipManagerId: managers.R1 }, ({ manager }) => manager === managers.R1],
      [
        { relationshipManagerId: managers.R3, institutionId: outlets.O1 },
        ({ manager, outlet }) => manager === managers.R3 && outlet === 'O1',
      ],
      [{ productFamily: 'fund' }, ({ number, status }) => status !== 'closed' && Number(number) % 4 === 0],
      [
        { productCode: c('FND'), aumFrom: '3000.00' },
        ({ number, status, aum }) => status !== 'closed' && Number(number) % 4 === 0 && aum >= 300000,
      ],
      [{ productCode: c('FND'), productFamily: 'deposit' }, () => false],
      [{ aumFrom: '1000.00', aumTo: '4000.00' }, ({ aum }) => aum >= 100000 && aum <= 400000],
      [{ openedSince: '2020-01-01', kind: ['individual'] }, ({ since, kind }) => since >= '2020-01-01' && kind === 'individual'],
    ]
    const matching: Readonly<Record<string, readonly string[]>> = {
      王: ['王芳', '王方', '王芳芳'],
      王芳: ['王芳', '王芳芳', '老王芳', '单王芳', '王方', '汪芳'],
      wang: ['王芳', '王方', '汪芳', 'Wang Fang', '王芳芳', 'Wangler'],
      wf: ['王芳', '王方', '汪芳', '王芳芳'],
      shan: ['单王芳'],
      dan: ['单王芳'],
    }
    const onlookers: readonly [Caller, (one: any) => boolean][] = [
      [c('M1'), () => true],
      [c('R1'), ({ manager }) => manager === managers.R1],
      [c('T1'), ({ outlet }) => outlet === 'O1'],
    ]
    let turn = 0
    for (const [caller, sees] of onlookers) {
      for (const [filter, meets] of filters) {
        for (const [name, alike] of Object.entries(matching)) {
          const wanted = customers.filter(
            // The name of a company has no surname.
            (one) =>
              alike.includes(one.name) &&
              (name !== 'shan' || one.kind !== 'company') &&
              meets({ ...one, number: one.number.split('-').at(-1) }) &&
              sees(one),
          )
          const orderBy = turn++ % 3 === 0 ? customerOrders[turn % customerOrders.length]! : 'match'
          const found = await all(bank, { name, ...filter, orderBy }, turn % 2 === 0 ? 4 : 7, caller)
          const where = `${JSON.stringify(caller)} ${name} ${JSON.stringify(filter)} ${orderBy}`
          expect(new Set(found.map(({ id }) => id)).size, where).toBe(found.length)
          expect(
            found
              .filter(({ match }) => match !== 'similar' || name === '王芳')
              .map(({ id }) => id)
              .sort(),
            where,
          ).toEqual(wanted.map(({ id }) => id).sort())
        }
      }
    }
  })

  test('refuses what does not exist, and products to those who may not see holdings', async ({ bank }) => {
    const name = '王芳'
    expect(await refusal(bank, { name, productCode: 'NONE' })).toEqual([
      422,
      'unknown_reference',
      '/productCode',
      'unknown_reference',
    ])
    expect(await refusal(bank, { name, institutionId: crypto.randomUUID() })).toEqual([
      422,
      'unknown_reference',
      '/institutionId',
      'unknown_reference',
    ])
    expect(await refusal(bank, { name, relationshipManagerId: crypto.randomUUID() })).toEqual([
      422,
      'unknown_reference',
      '/relationshipManagerId',
      'unknown_reference',
    ])
    expect(await refusal(bank, { name, aumFrom: '1.234' })).toEqual([400, 'invalid_input', '/aumFrom', 'amount'])
    expect((await refusal(bank, { name, productFamily: 'deposit' }, bank.code('Q1'))).slice(0, 2)).toEqual([403, 'not_permitted'])
    expect((await page(bank, { name }, bank.code('Q1'))).items).toHaveLength(1)
    expect(await refusal(bank, { name, phone: '13812345678' })).toEqual([400, 'invalid_input', '', 'exactly_one'])
    expect((await refusal(bank, { name, orderBy: 'shoe_size' })).slice(0, 3)).toEqual([400, 'invalid_input', '/orderBy'])
    const first = await page(bank, { name: '王', limit: 1 }, { client: 'core' })
    expect(
      await refusal(bank, { name: '王', limit: 1, kind: ['company'], cursor: first.nextCursor }, { client: 'core' }),
    ).toEqual([400, 'invalid_cursor', '/cursor', 'cursor'])
    const listed = await bank.request(bank.code('M1'), 'GET', '/customers?productCode=NONE')
    expect([listed.status, listed.body.errors[0].pointer]).toEqual([422, '/productCode'])
    const holders = await bank.request(bank.code('M1'), 'GET', `/customers?productCode=${bank.code('CUR')}&includeTotal=true`)
    expect(holders.body.total).toBe(3)
  })
})

describe('an order', () => {
  test('of a list and of a search sorts by what it names, page by page, the unknown last', async ({ empty }) => {
    const bank = await withPeople(
      empty,
      Array.from({ length: 12 }, (_, index) => ({
        number: String(index + 1),
        name: `王${'赵钱孙李周吴郑冯陈褚卫蒋'[index]!}`,
        kind: index % 3 === 0 ? 'company' : 'individual',
        more: {
          customerSince: `20${String(10 + ((index * 5) % 12))}-01-01`,
          ...(index % 3 === 0
            ? { foundedOn: `19${String(60 + index)}-01-01` }
            : { birthDate: `19${String(50 + ((index * 7) % 40))}-01-01` }),
        },
      })),
    )
    await bank.feed(
      'holdings',
      Array.from({ length: 12 }, (_, index) => ({
        externalId: bank.code(`A${index + 1}`),
        customerExternalId: bank.code(String(index + 1)),
        productCode: bank.code('CUR'),
        currency: 'CNY',
        balance: `${(index * 5) % 12}.00`,
        balanceOn: '2026-11-20',
      })),
    )
    const { rows } = await bank.service.owner.query(
      `select id, aum::int as aum, name_folded as name, customer_since::text as customer_since, core_number, extract(epoch from created_at) as created_at, extract(epoch from updated_at) as updated_at,
        birth_date::text as birth_date, founded_on::text as founded_on, kind from customer where core_number ^@ $1`,
      [`${bank.name}-`],
    )
    const rowOf = new Map(rows.map((row) => [row.id, row]))
    expect(customerOrders.length).toBeGreaterThanOrEqual(12)
    for (const orderBy of customerOrders) {
      const [, field, direction] = /^(.*)_(asc|desc)$/.exec(orderBy)!
      const searched = (await all(bank, { name: '王', orderBy }, 5)).map(({ id }) => id)
      const listed: string[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const { body } = await bank.request(
          bank.code('M1'),
          'GET',
          `/customers?orderBy=${orderBy}&limit=5${cursor === '' ? '' : `&cursor=${cursor}`}`,
        )
        listed.push(...body.items.map(({ id }: Item) => id))
        cursor = body.nextCursor
      }
      expect(listed, orderBy).toEqual(searched)
      expect(new Set(listed).size, orderBy).toBe(12)
      const values = listed.map((id) => rowOf.get(id)![field!])
      const known = values.filter((value) => value !== null)
      expect(values.slice(0, known.length), orderBy).toEqual(known)
      const bytes = (one: any, other: any) =>
        typeof one === 'string' ? Buffer.compare(Buffer.from(one), Buffer.from(other)) : one - other
      expect(known, orderBy).toEqual(
        known.toSorted((one, other) => (direction === 'asc' ? bytes(one, other) : bytes(other, one))),
      )
    }
  })

  test('that no index serves is refused for more customers than can be sorted, until something narrows them', async ({
    empty,
    service,
  }) => {
    const bank = await withPeople(empty, ['王一'])
    const { rows } = await service.owner.query(`select id, path from institution where code = $1`, [bank.code('O2')])
    await service.owner.query(
      `insert into customer (id, kind, status, source, name, name_folded, institution_id, institution_path, as_of, created_at, updated_at)
       select gen_random_uuid(), 'individual', 'active', 'core', '多' || n, '多' || n, $1, $2, now(), now(), now() from generate_series(1, 20001) n`,
      [rows[0].id, rows[0].path],
    )
    await service.owner.query('analyze customer')
    const listed = async (query: string, caller = bank.code('M1')) => {
      const { status, body } = await bank.request(caller, 'GET', `/customers?${query}`)
      return [status, body.errors?.[0]?.pointer ?? body.items?.length, body.errors?.[0]?.rule]
    }
    for (const orderBy of ['updated_at_desc', 'birth_date_asc', 'founded_on_desc', 'kind_asc'])
      expect(await listed(`orderBy=${orderBy}`), orderBy).toEqual([400, '/orderBy', 'too_many'])
    expect(await listed('orderBy=created_at_desc&limit=3')).toEqual([200, 3, undefined])
    expect(await listed(`orderBy=updated_at_desc&institutionId=${await bank.idOf('institution', 'O1')}`)).toEqual([
      200,
      1,
      undefined,
    ])
    expect(await listed('orderBy=updated_at_desc', bank.code('T1'))).toEqual([200, 1, undefined])
    expect(await refusal(bank, { name: '多', orderBy: 'aum_desc' })).toEqual([400, 'invalid_input', '/orderBy', 'too_many'])
    expect((await page(bank, { name: '多1999', orderBy: 'aum_desc' })).items).toHaveLength(11)
    expect((await page(bank, { name: '多', limit: 7 })).items).toHaveLength(7)
  })
})

describe('a search by value', () => {
  test('pages through thousands who share a phone, and finds nobody by one that nobody has', async ({ empty }) => {
    const many = 3_000
    const bank = await withPeople(
      empty,
      Array.from({ length: many }, (_, index) => ({
        name: `王${index}`,
        outlet: index % 10 === 0 ? 'O2' : index % 2 === 0 ? 'O1' : 'B2',
        more: { phone: '13812345678' },
      })),
    )
    await bank.feed('assignments', [
      {
        externalId: bank.code('S1'),
        customerExternalId: bank.code('3'),
        staffNumber: bank.code('R1'),
        businessLine: 'personal',
        startsOn: '2024-01-01',
      },
    ])
    const phone = '138 1234 5678'
    const found = await all(bank, { phone }, 200)
    expect([found.length, new Set(found.map(({ id }) => id)).size]).toEqual([1_500, 1_500])
    expect(new Set(found.map(({ match }) => match))).toEqual(new Set(['exact']))
    const outlet = await bank.idOf('institution', 'O2')
    expect(await all(bank, { phone, institutionId: outlet }, 100)).toHaveLength(300)
    expect((await all(bank, { phone, institutionId: outlet, orderBy: 'name_desc' }, 100)).map(({ name }) => name)).toEqual(
      Array.from({ length: 300 }, (_, index) => `王${index * 10}`)
        .sort()
        .reverse(),
    )
    expect((await page(bank, { phone }, bank.code('R1'))).items.map(({ name }) => name)).toEqual(['王2'])
    expect((await page(bank, { phone, relationshipManagerId: await bank.staffId('R1') })).items.map(({ name }) => name)).toEqual([
      '王2',
    ])
    expect((await page(bank, { phone: '13987654321' })).items).toEqual([])
    expect((await page(bank, { email: 'nobody@example.com' })).items).toEqual([])
    expect((await page(bank, { number: bank.code('3'), kind: ['company'] })).items).toEqual([])
    expect((await page(bank, { number: bank.code('3'), orderBy: 'aum_asc' })).items).toMatchObject([
      { name: '王2', match: 'exact' },
    ])
  })
})

describe('customers of before names had keys', () => {
  test('get theirs batch by batch; broken off, the work goes on where it was', async ({ empty, service }) => {
    const bank = await withPeople(empty, ['王一'])
    const { rows } = await service.owner.query(`select id, path from institution where code = $1`, [bank.code('O1')])
    await service.owner.query(
      `insert into customer (id, kind, status, source, name, name_folded, institution_id, institution_path, as_of, created_at, updated_at)
       select gen_random_uuid(), 'individual', 'active', 'core', name, lower(name), $1, $2, now(), now(), now()
       from (select case n % 3 when 0 then 'Old ' || n when 1 then '曾' || n else '贾' || n end as name from generate_series(1, 1500) n) s`,
      [rows[0].id, rows[0].path],
    )
    const keyed = async () =>
      Number(
        (
          await service.owner.query(
            `select count(*) from name_key k join customer c on c.id = k.customer_id where c.name ~ '^[曾贾]\\d'`,
          )
        ).rows[0].count,
      )
    const found = async (name: string) => (await all(bank, { name }, 200)).length
    expect([await found('jia'), await found('贾')]).toEqual([0, 500])
    expect(await runAsSystem(service.service, refreshNameKeys)).toEqual({ passed: 0 })
    await service.owner.query(`update customer set name_folded = 'of old' where id in (select id from customer limit 10)`)
    await service.owner.query(`insert into name_key_progress (after_id) values ('00000000-0000-0000-0000-000000000000')`)
    expect(await runAsSystem(service.service, refreshNameKeys)).toEqual({ passed: 1000 })
    const both = await Promise.all([runAsSystem(service.service, refreshNameKeys), runAsSystem(service.service, refreshNameKeys)])
    expect(Math.max(...both.map((answer) => (answer as { passed: number }).passed))).toBeGreaterThan(0)
    for (let passed = 1; passed > 0;)
      passed = ((await runAsSystem(service.service, refreshNameKeys)) as { passed: number }).passed
    expect((await service.owner.query('select from name_key_progress')).rowCount).toBe(0)
    expect((await service.owner.query(`select from customer where name_folded = 'of old'`)).rowCount).toBe(0)
    // Of the surname with two readings both.
    expect(await keyed()).toBe(500 + 2 * 500)
    expect([await found('jia'), await found('zeng'), await found('ceng'), await found('j1')]).toEqual([
      500,
      500,
      500,
      expect.any(Number),
    ])
  })
})
