import { getTableName } from 'drizzle-orm'
import { describe, expect } from 'vitest'
import { type Actor, reachOfActor, type Scope, scopeOf } from '../../../src/core/kernel/actors.ts'
import { isStaleDirectory } from '../../../src/db/platform/database.ts'
import { tables } from '../../../src/db/schema.ts'
import { type Caller, startOfTests, test, type TestBank } from '../../setup/service.ts'
import { type Input, NOBODY, offered, operationNamed, overGraphql, overRest, type Told } from '../calls.ts'
import {
  command,
  type CustomerName,
  customerIds,
  customers,
  documentOf,
  dossierThings,
  fillDossiers,
  keeperOf,
  markOf,
  type Onlooker,
  onlookers,
  openDifference,
  openValueDifference,
  outletOf,
  ownedTables,
  rowsByOwner,
  sharedPhone,
  tiersOf,
} from '../dossiers.ts'

async function actorOf(bank: TestBank, caller: Caller): Promise<Actor> {
  const named =
    typeof caller === 'string'
      ? ({ kind: 'staff', number: caller } as const)
      : ({ kind: 'client', clientId: caller.client } as const)
  return (await bank.service.service.directory.resolve(named, startOfTests, true)).actor
}

/** The service may not remove rows of these at all. */
const appendOnly: ReadonlySet<string> = new Set(['consent_event'])

describe('row-level security', () => {
  test('shows every onlooker the rows of exactly their customers, in every table, on both lanes', async ({ bank }) => {
    await fillDossiers(bank)
    const ids = await customerIds(bank)
    for (const { name, caller, sees } of onlookers(bank)) {
      const scope = scopeOf(await actorOf(bank, caller), ['customer:read'])
      const { database } = bank.service.service
      for (const table of ownedTables) {
        const all = await rowsByOwner(bank, table)
        const wanted = sees.map((customer) => [ids[customer], all.get(ids[customer])]).sort()
        // As the code reads it: joined with the customer. Not narrowed to these banks' customers: nobody else's may appear either.
        const joined = table.name === 'customer' ? 'customer t' : `customer c join ${table.name} t on t.customer_id = c.id`
        const query = {
          text: `select t.${table.column} as id, count(*)::int as count from ${joined} group by 1 order by 1`,
          values: [],
        }
        const seen = [
          await database.read<{ id: string; count: number }>(scope, query),
          await database.transaction(scope, (db) => db.rows<{ id: string; count: number }>(query), { readOnly: true }),
        ]
        for (const rows of seen)
          expect(
            rows.map(({ id, count }) => [id, count]),
            `${name} in ${table.name}`,
          ).toEqual(wanted)
        // The table by itself is kept to the subtree, or to the places where the portfolio is.
        const places = await database.read<{ path: string }>(scope, {
          text: `select distinct institution_path as path from ${table.name}`,
          values: [],
        })
        expect(
          places.filter(({ path }) => !scope.prefixes.some((prefix) => path.startsWith(prefix))),
          `${name} in ${table.name} by itself`,
        ).toEqual([])
      }
    }
  })

  test('lets nobody change, insert or remove a row of a customer out of scope', async ({ bank }) => {
    await fillDossiers(bank)
    const ids = await customerIds(bank)
    const { database } = bank.service.service
    for (const { name, caller, sees } of onlookers(bank)) {
      const scope = scopeOf(await actorOf(bank, caller), ['customer:read'])
      const outside = customers.filter((customer) => !sees.includes(customer)).map((customer) => ids[customer])
      for (const table of ownedTables) {
        const touched = `${table.column} = any ($1::uuid[])`
        const attempts = [
          `update ${table.name} t set institution_path = t.institution_path from customer c where c.id = t.${table.column} and t.${touched} returning t.${table.column}`,
          ...(table.name === 'customer'
            ? []
            : [`delete from ${table.name} t using customer c where c.id = t.customer_id and t.${touched} returning t.customer_id`]
          ).filter((text) => !(text.startsWith('delete') && appendOnly.has(table.name))),
        ]
        for (const text of attempts)
          expect(await database.transaction(scope, (db) => db.rows({ text, values: [outside] })), `${name}: ${text}`).toEqual([])
      }
      const moved = database.transaction(scope, (db) =>
        db.rows({
          text: `update address set institution_path = '/' where customer_id = any ($1::uuid[]) returning customer_id`,
          values: [sees.map((customer) => ids[customer])],
        }),
      )
      await expect(moved, name).rejects.toMatchObject({ code: '42501' })
    }
  })

  test('keeps registries shut, journals to their subtree, imports to their branch and answers of commands to their caller', async ({
    bank,
  }) => {
    await fillDossiers(bank)
    const { database } = bank.service.service
    const { owner } = bank.service
    const paths = new Map<string, string>(
      (await owner.query('select code, path from institution')).rows.map(({ code, path }) => [code, path]),
    )
    await bank.feed(
      'staff',
      [{ externalId: bank.code('P9'), name: '新人', institutionCode: bank.code('B2'), roles: ['teller'] }],
      {
        client: `feed-${bank.code('B2')}`,
      },
    )
    await bank.request(
      { client: 'core' },
      'POST',
      '/products',
      { code: bank.code('P8'), name: '新品', family: 'card', category: 'fee' },
      { 'idempotency-key': `key-${bank.name}` },
    )
    for (const { caller, code } of [
      { caller: bank.code('U1'), code: bank.code('B1') },
      { caller: { client: `feed-${bank.code('B2')}` }, code: bank.code('B2') },
    ]) {
      const scope = scopeOf(await actorOf(bank, caller), ['customer:read'])
      const count = async (from: string) =>
        (
          await database.transaction(scope, (db) =>
            db.rows<{ count: number }>({ text: `select count(*)::int as count from ${from}`, values: [] }),
          )
        )[0]!.count
      const wanted = async (from: string) => (await owner.query(`select count(*)::int as count from ${from}`)).rows[0].count
      const within = (column: string) => `starts_with(${column}, '${paths.get(code)}')`
      for (const { kind, table } of tables) {
        const name = getTableName(table)
        if (kind === 'registry') await expect(count(name), name).rejects.toMatchObject({ code: '42501' })
        if (name === 'import_run' || name === 'outbox_event')
          expect(await count(name), name).toBe(await wanted(`${name} where ${within('institution_path')}`))
        if (name === 'audit_entry')
          expect(await count(name), name).toBe(
            await wanted(`${name} where ${within('institution_path')} or ${within('customer_path')}`),
          )
        if (name === 'idempotency') expect(await count(name), name).toBe(0)
      }
      expect(await wanted('idempotency'), 'no row to test with').toBeGreaterThan(0)
      expect(await count('audit_entry'), 'no row to test with').toBeGreaterThan(0)
    }
  })
})

/** Ids and names of one customer's things, as calls need them. */
interface Thing {
  readonly customer: CustomerName
  readonly customerId: string
  readonly holdingId: string
  readonly assignmentId: string
  readonly movementId: string
  readonly institution: string
  /** Ids of what is written down, by name and customer. */
  readonly made: ReadonlyMap<string, string>
  readonly ids: Readonly<Record<CustomerName, string>>
}

type Ask = (at: {
  readonly thing: Thing
  readonly bank: TestBank
  readonly onlooker: Onlooker
  readonly turn: number
}) => Input | Promise<Input>

const versionOf = async (bank: TestBank, table: string, id: string): Promise<number> =>
  (await bank.service.owner.query(`select version from ${table} where id = $1`, [id])).rows[0].version

const birthdayOf = async (bank: TestBank, customerId: string): Promise<string> =>
  (await bank.service.owner.query(`select id from key_date where customer_id = $1 and kind = 'birthday'`, [customerId])).rows[0]
    .id

/** Something of the onlooker's own, so that only the customer in question can be the reason of a refusal. */
const homeOf = (onlooker: Onlooker): string =>
  onlooker.sees.includes('4') ? 'B2' : onlooker.sees.includes('3') && !onlooker.sees.includes('2') ? 'O2' : 'O1'
