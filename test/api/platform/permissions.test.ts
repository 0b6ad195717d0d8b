import { describe, expect } from 'vitest'
import { isBankWide, grantsOf, permissions, type Permission, roles } from '../../../src/core/kernel/permissions.ts'
import { views, viewNamed } from '../../../src/db/views.ts'
import type { Operation } from '../../../src/operations/platform/operation.ts'
import { selectionOf } from '../../../src/rest/platform/route.ts'
import { type Caller, test, type TestBank } from '../../setup/service.ts'
import {
  type Input,
  minimalInput,
  NOBODY,
  offered,
  onGraphql,
  operationNamed,
  overGraphql,
  overRest,
  type Told,
} from '../calls.ts'
import {
  dossierThings,
  fillKeyDatesAndConsents,
  fillProfiles,
  fillThings,
  fillSegment,
  fillTiers,
  insideComputed,
  openValueDifference,
  tiersOf,
} from '../dossiers.ts'

type Holds = (permission: Permission) => boolean

/** Staff hold every role but the one of machine clients. */
const staffRoles = roles.filter((role) => role !== 'integration')

/** One staff member for each role, all of branch B1. */
async function staffOfEveryRole(
  bank: TestBank,
): Promise<readonly { readonly name: string; readonly caller: Caller; readonly holds: Holds }[]> {
  await bank.feed(
    'staff',
    staffRoles.map((role) => ({ externalId: bank.code(role), name: role, institutionCode: bank.code('B1'), roles: [role] })),
  )
  return staffRoles.map((role) => ({
    name: role,
    caller: bank.code(role),
    holds: (permission) => grantsOf[role][permission] !== undefined && !isBankWide(permission),
  }))
}

/** A machine client with these scopes, at branch B1 or where it is said. */
async function clientWith(
  bank: TestBank,
  name: string,
  scopes: readonly string[],
  home = bank.code('B1'),
): Promise<{ readonly name: string; readonly caller: Caller; readonly holds: Holds }> {
  await bank.service.owner.query(
    `insert into client (id, client_id, name, institution_id, institution_path, scopes, status, created_at, updated_at)
     select gen_random_uuid(), $1, 'Client', id, path, $2, 'active', now(), now() from institution where code = $3`,
    [bank.code(name), scopes, home],
  )
  return {
    name,
    caller: { client: bank.code(name) },
    holds: (permission) =>
      scopes.includes(permission) && grantsOf.integration[permission] !== undefined && (home === 'HO' || !isBankWide(permission)),
  }
}

const neededBy = (operation: Operation, input: Input): readonly Permission[] => [
  operation.permission,
  ...operation.alsoNeeds(input),
]

/** What is wrong with an answer to somebody who may, or may not, do this. */
function faultOf({ code }: Told, permitted: boolean): string | undefined {
  if (!permitted) return code === 'not_permitted' ? undefined : `${code} instead of not_permitted`
  return ['not_permitted', 'unauthenticated', 'internal', 'unavailable', 'timed_out'].includes(code)
    ? `${code} though the table grants it`
    : undefined
}

/** Asks for every operation over both sides and lists every answer that is not what the table of permissions says. */
async function askForEverything(
  bank: TestBank,
  { name, caller, holds }: { readonly name: string; readonly caller: Caller; readonly holds: Holds },
  onBothSides = true,
): Promise<{ faults: string[]; permitted: number; refused: number }> {
  const faults: string[] = []
  let permitted = 0
  for (const operation of offered) {
    const input = minimalInput(operation)
    const may = neededBy(operation, input).every(holds)
    if (may) permitted++
    const rest = faultOf(await overRest(bank, caller, operation, input), may)
    if (rest) faults.push(`${name} ${operation.name} over REST: ${rest}`)
    if (operation.transport !== 'both' || !(onBothSides || may)) continue
    const graphql = faultOf(await overGraphql(bank, caller, operation, input), may)
    if (graphql) faults.push(`${name} ${operation.name} over GraphQL: ${graphql}`)
  }
  return { faults, permitted, refused: offered.length - permitted }
}

