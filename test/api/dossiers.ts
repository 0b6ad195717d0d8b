import { getTableColumns, getTableName } from 'drizzle-orm'
import { recordSources } from '../../src/core/dossier/dossier-records.ts'
import { tables } from '../../src/db/schema.ts'
import type { Caller, TestBank } from '../setup/service.ts'

/** The customers of every bank: 1 and 2 in outlet O1, 3 in outlet O2, 4 in branch B2. */
export const customers = ['1', '2', '3', '4'] as const
export type CustomerName = (typeof customers)[number]

export const outletOf: Readonly<Record<CustomerName, string>> = { '1': 'O1', '2': 'O1', '3': 'O2', '4': 'B2' }
/** Next in the round of joint owners: 2 is a party of the account of 1, 1 of the account of 4. */
const partyOf: Readonly<Record<CustomerName, CustomerName>> = { '1': '2', '2': '3', '3': '4', '4': '1' }
export const keeperOf: Readonly<Record<CustomerName, string>> = { '1': 'R1', '2': 'R2', '3': 'R3', '4': 'R4' }

export const sharedPhone = '13812345678'
export const documentOf: Readonly<Record<CustomerName, string>> = {
  '1': 'E11111111',
  '2': 'E22222222',
  '3': 'E33333333',
  '4': 'E44444444',
}

/** Stands in what only an answer about this customer can hold: name, city and account. */
export const markOf = (bank: TestBank, customer: CustomerName): string => `mark${bank.name}x${customer}x`

/** Who the tests look through, and whom each may see; written down here and not computed from the rules. */
export interface Onlooker {
  readonly name: string
  readonly caller: Caller
  readonly sees: readonly CustomerName[]
}

export function onlookers(bank: TestBank): readonly Onlooker[] {
  const c = (suffix: string) => bank.code(suffix)
  return [
    { name: 'the manager of branch B1', caller: c('M1'), sees: ['1', '2', '3'] },
    { name: 'the relationship manager of customer 1', caller: c('R1'), sees: ['1'] },
    { name: 'a colleague of the same outlet', caller: c('R2'), sees: ['2'] },
    { name: 'a relationship manager elsewhere who covers for R1', caller: c('R3'), sees: ['1', '3'] },
    { name: 'the machine client of branch B2', caller: { client: `feed-${c('B2')}` }, sees: ['4'] },
    { name: 'a teller of outlet O1', caller: c('T1'), sees: ['1', '2'] },
  ]
}

/** The row that feeds bring of a customer. */
export function customerRow(bank: TestBank, customer: CustomerName): Record<string, unknown> {
  const mark = markOf(bank, customer)
  return {
    externalId: bank.code(customer),
    kind: 'individual',
    name: `王${mark}`,
    institutionCode: bank.code(outletOf[customer]),
    documentType: 'passport',
    documentCountry: 'DE',
    documentNumber: documentOf[customer],
    phone: customer === '3' ? '13912345678' : sharedPhone,
    email: `${mark}@example.com`,
    addressCountry: 'CN',
    addressCity: mark,
    addressLine: `${mark} 1`,
  }
}