const keeperNear = (onlooker: Onlooker): string => (onlooker.sees.includes('4') ? 'R4' : 'R1')

let numbers = 0
/** A number that no document and no address has yet. */
const unused = (): string => `X${String(++numbers).padStart(8, '0')}`

/** An e-mail address of the customer, made for the purpose. */
async function contactOf(bank: TestBank, customerId: string): Promise<{ readonly id: string; readonly version: number }> {
  const contact = { kind: 'email', purpose: 'other', value: `${unused()}@example.com` }
  return (await bank.request({ client: 'core' }, 'POST', `/customers/${customerId}/contact-points`, contact)).body
}

async function addressOf(bank: TestBank, customerId: string): Promise<{ readonly id: string; readonly version: number }> {
  const address = { purpose: 'other', line: unused() }
  return (await bank.request({ client: 'core' }, 'POST', `/customers/${customerId}/addresses`, address)).body
}

/** A new customer whom this onlooker sees. */
async function ownCustomer({ bank, onlooker }: Parameters<Ask>[0], kind = 'individual'): Promise<string> {
  const actor = await actorOf(bank, onlooker.caller)
  const { rows } = await bank.service.owner.query(
    `insert into customer (id, kind, status, source, name, name_folded, institution_id, institution_path, visible_to, as_of, created_at, updated_at)
     select gen_random_uuid(), $1, 'active', 'core', '赵', '赵', id, path, $2, now(), now(), now() from institution where code = $3 returning id`,
    [kind, 'id' in actor ? [actor.id] : [], bank.code(homeOf(onlooker))],
  )
  return rows[0].id
}

/** A new teller near the onlooker: tellers see customers by branch, so that nobody sees more for what is given to them. */
async function newTeller({ bank, onlooker }: Parameters<Ask>[0]): Promise<string> {
  const { rows } = await bank.service.owner.query(
    `insert into staff (id, number, source, external_id, name, institution_id, institution_path, roles, status, as_of, created_at, updated_at)
     select gen_random_uuid(), $1, 'core', $1, '柜员', id, path, '{teller}', 'active', now(), now(), now() from institution where code = $2 returning id`,
    [bank.code(unused()), bank.code(homeOf(onlooker))],
  )
  return rows[0].id
}

/** What gives the customer to such a teller in the other line of business, where nothing is planned. */
async function toNewTeller(at: Parameters<Ask>[0]) {
  await at.bank.service.owner.query(
    `update assignment set state = 'cancelled' where customer_id = $1 and business_line = 'corporate' and state = 'planned'`,
    [at.thing.customerId],
  )
  return { staffId: await newTeller(at), businessLine: 'corporate', reason: 'moved here' }
}

/** A new relationship of the customer in question with one whom the onlooker sees. */
async function related(at: Parameters<Ask>[0]): Promise<{ readonly id: string; readonly version: number }> {
  const relatedCustomerId = await ownCustomer(at)
  return command(at.bank, 'POST', `/customers/${at.thing.customerId}/relationships`, { relatedCustomerId, kind: 'partner' })
}

/** Lets the customer in question be one who has key people. */
const asBusiness = ({ bank, thing: { customerId } }: Parameters<Ask>[0]) =>
  bank.service.owner.query(`update customer set kind = 'sole_trader' where id = $1`, [customerId])

/** Another of these things under the customer in question. */
async function another(
  at: Parameters<Ask>[0],
  path: string,
  body: object,
): Promise<{ readonly id: string; readonly version: number }> {
  await asBusiness(at)
  return command(at.bank, 'POST', `/customers/${at.thing.customerId}/${path}`, body)
}

/** A tier override of a customer that somebody has requested, and nobody has decided on. Answers the id of the request. */
async function requestedOverride(bank: TestBank, customerId: string, requestedBy: string): Promise<string> {
  const { owner } = bank.service
  await owner.query(`delete from approval_request where customer_id = $1`, [customerId])
  await owner.query(`delete from tier_override where customer_id = $1 and state in ('requested', 'active')`, [customerId])
  const { rows } = await owner.query(
    `with override as (
       insert into tier_override (customer_id, id, institution_path, scheme_id, tier, reason, requested_by, starts_on, ends_on, state, created_at, updated_at)
       select id, gen_random_uuid(), institution_path, $2, 'mark', 'r', $3, '2026-11-22', '2027-01-01', 'requested', now(), now() from customer where id = $1
       returning customer_id, id, institution_path
     )
     insert into approval_request (customer_id, id, institution_path, kind, subject_id, state, reason, requested_by, requested_at)
     select customer_id, gen_random_uuid(), institution_path, 'tier_override', id, 'pending', 'r', $3, now() from override returning id`,
    [customerId, (await tiersOf(bank)).schemeId, requestedBy],
  )
  return rows[0].id
}