describe('the table of permissions', () => {
  test('decides for every role and every operation, over REST and GraphQL', async ({ bank }) => {
    for (const member of await staffOfEveryRole(bank)) {
      const { faults, permitted, refused } = await askForEverything(bank, member)
      expect(faults).toEqual([])
      // Every role may do something and none everything: otherwise the comparison above says nothing.
      expect([permitted > 0, refused > 0], member.name).toEqual([true, true])
    }
  })

  test('lets what holds for the whole bank be changed from its root only', async ({ bank }) => {
    const rate = ['PUT', '/exchange-rates/NZD/2026-01-05', { source: 'core', rate: '4.1' }] as const
    const day = ['PUT', '/calendar-days/CN/2031-03-03', { kind: 'holiday' }] as const
    const product = ['POST', '/products', { code: bank.code('ALL'), name: '品', family: 'fund', category: 'fee' }] as const
    for (const [method, url, body] of [rate, day, product]) {
      expect((await bank.request(bank.code('A1'), method, url, body)).status, url).toBe(403)
      expect((await bank.request('ADMIN', method, url, body)).status, url).toBeLessThan(300)
    }
    expect((await bank.request({ client: `feed-${bank.code('B1')}` }, ...rate)).status).toBe(403)
  })

  test('cannot be bent by those who write staff: nobody changes their own roles, and clients alone integrate', async ({
    bank,
  }) => {
    const own = { name: '管理', institutionCode: bank.code('B1'), roles: ['administrator', 'branch_manager'] }
    const url = `/staff/by-external-id/core/${bank.code('A1')}`
    const risen = await bank.request(bank.code('A1'), 'PUT', url, own)
    expect([risen.status, risen.body.errors?.[0]?.pointer]).toEqual([409, '/roles'])
    const machine = await bank.request('ADMIN', 'PUT', url, { ...own, roles: ['integration'] })
    expect([machine.status, machine.body.errors?.[0]?.pointer]).toEqual([400, '/roles'])
    expect((await bank.request(bank.code('A1'), 'PUT', url, { ...own, roles: ['administrator'] })).status).toBe(200)
  })

  test('decides for machine clients by their scopes: all, one of each, or none', async ({ bank }) => {
    const all = await askForEverything(bank, await clientWith(bank, 'all', permissions))
    expect(all.faults).toEqual([])
    expect((await askForEverything(bank, await clientWith(bank, 'root', permissions, 'HO'))).faults).toEqual([])
    const none = await askForEverything(bank, await clientWith(bank, 'none', []))
    expect([none.faults, none.permitted]).toEqual([[], 0])
    for (const scope of permissions)
      expect((await askForEverything(bank, await clientWith(bank, scope, [scope]), false)).faults).toEqual([])
  })

  test('decides on each entity of an import besides import:run', async ({ bank }) => {
    const sends = (caller: Caller, entity: string) => overRest(bank, caller, operationNamed('importRows'), { entity, rows: [] })
    const { caller } = await clientWith(bank, 'holdings', ['import:run', 'holding:write'])
    for (const entity of ['holdings', 'holdingParties', 'balances', 'activity', 'movements'])
      expect((await sends(caller, entity)).code, entity).toBe('ok')
    for (const entity of ['institutions', 'staff', 'products', 'exchangeRates', 'customers', 'assignments'])
      expect((await sends(caller, entity)).code, entity).toBe('not_permitted')
  })

  test('is asked before the input is looked at, so that a refusal tells nothing of what there is', async ({ bank }) => {
    for (const operation of onGraphql.filter(({ permission }) => grantsOf.quality_inspector[permission] === undefined)) {
      const input = Object.fromEntries(
        Object.keys(minimalInput(operation)).map((name) => [name, name.endsWith('Id') ? 'no-id' : NOBODY]),
      )
      const { code } = await overRest(bank, bank.code('Q1'), operation, { ...input, expectedVersion: undefined })
      expect(code, operation.name).toBe('not_permitted')
    }
  })
})

