import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { feedEntities, type FeedEntity } from '../../../src/core/feeds/imports.ts'
import { feedRows } from '../../../src/core/feeds/rows.ts'
import type { FeedOutcome, FeedRow } from '../../../src/core/kernel/feed.ts'
import { residentIdCheckDigit } from '../../../src/core/kernel/identity-numbers.ts'
import { findCustomerIds } from '../../../src/db/dossier/references.ts'
import { openKey } from '../../../src/db/dossier/identity.ts'
import { feeds } from '../../../src/db/feeds/all.ts'
import type { Db } from '../../../src/db/platform/database.ts'
import type { ApplyFeed } from '../../../src/db/platform/feed.ts'
import { fieldContext } from '../../../src/db/platform/vault.ts'
import { type FeedBank, openFeedBank } from '../../setup/feeds.ts'

let bank: FeedBank
const residentId = (first17: string): string => first17 + residentIdCheckDigit(first17)
const [born1990, born1985] = [residentId('11010119900307012'), residentId('11010119851224013')]

beforeAll(async () => {
  bank = await openFeedBank()
  const rows: readonly (readonly [FeedEntity, readonly object[]])[] = [
    [
      'institutions',
      [
        { externalId: 'HO', name: '总行', kind: 'head_office' },
        { externalId: 'B1', name: '深圳', kind: 'branch', parentCode: 'HO' },
        { externalId: 'B2', name: '广州', kind: 'branch', parentCode: 'HO' },
        { externalId: 'B3', name: '珠海', kind: 'branch', parentCode: 'HO', status: 'closed' },
      ],
    ],
    [
      'staff',
      ['S1', 'S2'].map((externalId) => ({
        externalId,
        name: externalId,
        institutionCode: 'B1',
        roles: ['relationship_manager'],
      })),
    ],
    [
      'products',
      [
        { externalId: 'P1', name: '活期存款', family: 'deposit', category: 'deposit' },
        { externalId: 'P2', name: '手机银行', family: 'e_channel', category: 'fee' },
      ],
    ],
    ['exchangeRates', [{ currency: 'USD', day: '2026-11-01', rate: '7.1' }]],
    [
      'customers',
      ['C1', 'C2', 'C3'].map((externalId) => ({ externalId, kind: 'individual', name: externalId, institutionCode: 'B1' })),
    ],
    [
      'holdings',
      [
        { externalId: 'A1', customerExternalId: 'C1', productCode: 'P1', currency: 'CNY' },
        { externalId: 'A2', customerExternalId: 'C2', productCode: 'P1', currency: 'USD' },
      ],
    ],
  ]
  await bank.database.transaction({ prefixes: ['/'], portfolio: [], caller: 'client:test' }, async (db) => {
    for (const [entity, some] of rows)
      await apply(
        db,
        entity,
        asRows(
          entity,
          some.map((row) => ({ asOf: '2026-11-01T00:00:00.000Z', ...row })),
        ),
      )
  })
  // What a person has verified and dismissed decides where the values of a feed go.
  await bank.owner.query(`
    insert into contact_point (customer_id, id, institution_path, kind, purpose, value_encrypted, value_masked, value_hash, index_key_id, source, as_of, added, verified_at)
    select c.id, gen_random_uuid(), c.institution_path, 'email', 'primary', 'x', 'x', 'x', 'x', 'guanxi', now(), true, now() from customer c where c.core_number = 'C3'`)
})
afterAll(() => bank.close())

/** The rows of a file that are right by themselves, as they come out of their schema. */
function asRows(entity: FeedEntity, rows: readonly object[]): FeedRow<unknown>[] {
  return rows.flatMap((row, index) => {
    const parsed = feedRows[entity].safeParse({ source: 'core', ...row })
    return parsed.success ? [{ line: index + 1, row: parsed.data }] : []
  })
}

function apply(db: Db, entity: FeedEntity, rows: readonly FeedRow<unknown>[]): Promise<readonly FeedOutcome[]> {
  return (feeds[entity] as ApplyFeed<unknown>)(db, rows, bank.context)
}

/** Each of these fields in one row of four. */
const optional = (fields: Readonly<Record<string, readonly unknown[]>>) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, values]) => [
      name,
      fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...values) }),
    ]),
  )