/** How to call every operation about one customer. Those that end something come last. */
const aboutCustomers: Readonly<Record<string, Ask>> = {
  customer: ({ thing: { customerId } }) => ({ customerId }),
  customerByExternalId: ({ bank, thing }) => ({ source: 'core', externalId: bank.code(thing.customer) }),
  holding: ({ thing: { customerId, holdingId } }) => ({ customerId, holdingId }),
  holdingByExternalId: ({ bank, thing }) => ({ source: 'core', externalId: bank.code(`A${thing.customer}`) }),
  holdings: ({ thing: { customerId } }) => ({ customerId, includeTotal: true }),
  balances: ({ thing: { customerId, holdingId } }) => ({ customerId, holdingId, includeTotal: true }),
  activity: ({ thing: { customerId } }) => ({ customerId, includeTotal: true }),
  movements: ({ thing: { customerId } }) => ({ customerId, includeTotal: true }),
  upsertCustomer: ({ bank, thing, onlooker }) => ({
    source: 'core',
    externalId: bank.code(thing.customer),
    kind: 'individual',
    name: `王${markOf(bank, thing.customer)}`,
    institutionCode: bank.code(onlooker.sees.includes(thing.customer) ? thing.institution : homeOf(onlooker)),
  }),
  createCustomer: ({ bank, thing }) => ({ kind: 'individual', name: '新客', institutionCode: bank.code(thing.institution) }),
  correctCustomer: async ({ bank, thing: { customerId }, turn }) => ({
    customerId,
    industry: `F${1000 + turn}`,
    expectedVersion: await versionOf(bank, 'customer', customerId),
  }),
  upsertAssignment: ({ bank, thing: { customer } }) => ({
    source: 'core',
    externalId: bank.code(`S${customer}`),
    customerExternalId: bank.code(customer),
    staffNumber: bank.code(keeperOf[customer]),
    businessLine: 'personal',
    startsOn: '2024-01-01',
  }),
  createAssignment: ({ bank, thing: { customerId }, onlooker, turn }) => ({
    customerId,
    staffNumber: bank.code(keeperNear(onlooker)),
    businessLine: 'corporate',
    startsOn: `${2030 + turn}-01-01`,
    endsOn: `${2030 + turn}-02-01`,
  }),
  correctAssignment: async ({ bank, thing: { customerId, assignmentId }, turn }) => ({
    customerId,
    assignmentId,
    endsOn: `${2050 + turn}-01-01`,
    expectedVersion: await versionOf(bank, 'assignment', assignmentId),
  }),
  upsertHolding: ({ bank, thing: { customer } }) => ({
    source: 'core',
    externalId: bank.code(`A${customer}`),
    customerExternalId: bank.code(customer),
    productCode: bank.code('CUR'),
    currency: 'CNY',
  }),
  createHolding: ({ bank, thing: { customerId } }) => ({ customerId, productCode: bank.code('FND'), currency: 'CNY' }),
  correctHolding: async ({ bank, thing: { customerId, holdingId }, turn }) => ({
    customerId,
    holdingId,
    openedOn: `${2000 + turn}-01-01`,
    expectedVersion: await versionOf(bank, 'holding', holdingId),
  }),
  upsertMovement: ({ bank, thing: { customer } }) => ({
    source: 'core',
    externalId: bank.code(`V${customer}`),
    holdingExternalId: bank.code(`A${customer}`),
    direction: 'in',
    amount: '10.00',
    bookedOn: '2026-11-01',
  }),
  createMovement: ({ thing: { customerId, holdingId } }) => ({
    customerId,
    holdingId,
    direction: 'out',
    amount: '1.00',
    bookedOn: '2026-11-02',
  }),
  correctMovement: async ({ bank, thing: { customerId, movementId } }) => ({
    customerId,
    movementId,
    purpose: 'household',
    expectedVersion: await versionOf(bank, 'movement', movementId),
  }),
  assignCustomer: async (at) => ({ customerId: at.thing.customerId, ...(await toNewTeller(at)) }),
  assignCustomers: async (at) => ({ customerIds: [at.thing.customerId], ...(await toNewTeller(at)) }),
  confirmRelationshipManager: async ({ bank, thing: { customerId } }) => {
    await bank.service.owner.query(
      `update customer set moved_at = now(), relationship_manager_id = coalesce(relationship_manager_id, $2) where id = $1`,
      [customerId, await bank.staffId('R1')],
    )
    return { customerId }
  },
  assignmentHistory: ({ thing: { customerId } }) => ({ customerId, includeTotal: true }),
  teamMember: ({ thing: { customer, customerId, made } }) => ({
    customerId,
    teamMemberId: made.get(`teamMember ${customer}`)!,
  }),
  maintenanceTeam: ({ thing: { customerId } }) => ({ customerId, includeTotal: true }),
  teamSuggestions: ({ thing: { customerId } }) => ({ customerId, includeTotal: true }),
  addTeamMember: async (at) => ({
    customerId: at.thing.customerId,
    staffId: await newTeller(at),
    duty: 'planner',
    reason: 'knows them',
    endsOn: '2026-11-23',
  }),
  endTeamMember: async (at) => {
    const body = { staffId: await newTeller(at), duty: 'planner', reason: 'knows them', endsOn: '2026-11-23' }
    const { id } = await command(at.bank, 'POST', `/customers/${at.thing.customerId}/team`, body)
    await at.bank.service.owner.query(
      `update team_member set state = 'cancelled' where customer_id = $1 and duty = 'planner' and id <> $2`,
      [at.thing.customerId, id],
    )
    return { customerId: at.thing.customerId, teamMemberId: id }
  },
  keyDate: async ({ bank, thing: { customerId } }) => ({ customerId, keyDateId: await birthdayOf(bank, customerId) }),
  keyDates: ({ thing: { customerId } }) => ({ customerId, includeTotal: true }),
  createKeyDate: ({ thing: { customerId }, turn }) => ({ customerId, kind: 'custom', name: `纪念${turn}`, month: 3, day: 1 }),
  correctKeyDate: async ({ bank, thing: { customerId }, turn }) => {
    const keyDateId = await birthdayOf(bank, customerId)
    return { customerId, keyDateId, day: turn + 1, expectedVersion: await versionOf(bank, 'key_date', keyDateId) }
  },
  consents: ({ thing: { customerId } }) => ({ customerId, includeTotal: true }),
  consentHistory: ({ thing: { customerId } }) => ({ customerId, includeTotal: true }),
  recordConsent: ({ thing: { customerId } }) => ({
    customerId,
    channel: 'sms',
    purpose: 'survey',
    decision: 'withdrawn',
    evidence: 'online',
  }),
  contactPreference: ({ thing: { customerId } }) => ({ customerId }),
  setContactPreference: ({ thing: { customerId }, turn }) => ({ customerId, maxPerMonth: turn }),
  customerOverview: ({ thing: { customerId } }) => ({ customerId }),
  customerTimeline: ({ thing: { customerId } }) => ({ customerId }),
  customerValue: ({ thing: { customerId } }) => ({ customerId }),
  customerFacts: ({ thing: { customerId } }) => ({ customerId }),
  membershipExplanation: async ({ bank, thing: { customerId }, turn }) => {
    const { rows } = await bank.service.owner.query('select id from segment where code = $1', [`${bank.name}-mark`])
    return { customerId, segmentId: rows[0].id, ...(turn % 2 === 0 && { decision: 'entered' }) }
  },
  customerTiers: ({ thing: { customerId } }) => ({ customerId }),
  tierHistory: ({ thing: { customerId } }) => ({ customerId, includeTotal: true }),
  tierExplanation: async ({ bank, thing: { customerId }, turn }) => ({
    customerId,
    schemeId: (await tiersOf(bank)).schemeId,
    ...(turn % 2 === 0 && { decision: 'began' }),
  }),
  tierOverrides: ({ thing: { customerId } }) => ({ customerId, includeTotal: true }),
  tierOverride: async ({ bank, thing: { customerId, customer } }) => ({
    customerId,
    tierOverrideId: (await tiersOf(bank)).overrides[customer],
  }),
  overrideTier: async ({ bank, thing: { customerId } }) => {
    await bank.service.owner.query(`delete from tier_override where customer_id = $1 and state in ('requested', 'active')`, [
      customerId,
    ])
    const { schemeId } = await tiersOf(bank)
    return { customerId, schemeId, tier: 'mark', reason: 'r', endsOn: '2027-01-01' }
  },
  approvalRequest: async ({ bank, thing: { customerId } }) => ({
    customerId,
    approvalRequestId: await requestedOverride(bank, customerId, await bank.staffId('M3')),
  }),
  approveRequest: async ({ bank, thing: { customerId } }) => ({
    customerId,
    approvalRequestId: await requestedOverride(bank, customerId, await bank.staffId('R3')),
  }),
  acknowledgeCounterNote: async ({ bank, thing: { customerId } }) => {
    const { rows } = await bank.service.owner.query(
      `insert into counter_note (customer_id, id, institution_path, kind, note, finder_id, created_at)
       select id, gen_random_uuid(), institution_path, 'hint', 'n', $2, now() from customer where id = $1 returning id`,
      [customerId, await bank.staffId('T1')],
    )
    return { customerId, counterNoteId: rows[0].id }
  },
  declineRequest: async ({ bank, thing: { customerId } }) => ({
    customerId,
    approvalRequestId: await requestedOverride(bank, customerId, await bank.staffId('R3')),
    note: 'n',
  }),
  withdrawRequest: async ({ bank, thing: { customerId }, onlooker: { caller } }) => {
    const { rows } = await bank.service.owner.query('select id from staff where number = $1', [caller])
    return { customerId, approvalRequestId: await requestedOverride(bank, customerId, rows[0]?.id ?? (await bank.staffId('R3'))) }
  },
  endTierOverride: async ({ bank, thing: { customerId } }) => {
    await bank.service.owner.query(`delete from tier_override where customer_id = $1 and state in ('requested', 'active')`, [
      customerId,
    ])
    const { rows } = await bank.service.owner.query(
      `insert into tier_override (customer_id, id, institution_path, scheme_id, tier, reason, requested_by, approver_id, starts_on, ends_on, state, created_at, updated_at)
       select id, gen_random_uuid(), institution_path, $2, 'mark', 'r', $3, $3, '2026-11-01', '2027-01-01', 'active', now(), now() from customer where id = $1 returning id`,
      [customerId, (await tiersOf(bank)).schemeId, await bank.staffId('M3')],
    )
    return { customerId, tierOverrideId: rows[0].id, expectedVersion: 1 }
  },
  customerClassification: ({ thing: { customerId } }) => ({ customerId }),
  classificationHistory: ({ thing: { customerId } }) => ({ customerId, includeTotal: true }),
  classificationExplanation: ({ thing: { customerId } }) => ({ customerId, kind: 'activity' }),
  relationScores: ({ thing: { customerId } }) => ({ customerId }),
  relationshipPreferences: ({ thing: { customerId } }) => ({ customerId, includeTotal: true }),
  declareRelationshipPreference: ({ thing: { customerId } }) => ({ customerId, preference: 'price' }),
  contactDecision: ({ thing: { customerId } }) => ({ customerId, channel: 'phone', purpose: 'marketing' }),
  // The further party is a customer of the onlooker's own; the link is there, so that sending it again changes nothing.
  upsertHoldingParty: ({ bank, thing: { customer } }) => ({
    source: 'core',
    holdingExternalId: bank.code(`A${customer}`),
    customerExternalId: bank.code('5'),
    role: 'guarantor',
  }),
  upsertBalance: ({ bank, thing: { customer } }) => ({
    source: 'core',
    holdingExternalId: bank.code(`A${customer}`),
    day: '2026-11-21',
    amount: '5.00',
  }),
  upsertActivity: ({ bank, thing: { customer } }) => ({
    source: 'core',
    customerExternalId: bank.code(customer),
    month: '2026-09',
    channel: 'atm',
    type: 'cash',
    currency: 'CNY',
    count: 1,
  }),
  endKeyDate: async ({ bank, thing: { customerId } }) => ({ customerId, keyDateId: await birthdayOf(bank, customerId) }),
  addIdentityDocument: ({ thing: { customerId } }) => ({ customerId, type: 'passport', country: 'FR', number: unused() }),
  correctIdentityDocument: async ({ bank, thing: { customerId } }) => {
    const { rows } = await bank.service.owner.query(
      `select id, version from identity_document where customer_id = $1 and type = 'passport' order by id limit 1`,
      [customerId],
    )
    const [{ id: identityDocumentId, version: expectedVersion }] = rows
    return { customerId, identityDocumentId, validUntil: '2030-01-01', expectedVersion }
  },
  verifyIdentityDocument: async ({ bank, thing: { customerId } }) => {
    const { rows } = await bank.service.owner.query(
      `select id from identity_document where customer_id = $1 and type = 'passport' order by id limit 1`,
      [customerId],
    )
    return { customerId, identityDocumentId: rows[0].id }
  },
  removeIdentityDocument: async ({ bank, thing: { customerId } }) => {
    const document = { type: 'passport', country: 'FR', number: unused() }
    const { body } = await bank.request({ client: 'core' }, 'POST', `/customers/${customerId}/identity-documents`, document)
    return { customerId, identityDocumentId: body.id }
  },
  addContactPoint: ({ thing: { customerId } }) => ({
    customerId,
    kind: 'email',
    purpose: 'work',
    value: `${unused()}@example.com`,
  }),
  correctContactPoint: async ({ bank, thing: { customerId } }) => {
    const { id: contactPointId, version: expectedVersion } = await contactOf(bank, customerId)
    return { customerId, contactPointId, value: `${unused()}@example.com`, expectedVersion }
  },
  verifyContactPoint: async ({ bank, thing: { customerId } }) => ({
    customerId,
    contactPointId: (await contactOf(bank, customerId)).id,
  }),
  removeContactPoint: async ({ bank, thing: { customerId } }) => ({
    customerId,
    contactPointId: (await contactOf(bank, customerId)).id,
  }),
  addAddress: ({ thing: { customerId } }) => ({ customerId, purpose: 'work', line: unused() }),
  correctAddress: async ({ bank, thing: { customerId } }) => {
    const { id: addressId, version: expectedVersion } = await addressOf(bank, customerId)
    return { customerId, addressId, line: unused(), expectedVersion }
  },
  verifyAddress: async ({ bank, thing: { customerId } }) => ({ customerId, addressId: (await addressOf(bank, customerId)).id }),
  removeAddress: async ({ bank, thing: { customerId } }) => ({ customerId, addressId: (await addressOf(bank, customerId)).id }),
  dismissIdentityDocument: async ({ bank, thing: { customerId } }) => ({
    customerId,
    identityDocumentId: await openValueDifference(bank, customerId, 'identity_document'),
  }),
  dismissContactPoint: async ({ bank, thing: { customerId } }) => ({
    customerId,
    contactPointId: await openValueDifference(bank, customerId, 'contact_point'),
  }),
  dismissAddress: async ({ bank, thing: { customerId } }) => ({
    customerId,
    addressId: await openValueDifference(bank, customerId, 'address'),
  }),
  revealCustomerField: async ({ bank, thing: { customerId } }) => {
    const { rows } = await bank.service.owner.query(
      `select id from contact_point where customer_id = $1 and kind = 'phone' order by id limit 1`,
      [customerId],
    )
    return { customerId, field: 'contact_value', id: rows[0].id, purpose: 'contact', reason: 'returning a call' }
  },
  customerProfile: ({ thing: { customerId } }) => ({ customerId }),
  lifeStages: ({ thing: { customerId } }) => ({ customerId }),
  reviseProfile: async ({ bank, thing: { customerId }, turn }) => ({
    customerId,
    interests: [`兴趣${turn}`],
    expectedVersion: await versionOf(bank, 'customer', customerId),
  }),
  verifyProfileFields: ({ thing: { customerId } }) => ({ customerId, fields: ['country'], verification: 'customer_asked' }),
  acceptProfileConflict: async ({ bank, thing: { customerId } }) => ({
    customerId,
    profileConflictId: await openDifference(bank, customerId),
  }),
  dismissProfileConflict: async ({ bank, thing: { customerId } }) => ({
    customerId,
    profileConflictId: await openDifference(bank, customerId),
  }),
  ...Object.fromEntries(
    [...dossierThings, { one: 'groupMembership', many: 'groupMemberships', key: 'groupMembershipId' }].flatMap(
      ({ one, many, key }): [string, Ask][] => [
        [one, ({ thing: { customer, customerId, made } }) => ({ customerId, [key]: made.get(`${one} ${customer}`)! })],
        [many, ({ thing: { customerId } }) => ({ customerId, includeTotal: true })],
      ],
    ),
  ),
  ...Object.fromEntries(
    dossierThings.flatMap(({ one, key, path, body, correct, end }): [string, Ask][] => {
      if (!correct || !end) return []
      const noun = `${one[0]!.toUpperCase()}${one.slice(1)}`
      const said = ({ bank, thing: { customer, made, ids } }: Parameters<Ask>[0]) => body({ bank, customer, ids, made })
      const fresh = async (at: Parameters<Ask>[0]) => (await another(at, path, said(at))).id
      return [
        [`create${noun}`, (at) => ({ customerId: at.thing.customerId, ...said(at) })],
        [
          `correct${noun}`,
          async (at) => ({ customerId: at.thing.customerId, [key]: await fresh(at), ...correct, expectedVersion: 1 }),
        ],
        [`end${noun}`, async (at) => ({ customerId: at.thing.customerId, [key]: await fresh(at), ...end })],
      ]
    }),
  ),
  usePrivilege: ({ thing: { customer, customerId, made } }) => ({
    customerId,
    privilegeGrantId: made.get(`privilegeGrant ${customer}`)!,
  }),
  createRelationship: async (at) => ({
    customerId: at.thing.customerId,
    relatedCustomerId: await ownCustomer(at),
    kind: 'community_member',
  }),
  correctRelationship: async (at) => {
    const { id, version } = await related(at)
    return { customerId: at.thing.customerId, relationshipId: id, since: '2020-01-01', expectedVersion: version }
  },
  endRelationship: async (at) => ({ customerId: at.thing.customerId, relationshipId: (await related(at)).id }),
  createKeyPerson: async (at) => {
    await asBusiness(at)
    return { customerId: at.thing.customerId, name: '陈', role: 'operator' }
  },
  correctKeyPerson: async ({ bank, thing: { customer, customerId, made }, turn }) => {
    const keyPersonId = made.get(`keyPerson ${customer}`)!
    return { customerId, keyPersonId, title: `T${turn}`, expectedVersion: await versionOf(bank, 'key_person', keyPersonId) }
  },
  endKeyPerson: async (at) => ({
    customerId: at.thing.customerId,
    keyPersonId: (await another(at, 'key-people', { name: '陈', role: 'operator' })).id,
  }),
  createSharedKeyPerson: async (at) => {
    await asBusiness(at)
    const keyPersonCustomerId = await ownCustomer(at, 'company')
    const { id } = await command(at.bank, 'POST', `/customers/${keyPersonCustomerId}/key-people`, {
      name: '陈',
      role: 'operator',
    })
    return { customerId: at.thing.customerId, keyPersonCustomerId, keyPersonId: id, role: 'operator' }
  },
  correctSharedKeyPerson: async ({ bank, thing: { customer, customerId, made }, turn }) => {
    const sharedKeyPersonId = made.get(`sharedKeyPerson ${customer}`)!
    const version = await versionOf(bank, 'shared_key_person', sharedKeyPersonId)
    return { customerId, sharedKeyPersonId, title: `T${turn}`, expectedVersion: version }
  },
  createCustomerGroup: ({ thing: { customerId } }) => ({ customerId, kind: 'group', name: '组' }),
  correctCustomerGroup: async ({ bank, thing: { customer, customerId, made }, turn }) => {
    const customerGroupId = made.get(`customerGroup ${customer}`)!
    const version = await versionOf(bank, 'customer_group', customerGroupId)
    return { customerId, customerGroupId, name: `组${turn}`, expectedVersion: version }
  },
  addGroupMember: async (at) => ({
    customerId: at.thing.customerId,
    customerGroupId: at.thing.made.get(`customerGroup ${at.thing.customer}`)!,
    memberCustomerId: await ownCustomer(at),
  }),
  removeGroupMember: async (at) => {
    const { customer, customerId, made } = at.thing
    const memberCustomerId = await ownCustomer(at)
    const url = `/customers/${customerId}/groups/${made.get(`customerGroup ${customer}`)}/members`
    return { customerId, customerGroupMemberId: (await command(at.bank, 'POST', url, { memberCustomerId })).id }
  },
  endCustomerGroup: async (at) => ({
    customerId: at.thing.customerId,
    customerGroupId: (await another(at, 'groups', { kind: 'group', name: '组' })).id,
  }),
  endSharedKeyPerson: ({ thing: { customer, customerId, made } }) => ({
    customerId,
    sharedKeyPersonId: made.get(`sharedKeyPerson ${customer}`)!,
  }),
  endAssignment: ({ thing: { customerId, assignmentId }, turn }) => ({
    customerId,
    assignmentId,
    endsOn: `${2060 + turn}-01-01`,
  }),
  voidMovement: ({ thing: { customerId, movementId } }) => ({ customerId, movementId }),
  closeHolding: ({ thing: { customerId, holdingId } }) => ({ customerId, holdingId }),
  closeCustomer: async ({ bank, thing: { customerId } }) => {
    await bank.service.owner.query(`update holding set status = 'closed' where customer_id = $1`, [customerId])
    return { customerId }
  },
}

