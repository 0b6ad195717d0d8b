import { describe, expect } from 'vitest'
import { views, viewNamed } from '../../../src/db/views.ts'
import { type PreparedBounds, usualBounds } from '../../../src/db/platform/statement.ts'
import type { Field, View } from '../../../src/db/platform/views/view.ts'
import type { Operation } from '../../../src/operations/platform/operation.ts'
import { type Caller, test, type TestBank } from '../../setup/service.ts'
import { type Input, onGraphql, overGraphql } from '../calls.ts'
import {
  type CustomerName,
  customerIds,
  customers,
  dossierThings,
  fillDossiers,
  insideComputed,
  markOf,
  onlookers,
  openValueDifference,
  outletOf,
  tiersOf,
} from '../dossiers.ts'

type Relation = Extract<Field, { target: string }>

const relationsOf = ({ fields }: View): readonly (readonly [string, Relation])[] =>
  Object.entries(fields).flatMap(([name, field]) => ('target' in field ? [[name, field] as const] : []))

/**
 * Whose an object is, and what else tells it from those of others. What is computed is dear to plan: where several documents lead through
 * an object (`of` them, this one `at`), they share it out, so that each asks for some of it and all of them for all of it. Exchange rates are nobody's, and would make the documents too large.
 */
function ownFields({ fields }: View, at = 0, of = 1): string {
  const computed = Object.entries(fields).flatMap(([name, { kind }]) =>
    kind === 'computed' && name !== 'assetRates' ? [`${name}${insideComputed[name] ?? ''}`] : [],
  )
  const rounds = Math.max(of, computed.length)
  const asked = computed.filter((_, place) => (rounds === of ? at % computed.length === place : place % of === at))
  const ids = Object.keys(fields).filter((name) => /customerId$/i.test(name))
  return ['__typename', ...['id', 'name', 'accountNumber'].filter((name) => name in fields), ...ids, ...asked].join(' ')
}

function followed(name: string, { kind, target }: Relation, inner: (view: View) => string): string {
  const asked = inner(viewNamed(target))
  return kind === 'page' ? `${name}(first: 3) { nodes { ${asked} } }` : `${name} { ${asked} }`
}

/** Everything within so many relations of a view. */
function tree(view: View, depth: number): string {
  if (depth === 0) return ownFields(view)
  return [
    ownFields(view),
    ...relationsOf(view).map(([name, relation]) => followed(name, relation, (target) => tree(target, depth - 1))),
  ].join(' ')
}

/** What lists bring many customers of. */
const wide: ReadonlySet<string> = new Set(['Institution', 'Staff', 'Customer'])

/** The same in parts of a few ways of two relations, since one document may ask for so much only. */
function branches(view: View): readonly string[] {
  const most = wide.has(view.name) ? 2 : 3
  const parts = relationsOf(view).flatMap(([name, relation]) => {
    const target = viewNamed(relation.target)
    const each = relationsOf(target).map(([next, inner]) => followed(next, inner, (last) => tree(last, 1)))
    const further = Array.from({ length: Math.ceil(each.length / most) }, (_, at) =>
      each.slice(at * most, at * most + most).join(' '),
    )
    return (further.length === 0 ? [''] : further).map((one, at, { length }) =>
      followed(name, relation, (own) => `${ownFields(own, at, length)} ${one}`),
    )
  })
  return parts.length === 0 ? [ownFields(view)] : below(view, parts)
}

/** Each part below an object whose own fields they share out. */
function below(view: View, parts: readonly string[]): readonly string[] {
  return parts.map((part, at) => `${ownFields(view, at, parts.length)} ${part}`)
}

/** Each way of at most so many relations by itself, since what is asked for together is also narrowed together. */
function ways(view: View, depth: number): readonly string[] {
  return relationsOf(view).flatMap(([name, relation]) => {
    const target = viewNamed(relation.target)
    const further = depth > 1 ? below(target, ways(target, depth - 1)) : []
    return [ownFields(target), ...further].map((asked) => followed(name, relation, () => asked))
  })
}