const required = (fields: Readonly<Record<string, readonly unknown[]>>) =>
  Object.fromEntries(Object.entries(fields).map(([name, values]) => [name, fc.constantFrom(...values)]))

const asOf = ['2026-11-20T00:00:00.000Z', '2026-11-21T00:00:00.000Z', '2026-11-22T01:00:00.000Z']
const days = ['2026-10-01', '2026-11-01', '2026-11-20', '2026-11-22', '2026-11-23', '2027-01-01']

/** Few names and values, so that rows are about the same things and change them back and forth. */
const values: Readonly<
  Record<
    FeedEntity,
    { readonly must: Readonly<Record<string, readonly unknown[]>>; readonly may: Readonly<Record<string, readonly unknown[]>> }
  >
> = {
  institutions: {
    must: {
      externalId: ['B1', 'B2', 'X1', 'X2', 'X3'],
      name: ['甲', '乙'],
      kind: ['branch', 'sub_branch', 'outlet'],
      parentCode: ['HO', 'HO', 'HO', 'B1', 'X1', 'X2', 'X9'],
    },
    may: {
      code: ['B1', 'X1', 'X2', 'X9'],
      status: ['active', 'closed'],
      latitude: [22.5, 23],
      longitude: [114, 113],
      timeZone: ['Asia/Shanghai', 'Asia/Urumqi'],
      calendar: ['CN', 'HK'],
    },
  },
  staff: {
    must: {
      externalId: ['S1', 'S2', 'S3'],
      name: ['甲', '乙'],
      institutionCode: ['B1', 'B1', 'B1', 'B2', 'B2', 'B3', 'none'],
      roles: [['teller'], ['relationship_manager']],
    },
    may: {
      number: ['S1', 'S2', 'N1'],
      status: ['active', 'left'],
      industries: [['F52']],
      areas: [['南山']],
      productFamilies: [['fund']],
      customerCapacity: [10, 20],
      dailyCapacity: [5],
      activeFrom: ['2024-01-01'],
      activeUntil: ['2026-12-01'],
    },
  },
  products: {
    must: {
      externalId: ['P1', 'P2', 'P3'],
      name: ['甲', '乙'],
      family: ['deposit', 'fund', 'e_channel'],
      category: ['deposit', 'fee'],
    },
    may: {
      code: ['P1', 'P2', 'Q1'],
      lifecycle: ['growth', 'mature'],
      status: ['active', 'withdrawn'],
      riskLevel: [1, 3],
      termMonths: [6, 12],
      currency: ['CNY', 'CNY', 'CNY', 'USD'],
      annualYield: ['0.01'],
      annualMargin: ['0.02'],
    },
  },
  exchangeRates: {
    must: { currency: ['USD', 'USD', 'EUR', 'EUR', 'CNY'], day: days.slice(0, 4), rate: ['7.1', '7.2', '8'] },
    may: { source: ['core', 'treasury'] },
  },
  customers: {
    must: {
      externalId: ['C1', 'C2', 'C3', 'N1'],
      kind: ['individual', 'individual', 'individual', 'individual', 'individual', 'sole_trader'],
      name: ['张三', '李四'],
      institutionCode: ['B1', 'B1', 'B2', 'B3'],
    },
    may: {
      source: ['core', 'core', 'cards'],
      status: ['active', 'prospect'],
      togetherClosed: [
        { status: 'closed', closedOn: '2026-11-01' },
        { status: 'closed', closedOn: '2026-11-20' },
      ],
      gender: ['male', 'female'],
      birthDate: ['1990-03-07', '1985-12-24'],
      foundedOn: ['2001-01-01'],
      industry: ['F5211'],
      country: ['CN', 'HK'],
      preferredLanguage: ['zh-CN'],
      customerSince: ['2019-08-01'],
      occupation: ['教师', '医生'],
      incomeBand: ['under_50k'],
      deceasedOn: ['2026-10-01'],
      companySize: ['small', 'micro'],
      togetherCapital: [{ registeredCapital: '1000000.00', registeredCapitalCurrency: 'CNY' }],
      merchantSince: ['2020-01-01'],
      merchantUntil: ['2026-01-01'],
      merchantCategoryCode: ['5411'],
      togetherDocument: [
        { documentType: 'resident_id', documentNumber: born1990, documentValidUntil: '2031-05-05' },
        { documentType: 'resident_id', documentNumber: born1985, documentCountry: 'CN' },
        { documentType: 'passport', documentNumber: 'E7654321' },
        { documentType: 'passport', documentNumber: 'E1234567', documentCountry: 'GB', documentValidUntil: '2036-01-01' },
      ],
      phone: ['13812345678', '13900001111'],
      email: ['a@example.com', 'b@example.com'],
      addressCountry: ['CN', 'HK'],
      addressRegion: ['广东省', '北京市'],
      addressCity: ['深圳市'],
      addressPostalCode: ['518000', '100000'],
      addressLine: ['深南大道1号', '长安街2号'],
    },
  },
  assignments: {
    must: {
      externalId: ['a', 'b', 'c'],
      customerExternalId: ['C1', 'C1', 'C2', 'C2', 'none'],
      staffNumber: ['S1', 'S1', 'S2', 'S2', 'none'],
      businessLine: ['personal', 'corporate'],
      startsOn: days,
    },
    may: { endsOn: days, status: ['active', 'cancelled'] },
  },
  holdings: {
    must: {
      externalId: ['A1', 'A2', 'A3'],
      customerExternalId: ['C1', 'C1', 'C1', 'C2'],
      productCode: ['P1', 'P1', 'P1', 'P2', 'none'],
      currency: ['CNY', 'CNY', 'CNY', 'USD'],
    },
    may: {
      accountNumber: ['6222', '6223'],
      openedOn: days.slice(0, 3),
      maturesOn: ['2027-01-01', '2026-09-01'],
      autoRenewal: [true, false],
      status: ['active', 'frozen'],
      togetherClosed: [{ status: 'closed' }, { status: 'closed', closedOn: '2026-11-20' }],
      edition: ['personal'],
      origin: ['counter'],
      recommendedBy: ['S1', 'S2'],
      activatedOn: ['2026-10-02'],
      lastUsedOn: ['2026-11-02'],
      togetherBalance: [
        { balance: '1.00' },
        { balance: '2.50', balanceOn: '2026-11-01' },
        { balance: '3.50', balanceOn: '2026-11-20' },
      ],
    },
  },
  holdingParties: {
    must: {
      holdingExternalId: ['A1', 'A1', 'A2', 'none'],
      customerExternalId: ['C1', 'C2', 'C3'],
      role: ['joint_owner', 'authorised'],
    },
    may: { status: ['active', 'ended'] },
  },
  balances: {
    must: {
      holdingExternalId: ['A1', 'A1', 'A2', 'none'],
      day: days,
      amount: ['1.00', '2.50', '-3.00'],
      currency: ['CNY', 'CNY', 'CNY', 'USD'],
    },
    may: {},
  },
  activity: {
    must: {
      customerExternalId: ['C1', 'C1', 'C2', 'C2', 'none'],
      month: ['2026-09', '2026-10'],
      channel: ['mobile', 'counter'],
      type: ['transfer', 'payment'],
      currency: ['CNY', 'CNY', 'CNY', 'USD'],
      count: [0, 1, 5],
    },
    may: { amount: ['1.00', '9.00'], direction: ['in', 'out'], purpose: ['salary'], counterparty: ['6222021234567890'] },
  },
  movements: {
    must: {
      externalId: ['m1', 'm2', 'm3'],
      holdingExternalId: ['A1', 'A1', 'A2', 'none'],
      direction: ['in', 'out'],
      amount: ['1.00', '9.00'],
      currency: ['CNY', 'CNY', 'CNY', 'USD'],
      bookedOn: days.slice(0, 4),
    },
    may: {
      channel: ['mobile'],
      purpose: ['salary', 'other'],
      status: ['booked', 'voided'],
      counterparty: ['6222021234567890', '张三'],
    },
  },
}