/** Gives each of the four customers at least one row in every table of what belongs to a customer, and R3 the portfolio of R1 to cover. */
export async function fillDossiers(bank: TestBank): Promise<ReadonlyMap<string, string>> {
  const c = (suffix: string) => bank.code(suffix)
  const each = (row: (customer: CustomerName) => object) => customers.map(row)
  await bank.feed('staff', [
    { externalId: c('R4'), name: '职员R4', institutionCode: c('B2'), roles: ['relationship_manager'] },
    { externalId: c('U2'), name: '职员U2', institutionCode: c('B2'), roles: ['auditor'] },
    { externalId: c('A2'), name: '职员A2', institutionCode: c('B2'), roles: ['administrator'] },
    { externalId: c('M3'), name: '职员M3', institutionCode: c('B1'), roles: ['branch_manager'] },
  ])
  await bank.feed('exchangeRates', [{ currency: 'USD', day: '2026-01-01', rate: '7' }])
  await bank.feed(
    'customers',
    each((customer) => customerRow(bank, customer)),
  )
  // Beside the passport a number with a wrong check digit: kept, and to be clarified.
  await bank.feed(
    'customers',
    each((customer) => ({
      ...customerRow(bank, customer),
      documentType: 'resident_id',
      documentCountry: 'CN',
      documentNumber: '110101199003070000',
    })),
  )
  await bank.feed('assignments', [
    { externalId: c('S4'), customerExternalId: c('4'), staffNumber: c('R4'), businessLine: 'personal', startsOn: '2024-01-01' },
  ])
  await bank.feed(
    'holdings',
    each((customer) => ({
      externalId: c(`A${customer}`),
      accountNumber: markOf(bank, customer),
      customerExternalId: c(customer),
      productCode: c('CUR'),
      currency: 'CNY',
      recommendedBy: c(keeperOf[customer]),
    })),
  )
  await bank.feed(
    'holdingParties',
    each((customer) => ({ holdingExternalId: c(`A${customer}`), customerExternalId: c(partyOf[customer]), role: 'joint_owner' })),
  )
  await bank.feed(
    'balances',
    each((customer) => ({ holdingExternalId: c(`A${customer}`), day: '2026-10-01', amount: `${customer}00.00` })),
  )
  await bank.feed(
    'activity',
    each((customer) => ({
      customerExternalId: c(customer),
      month: '2026-10',
      channel: 'mobile',
      type: 'transfer',
      currency: 'CNY',
      count: 3,
      amount: '10.00',
    })),
  )
  await bank.feed(
    'movements',
    each((customer) => ({
      externalId: c(`V${customer}`),
      holdingExternalId: c(`A${customer}`),
      direction: 'in',
      amount: '10.00',
      bookedOn: '2026-11-01',
      counterparty: '6217000010001234567',
    })),
  )
  await fillKeyDatesAndConsents(bank)
  const ids = await customerIds(bank)
  for (const customer of customers) {
    const note = { customerId: ids[customer], kind: 'hint', text: `${markOf(bank, customer)} asks about loans` }
    const { status, body } = await bank.request(c(customer === '4' ? 'M2' : 'T1'), 'POST', '/counter-notes', note)
    if (status !== 201) throw new Error(`The note was refused: ${JSON.stringify(body)}`)
  }
  await bank.service.owner.query(
    `insert into customer_fact (customer_id, institution_path, as_of, refreshed_at, kind, status, institutions, profit, transactions_cost, aum)
    select id, institution_path, '2026-11-22', now(), kind, status, array[$2::text], 1, 2, 3 from customer where id = any ($1)
    on conflict do nothing`,
    [Object.values(ids), `${bank.name} mark`],
  )
  await fillSegment(bank)
  await fillTiers(bank)
  await bank.service.owner.query(
    `insert into customer_fact_month (customer_id, month_end, institution_path) select id, '2026-10-31', institution_path from customer where id = any ($1)`,
    [Object.values(ids)],
  )
  await fillProfiles(bank)
  await delegate(bank, 'R1', 'R3', '2026-11-22')
  return fillThings(bank)
}