/** Operations on what stands in the tree of the bank: called by those of branch B1 and of branch B2 about things of B1 and of B2. */
const aboutPlaces: Readonly<
  Record<
    string,
    (at: {
      readonly bank: TestBank
      readonly branch: 'B1' | 'B2'
      readonly place: Place
      readonly turn: number
    }) => Input | Promise<Input>
  >
> = {
  upsertInstitution: ({ bank, branch }) => ({
    source: 'core',
    externalId: bank.code(branch),
    name: '分行',
    kind: 'branch',
    parentCode: 'HO',
  }),
  createInstitution: ({ bank, branch, turn }) => ({
    code: bank.code(`N${turn}`),
    name: '新网点',
    kind: 'outlet',
    parentCode: bank.code(branch),
  }),
  correctInstitution: async ({ bank, place: { institutionId }, turn }) => ({
    institutionId,
    name: `网点${turn}`,
    expectedVersion: await versionOf(bank, 'institution', institutionId),
  }),
  upsertStaff: ({ bank, branch, place: { number } }) => ({
    source: 'core',
    externalId: bank.code(number),
    name: '职员',
    institutionCode: bank.code(branch),
    roles: ['branch_manager'],
  }),
  createStaff: ({ bank, branch, turn }) => ({
    number: bank.code(`E${turn}`),
    name: '新人',
    institutionCode: bank.code(branch),
    roles: ['teller'],
  }),
  correctStaff: async ({ bank, place: { staffId }, turn }) => ({
    staffId,
    dailyCapacity: turn,
    expectedVersion: await versionOf(bank, 'staff', staffId),
  }),
  delegatePortfolio: ({ place: { keeperId, deputyId }, turn }) => ({
    staffId: keeperId,
    deputyId,
    startsOn: `${2100 + turn}-01-01`,
    endsOn: `${2100 + turn}-02-01`,
    reason: 'training',
  }),
  importRun: ({ place: { importId } }) => ({ importId }),
  importRejects: ({ place: { importId } }) => ({ importId }),
  importWarnings: ({ place: { importId } }) => ({ importId }),
  cancelImport: ({ place: { importId } }) => ({ importId }),
  endDelegation: ({ place: { delegationId } }) => ({ delegationId, endsOn: '2027-01-20' }),
  revokeDelegation: ({ place: { delegationId } }) => ({ delegationId }),
  deactivateStaff: ({ place: { deputyId } }) => ({ staffId: deputyId }),
  closeInstitution: ({ place: { emptyId } }) => ({ institutionId: emptyId }),
}

