import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addDays } from '../../../src/core/kernel/calendar.ts'
import { type FactName, facts, type FactValue, storedFacts } from '../../../src/core/segmentation/facts.ts'
import { evaluateRule, type Subject, type Truth } from '../../../src/core/segmentation/rules/evaluate.ts'
import { canonicalRule, type Rule, usedFacts, durationConditions } from '../../../src/core/segmentation/rules/rule.ts'
import { factColumn, factSqlTypes } from '../../../src/db/segmentation/facts/columns.ts'
import { chanceOf, conditionKey, conditionOf } from '../../../src/db/segmentation/facts/rules.ts'
import { depthOf, formsOf, rule, ruleContext, storedValues, today, valueOf } from '../../core/segmentation/rules/arbitraries.ts'
import { openTestDatabase, type TestDatabase } from '../../setup/database.ts'

const CUSTOMERS = 300
const RULES = 2_000
const AT_ONCE = 50

interface Customer {
  readonly id: string
  readonly stored: Readonly<Record<string, FactValue>>
  readonly lists: readonly number[]
}

let database: TestDatabase
let owner: pg.Client
let customers: readonly Customer[]

/** As a row of facts has it: of all that a column can hold, missing values and extremes among them. */
const extremes: readonly Partial<Record<(typeof facts)[FactName]['type'], FactValue>>[] = [
  {},
  { money: 2n ** 63n - 1n, number: Number.MAX_VALUE, day: '9999-12-31', set: [], boolean: true },
  { money: -(2n ** 63n), number: -0, day: '1800-01-01', set: [], boolean: false },
]

beforeAll(async () => {
  database = await openTestDatabase()
  owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
  await owner.query('set jit = off')
  await owner.query(`insert into institution (id, code, source, external_id, name, kind, status, path, as_of, created_at, updated_at)
    values (gen_random_uuid(), 'HO', 'core', 'HO', '总行', 'head_office', 'active', '/1/', now(), now(), now())`)
  const drawn = fc.sample(fc.tuple(storedValues, fc.subarray([1, 2, 3, 4])), {
    numRuns: CUSTOMERS - extremes.length,
    seed: 20_261_122,
  })
  const extreme = extremes.map((values) => [
    Object.fromEntries(storedFacts.map((name) => [name, values[facts[name].type] ?? null])),
    [],
  ]) as typeof drawn
  const { rows } = await owner.query<{ id: string }>(
    `insert into customer (id, kind, source, name, name_folded, institution_id, institution_path, status, as_of, created_at, updated_at)
    select md5(n::text)::uuid, 'individual', 'core', 'n', 'n', i.id, i.path, 'active', now(), now(), now() from institution i, generate_series(1, $1::int) n returning id`,
    [CUSTOMERS],
  )
  customers = [...extreme, ...drawn].map(([stored, lists], index) => ({ id: rows[index]!.id, stored, lists }))
  await fillFacts()
})
afterAll(async () => {
  await owner.end()
  await database.close()
})

async function fillFacts(): Promise<void> {
  const columns = storedFacts.map(factColumn)
  const casts = storedFacts.map((name, index) => `$${index + 3}::${factSqlTypes[facts[name].type]}`)
  for (const { id, stored, lists } of customers)
    await owner.query({
      name: 'fill',
      text: `insert into customer_fact (customer_id, institution_path, as_of, refreshed_at, segments, ${columns.join(', ')})
        values ($1, '/1/', '2026-11-22', now(), $2, ${casts.join(', ')})`,
      values: [id, lists, ...storedFacts.map((name) => plain(stored[name] ?? null))],
    })
  await owner.query('analyze customer_fact')
}

/** As the driver takes it; it would write a negative zero without its sign. */
function plain(value: FactValue): unknown {
  return Object.is(value, -0) ? '-0' : typeof value === 'bigint' ? value.toString() : value
}