/** Whose customers' data an answer holds, and which relations led to something. */
function read(value: unknown, ids: Set<string>, relations: Set<string>): void {
  if (Array.isArray(value)) for (const one of value) read(one, ids, relations)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return
  const { __typename: type, id } = value as Record<string, string>
  if (type === 'Customer') ids.add(id!)
  for (const [name, inner] of Object.entries(value)) {
    if (/customerId$/i.test(name) && typeof inner === 'string') ids.add(inner)
    const found = (inner as { nodes?: unknown[] } | null)?.nodes ?? inner
    if (type !== undefined && found !== null && typeof found === 'object' && (!Array.isArray(found) || found.length > 0))
      relations.add(`${type}.${name}`)
    read(inner, ids, relations)
  }
}

/** Every query that answers things, with inputs that find some; those about one customer once for each. */
async function roots(
  bank: TestBank,
  made: ReadonlyMap<string, string>,
): Promise<readonly { readonly operation: Operation; readonly view: View; readonly inputs: readonly Input[] }[]> {
  const c = (suffix: string) => bank.code(suffix)
  const ids = await customerIds(bank)
  const { rows } = await bank.service.owner.query('select id from import_run order by started_at desc limit 1')
  const {
    rows: [{ id: segmentId }],
  } = await bank.service.owner.query('select id from segment where code = $1', [`${bank.name}-mark`])
  const { schemeId, overrides } = await tiersOf(bank)
  const refresh = await bank.request({ client: 'core' }, 'POST', '/refreshes', {})
  const idOf = async (query: string, value: unknown) => (await bank.service.owner.query(query, [value])).rows[0].id
  const holdingIds = { '1': await bank.holdingId('A1'), '4': await bank.holdingId('A4') }
  // Of one branch and of the other: whoever asks, one of them is out of scope.
  const ofTwo = (input: (customer: '1' | '4') => Input) => (['1', '4'] as const).map(input)
  const inputs: Readonly<Record<string, readonly Input[]>> = {
    institution: [{ institutionId: await bank.idOf('institution', 'O1') }],
    institutions: [{ institutionId: await bank.idOf('institution', 'B1'), limit: 3 }],
    staffMember: [{ staffId: await bank.staffId('R1') }],
    staffMembers: [{ institutionId: await bank.idOf('institution', 'B1'), limit: 5 }],
    delegation: [{ delegationId: await idOf('select id from delegation where staff_id = $1', await bank.staffId('R1')) }],
    delegations: [{ institutionId: await bank.idOf('institution', 'B1'), limit: 5 }],
    staffCapacity: [{ institutionId: await bank.idOf('institution', 'B1'), limit: 5 }],
    teamMember: ofTwo((customer) => ({ customerId: ids[customer], teamMemberId: made.get(`teamMember ${customer}`) })),
    maintenanceTeam: ofTwo((customer) => ({ customerId: ids[customer], limit: 5 })),
    teamSuggestions: ofTwo((customer) => ({ customerId: ids[customer], limit: 5 })),
    assignmentHistory: ofTwo((customer) => ({ customerId: ids[customer], limit: 5 })),
    product: [{ productId: await bank.idOf('product', 'CUR') }],
    products: [{ limit: 4 }],
    exchangeRates: [{}],
    calendarDays: [{}],
    customer: customers.map((customer) => ({ customerId: ids[customer] })),
    customerByExternalId: ofTwo((customer) => ({ source: 'core', externalId: c(customer) })),
    customers: [{ limit: 4 }],
    customerSearch: [{ name: '王', limit: 4 }],
    holding: ofTwo((customer) => ({ customerId: ids[customer], holdingId: holdingIds[customer] })),
    holdingByExternalId: ofTwo((customer) => ({ source: 'core', externalId: c(`A${customer}`) })),
    holdings: ofTwo((customer) => ({ customerId: ids[customer], limit: 5 })),
    balances: ofTwo((customer) => ({ customerId: ids[customer], holdingId: holdingIds[customer], limit: 5 })),
    activity: ofTwo((customer) => ({ customerId: ids[customer], limit: 5 })),
    movements: ofTwo((customer) => ({ customerId: ids[customer], limit: 5 })),
    customerOverview: ofTwo((customer) => ({ customerId: ids[customer] })),
    customerTimeline: ofTwo((customer) => ({ customerId: ids[customer], limit: 20 })),
    refreshRun: [{ refreshId: refresh.body.id }],
    refreshRuns: [{ limit: 5 }],
    segment: [{ segmentId }],
    segments: [{ limit: 5 }],
    segmentMembers: [{ segmentId, limit: 5 }],
    migrationCustomers: [{ fact: 'kind', from: '2026-10-31', fromStatus: 'not_yet_customer', limit: 5 }],
    cohortCustomers: [{ from: '2026-01-01', limit: 5 }],
    tierScheme: [{ schemeId }],
    tierSchemes: [{ limit: 5 }],
    tierHistory: ofTwo((customer) => ({ customerId: ids[customer], limit: 5 })),
    thresholdCustomers: [{ side: 'at_risk', schemeId, limit: 5 }],
    pendingDowngrades: [{ schemeId, limit: 5 }],
    tierOverride: ofTwo((customer) => ({ customerId: ids[customer], tierOverrideId: overrides[customer] })),
    tierOverrides: ofTwo((customer) => ({ customerId: ids[customer], limit: 5 })),
    classificationHistory: ofTwo((customer) => ({ customerId: ids[customer], limit: 5 })),
    relationshipPreferences: ofTwo((customer) => ({ customerId: ids[customer], limit: 5 })),
    unprofitableCustomers: [{ limit: 5 }],
    keyDate: [{ customerId: ids['1'], keyDateId: await idOf('select id from key_date where customer_id = $1', ids['1']) }],
    keyDates: ofTwo((customer) => ({ customerId: ids[customer], limit: 5 })),
    upcomingKeyDates: [{ days: 366, limit: 5 }],
    consents: ofTwo((customer) => ({ customerId: ids[customer], limit: 5 })),
    consentHistory: ofTwo((customer) => ({ customerId: ids[customer], limit: 5 })),
    contactPreference: ofTwo((customer) => ({ customerId: ids[customer] })),
    ...Object.fromEntries(
      [...dossierThings, { one: 'groupMembership', many: 'groupMemberships', key: 'groupMembershipId' }].flatMap(
        ({ one, many, key }) => [
          [one, [{ customerId: ids['1'], [key]: made.get(`${one} 1`) }]],
          [many, [{ customerId: ids['4'], limit: 5 }]],
        ],
      ),
    ),
    importRun: [{ importId: rows[0].id }],
    importRuns: [{ limit: 5 }],
    auditEntries: [{ limit: 20 }],
    customerAccesses: ofTwo((customer) => ({ customerId: ids[customer], limit: 5 })),
    documentsToReview: [{ limit: 5 }],
    contactPointsToReview: [{ limit: 5 }],
    addressesToReview: [{ limit: 5 }],
    customerProfile: ofTwo((customer) => ({ customerId: ids[customer] })),
    profileConflicts: [{ limit: 5 }, { status: 'dismissed', limit: 5 }],
    counterNotes: [{ limit: 10 }],
    waitingItems: [{ limit: 20 }],
    approvalRequests: [{ limit: 10 }],
    approvalRequest: [
      { customerId: ids['1'], approvalRequestId: await idOf('select id from approval_request where customer_id = $1', ids['1']) },
    ],
  }
  const queries = onGraphql.filter(({ kind, answer }) => kind === 'query' && answer.shape !== 'value')
  expect(Object.keys(inputs).sort(), 'every query has its inputs here').toEqual(queries.map(({ name }) => name).sort())
  return queries.flatMap((operation) =>
    operation.answer.shape === 'value' ? [] : [{ operation, view: operation.answer.view, inputs: inputs[operation.name]! }],
  )
}