describe('a caller', () => {
  test('without a token, or whom the directory does not know, is unauthenticated everywhere', async ({ bank }) => {
    for (const caller of [null, bank.code('NOBODY'), { client: bank.code('NOBODY') }] as (Caller | null)[]) {
      for (const operation of offered) {
        const input = minimalInput(operation)
        const rest = await overRest(bank, caller, operation, input)
        expect([rest.code, rest.status], operation.name).toEqual(['unauthenticated', 401])
        if (operation.transport === 'both')
          expect((await overGraphql(bank, caller, operation, input)).code, operation.name).toBe('unauthenticated')
      }
    }
  })

  test('is gone with the first request after deactivateStaff', async ({ bank }) => {
    const [customerId, staffId] = [await bank.customerId('2'), await bank.staffId('R2')]
    const asks = async () => [
      (await overRest(bank, bank.code('R2'), operationNamed('customer'), { customerId })).code,
      (await overGraphql(bank, bank.code('R2'), operationNamed('customer'), { customerId })).code,
    ]
    expect(await asks()).toEqual(['ok', 'ok'])
    expect((await overRest(bank, bank.code('A1'), operationNamed('deactivateStaff'), { staffId })).code).toBe('ok')
    expect(await asks()).toEqual(['unauthenticated', 'unauthenticated'])
  })

  test('before the first and from the last named day on is unknown', async ({ bank }) => {
    const asks = async () =>
      (await overRest(bank, bank.code('T1'), operationNamed('customer'), { customerId: await bank.customerId('1') })).code
    const member = (days: object) =>
      bank.feed('staff', [
        { externalId: bank.code('T1'), name: '职员T1', institutionCode: bank.code('O1'), roles: ['teller'], ...days },
      ])
    await member({ activeFrom: '2026-11-23' })
    expect(await asks()).toBe('unauthenticated')
    await member({ activeFrom: '2026-11-22', activeUntil: '2026-11-23' })
    expect(await asks()).toBe('ok')
    await member({ activeFrom: '2026-11-20', activeUntil: '2026-11-22' })
    expect(await asks()).toBe('unauthenticated')
  })

  test('has new roles with the very next request', async ({ bank }) => {
    const [customerId, staffId] = [await bank.customerId('2'), await bank.staffId('R2')]
    const asks = async () => {
      const told: string[] = []
      for (const [name, input] of [
        ['activity', { customerId }],
        ['createCustomer', minimalInput(operationNamed('createCustomer'))],
      ] as const) {
        for (const send of [overRest, overGraphql])
          told.push((await send(bank, bank.code('R2'), operationNamed(name), input)).code)
      }
      return told
    }
    const becomes = async (role: string) => {
      const { rows } = await bank.service.owner.query('select version from staff where id = $1', [staffId])
      const { code } = await overRest(bank, bank.code('A1'), operationNamed('correctStaff'), {
        staffId,
        roles: [role],
        expectedVersion: rows[0].version,
      })
      expect(code).toBe('ok')
    }
    expect(await asks()).toEqual(['ok', 'ok', 'not_permitted', 'not_permitted'])
    await becomes('teller')
    expect(await asks()).toEqual(['not_permitted', 'not_permitted', 'unknown_reference', 'unknown_reference'])
    await becomes('relationship_manager')
    expect(await asks()).toEqual(['ok', 'ok', 'not_permitted', 'not_permitted'])
  })
})