/** Since when a watched condition holds: told by its text for every seventh customer, so that some hold it, and some for long enough. */
function sinceOf(index: number, key: string): string | null {
  return index % 7 === 0 && key.charCodeAt(index % 40) % 3 > 0 ? addDays(today, -(key.charCodeAt(1) % 60)) : null
}

/** What the database answers of some rules, by customer. */
async function answers(rules: readonly Rule[]): Promise<readonly (readonly Truth[])[]> {
  const keys = [...new Set(rules.flatMap(durationConditions).map((one) => conditionKey(canonicalRule(one))))]
  const watched = customers.flatMap(({ id }, index) =>
    keys.flatMap((key) => {
      const since = sinceOf(index, key)
      return since === null ? [] : [[id, key, since]]
    }),
  )
  await owner.query('truncate customer_condition')
  await owner.query(
    `insert into customer_condition (customer_id, condition, since, institution_path) select *, '/1/' from unnest($1::uuid[], $2::text[], $3::date[])`,
    [0, 1, 2].map((column) => watched.map((row) => row[column])),
  )
  const values: unknown[] = []
  const conditions = rules.map((one) => conditionOf(one, ruleContext, (value) => `$${values.push(value)}`))
  const { rows } = await owner.query<{ id: string; told: Truth[] }>(
    `select f.customer_id as id, array[${conditions.join(', ')}] as told from customer_fact f`,
    values,
  )
  const byId = new Map(rows.map(({ id, told }) => [id, told]))
  return customers.map(({ id }) => byId.get(id)!)
}

function subjectOf({ id, stored, lists }: Customer, index: number): Subject {
  const known = new Map<FactName, FactValue>()
  return {
    fact(name) {
      if (!known.has(name)) known.set(name, valueOf(stored, name))
      return known.get(name)!
    },
    since: (condition) => sinceOf(index, conditionKey(condition)),
    listed: (segment) => lists.includes(segment),
    chance: (seed) => chanceOf(seed, id),
  }
}

/** What a rule asks for of a customer. */
function shownFacts(one: Rule, index: number): string {
  const { stored } = customers[index]!
  return usedFacts(one)
    .map((name) => `${name} = ${String(valueOf(stored, name))}`)
    .join(', ')
}

describe('a rule', () => {
  test('answers of every customer in PostgreSQL what core answers', async () => {
    const subjects = customers.map(subjectOf)
    const seen = { rules: 0, depth: 0, forms: new Set<string>(), truths: new Map<Truth, number>() }
    await fc.assert(
      fc.asyncProperty(fc.array(rule, { minLength: 1, maxLength: AT_ONCE, size: 'max' }), async (rules) => {
        const told = await answers(rules)
        rules.forEach((one, at) => {
          subjects.forEach((subject, index) => {
            const truth = evaluateRule(one, subject, ruleContext)
            seen.truths.set(truth, (seen.truths.get(truth) ?? 0) + 1)
            if (told[index]![at] !== truth)
              throw new Error(
                `${JSON.stringify(one)} is ${truth} in core and ${told[index]![at]} in PostgreSQL for ${shownFacts(one, index)}`,
              )
          })
          seen.rules++
          seen.depth = Math.max(seen.depth, depthOf(one))
          for (const form of formsOf(one)) seen.forms.add(form)
        })
      }),
      { numRuns: Math.ceil((2.5 * RULES) / AT_ONCE), seed: 20_261_122 },
    )
    // What was drawn covers the language: otherwise the comparison above says little.
    expect(seen.rules).toBeGreaterThanOrEqual(RULES)
    expect(seen.depth).toBe(8)
    expect([...seen.forms].sort()).toEqual(
      [
        'all',
        'any',
        'between',
        'bucket',
        'eq',
        'exists',
        'gt',
        'gte',
        'hasBeen',
        'in',
        'listed',
        'lt',
        'lte',
        'ne',
        'not',
        'overlaps',
        'percentile',
      ].sort(),
    )
    for (const truth of [true, false, null]) expect(seen.truths.get(truth)).toBeGreaterThan(RULES * 10)
  })
})