interface Place {
  readonly institutionId: string
  readonly number: string
  readonly staffId: string
  readonly keeperId: string
  readonly deputyId: string
  readonly delegationId: string
  readonly importId: string
  readonly emptyId: string
}

/** What shows only what is in scope: each has a test of its own below. */
const lists = [
  'customers',
  'customerSearch',
  'portfolioSummary',
  'staffCapacity',
  'upcomingKeyDates',
  'segmentMembers',
  'segmentPreview',
  'thresholdCustomers',
  'pendingDowngrades',
  'tierGrowth',
  'paretoAnalysis',
  'unprofitableCustomers',
  'segmentProfile',
  'segmentOverlap',
  'segmentTrend',
  'migrationMatrix',
  'migrationCustomers',
  'cohortRetention',
  'cohortCustomers',
  'exportSegmentMembers',
  'auditEntries',
  'stateMachines',
  'deadJobs',
  'retryJob',
  'auditVerification',
  'customerAccesses',
  'customerAccessReason',
  'documentsToReview',
  'contactPointsToReview',
  'addressesToReview',
  'counterNotes',
  'waitingItems',
  'approvalRequests',
  'profileConflicts',
  'creditCoverage',
  'importRuns',
  'importRows',
]

/** What looks at all customers of the bank and shows next to nothing of them: see test/api/counter.test.ts. */
const acrossTheBank = ['recogniseCustomer', 'createCounterNote']

/** What is of the whole bank, for everybody who works with it, and shows no customer but through relations. */
const ofTheBank = [
  'institution',
  'institutions',
  'staffMember',
  'staffMembers',
  'delegation',
  'delegations',
  'product',
  'products',
  'exchangeRates',
  'calendarDays',
  'workingDays',
  'setCalendarDay',
  'quietHours',
  'setQuietHours',
  'profilePolicies',
  'reviseProfilePolicy',
  'lifeStagePolicies',
  'reviseLifeStagePolicy',
  'upsertProduct',
  'createProduct',
  'correctProduct',
  'closeProduct',
  'upsertExchangeRate',
  'facts',
  'refreshRun',
  'refreshRuns',
  'refreshSegments',
  'valuePolicies',
  'reviseValuePolicy',
  'placeholderPolicies',
  'revisePlaceholderPolicy',
  'segment',
  'segments',
  'createSegment',
  'reviseSegment',
  'activateSegment',
  'retireSegment',
  'setSegmentMembers',
  'tierScheme',
  'tierSchemes',
  'createTierScheme',
  'reviseTierScheme',
  'retireTierScheme',
  'classificationPolicies',
  'reviseClassificationPolicy',
  'relationScorePolicies',
  'reviseRelationScorePolicy',
]

const absent = ['not_found', 'unknown_reference']
const marks = (bank: TestBank, of: readonly CustomerName[]): string[] => of.map((customer) => markOf(bank, customer))
const isEmptyPage = ({ body }: Told): boolean => (body?.items ?? body?.nodes)?.length === 0 && (body?.total ?? 0) === 0