/** What goes together is one value; a row that its schema would refuse says nothing here. */
const fileOf = (entity: FeedEntity) => {
  const { must, may } = values[entity]
  const row = fc
    .record({ ...required(must), ...optional({ ...may, asOf }) })
    .map((fields) =>
      Object.fromEntries(
        Object.entries(fields).flatMap(([name, value]) =>
          value === undefined ? [] : name.startsWith('together') ? Object.entries(value as object) : [[name, value]],
        ),
      ),
    )
  const fitting = row.filter((one) => feedRows[entity].safeParse({ source: 'core', ...one }).success)
  return fc.array(fitting, { minLength: 2, maxLength: 9 }).map((rows) => asRows(entity, rows))
}

const undone = Symbol('undone')

/** What a file makes of the bank, sent in these batches; nothing of it stays. */
async function resultOf(entity: FeedEntity, batches: readonly (readonly FeedRow<unknown>[])[]) {
  let result: { readonly outcomes: readonly object[]; readonly rows: Readonly<Record<string, readonly string[]>> } | undefined
  await bank.database
    .transaction({ prefixes: ['/'], portfolio: [], caller: 'client:test' }, async (db) => {
      const outcomes: FeedOutcome[] = []
      for (const batch of batches) if (batch.length > 0) outcomes.push(...(await apply(db, entity, batch)))
      result = { outcomes: outcomes.map(({ line, ...rest }) => ({ line, ...short(rest) })), rows: await contents(db) }
      throw undone
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error
    })
  return result!
}