/** Queries that find something of the view they answer. */
async function queriesOf(bank: TestBank, made: ReadonlyMap<string, string>): Promise<Readonly<Record<string, Input>>> {
  const [customerId, holdingId] = [await bank.customerId('1'), await bank.holdingId('A1')]
  const { rows } = await bank.service.owner.query('select id from import_run order by started_at desc limit 1')
  const segmentId = await fillSegment(bank)
  await fillTiers(bank)
  const { schemeId, overrides } = await tiersOf(bank)
  const refresh = await bank.request({ client: 'core' }, 'POST', '/refreshes', {})
  const { rows: request } = await bank.service.owner.query('select id from approval_request where customer_id = $1', [customerId])
  return {
    institution: { institutionId: await bank.idOf('institution', 'O1') },
    institutions: { institutionId: await bank.idOf('institution', 'O1') },
    delegation: { delegationId: NOBODY },
    delegations: {},
    staffCapacity: {},
    teamMember: { customerId, teamMemberId: made.get('teamMember 1') },
    maintenanceTeam: { customerId },
    teamSuggestions: { customerId },
    assignmentHistory: { customerId },
    staffMember: { staffId: await bank.staffId('R1') },
    staffMembers: { number: bank.code('R1') },
    product: { productId: await bank.idOf('product', 'CUR') },
    products: { family: 'deposit' },
    exchangeRates: { currency: 'USD' },
    calendarDays: { calendar: 'CN' },
    customer: { customerId },
    customerByExternalId: { source: 'core', externalId: bank.code('1') },
    customers: {},
    customerSearch: { name: '王芳' },
    holding: { customerId, holdingId },
    holdingByExternalId: { source: 'core', externalId: bank.code('A1') },
    holdings: { customerId },
    balances: { customerId, holdingId },
    activity: { customerId },
    movements: { customerId },
    customerOverview: { customerId },
    customerTimeline: { customerId },
    refreshRun: { refreshId: refresh.body.id },
    refreshRuns: {},
    segment: { segmentId },
    segments: {},
    segmentMembers: { segmentId },
    migrationCustomers: { fact: 'lifecycleStage', from: '2026-10-31' },
    cohortCustomers: { from: '2026-01-01' },
    tierScheme: { schemeId },
    tierSchemes: {},
    tierHistory: { customerId },
    thresholdCustomers: { side: 'at_risk', schemeId },
    pendingDowngrades: { schemeId },
    tierOverride: { customerId, tierOverrideId: overrides['1'] },
    tierOverrides: { customerId },
    classificationHistory: { customerId },
    relationshipPreferences: { customerId },
    unprofitableCustomers: {},
    keyDate: { customerId, keyDateId: NOBODY },
    keyDates: { customerId },
    upcomingKeyDates: { days: 366 },
    consents: { customerId },
    consentHistory: { customerId },
    contactPreference: { customerId },
    ...Object.fromEntries(
      [...dossierThings, { one: 'groupMembership', many: 'groupMemberships', key: 'groupMembershipId' }].flatMap(
        ({ one, many, key }) => [
          [one, { customerId, [key]: made.get(`${one} 1`) }],
          [many, { customerId }],
        ],
      ),
    ),
    importRun: { importId: rows[0].id },
    importRuns: {},
    auditEntries: {},
    customerAccesses: { customerId },
    documentsToReview: {},
    contactPointsToReview: {},
    addressesToReview: {},
    customerProfile: { customerId },
    profileConflicts: { status: 'dismissed' },
    counterNotes: {},
    waitingItems: {},
    approvalRequests: {},
    approvalRequest: { customerId, approvalRequestId: request[0].id },
  }
}