/** What is reached from the customer in full as well. */
const reached: ReadonlySet<string> = new Set([
  'waitingItems',
  'segmentMembers',
  'migrationCustomers',
  'cohortCustomers',
  'tierHistory',
  'tierOverride',
  'tierOverrides',
  'thresholdCustomers',
  'pendingDowngrades',
  'classificationHistory',
  'relationshipPreferences',
])

const everything: PreparedBounds = {
  ...usualBounds,
  live: 10_000,
  names: 10_000,
  earnedAt: 1,
  length: Number.POSITIVE_INFINITY,
}

interface Walker {
  readonly caller: Caller
  /** What must stand in no answer. */
  readonly foreign: readonly string[]
}

interface Walk {
  readonly ids: ReadonlySet<string>
  readonly relations: ReadonlySet<string>
  readonly documents: number
}

/** The documents that ask for all that is near a query's view. */
function documents(operation: Operation, view: View, single: boolean): readonly string[] {
  // What is written down under a customer is reached from the customer in full.
  if (reached.has(operation.name) || dossierThings.some(({ one, many }) => operation.name === one || operation.name === many))
    return [tree(view, 1)]
  if (single) return below(view, ways(view, 2))
  // Members of groups are three away from whoever is in one.
  if (view.tableKind !== 'owned' || view.name === 'GroupMembership') return branches(view)
  // So is what else belongs to customers: from there two relations are enough, and every third is one of the customer’s own.
  const pairs = relationsOf(view).map(([name, relation]) => followed(name, relation, (target) => tree(target, 1)))
  return below(view, pairs)
}