const short = (outcome: object): object =>
  'refusal' in outcome ? { refusal: outcome.refusal } : { outcome: (outcome as { outcome: string }).outcome }

const tables = [
  'institution',
  'staff',
  'product',
  'exchange_rate',
  'customer',
  'name_key',
  'identity_document',
  'contact_point',
  'address',
  'customer_profile',
  'field_source',
  'profile_conflict',
  'assignment',
  'holding',
  'holding_party',
  'balance',
  'activity',
  'movement',
] as const

/** All that is stored, without what is drawn anew each time: ids stand for the names of what they belong to, and ciphertexts for their text. */
async function contents(db: Db): Promise<Record<string, readonly string[]>> {
  const read = (table: string) =>
    db.rows<{ row: Record<string, unknown> }>({ text: `select to_jsonb(t) as row from ${table} t`, values: [] })
  const rows = new Map<string, Record<string, unknown>[]>()
  for (const table of tables)
    rows.set(
      table,
      (await read(table)).map(({ row }) => row),
    )
  const names = new Map<string, string>()
  for (const [table, column] of [
    ['institution', 'external_id'],
    ['staff', 'external_id'],
    ['product', 'external_id'],
    ['holding', 'external_id'],
  ] as const)
    for (const row of rows.get(table)!) names.set(String(row['id']), `${table} ${String(row[column])}`)
  for (const row of rows.get('institution')!) names.set(String(row['path']), `path of ${String(row['external_id'])}`)
  const known = ['core', 'cards'].flatMap((source) => ['C1', 'C2', 'C3', 'N1'].map((externalId) => ({ source, externalId })))
  for (const [name, id] of await findCustomerIds(db, known)) names.set(id, name)
  for (const address of rows.get('address')!)
    if (address['line_encrypted'] !== null) {
      const customerId = String(address['customer_id'])
      const ciphertext = Buffer.from(String(address['line_encrypted']).slice(2), 'hex')
      const key = await openKey(db, bank.context.vault, customerId)
      address['line'] = bank.context.vault.decrypt(key, ciphertext, fieldContext('address', 'line', String(address['id'])))
      delete address['line_hash']
    }
  const plain = (value: unknown): unknown =>
    typeof value === 'string' ? (names.get(value) ?? (/^[\da-f]{8}-[\da-f-]{27}$/.test(value) ? 'an id' : value)) : value
  return Object.fromEntries(
    [...rows].map(([table, all]) => [
      table,
      all
        .map((row) =>
          JSON.stringify(
            Object.entries(row).flatMap(([column, value]) =>
              /encrypted$|^wrapped_key$/.test(column) ? [] : [[column, plain(value)]],
            ),
          ),
        )
        .toSorted(),
    ]),
  )
}

describe('a file', () => {
  test.for(feedEntities)('of %s has the result of its rows sent one by one, however it is cut', async (entity) => {
    await fc.assert(
      fc.asyncProperty(fileOf(entity), fc.nat(), async (rows, cut) => {
        const single = await resultOf(
          entity,
          rows.map((row) => [row]),
        )
        expect(await resultOf(entity, [rows])).toEqual(single)
        const middle = rows.length === 0 ? 0 : cut % rows.length
        expect(await resultOf(entity, [rows.slice(0, middle), rows.slice(middle)])).toEqual(single)
      }),
      { numRuns: 12 },
    )
  })
})