describe('relations of a list', () => {
  const shown = '{ identifier: id holdings { id } }'

  test('show somebody of several roles no more than those of a single thing do', async ({ bank }) => {
    await bank.withCustomers()
    await bank.feed('staff', [
      {
        externalId: bank.code('MR'),
        name: '兼',
        institutionCode: bank.code('B1'),
        roles: ['relationship_manager', 'quality_inspector'],
      },
    ])
    const one = await bank.graphql(bank.code('MR'), `{ customer(customerId: "${await bank.customerId('1')}") ${shown} }`)
    expect([one.data.customer.holdings, one.errors?.[0]?.extensions.code]).toEqual([null, 'not_permitted'])
    for (const page of [`nodes ${shown}`, `edges { node ${shown} }`, `a: nodes { id } b: nodes ${shown}`]) {
      const many = await bank.graphql(bank.code('MR'), `{ customers { ${page} } }`)
      expect(many.errors?.map(({ extensions }: any) => extensions.code)).toContain('not_permitted')
      expect(JSON.stringify(many.data)).not.toMatch(/holdings":\[/)
    }
  })

  test('of reference data lead to the customers whom the caller sees, as those of a single thing do', async ({ bank }) => {
    await bank.withCustomers()
    for (const [caller, expected] of [
      ['M1', 2],
      ['R1', 1],
      ['T1', 2],
      ['M2', 0],
    ] as const) {
      const one = await bank.graphql(
        bank.code(caller),
        `{ institution(institutionId: "${await bank.idOf('institution', 'O1')}") { customers { nodes { id } } } }`,
      )
      expect(one.data.institution.customers.nodes, caller).toHaveLength(expected)
      const many = await bank.graphql(
        bank.code(caller),
        '{ institutions(first: 50) { nodes { code customers(first: 20) { nodes { id } } } } }',
      )
      const outlet = many.data.institutions.nodes.find(({ code }: any) => code === bank.code('O1'))
      expect(outlet.customers, caller).toEqual(one.data.institution.customers)
    }
  })
})

describe('the rejected rows of an import', () => {
  test('are for those only who may write such rows', async ({ bank }) => {
    const row = { externalId: bank.code('bad'), kind: 'nothing', name: '明文', institutionCode: bank.code('B1') }
    const { body } = await bank.import('customers', [row], { client: `feed-${bank.code('B1')}` })
    const { caller } = await clientWith(bank, 'rates', ['import:run', 'import:read', 'rate:write'])
    for (const [method, path] of [
      ['GET', 'rejects'],
      ['POST', 'cancellation'],
    ] as const) {
      const told = await bank.request(caller, method, `/imports/${body.id}/${path}`)
      expect([told.status, JSON.stringify(told.body).includes('明文')]).toEqual([403, false])
    }
  })
})

describe('a relation that the caller may not follow', () => {
  test('is null with the error not_permitted at its path in GraphQL, null in REST, and its SQL is never sent', async ({
    bank,
  }) => {
    const c = (suffix: string) => bank.code(suffix)
    await bank.feed('exchangeRates', [{ currency: 'USD', day: '2026-01-01', rate: '7' }])
    await bank.feed('activity', [
      {
        customerExternalId: c('1'),
        month: '2026-10',
        channel: 'mobile',
        type: 'transfer',
        currency: 'CNY',
        count: 3,
        amount: '10.00',
      },
    ])
    await bank.feed('movements', [
      { externalId: c('V1'), holdingExternalId: c('A1'), direction: 'in', amount: '10.00', bookedOn: '2026-11-01' },
    ])
    await fillKeyDatesAndConsents(bank)
    await fillProfiles(bank)
    for (const table of ['contact_point', 'address'] as const) await openValueDifference(bank, await bank.customerId('1'), table)
    await bank.request(c('A1'), 'PUT', '/calendar-days/CN/2099-05-05', { kind: 'holiday' })
    await bank.feed('customers', [
      {
        externalId: c('1'),
        kind: 'individual',
        name: '王芳',
        institutionCode: c('O1'),
        documentType: 'resident_id',
        documentNumber: '110101199003070000',
      },
    ])
    await bank.request(c('T1'), 'POST', '/counter-notes', {
      customerId: await bank.customerId('1'),
      kind: 'need',
      text: '想买房',
    })
    await bank.feed('staff', [{ externalId: c('NEW'), name: '新人', institutionCode: c('O1'), roles: ['teller'] }], {
      client: `feed-${c('B1')}`,
    })
    const scopes = permissions.filter((permission) => permission.endsWith(':read') || permission === 'customer:search')
    const callers = [...(await staffOfEveryRole(bank))]
    for (const scope of scopes) callers.push(await clientWith(bank, `only-${scope}`, [scope]))
    // What waits is read with the permission for the customer and the one for its kind.
    const waiting = await clientWith(bank, 'waiting', ['customer:read', 'dossier:read'])
    callers.push(waiting)
    const inputs = await queriesOf(bank, await fillThings(bank))
    const queries = onGraphql.filter(({ kind, answer }) => kind === 'query' && answer.shape !== 'value')
    expect(Object.keys(inputs).sort()).toEqual(queries.map(({ name }) => name).sort())

    const seen = new Set<string>()
    for (const { name, caller, holds } of callers) {
      for (const operation of queries) {
        if (operation.answer.shape === 'value') continue
        if (caller === waiting.caller && operation.name !== 'waitingItems') continue
        if (![operation.permission, ...operation.alsoNeeds(inputs[operation.name]!)].every(holds)) continue
        const { view, shape } = operation.answer
        const guarded = Object.entries(view.fields).flatMap(([field, definition]) =>
          definition.kind === 'column' || definition.kind === 'money' || holds(definition.permission)
            ? []
            : [{ field, definition }],
        )
        if (guarded.length === 0) continue
        const [plain] = Object.entries(view.fields).find(([, { kind }]) => kind === 'column')!
        let rest: Told | undefined
        for (const { field, definition } of guarded) {
          const where = `${name}: ${operation.name} ${view.name}.${field}`
          const inner =
            definition.kind === 'page'
              ? '{ nodes { __typename } }'
              : 'target' in definition
                ? '{ __typename }'
                : (insideComputed[field] ?? '')
          const asked = `${plain} ${field} ${inner}`
          bank.service.statements.length = 0
          const told = await overGraphql(
            bank,
            caller,
            operation,
            inputs[operation.name]!,
            shape === 'page' ? `nodes { ${asked} }` : asked,
          )
          const [object] = shape === 'page' ? (told.body?.nodes ?? []) : [told.body]
          // A portfolio may be empty and a single scope may see nobody; who sees something must get the rest of it.
          // Nothing to show: an empty page, or a customer who is not in this one's portfolio.
          if (!object && (told.errors?.length === 0 || told.code === 'not_found')) continue
          const path = shape === 'page' ? [operation.name, 'nodes', 0, field] : [operation.name, field]
          expect(told.errors?.[0], where).toMatchObject({ path, extensions: { code: 'not_permitted' } })
          expect(object, where).toMatchObject({ [plain]: expect.anything(), [field]: null })
          const tables = 'target' in definition ? [viewNamed(definition.target).table] : ['holding', 'balance', 'exchange_rate']
          for (const statement of bank.service.statements)
            for (const table of tables)
              expect(statement, where).not.toMatch(new RegExp(`(from|join) ${table} (?!(root|o)(_owner)?\\b)`))
          expect(bank.service.statements.length, where).toBeGreaterThan(0)

          const parts = selectionOf(operation)
          const inRest = shape === 'page' ? parts.get('nodes')!.selection : parts
          if (inRest.has(field)) {
            rest ??= await overRest(bank, caller, operation, inputs[operation.name]!)
            const answered = shape === 'page' ? rest.body.items?.[0] : rest.body
            expect([rest.code, answered?.[field]], where).toEqual(['ok', null])
          }
          seen.add(`${view.name}.${field}`)
        }
      }
    }
    // Whoever may see a thing of these views always may follow these relations.
    const never = new Set([
      'Institution.parent',
      'Institution.children',
      'Institution.staff',
      'Staff.institution',
      'Staff.delegations',
      'Staff.covers',
      'Delegation.staff',
      'Delegation.deputy',
      'TeamSuggestion.staff',
      'CustomerAccess.staff',
      'ApprovalRequest.requestedBy',
      'ApprovalRequest.decidedBy',
      'ApprovalRequest.customer',
      'WaitingItem.customer',
      'Segment.rule',
      'UnprofitableCustomer.customer',
      'Segment.versions',
      'TierScheme.versions',
      'CustomerOverview.customer',
      'CustomerOverview.timeline',
      'TimelineEntry.customer',
      'TimelineEntry.staff',
      'Customer.externalIds',
      'Holding.parties',
      'Holding.balances',
      'Balance.holding',
    ])
    // So may whoever reads something of a dossier follow it to the rest of the dossier.
    const dossierViews = new Set(
      queries.flatMap(({ answer, permission }) =>
        answer.shape !== 'value' && permission === 'dossier:read' ? [answer.view.name] : [],
      ),
    )
    const answeredViews = new Set(queries.flatMap(({ answer }) => (answer.shape === 'value' ? [] : [answer.view.name])))
    const all = views
      .filter(({ name }) => answeredViews.has(name))
      .flatMap(({ name, fields }) =>
        Object.entries(fields).flatMap(([field, definition]) =>
          definition.kind === 'column' ||
          definition.kind === 'money' ||
          (dossierViews.has(name) && definition.permission === 'dossier:read')
            ? []
            : [`${name}.${field}`],
        ),
      )
    expect(all.filter((relation) => !seen.has(relation) && !never.has(relation))).toEqual([])
  })
})