/**
 * Asks for all of it and collects whose data came to each. All ask for one document in turn: it is read, checked and compiled once, and the
 * statements that several of them have in common are planned for all.
 */
async function walk(
  bank: TestBank,
  made: ReadonlyMap<string, string>,
  walkers: readonly Walker[],
  single: boolean,
): Promise<readonly Walk[]> {
  const walks = walkers.map(() => ({ ids: new Set<string>(), relations: new Set<string>(), documents: 0 }))
  const { owner } = bank.service
  // The plans of the statements of one query are kept, and used by all who ask for it; those of all queries would be too many to keep.
  await owner.query(
    `do $$ begin execute format('alter database %I set plan_cache_mode = force_generic_plan', current_database()); end $$`,
  )
  for (const { operation, view, inputs } of await roots(bank, made)) {
    // Kept for tests that ask; here they would fill the memory.
    bank.service.statements.length = 0
    bank.service.logged.length = 0
    await bank.service.reconnect({ fastLaneConnections: 1, prepared: everything })
    for (const asked of documents(operation, view, single)) {
      const selection = operation.answer.shape === 'page' ? `nodes { ${asked} }` : asked
      for (const input of inputs)
        for (const [at, { caller, foreign }] of walkers.entries()) {
          const found = walks[at]!
          const told = await overGraphql(bank, caller, operation, input, selection)
          found.documents++
          expect(['ok', 'not_permitted', 'not_found'], `${operation.name} ${JSON.stringify([told.code, told.errors])}`).toContain(
            told.code,
          )
          const text = JSON.stringify([told.body, told.errors])
          for (const mark of foreign)
            expect(text, `${JSON.stringify(caller)} ${operation.name} ${JSON.stringify(input)} { ${asked} }`).not.toContain(mark)
          read(told.body?.nodes ?? told.body, found.ids, found.relations)
        }
    }
  }
  return walks
}

const marksOutside = (bank: TestBank, sees: readonly CustomerName[]): readonly string[] =>
  customers.filter((customer) => !sees.includes(customer)).map((customer) => markOf(bank, customer))

/** Gives customers of either branch what feeds say otherwise than somebody has verified. */
async function fillDifferences(bank: TestBank): Promise<void> {
  const ids = await customerIds(bank)
  for (const customer of ['1', '4'] as const)
    for (const table of ['identity_document', 'contact_point', 'address'] as const)
      await openValueDifference(bank, ids[customer], table)
}