describe('every operation', () => {
  test('has its case here', () => {
    expect(
      [...Object.keys(aboutCustomers), ...Object.keys(aboutPlaces), ...lists, ...acrossTheBank, ...ofTheBank].sort(),
    ).toEqual(offered.map(({ name }) => name).sort())
  })

  test('about one customer works for those who see the customer and finds nothing for others, over REST and GraphQL', async ({
    bank,
  }) => {
    const made = await fillDossiers(bank)
    await bank.feed('customers', [
      { externalId: bank.code('5'), kind: 'individual', name: '赵云', institutionCode: bank.code('B2') },
    ])
    const ids = await customerIds(bank)
    const idOf = async (table: string, externalId: string): Promise<string> =>
      (await bank.service.owner.query(`select id from ${table} where external_id = $1`, [bank.code(externalId)])).rows[0].id
    const things: Thing[] = []
    for (const customer of customers) {
      const [holdingId, assignmentId, movementId] = [
        await idOf('holding', `A${customer}`),
        await idOf('assignment', `S${customer}`),
        await idOf('movement', `V${customer}`),
      ]
      const institution = outletOf[customer]
      things.push({ customer, customerId: ids[customer], holdingId, assignmentId, movementId, institution, made, ids })
    }
    let turn = 0
    const done = new Map<string, { ok: number; absent: number }>()
    for (const [name, ask] of Object.entries(aboutCustomers)) {
      const operation = operationNamed(name)
      const counts = { ok: 0, absent: 0 }
      done.set(name, counts)
      for (const onlooker of onlookers(bank)) {
        const actor = await actorOf(bank, onlooker.caller)
        const permitted = reachOfActor(actor, operation.permission) !== undefined
        // An upsert takes one permission to make and another to change.
        const mayChange = name !== 'upsertCustomer' || reachOfActor(actor, 'customer:write') !== undefined
        for (const thing of things) {
          const sees = onlooker.sees.includes(thing.customer)
          for (const send of [overRest, overGraphql]) {
            const input = await ask({ bank, thing, onlooker, turn: turn++ % 20 })
            const told = await send(bank, onlooker.caller, operation, input)
            const where = `${onlooker.name}: ${name} of customer ${thing.customer} ${send.name}: ${JSON.stringify(told.body)}`
            const text = JSON.stringify([told.body, told.errors])
            for (const mark of marks(
              bank,
              customers.filter((one) => !onlooker.sees.includes(one)),
            )) {
              if (!JSON.stringify(input).includes(mark)) expect(text, where).not.toContain(mark)
            }
            if (!permitted || (sees && !mayChange)) expect(told.code, where).toBe('not_permitted')
            else if (sees) {
              expect(
                [
                  'ok',
                  ...(/^(create|end|correct)Assignment$/.test(name) ? ['period_overlap'] : []),
                  ...(/^(close|void|endKeyDate)/.test(name) ? ['already_closed'] : []),
                  ...(/^(close|void|endShared)/.test(name) ? ['already_closed'] : []),
                  // What only a person makes sure of.
                  ...(/^(verifyProfile|acceptProfile)/.test(name) && typeof onlooker.caller !== 'string' ? ['conflict'] : []),
                ],
                where,
              ).toContain(told.code)
              expect(isEmptyPage(told), where).toBe(false)
              counts.ok++
            } else {
              expect(absent, where).toContain(told.code)
              counts.absent++
            }
          }
        }
      }
    }
    for (const [name, { ok, absent: none }] of done)
      expect([ok > 0, none > 0], `${name} was never tried in and out of scope`).toEqual([true, true])
  })

  test('about a place, its people and imports works within the subtree and finds nothing outside it', async ({ bank }) => {
    const c = (suffix: string) => bank.code(suffix)
    await fillDossiers(bank)
    const staff = (number: string, branch: string) => ({
      externalId: c(number),
      name: number,
      institutionCode: c(branch),
      roles: ['relationship_manager'],
    })
    await bank.feed('staff', [staff('K11', 'B1'), staff('K12', 'B1'), staff('K21', 'B2'), staff('K22', 'B2')])
    await bank.feed('institutions', [
      { externalId: c('X1'), name: '空网点', kind: 'outlet', parentCode: c('B1') },
      { externalId: c('X2'), name: '空网点', kind: 'outlet', parentCode: c('B2') },
    ])
    const branches = ['B1', 'B2'] as const
    const places = new Map<string, Place>()
    for (const branch of branches) {
      const digit = branch.slice(1)
      const [keeperId, deputyId] = [await bank.staffId(`K${digit}1`), await bank.staffId(`K${digit}2`)]
      const delegated = await bank.request(c(`A${digit}`), 'POST', '/delegations', {
        staffId: keeperId,
        deputyId,
        startsOn: '2027-01-01',
        endsOn: '2027-02-01',
        reason: 'leave',
      })
      const imported = await bank.import(
        'staff',
        [{ externalId: c(`P${digit}`), name: '新人', institutionCode: c(branch), roles: ['none'] }],
        { client: `feed-${c(branch)}` },
      )
      expect([delegated.status, imported.body.rowsRejected]).toEqual([201, 1])
      places.set(branch, {
        institutionId: await bank.idOf('institution', branch),
        number: `M${digit}`,
        staffId: await bank.staffId(`M${digit}`),
        keeperId,
        deputyId,
        delegationId: delegated.body.id,
        importId: imported.body.id,
        emptyId: await bank.idOf('institution', `X${digit}`),
      })
    }
    const callers = branches.flatMap((branch) => [
      { branch, caller: c(`A${branch.slice(1)}`) },
      { branch, caller: { client: `feed-${c(branch)}` } },
    ])
    let turn = 0
    for (const [name, ask] of Object.entries(aboutPlaces)) {
      const operation = operationNamed(name)
      const seen = new Set<string>()
      for (const { branch: home, caller } of callers) {
        const permitted = reachOfActor(await actorOf(bank, caller), operation.permission) !== undefined
        for (const branch of branches) {
          for (const send of operation.transport === 'both' ? [overRest, overGraphql] : [overRest]) {
            turn++
            const told = await send(bank, caller, operation, await ask({ bank, branch, place: places.get(branch)!, turn }))
            const where = `${JSON.stringify(caller)}: ${name} of ${branch} ${send.name}: ${JSON.stringify(told.body)}`
            if (!permitted) expect(told.code, where).toBe('not_permitted')
            // What is ended can be ended once only; that is still an answer about what is there.
            else if (home === branch) expect(['ok', 'already_closed', 'period_overlap'], where).toContain(told.code)
            else expect(absent, where).toContain(told.code)
            seen.add(!permitted ? 'not_permitted' : home === branch ? 'inside' : 'outside')
          }
        }
      }
      expect([...seen], `${name} was never tried in and out of scope`).toEqual(expect.arrayContaining(['inside', 'outside']))
    }
  })
})

const sorted = (list: readonly string[]): string[] => [...list].sort()

