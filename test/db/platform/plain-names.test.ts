import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createDatabase } from '../../setup/create-database.ts'
import { canonicalRule, type Rule } from '../../../src/core/segmentation/rules/rule.ts'

const folder = new URL('../../../migrations/', import.meta.url)
const name = `plain_names_${randomUUID().slice(0, 8)}`
let owner: pg.Client

beforeAll(async () => {
  const admin = new pg.Client({ connectionString: inject('postgres').adminUrl })
  await admin.connect()
  await createDatabase(admin, name)
  await admin.end()
  const url = new URL(inject('postgres').adminUrl)
  url.pathname = `/${name}`
  owner = new pg.Client({ connectionString: url.href })
  await owner.connect()
  for (const file of (await readdir(folder)).filter((one) => one < '0032').sort())
    await owner.query(await readFile(new URL(file, folder), 'utf8'))
})
afterAll(async () => {
  await owner.end()
  const admin = new pg.Client({ connectionString: inject('postgres').adminUrl })
  await admin.connect()
  await admin.query(`drop database if exists ${name} with (force)`)
  await admin.end()
})

const keyOf = (rule: object) =>
  createHash('sha256')
    .update(canonicalRule(rule as Rule))
    .digest('base64url')
const [institution, customer, list, base, user] = Array.from({ length: 5 }, () => randomUUID()) as [
  string,
  string,
  string,
  string,
  string,
]

/** The rules as they were stored, and as they are now. */
const before = {
  base: {
    any: [
      { fact: 'stage', eq: 'growth' },
      { fact: 'aum', percentile: { within: 'B"1', gte: 90 } },
    ],
  },
  user: {
    all: [
      {
        hasBeen: { not: { all: [{ segment: base }, { segment: list }, { fact: 'eChannelOrigins', overlaps: ['own_wish'] }] } },
        days: 30,
      },
      { hasBeen: { fact: 'aum', gte: '1.00' }, days: 5 },
    ],
  },
}
const after = {
  base: {
    any: [
      { fact: 'lifecycleStage', eq: 'growth' },
      { fact: 'aum', percentile: { institution: 'B"1', gte: 90 } },
    ],
  },
  user: {
    all: [
      {
        hasBeen: {
          not: { all: [{ segment: base }, { segment: list }, { fact: 'eChannelOrigins', overlaps: ['customer_initiated'] }] },
        },
        days: 30,
      },
      { hasBeen: { fact: 'aum', gte: '1.00' }, days: 5 },
    ],
  },
}
const inlined = (rules: typeof before | typeof after, origin: string) => ({
  not: { all: [rules.base, { listed: 77 }, { fact: 'eChannelOrigins', overlaps: [origin] }] },
})