/** Sends a command as core banking, which sees the whole bank, and answers what it made. */
export async function command(
  bank: TestBank,
  method: 'POST' | 'PATCH',
  url: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<any> {
  const answer = await bank.request({ client: 'core' }, method, url, body, headers)
  if (answer.status >= 300) throw new Error(`${method} ${url} was refused: ${JSON.stringify(answer.body)}`)
  return answer.body
}

type Ids = Readonly<Record<CustomerName, string>>

/** Something that is written down under a customer: its queries, the input that names it, its address and a body that is taken. */
export interface DossierThing {
  readonly one: string
  readonly many: string
  readonly key: string
  readonly path: string
  /** Taken of businesses only. */
  readonly business?: true
  readonly body: (at: {
    readonly bank: TestBank
    readonly customer: CustomerName
    readonly ids: Ids
    readonly made: ReadonlyMap<string, string>
  }) => object
  /** A correction of it. */
  readonly correct?: object
  /** How it is ended, where it has operations of the usual names. */
  readonly end?: object
}

let figures = 0
/** There is one note of key figures for each year and source. */
const nextYear = (): { readonly year: number; readonly source: string } => ({
  year: 1900 + (figures % 120),
  source: recordSources[Math.floor(figures++ / 120) % recordSources.length]!,
})

/** In the order in which they are made: each may refer to those before it, `made` by name and customer. */
export const dossierThings: readonly DossierThing[] = [
  {
    one: 'relationship',
    many: 'relationships',
    key: 'relationshipId',
    path: 'relationships',
    body: ({ customer, ids }) => ({ relatedCustomerId: ids[partyOf[customer]], kind: 'partner' }),
  },
  {
    one: 'keyPerson',
    many: 'keyPeople',
    key: 'keyPersonId',
    path: 'key-people',
    business: true,
    body: ({ bank, customer, ids }) => ({
      name: markOf(bank, customer),
      role: 'executive',
      phone: '13712345678',
      personCustomerId: ids[partyOf[customer]],
    }),
  },
  {
    one: 'sharedKeyPerson',
    many: 'sharedKeyPeople',
    key: 'sharedKeyPersonId',
    path: 'shared-key-people',
    business: true,
    body: ({ customer, ids, made }) => ({
      keyPersonCustomerId: ids[partyOf[customer]],
      keyPersonId: made.get(`keyPerson ${partyOf[customer]}`),
      role: 'influencer',
    }),
  },
  {
    one: 'customerGroup',
    many: 'customerGroups',
    key: 'customerGroupId',
    path: 'groups',
    body: ({ bank, customer }) => ({ kind: 'household', name: markOf(bank, customer) }),
  },
  {
    one: 'need',
    many: 'needs',
    key: 'needId',
    path: 'needs',
    body: ({ bank, customer }) => ({ kind: 'home', source: 'customer', note: markOf(bank, customer) }),
    correct: { horizonOn: '2030-01-01' },
    end: { status: 'met' },
  },
  {
    one: 'outsideHolding',
    many: 'outsideHoldings',
    key: 'outsideHoldingId',
    path: 'outside-holdings',
    body: ({ bank, customer }) => ({
      bankName: markOf(bank, customer),
      kind: 'assets',
      amount: '5.00',
      currency: 'CNY',
      source: 'observed',
    }),
    correct: { amount: '6.00', currency: 'CNY' },
    end: {},
  },
  {
    one: 'creditStanding',
    many: 'creditStandings',
    key: 'creditStandingId',
    path: 'credit-standings',
    body: ({ bank, customer }) => ({
      origin: 'internal',
      rating: 'AA',
      ratedOn: '2026-01-01',
      source: 'system',
      note: markOf(bank, customer),
    }),
    correct: { outlook: 'stable' },
    end: {},
  },
  {
    one: 'keyFigure',
    many: 'keyFigures',
    key: 'keyFigureId',
    path: 'key-figures',
    body: ({ bank, customer }) => ({
      ...nextYear(),
      revenue: '5000000.00',
      netProfit: '-1000.00',
      currency: 'CNY',
      debtRatio: '48.5',
      note: markOf(bank, customer),
    }),
    correct: { debtRatio: '50' },
    end: {},
  },
  {
    one: 'suitabilityAssessment',
    many: 'suitabilityAssessments',
    key: 'suitabilityAssessmentId',
    path: 'suitability-assessments',
    body: ({ bank, customer }) => ({
      score: 50,
      level: 3,
      questionnaireVersion: markOf(bank, customer),
      assessedOn: '2026-11-01',
      firstTimeBuyer: false,
      source: 'customer',
    }),
    correct: { score: 51 },
    end: {},
  },
  {
    one: 'lifeEvent',
    many: 'lifeEvents',
    key: 'lifeEventId',
    path: 'life-events',
    body: ({ bank, customer, made }) => ({
      title: markOf(bank, customer),
      happenedOn: '2026-11-01',
      keyPersonId: made.get(`keyPerson ${customer}`),
      source: 'public',
    }),
    correct: { happenedOn: '2026-11-02' },
    end: {},
  },
  {
    one: 'privilegeGrant',
    many: 'privilegeGrants',
    key: 'privilegeGrantId',
    path: 'privilege-grants',
    body: ({ bank, customer }) => ({
      privilege: 'card',
      startsOn: '2026-01-01',
      source: 'system',
      note: markOf(bank, customer),
    }),
    correct: { endsOn: '2030-01-01' },
    end: {},
  },
]

/** Gives each of these customers one of everything that is written down, and answers the ids by name and customer. */
export async function fillThings(bank: TestBank, of: readonly CustomerName[] = customers): Promise<ReadonlyMap<string, string>> {
  const ids = await customerIds(bank)
  const made = new Map<string, string>()
  for (const thing of dossierThings) {
    for (const customer of of) {
      const kind = (one: string) => bank.service.owner.query('update customer set kind = $1 where id = $2', [one, ids[customer]])
      if (thing.business) await kind('sole_trader')
      const { id } = await command(
        bank,
        'POST',
        `/customers/${ids[customer]}/${thing.path}`,
        thing.body({ bank, customer, ids, made }),
      )
      if (thing.business) await kind('individual')
      if (thing.correct)
        await command(bank, 'PATCH', `/customers/${ids[customer]}/${thing.path}/${id}`, thing.correct, { 'if-match': '"1"' })
      made.set(`${thing.one} ${customer}`, id)
      if (thing.one === 'customerGroup') {
        const { rows } = await bank.service.owner.query('select id from group_membership where group_id = $1', [id])
        made.set(`groupMembership ${customer}`, rows[0].id)
      }
    }
  }
  for (const [name, id] of await fillTeams(bank, of)) made.set(name, id)
  return made
}

/** Puts whoever keeps each of these customers, or sees them anyway, into the team, and lets one of each branch know deposits well. */
async function fillTeams(bank: TestBank, of: readonly CustomerName[]): Promise<ReadonlyMap<string, string>> {
  const specialist = (number: string, branch: string) => ({
    externalId: bank.code(number),
    name: `职员${number}`,
    institutionCode: bank.code(branch),
    roles: ['marketing'],
    productFamilies: ['deposit'],
  })
  await bank.feed('staff', [specialist('D1', 'B1'), specialist('D2', 'B2')])
  const ids = await customerIds(bank)
  const made = new Map<string, string>()
  for (const customer of of) {
    const staffId = await bank.staffId(customer === '4' ? 'M2' : keeperOf[customer])
    const body = { staffId, duty: 'adviser', reason: markOf(bank, customer) }
    made.set(`teamMember ${customer}`, (await command(bank, 'POST', `/customers/${ids[customer]}/team`, body)).id)
  }
  return made
}

/** What to ask inside of a computed field that is no single value. */
export const insideComputed: Readonly<Record<string, string>> = {
  aumByMonth: '(months: 1) { monthEnd amount { amount } }',
  assetRates: '{ currency rate day }',
  referrals: '{ count thanked }',
  contact: '{ phoneMasked emailMasked }',
  value: '{ members notShown aum { amount } }',
  suitability: '{ valid highestLevel reason }',
  holdingsByFamily: '{ family holdings }',
  quality: '{ score }',
  fieldSources: '{ field source asOf setBy { name } }',
  lifeStages: '{ subject stage basis }',
  tiers: '{ scheme tier rank }',
  versions: '{ schemeVersion thresholds { code } }',
}

/** A segment by a rule in which each customer is, and a condition that holds for them. Answers its id. */
export async function fillSegment(bank: TestBank): Promise<string> {
  const { owner } = bank.service
  const { rows } = await owner.query(
    `insert into segment (id, code, name, kind, state, rule_version, created_by, created_at, updated_at)
    values (gen_random_uuid(), $1, 'mark', 'dynamic', 'active', 1, 'test', now(), now()) returning id`,
    [`${bank.name}-mark`],
  )
  const [{ id }] = rows
  await owner.query(
    `insert into segment_version (segment_id, rule_version, rule, created_by, created_at) values ($1, 1, '{"fact": "aum", "exists": true}', 'test', now())`,
    [id],
  )
  const ids = Object.values(await customerIds(bank))
  await owner.query(
    `insert into segment_membership (customer_id, id, institution_path, segment_id, entered_on, entered_at, entered_version)
    select id, gen_random_uuid(), institution_path, $2, '2026-11-01', now(), 1 from customer where id = any ($1)`,
    [ids, id],
  )
  await owner.query(
    `insert into customer_condition (customer_id, condition, institution_path, since) select id, 'mark', institution_path, '2026-11-01' from customer where id = any ($1)`,
    [ids],
  )
  return id
}

/**
 * A scheme of tiers in which each customer holds the one tier, is not settled and at risk, with one that was set by hand and has ended; how they are classified and
 * what was declared to drive them.
 */
export async function fillTiers(bank: TestBank): Promise<void> {
  const { owner } = bank.service
  const ids = Object.values(await customerIds(bank))
  const { rows } = await owner.query(
    `insert into tier_scheme (id, code, name, kinds, measure, state, evaluated_version, created_by, created_at, updated_at)
    values (gen_random_uuid(), $1, 'mark', '{individual}', 'aum', 'active', 1, 'test', now(), now()) returning id, slot`,
    [`${bank.name}-mark`],
  )
  const [{ id, slot }] = rows
  await owner.query(
    `insert into policy_version (kind, key, version, effective_on, definition, source, set_by, set_at)
    values ('tier_scheme', $1, 1, '2026-01-01', '{"graceDays": 90, "subtrees": [], "thresholds": [{"code": "mark", "name": "mark", "from": "0", "atRiskMargin": "1000000000"}]}', 'bank', 'test', now())`,
    [id],
  )
  await owner.query(
    `insert into customer_fact as f (customer_id, institution_path, as_of, refreshed_at, kind, status, aum)
    select id, institution_path, '2026-11-22', now(), kind, status, 3 from customer where id = any ($1) on conflict do nothing`,
    [ids],
  )
  await owner.query(
    `update customer_fact set tier_places = array_fill(null::int, array[$2::int - 1]) || 1, tier_below = array_fill(null::date, array[$2::int - 1]) || date '2026-11-01'
    where customer_id = any ($1)`,
    [ids, slot],
  )
  await owner.query(
    `insert into tier_membership (customer_id, id, institution_path, scheme_id, tier, place, began_on, began_at, began_reason, began_version)
    select id, gen_random_uuid(), institution_path, $2, 'mark', 1, '2026-11-01', now(), 'entered', 1 from customer where id = any ($1)`,
    [ids, id],
  )
  await owner.query(
    `with override as (
      insert into tier_override (customer_id, id, institution_path, scheme_id, tier, reason, requested_by, approver_id, starts_on, ends_on, state, created_at, updated_at)
      select id, gen_random_uuid(), institution_path, $2, 'mark', 'mark', $3, $3, '2026-11-01', '2026-11-02', 'ended', now(), now() from customer where id = any ($1)
      returning customer_id, id, institution_path
    )
    insert into approval_request (customer_id, id, institution_path, kind, subject_id, state, reason, requested_by, requested_at)
    select customer_id, gen_random_uuid(), institution_path, 'tier_override', id, 'pending', 'mark', $3, now() from override`,
    [ids, id, await bank.staffId('M1')],
  )
  await owner.query(
    `insert into classification_period (customer_id, id, institution_path, kind, value, policy_version, began_on, began_at)
    select id, gen_random_uuid(), institution_path, 'lifecycle_stage', 'growth', 0, '2026-11-01', now() from customer where id = any ($1)`,
    [ids],
  )
  await owner.query(
    `insert into relationship_preference (customer_id, id, institution_path, preference, declared_by, declared_at)
    select id, gen_random_uuid(), institution_path, 'price', $2, now() from customer where id = any ($1)`,
    [ids, await bank.staffId('M1')],
  )
}

/** The scheme of `fillTiers`, and the ids of what was set by hand in it, by customer. */
export async function tiersOf(
  bank: TestBank,
): Promise<{ readonly schemeId: string; readonly overrides: Readonly<Record<CustomerName, string>> }> {
  const { rows } = await bank.service.owner.query(
    `select s.id as scheme, c.core_number, o.id from tier_scheme s join tier_override o on o.scheme_id = s.id join customer c on c.id = o.customer_id
    where s.code = $1 and o.reason = 'mark'`,
    [`${bank.name}-mark`],
  )
  const overrides = rows.map(({ core_number, id }) => [core_number.slice(bank.name.length + 1), id])
  return { schemeId: rows[0].scheme, overrides: Object.fromEntries(overrides) }
}

/** A birthday, a consent and wishes of each customer. */
export async function fillKeyDatesAndConsents(bank: TestBank): Promise<void> {
  for (const [customer, customerId] of Object.entries(await customerIds(bank))) {
    const consent = { channel: 'phone', purpose: 'marketing', decision: 'granted', evidence: 'form' }
    const sent = [
      ['POST', 'key-dates', { kind: 'birthday', month: 12, day: Number(customer) }],
      ['POST', 'consents', { ...consent, evidenceReference: markOf(bank, customer as CustomerName) }],
      ['PUT', 'contact-preference', { topics: [markOf(bank, customer as CustomerName)] }],
    ] as const
    for (const [method, part, body] of sent) {
      const { status, body: told } = await bank.request({ client: 'core' }, method, `/customers/${customerId}/${part}`, body)
      if (status >= 300) throw new Error(`The ${part} were refused: ${JSON.stringify(told)}`)
    }
  }
}

/**
 * What a banker made sure of about each customer, and what core banking wants otherwise: an occupation, which is open, and a language, which was
 * dismissed.
 */
export async function fillProfiles(bank: TestBank): Promise<void> {
  for (const [customer, customerId] of Object.entries(await customerIds(bank))) {
    const manager = bank.code(customer === '4' ? 'M2' : 'M1')
    const { rows } = await bank.service.owner.query('select name, version from customer where id = $1', [customerId])
    const [{ name, version }] = rows
    const mark = markOf(bank, customer as CustomerName)
    const said = { occupation: mark, preferredLanguage: 'zh-CN', verification: 'customer_asked' }
    const revised = await bank.request(manager, 'PATCH', `/customers/${customerId}/profile`, said, { 'if-match': `"${version}"` })
    const row = { kind: 'individual', name, institutionCode: bank.code(outletOf[customer as CustomerName]) }
    const sent = { ...row, occupation: `${mark} otherwise`, preferredLanguage: 'en' }
    const url = `/customers/by-external-id/core/${bank.code(customer)}`
    const fed = await bank.request({ client: 'core' }, 'PUT', url, sent)
    const { body } = await bank.request(manager, 'GET', `/profile-conflicts?customerId=${customerId}&field=preferred_language`)
    const dismissal = `/customers/${customerId}/profile-conflicts/${body.items?.[0]?.id}/dismissal`
    const dismissed = await bank.request(manager, 'POST', dismissal, {})
    if ([revised, fed, dismissed].some(({ status }) => status !== 200))
      throw new Error(`The profile was refused: ${JSON.stringify([revised.body, fed.body, dismissed.body])}`)
  }
}

/** Makes up a value that a feed of its own wanted, and answers the id of the conflict. */
export async function openDifference(bank: TestBank, customerId: string, field = 'occupation'): Promise<string> {
  const { rows } = await bank.service.owner.query(
    `insert into profile_conflict (customer_id, id, institution_path, field, source, value_sent, as_of, policy_version, status, detected_at)
     select id, gen_random_uuid(), institution_path, $2, 'feed-' || gen_random_uuid(), '厨师', now(), 0, 'open', now() from customer where id = $1 returning id`,
    [customerId, field],
  )
  return rows[0].id
}

let values = 0

/** Makes a feed say an identity document, a contact point or an address beside one that somebody has verified, and answers the id of what it says. */
export async function openValueDifference(
  bank: TestBank,
  customerId: string,
  table: 'identity_document' | 'contact_point' | 'address',
): Promise<string> {
  const { owner } = bank.service
  const { rows } = await owner.query(
    `select x.external_id as "externalId", c.kind, c.name, i.code as "institutionCode" from customer c join institution i on i.id = c.institution_id
     join customer_external_id x on x.customer_id = c.id and x.source = 'core' where c.id = $1`,
    [customerId],
  )
  const [seen, said] = [`E${10_000_000 + values++}`, `E${10_000_000 + values++}`]
  const [path, body, sent] = {
    identity_document: [
      'identity-documents',
      { type: 'passport', country: 'DE', number: seen },
      { documentType: 'passport', documentCountry: 'DE', documentNumber: said },
    ],
    contact_point: [
      'contact-points',
      { kind: 'email', purpose: 'primary', value: `${seen}@example.com` },
      { email: `${said}@example.com` },
    ],
    address: ['addresses', { purpose: 'primary', line: seen }, { addressLine: said }],
  }[table] as [string, object, object]
  const added = await bank.request({ client: 'core' }, 'POST', `/customers/${customerId}/${path}`, body)
  if (added.status !== 201) throw new Error(`The value was refused: ${JSON.stringify(added.body)}`)
  await owner.query(`update ${table} set verified_at = now() where id = $1`, [added.body.id])
  await bank.feed('customers', [{ ...rows[0], ...sent }])
  const { rows: differing } = await owner.query(
    `select id from ${table} where customer_id = $1 and conflicting order by as_of desc limit 1`,
    [customerId],
  )
  return differing[0].id
}

/** Lets one cover for the other from a day on, and answers the id of the delegation. */
export async function delegate(bank: TestBank, absent: string, deputy: string, startsOn: string): Promise<string> {
  const request = {
    staffId: await bank.staffId(absent),
    deputyId: await bank.staffId(deputy),
    startsOn,
    endsOn: '2099-01-01',
    reason: 'annual leave',
  }
  const { status, body } = await bank.request(bank.code('M1'), 'POST', '/delegations', request)
  if (status !== 201) throw new Error(`The delegation was refused: ${JSON.stringify(body)}`)
  return body.id
}

/** Every table of what belongs to a customer, the table of customers among them, and the column that says whose a row is. */
export const ownedTables = tables
  .filter(({ kind }) => kind === 'customer' || kind === 'owned')
  .map(({ kind, table }) => ({
    name: getTableName(table),
    column: kind === 'customer' ? 'id' : getTableColumns(table)['customerId']!.name,
  }))

export async function customerIds(bank: TestBank): Promise<Readonly<Record<CustomerName, string>>> {
  const { rows } = await bank.service.owner.query('select core_number, id from customer where core_number = any ($1)', [
    customers.map((one) => bank.code(one)),
  ])
  return Object.fromEntries(rows.map((row) => [row.core_number.slice(bank.name.length + 1), row.id])) as Record<
    CustomerName,
    string
  >
}

/** Rows by customer, as the owner of the tables sees them. Throws where a customer has none to test with. */
export async function rowsByOwner(
  bank: TestBank,
  table: { readonly name: string; readonly column: string },
): Promise<ReadonlyMap<string, number>> {
  const ids = Object.values(await customerIds(bank))
  const { rows } = await bank.service.owner.query(
    `select ${table.column} as id, count(*)::int as count from ${table.name} where ${table.column} = any ($1) group by 1`,
    [ids],
  )
  const counted = new Map<string, number>(rows.map(({ id, count }) => [id, count]))
  if (ids.some((id) => !counted.has(id)))
    throw new Error(`There is no row to test with in ${table.name} for one of the customers. Add one to fillDossiers().`)
  return counted
}