describe('a list', () => {
  test('of customers shows and counts those in scope, whatever the filter, page by page', async ({ bank }) => {
    await fillDossiers(bank)
    const ids = await customerIds(bank)
    const filters: readonly { readonly input: Input; readonly finds: readonly CustomerName[] }[] = [
      { input: {}, finds: customers },
      { input: { institutionId: await bank.idOf('institution', 'B1') }, finds: ['1', '2', '3'] },
      { input: { institutionId: await bank.idOf('institution', 'B2') }, finds: ['4'] },
      { input: { relationshipManagerId: await bank.staffId('R1') }, finds: ['1'] },
      { input: { productFamily: 'deposit' }, finds: customers },
      { input: { aumFrom: '1500.00' }, finds: ['2', '3', '4'] },
    ]
    for (const { name, caller, sees } of onlookers(bank)) {
      for (const { input, finds } of filters) {
        const wanted = sorted(finds.filter((customer) => sees.includes(customer)).map((customer) => ids[customer]))
        const rest = await overRest(bank, caller, operationNamed('customers'), { ...input, includeTotal: true })
        expect([sorted(rest.body.items.map(({ id }: any) => id)), rest.body.total], `${name} ${JSON.stringify(input)}`).toEqual([
          wanted,
          wanted.length,
        ])
        const graphql = await overGraphql(
          bank,
          caller,
          operationNamed('customers'),
          input,
          'totalCount nodes { id } edges { node { id } }',
        )
        const { totalCount, nodes, edges } = graphql.body
        expect([sorted(nodes.map(({ id }: any) => id)), sorted(edges.map(({ node }: any) => node.id)), totalCount], name).toEqual(
          [wanted, wanted, wanted.length],
        )
      }
      const paged: string[] = []
      for (let cursor: string | undefined; ;) {
        const { body } = await overRest(bank, caller, operationNamed('customers'), {
          limit: 1,
          orderBy: 'name_asc',
          ...(cursor !== undefined && { cursor }),
        })
        paged.push(...body.items.map(({ id }: any) => id))
        if (body.nextCursor === null) break
        cursor = body.nextCursor
        const foreign = await overRest(bank, bank.code('U1'), operationNamed('customers'), {
          limit: 1,
          orderBy: 'name_asc',
          cursor,
        })
        expect(foreign.code).toBe('invalid_cursor')
      }
      expect(sorted(paged), name).toEqual(sorted(sees.map((customer) => ids[customer])))
    }
  })

  test('of upcoming key dates shows and counts those in scope, whatever the filter', async ({ bank }) => {
    await fillDossiers(bank)
    const ids = await customerIds(bank)
    await bank.service.owner.query(`update customer set birth_date = '1980-01-05' where id = any ($1)`, [Object.values(ids)])
    await bank.service.owner.query(
      `update customer c set birth_date = make_date(1980, k.month, k.day) from key_date k where k.customer_id = c.id and k.kind = 'birthday' and c.id = any ($1)`,
      [[ids['1'], ids['3']]],
    )
    await bank.service.owner.query(`delete from key_date where customer_id = any ($1)`, [[ids['2'], ids['4']]])
    const filters: readonly { readonly input: Input; readonly finds: readonly CustomerName[] }[] = [
      { input: { days: 366 }, finds: customers },
      { input: { days: 366, institutionId: await bank.idOf('institution', 'B1') }, finds: ['1', '2', '3'] },
      { input: { days: 366, relationshipManagerId: await bank.staffId('R2') }, finds: ['2'] },
      { input: { days: 30 }, finds: ['1', '3'] },
    ]
    for (const { name, caller, sees } of onlookers(bank)) {
      for (const { input, finds } of filters) {
        const wanted = sorted(finds.filter((customer) => sees.includes(customer)).map((customer) => ids[customer]))
        const rest = await overRest(bank, caller, operationNamed('upcomingKeyDates'), { ...input, includeTotal: true })
        const graphql = await overGraphql(
          bank,
          caller,
          operationNamed('upcomingKeyDates'),
          input,
          'totalCount nodes { customerId customer { id } }',
        )
        const where = `${name} ${JSON.stringify(input)}`
        expect([sorted(rest.body.items.map(({ customerId }: any) => customerId)), rest.body.total], where).toEqual([
          wanted,
          wanted.length,
        ])
        expect([sorted(graphql.body.nodes.map(({ customer }: any) => customer.id)), graphql.body.totalCount], where).toEqual([
          wanted,
          wanted.length,
        ])
      }
    }
  })

  test('of a search by name, number, phone or document finds those in scope', async ({ bank }) => {
    await fillDossiers(bank)
    const ids = await customerIds(bank)
    const searches: readonly { readonly input: Input; readonly finds: readonly CustomerName[] }[] = [
      { input: { name: `王mark${bank.name}` }, finds: customers },
      ...customers.map((customer) => ({ input: { number: bank.code(customer) }, finds: [customer] })),
      ...customers.map((customer) => ({
        input: { documentNumber: documentOf[customer], documentType: 'passport', documentCountry: 'DE' },
        finds: [customer],
      })),
      ...customers.map((customer) => ({ input: { name: markOf(bank, customer) }, finds: [customer] })),
      { input: { phone: sharedPhone }, finds: ['1', '2', '4'] },
    ]
    for (const { name, caller, sees } of onlookers(bank)) {
      for (const { input, finds } of searches) {
        const wanted = finds.filter((customer) => sees.includes(customer)).map((customer) => ids[customer])
        const rest = await overRest(bank, caller, operationNamed('customerSearch'), input)
        const graphql = await overGraphql(bank, caller, operationNamed('customerSearch'), input, 'nodes { id name }')
        for (const found of [rest.body.items, graphql.body.nodes]) {
          const found4 = found.map(({ id }: any) => id)
          expect(
            found4.filter((id: string) => !sees.some((customer) => ids[customer] === id)),
            `${name} ${JSON.stringify(input)}`,
          ).toEqual([])
          // A search by name is generous: it may find more than these, but only in scope.
          expect(sorted(found4), `${name} ${JSON.stringify(input)}`).toEqual(
            'name' in input ? expect.arrayContaining(wanted) : sorted(wanted),
          )
        }
      }
    }
  })

  test('in figures counts and sums those in scope', async ({ bank }) => {
    await fillDossiers(bank)
    const aum: Readonly<Record<CustomerName, number>> = { '1': 1000, '2': 2000, '3': 3000, '4': 4000 }
    const filters: readonly { readonly input: Input; readonly of: readonly CustomerName[] }[] = [
      { input: {}, of: customers },
      { input: { institutionId: await bank.idOf('institution', 'O1') }, of: ['1', '2'] },
      { input: { institutionId: await bank.idOf('institution', 'B2') }, of: ['4'] },
      { input: { relationshipManagerId: await bank.staffId('R1') }, of: ['1'] },
    ]
    for (const { name, caller, sees } of onlookers(bank).filter(({ caller: who }) => who !== bank.code('T1'))) {
      for (const { input, of } of filters) {
        const counted = of.filter((customer) => sees.includes(customer))
        const sum = { amount: counted.reduce((total, customer) => total + aum[customer], 0).toFixed(2), currency: 'CNY' }
        const rest = await overRest(bank, caller, operationNamed('portfolioSummary'), input)
        const graphql = await overGraphql(
          bank,
          caller,
          operationNamed('portfolioSummary'),
          input,
          'customers aum { amount currency } byFamily { family holdings customers amount { amount currency } unconvertedCurrencies }',
        )
        for (const { body } of [rest, graphql]) {
          expect([body.customers, body.aum], `${name} ${JSON.stringify(input)}`).toEqual([counted.length, sum])
          expect(body.byFamily, name).toEqual(
            counted.length === 0
              ? []
              : [
                  {
                    family: 'deposit',
                    holdings: counted.length,
                    customers: counted.length,
                    amount: sum,
                    unconvertedCurrencies: [],
                  },
                ],
          )
        }
      }
    }
  })

  test('of audit entries shows and counts what was done by and to the branch', async ({ bank }) => {
    await fillDossiers(bank)
    const ids = await customerIds(bank)
    for (const customer of customers)
      await bank.request({ client: 'core' }, 'PUT', `/customers/by-external-id/core/${bank.code(customer)}`, {
        kind: 'individual',
        name: '新名',
        institutionCode: bank.code(outletOf[customer]),
      })
    await bank.request(bank.code('M2'), 'POST', '/customers', {
      kind: 'individual',
      name: '外人',
      institutionCode: bank.code('B2'),
    })
    for (const [number, branch] of [
      ['U1', 'B1'],
      ['A1', 'B1'],
      ['U2', 'B2'],
    ] as const) {
      const { rows } = await bank.service.owner.query(
        `select e.id from audit_entry e join institution i on i.code = $1 where starts_with(e.institution_path, i.path) or starts_with(e.customer_path, i.path)`,
        [bank.code(branch)],
      )
      const wanted = sorted(rows.map(({ id }) => id))
      const rest = await overRest(bank, bank.code(number), operationNamed('auditEntries'), { limit: 200, includeTotal: true })
      expect([sorted(rest.body.items.map(({ id }: any) => id)), rest.body.total], number).toEqual([wanted, wanted.length])
      const graphql = await overGraphql(
        bank,
        bank.code(number),
        operationNamed('auditEntries'),
        { limit: 200 },
        'totalCount nodes { id customerId }',
      )
      expect([sorted(graphql.body.nodes.map(({ id }: any) => id)), graphql.body.totalCount], number).toEqual([
        wanted,
        wanted.length,
      ])
      for (const customer of customers) {
        const inside = (branch === 'B2') === (customer === '4')
        const about = await overRest(bank, bank.code(number), operationNamed('auditEntries'), {
          customerId: ids[customer],
          includeTotal: true,
        })
        expect(about.body.total > 0, `${number} about customer ${customer}`).toBe(inside)
        expect(about.body.items.length, number).toBe(about.body.total)
      }
      const verified = await overRest(bank, bank.code(number), operationNamed('auditVerification'), {})
      expect(verified.body, number).toMatchObject({ faults: [] })
    }
  })

  test('of imports shows and counts those of the branch, and an Import-Id of another branch is no way in', async ({ bank }) => {
    const c = (suffix: string) => bank.code(suffix)
    const rows = (name: string, branch: string) => [
      { source: 'core', externalId: c(name), name: '新人', institutionCode: c(branch), roles: ['teller'] },
    ]
    const byBranch: Record<string, string> = {}
    for (const branch of ['B1', 'B2'])
      byBranch[branch] = (await bank.import('staff', rows(`P${branch}`, branch), { client: `feed-${c(branch)}` })).body.id
    for (const [caller, branch] of [
      [c('M1'), 'B1'],
      [c('U1'), 'B1'],
      [c('M2'), 'B2'],
      [{ client: `feed-${c('B1')}` }, 'B1'],
      [{ client: `feed-${c('B2')}` }, 'B2'],
    ] as const) {
      const rest = await overRest(bank, caller, operationNamed('importRuns'), { includeTotal: true })
      const graphql = await overGraphql(bank, caller, operationNamed('importRuns'), {}, 'totalCount nodes { id }')
      expect([rest.body.items.map(({ id }: any) => id), rest.body.total], branch).toEqual([[byBranch[branch]], 1])
      expect([graphql.body.nodes.map(({ id }: any) => id), graphql.body.totalCount], branch).toEqual([[byBranch[branch]], 1])
    }
    const taken = await overRest(bank, { client: `feed-${c('B2')}` }, operationNamed('importRows'), {
      entity: 'staff',
      importId: byBranch['B1'],
      rows: rows('P3', 'B2'),
    })
    expect(taken.code).toBe('conflict')
    expect(JSON.stringify(taken.body)).not.toContain(c('B1'))
  })

  test('of rows to import refuses those about customers, holdings, staff and institutions out of scope', async ({ bank }) => {
    const c = (suffix: string) => bank.code(suffix)
    await fillDossiers(bank)
    const sends = async (entity: string, row: object): Promise<string> => {
      const { body } = await bank.import(entity as 'customers', [row], { client: `feed-${c('B2')}` })
      const rejects = await bank.request({ client: `feed-${c('B2')}` }, 'GET', `/imports/${body.id}/rejects`)
      return body.rowsRejected === 1 ? JSON.stringify(rejects.body) : `taken: ${JSON.stringify(body)}`
    }
    const foreign: readonly (readonly [string, object])[] = [
      ['institutions', { externalId: c('O9'), name: '网点', kind: 'outlet', parentCode: c('B1') }],
      ['institutions', { externalId: c('O1'), name: '网点', kind: 'outlet', parentCode: c('B2') }],
      ['staff', { externalId: c('Z9'), name: '职员', institutionCode: c('B1'), roles: ['teller'] }],
      ['staff', { externalId: c('R1'), name: '职员', institutionCode: c('B2'), roles: ['teller'] }],
      ['customers', { externalId: c('9'), kind: 'individual', name: '客户', institutionCode: c('O1') }],
      ['customers', { externalId: c('1'), kind: 'individual', name: '客户', institutionCode: c('B2') }],
      [
        'assignments',
        {
          externalId: c('S9'),
          customerExternalId: c('1'),
          staffNumber: c('R4'),
          businessLine: 'corporate',
          startsOn: '2027-01-01',
        },
      ],
      [
        'assignments',
        {
          externalId: c('S9'),
          customerExternalId: c('4'),
          staffNumber: c('R1'),
          businessLine: 'corporate',
          startsOn: '2027-01-01',
        },
      ],
      ['holdings', { externalId: c('A9'), customerExternalId: c('1'), productCode: c('CUR'), currency: 'CNY' }],
      ['holdingParties', { holdingExternalId: c('A1'), customerExternalId: c('4'), role: 'guarantor' }],
      ['holdingParties', { holdingExternalId: c('A4'), customerExternalId: c('1'), role: 'guarantor' }],
      ['balances', { holdingExternalId: c('A1'), day: '2026-11-21', amount: '1.00' }],
      ['activity', { customerExternalId: c('1'), month: '2026-10', channel: 'atm', type: 'cash', currency: 'CNY', count: 1 }],
      ['movements', { externalId: c('V9'), holdingExternalId: c('A1'), direction: 'in', amount: '1.00', bookedOn: '2026-11-01' }],
    ]
    const before = await bank.service.owner.query('select count(*) from audit_entry where customer_id is not null')
    for (const [entity, row] of foreign) {
      const told = await sends(entity, row)
      expect(told, `${entity} ${JSON.stringify(row)}`).toContain('unknown_reference')
      for (const mark of marks(bank, ['1', '2', '3'])) expect(told).not.toContain(mark)
    }
    // The account of another branch's customer cannot be taken over by naming one's own customer; that the name is taken cannot be hidden.
    const stolen = await sends('holdings', {
      externalId: c('A1'),
      customerExternalId: c('4'),
      productCode: c('CUR'),
      currency: 'CNY',
    })
    expect(stolen).toMatch(/unknown_reference|already_exists|conflict/)
    expect(stolen).not.toContain(markOf(bank, '1'))
    expect((await bank.service.owner.query('select customer_id from holding where external_id = $1', [c('A1')])).rows).toEqual([
      { customer_id: (await customerIds(bank))['1'] },
    ])
    expect((await bank.service.owner.query('select count(*) from audit_entry where customer_id is not null')).rows).toEqual(
      before.rows,
    )
  })
})