describe('the migration to plain names', () => {
  test('converts what is stored: values, rules, policies, decision facts and the hashes of watched conditions', async () => {
    const at = '2026-11-01T00:00:00Z'
    await owner.query(
      `insert into institution (id, path, code, name, kind, status, source, external_id, as_of, created_at, updated_at) values ($1, '/1/', 'B"1', 'B', 'head_office', 'active', 'core', 'B1', $2, $2, $2)`,
      [institution, at],
    )
    await owner.query(
      `insert into customer (id, kind, status, core_number, source, name, name_folded, country, institution_id, institution_path, visible_to, aum, wrapped_key, master_key_id, as_of, created_at, updated_at)
       values ($1, 'company', 'active', '1', 'core', 'C', 'c', 'CN', $2, '/1/', '{}', 0, '\\x00', 'm', $3, $3, $3)`,
      [customer, institution, at],
    )
    await owner.query(
      `insert into credit_standing (customer_id, id, version, institution_path, origin, agency, rating, rated_on, status, source, noted_on, recorded_at)
       values ($1, gen_random_uuid(), 1, '/', 'outside', 'A', 'AA', '2026-01-01', 'active', 'public', '2026-01-01', $2),
         ($1, gen_random_uuid(), 1, '/', 'own', null, 'B', '2026-01-01', 'active', 'system', '2026-01-01', $2)`,
      [customer, at],
    )
    for (const [id, number, kind, code] of [
      [list, 77, 'static', 'list'],
      [base, 78, 'dynamic', 'base'],
      [user, 79, 'dynamic', 'user'],
    ] as const)
      await owner.query(
        `insert into segment (id, number, code, name, kind, state, rule_version, created_by, version, created_at, updated_at)
         values ($1, $2, $3, $3, $4, 'active', $5, 'test', 1, $6, $6)`,
        [id, number, code, kind, kind === 'static' ? null : 1, at],
      )
    for (const [id, rule] of [
      [base, before.base],
      [user, before.user],
    ] as const)
      await owner.query(
        `insert into segment_version (segment_id, rule_version, rule, created_by, created_at) values ($1, 1, $2, 'test', $3)`,
        [id, JSON.stringify(rule), at],
      )
    const unchanged = keyOf({ fact: 'aum', gte: '1.00' })
    const watched = keyOf(inlined(before, 'own_wish'))
    await owner.query(
      `insert into customer_condition (customer_id, condition, institution_path, since) values ($1, $2, '/', '2026-10-01'), ($1, $3, '/', '2026-10-02')`,
      [customer, watched, unchanged],
    )
    await owner.query(
      `insert into segment_membership (customer_id, id, institution_path, segment_id, entered_on, entered_at, entered_version, entered_facts)
       values ($1, gen_random_uuid(), '/', $2, '2026-11-01', $3, 1, $4)`,
      [
        customer,
        user,
        at,
        JSON.stringify({
          stage: 'growth',
          aum: '100',
          eChannelOrigins: ['own_wish'],
          '@since': { [watched]: '2026-10-01', [unchanged]: null },
        }),
      ],
    )
    const policies = {
      tier_scheme: {
        graceDays: 1,
        thresholds: [{ code: 'a', name: 'near', from: '1', near: '1', unsettled: '2' }],
        subtrees: [{ institutionCode: 'B1', thresholds: [{ code: 'a', name: 'A', from: '2', unsettled: '1' }] }],
      },
      classification: { rules: [{ value: 'key', rule: before.base }], defaultValue: null },
      relation_score: {
        loyalty: [
          { fact: 'keptPromiseRate', weight: 60, by: 'hundredth' },
          { fact: 'receivesSalary', weight: 40, by: 'truth' },
        ],
      },
      stage: { rules: [{ stage: 'starter', offers: [{ name: 'riskLevelAtMost', family: 'wealth', riskLevelAtMost: 2 }] }] },
    }
    for (const [kind, definition] of Object.entries(policies))
      await owner.query(
        `insert into policy_version (kind, key, version, effective_on, definition, source, set_by, set_at) values ($1, 'k', 1, '2026-11-01', $2, 'ours', 'test', $3)`,
        [kind, JSON.stringify(definition), at],
      )

    await owner.query(`begin; ${await readFile(new URL('0032_plain_names.sql', folder), 'utf8')}; commit`)

    const all = async (text: string) => (await owner.query(text)).rows
    expect(await all(`select origin, agency from credit_standing order by 1`)).toEqual([
      { origin: 'external', agency: 'A' },
      { origin: 'internal', agency: null },
    ])
    expect(await all(`select rule from segment_version order by segment_id = '${user}'`)).toEqual([
      { rule: after.base },
      { rule: after.user },
    ])
    const now = keyOf(inlined(after, 'customer_initiated'))
    expect(now).not.toBe(watched)
    expect(await all('select condition, since::text from customer_condition order by since')).toEqual([
      { condition: now, since: '2026-10-01' },
      { condition: unchanged, since: '2026-10-02' },
    ])
    expect(await all('select entered_facts as facts from segment_membership')).toEqual([
      {
        facts: {
          lifecycleStage: 'growth',
          aum: '100',
          eChannelOrigins: ['customer_initiated'],
          '@since': { [now]: '2026-10-01', [unchanged]: null },
        },
      },
    ])
    expect(await all(`select kind, source, definition from policy_version where key = 'k' order by kind`)).toEqual(
      [
        { kind: 'classification', definition: { rules: [{ value: 'key', rule: after.base }], defaultValue: null } },
        {
          kind: 'life_stage',
          definition: { rules: [{ stage: 'starter', offers: [{ name: 'riskLevelAtMost', family: 'wealth', maxRiskLevel: 2 }] }] },
        },
        {
          kind: 'relation_score',
          definition: {
            loyalty: [
              { fact: 'commitmentFulfilmentRate', weight: 60, by: 'percentile' },
              { fact: 'receivesSalary', weight: 40, by: 'boolean' },
            ],
          },
        },
        {
          kind: 'tier_scheme',
          definition: {
            graceDays: 1,
            thresholds: [{ code: 'a', name: 'near', from: '1', upgradeMargin: '1', atRiskMargin: '2' }],
            subtrees: [{ institutionCode: 'B1', thresholds: [{ code: 'a', name: 'A', from: '2', atRiskMargin: '1' }] }],
          },
        },
      ].map((one) => ({ ...one, source: 'product_default' })),
    )
    expect(await all(`select count(*)::int as n from policy_version where source in ('practice', 'ours')`)).toEqual([{ n: 0 }])
    expect(
      await all(
        `select relname from pg_class where relname in ('segment_version', 'policy_version', 'customer_condition') and not relforcerowsecurity`,
      ),
    ).toEqual([])
  })
})