describe('every relation of the graph', () => {
  test('within three of customers and of what is no customer’s leads to customers in scope only, and to all of them', async ({
    bank,
  }) => {
    const made = await fillDossiers(bank)
    await fillDifferences(bank)
    const ids = await customerIds(bank)
    for (const customer of customers) {
      const row = {
        kind: 'individual',
        name: `王${markOf(bank, customer)}`,
        institutionCode: bank.code(outletOf[customer]),
        industry: 'F5211',
      }
      expect(
        (await bank.request({ client: 'core' }, 'PUT', `/customers/by-external-id/core/${bank.code(customer)}`, row)).status,
      ).toBe(200)
    }
    const auditor = {
      name: 'the auditor of branch B1',
      caller: bank.code('U1'),
      sees: ['1', '2', '3'] as readonly CustomerName[],
    }
    const narrow = [...onlookers(bank).filter((one) => !/manager of branch|teller/.test(one.name)), auditor]
    const [all, ...walked] = await walk(
      bank,
      made,
      [{ caller: 'ADMIN', foreign: [] }, ...narrow.map(({ caller, sees }) => ({ caller, foreign: marksOutside(bank, sees) }))],
      false,
    )
    for (const [at, { name, sees }] of narrow.entries())
      expect([...walked[at]!.ids].sort(), name).toEqual(sees.map((customer) => ids[customer]).sort())
    // Who sees the whole bank proves that there is something to find behind every relation that leads to customers.
    expect([...all!.ids].sort()).toEqual(Object.values(ids).sort())
    const leading = views.flatMap((view) =>
      relationsOf(view).flatMap(([name, { target }]) =>
        viewNamed(target).tableKind === 'reference' ? [] : [`${view.name}.${name}`],
      ),
    )
    expect(leading.filter((relation) => !all!.relations.has(relation))).toEqual([])
  })

  test('from somebody to what they recommended leads to holdings in scope only, page by page', async ({ bank }) => {
    await fillDossiers(bank)
    const ids = await customerIds(bank)
    // R1 recommended the account of customer 1, whom they keep, and an account of customer 4 in the other branch.
    await bank.feed('holdings', [
      {
        externalId: bank.code('A4'),
        customerExternalId: bank.code('4'),
        productCode: bank.code('CUR'),
        currency: 'CNY',
        recommendedBy: bank.code('R1'),
      },
    ])
    const query = `query ($id: ID!, $after: String) { staffMember(staffId: $id) { recommendedHoldings(first: 1, after: $after) {
      pageInfo { hasNextPage endCursor } nodes { customerId recommendedBy { number } } } } }`
    const seenBy = async (caller: Caller): Promise<readonly string[] | null> => {
      const seen: string[] = []
      for (let after: string | null = null; ;) {
        const { data } = await bank.graphql(caller, query, { id: await bank.staffId('R1'), after })
        const page = data!['staffMember'].recommendedHoldings
        if (page === null) return null
        for (const { customerId, recommendedBy } of page.nodes) {
          expect(recommendedBy.number).toBe(bank.code('R1'))
          seen.push(customerId)
        }
        if (!page.pageInfo.hasNextPage) return seen.sort()
        after = page.pageInfo.endCursor
      }
    }
    expect(await seenBy({ client: 'core' })).toEqual([ids['1'], ids['4']].sort())
    for (const [caller, sees] of [
      ['M1', [ids['1']]],
      ['M2', [ids['4']]],
      ['R1', [ids['1']]],
      ['R2', []],
      ['Q1', null],
    ] as const)
      expect(await seenBy(bank.code(caller)), caller).toEqual(sees)
  })

  test('within two of any query does so by itself', async ({ bank }) => {
    const made = await fillDossiers(bank)
    await fillDifferences(bank)
    const ids = await customerIds(bank)
    const colleagues = onlookers(bank).filter((one) => /colleague/.test(one.name))
    const walked = await walk(
      bank,
      made,
      colleagues.map(({ caller, sees }) => ({ caller, foreign: marksOutside(bank, sees) })),
      true,
    )
    for (const [at, { name, sees }] of colleagues.entries()) {
      expect(walked[at]!.documents).toBeGreaterThan(200)
      expect([...walked[at]!.ids].sort(), name).toEqual(sees.map((customer) => ids[customer]).sort())
    }
  })
})