describe('a scope', () => {
  test('holds for reference data alone: with no customer permission in use no customer is seen', async ({ bank }) => {
    await fillDossiers(bank)
    const scope: Scope = scopeOf(await actorOf(bank, bank.code('M1')), ['organisation:read', 'product:read'])
    for (const { name } of ownedTables)
      expect(await bank.service.service.database.read(scope, { text: `select from ${name}`, values: [] }), name).toEqual([])
  })

  test('of a directory that has changed since is not used: the read is given up', async ({ bank }) => {
    const { directory, database } = bank.service.service
    const { actor, version } = await directory.resolve({ kind: 'staff', number: bank.code('R1') }, startOfTests, true)
    const reads = () => database.read(scopeOf(actor, ['customer:read']), { text: 'select id from customer', values: [] }, version)
    expect(await reads()).toHaveLength(1)
    await bank.feed('staff', [{ externalId: bank.code('T1'), name: '改名', institutionCode: bank.code('O1'), roles: ['teller'] }])
    expect(isStaleDirectory(await reads().catch((error: unknown) => error))).toBe(true)
    const written = database.transaction(
      scopeOf(actor, ['customer:read']),
      (db) => db.rows({ text: 'select id from customer', values: [] }),
      { directoryVersion: version },
    )
    expect(isStaleDirectory(await written.catch((error: unknown) => error))).toBe(true)
  })

  test('of nobody is empty: an unknown id answers as one out of scope does', async ({ bank }) => {
    const [unknown, foreign] = [NOBODY, await bank.customerId('4')]
    const asks = async (customerId: string) => {
      const { status, body } = await overRest(bank, bank.code('M1'), operationNamed('customer'), { customerId })
      return { status, code: body.code, detail: body.detail, title: body.title }
    }
    expect(await asks(foreign)).toEqual(await asks(unknown))
  })
})
