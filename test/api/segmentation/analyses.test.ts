import { describe, expect } from 'vitest'
import { operationNamed, overGraphql, overRest, type Input } from '../calls.ts'
import { analysedBank, isIn, type Known, wasIn, yuan } from './analysed-bank.ts'
import { type Caller, test, type TestBank, type TestService } from '../../setup/service.ts'

const today = '2026-11-22'
const round = (value: number): number => Math.round(value * 1e4) / 1e4
const percent = (part: number, whole: number): number | null => (whole === 0 ? null : round((100 * part) / whole))
const sum = (list: readonly Known[]): bigint => list.reduce((all, { aum }) => all + aum, 0n)

/** The answer over REST, which GraphQL gives alike. */
async function ask(bank: TestBank, caller: Caller, name: string, input: Input): Promise<any> {
  const rest = await overRest(bank, caller, operationNamed(name), input)
  expect(rest.code, JSON.stringify(rest.body)).toBe('ok')
  const graphql = await overGraphql(bank, caller, operationNamed(name), input)
  expect(graphql.errors ?? [], JSON.stringify(graphql.errors)).toEqual([])
  expect(graphql.body).toEqual(rest.body)
  return rest.body
}

async function refusal(bank: TestBank, caller: Caller, name: string, input: Input): Promise<unknown[]> {
  const rest = await overRest(bank, caller, operationNamed(name), input)
  const graphql = await overGraphql(bank, caller, operationNamed(name), input)
  expect(graphql.code).toBe(rest.code)
  return [rest.code, ...(rest.body.errors ?? []).map(({ pointer, rule }: any) => `${pointer} ${rule}`)]
}

const ofBranch = ({ outlet }: Known): boolean => outlet !== 'B2'

/** Completed years, as people count them. */
function ageOf(birthDate: string): number {
  const [year, rest] = [Number(today.slice(0, 4)) - Number(birthDate.slice(0, 4)), birthDate.slice(5) > today.slice(5)]
  return year - (rest ? 1 : 0)
}
const bandOf = (years: number, limits: readonly number[]): string => {
  const next = limits.findIndex((limit) => years < limit)
  if (next === 0) return `under_${limits[0]}`
  return next === -1 ? `${limits.at(-1)}_and_over` : `${limits[next - 1]}_to_${limits[next]}`
}

/** In which cells of each group a customer is, said as plainly as can be; and of whom shares are taken. */
const plain: Readonly<
  Record<string, { readonly of: (one: Known) => boolean; readonly keys: (one: Known) => readonly string[] }>
> = (() => {
  const all = (): boolean => true
  const person = ({ kind }: Known): boolean => kind !== 'company'
  const business = ({ kind }: Known): boolean => kind !== 'individual'
  const signedUp = ({ signUps }: Known): boolean => signUps > 0
  const size = ({ aum }: Known): string => (aum < 100_000_000n ? 'under_1m' : aum < 1_000_000_000n ? '1m_to_10m' : '10m_and_over')
  const recent = ({ lastUsedOn }: Known): boolean => lastUsedOn !== null && lastUsedOn >= '2026-08-24'
  return {
    age: {
      of: person,
      keys: ({ birthDate }) => [birthDate === null ? 'unknown' : bandOf(ageOf(birthDate), [18, 25, 30, 40, 50, 60])],
    },
    gender: { of: person, keys: ({ gender }) => [gender ?? 'unknown'] },
    kind: { of: all, keys: ({ kind }) => [kind] },
    tenure: { of: all, keys: ({ customerSince }) => [bandOf(ageOf(customerSince), [1, 3, 5, 10])] },
    product_family: { of: all, keys: ({ families }) => families },
    families: { of: all, keys: ({ families }) => [families.length >= 5 ? '5_and_more' : String(families.length)] },
    lifecycle_stage: { of: all, keys: ({ stage }) => [stage ?? 'unknown'] },
    company_size: { of: business, keys: ({ companySize }) => [companySize ?? 'unknown'] },
    company_assets: { of: business, keys: (one) => [size(one)] },
    payroll: {
      of: all,
      keys: ({ receivesSalary, families }) => [
        ...(receivesSalary ? ['receives_salary'] : []),
        ...(families.includes('payroll') ? ['payroll_product'] : []),
      ],
    },
    e_banking: {
      of: all,
      keys: (one) => [...(signedUp(one) ? ['signed_up'] : []), ...(signedUp(one) && recent(one) ? ['used_90_days'] : [])],
    },
    e_channel: { of: signedUp, keys: ({ channels }) => channels },
    several_e_channels: { of: signedUp, keys: ({ channels }) => (channels.length > 1 ? ['several'] : []) },
    e_edition: { of: signedUp, keys: ({ editions }) => editions },
    e_origin: { of: signedUp, keys: ({ origins }) => origins },
    e_breadth: { of: signedUp, keys: ({ signUps }) => [signUps >= 4 ? '4_and_more' : String(signUps)] },
    e_use: {
      of: signedUp,
      keys: (one) => [one.lastUsedOn === null ? 'never' : recent(one) ? 'within_90_days' : 'longer_ago'],
    },
  }
})()

describe('the profile of a segment', () => {
  test('counts what a plain count of the same customers gives, beside all within reach, with assets and differences', async ({
    bank,
    service,
  }) => {
    const { known, segments, channels } = await analysedBank(bank, service)
    const all = known.filter(ofBranch)
    const ours = all.filter((one) => isIn(one, 'a'))
    service.statements.length = 0
    const body = await ask(bank, bank.code('M1'), 'segmentProfile', { segmentId: segments.a })
    expect(service.statements.filter((text) => text.includes('customer_fact'))).toHaveLength(2)
    const sorted = ours.map(({ aum }) => aum).sort((one, other) => (one < other ? -1 : 1))
    expect(body).toMatchObject({
      segment: { segmentId: segments.a },
      comparedWith: null,
      asOf: today,
      figures: {
        customers: ours.length,
        aum: yuan(sum(ours)),
        averageAum: yuan((2n * sum(ours) + BigInt(ours.length)) / (2n * BigInt(ours.length))),
        medianAum: yuan(sorted[Math.ceil(sorted.length / 2) - 1]!),
      },
      comparison: { customers: all.length, aum: yuan(sum(all)) },
      shareOfCustomers: percent(ours.length, all.length),
    })
    for (const { group, cells, denominator } of body.groups) {
      if (denominator === 'cell' || group === 'tier') continue
      const { of, keys } = plain[group]!
      const [part, whole] = [ours.filter(of), all.filter(of)]
      expect(cells.length, group).toBeGreaterThan(0)
      const expected = cells.map(({ key }: any) => {
        const [mine, theirs] = [part.filter((one) => keys(one).includes(key)), whole.filter((one) => keys(one).includes(key))]
        const [share, other] = [percent(mine.length, part.length), percent(theirs.length, whole.length)]
        return {
          key,
          customers: mine.length,
          denominator: part.length,
          share,
          aum: yuan(sum(mine)),
          shareOfAum: percent(Number(sum(mine)), Number(sum(part))),
          comparisonCustomers: theirs.length,
          comparisonShare: other,
          difference: share === null || other === null ? null : round(share - other),
          drillDown: expect.any(Object),
        }
      })
      expect(cells, group).toEqual(expected)
      const keysSeen = new Set(part.flatMap(keys))
      expect(
        [...keysSeen].filter((key) => !cells.some((cell: any) => cell.key === key)),
        group,
      ).toEqual([])
    }
    expect(body.groups.map(({ group }: any) => group).filter((group: string) => !plain[group] && group !== 'tier')).toEqual([
      'e_banking_by_payroll',
      'e_banking_by_company_size',
      'e_banking_by_company_assets',
    ])
    const [salaried, others] = body.groups.find(({ group }: any) => group === 'e_banking_by_payroll').cells
    const [paid, unpaid] = [ours.filter((one) => one.receivesSalary), ours.filter((one) => !one.receivesSalary)]
    expect([salaried.denominator, salaried.customers]).toEqual([paid.length, paid.filter(({ signUps }) => signUps > 0).length])
    expect([others.denominator, others.customers]).toEqual([unpaid.length, unpaid.filter(({ signUps }) => signUps > 0).length])
    expect(body.groups.find(({ group }: any) => group === 'e_channel').cells.map(({ key }: any) => key)).toEqual(
      expect.arrayContaining([...channels]),
    )
  })

  test('names what each rate is taken per', async ({ bank, service }) => {
    const { known, segments } = await analysedBank(bank, service)
    const ours = known.filter((one) => ofBranch(one) && isIn(one, 'a'))
    const { rates } = await ask(bank, bank.code('M1'), 'segmentProfile', { segmentId: segments.a })
    const total = (of: (one: Known) => number): number => ours.reduce((all, one) => all + of(one), 0)
    const [transactions, accounts] = [total((one) => one.transactions), total((one) => one.accounts)]
    const active = ours.filter((one) => one.transactions > 0)
    const meanOf = (of: (one: Known) => number): number => active.reduce((all, one) => all + of(one), 0) / active.length
    const withEBanking = ours.filter(({ signUps }) => signUps > 0)
    const found = Object.fromEntries(rates.map(({ rate, per, value }: any) => [`${rate} per ${per}`, value]))
    const expected = {
      'sign_ups per customer': total((one) => one.signUps) / ours.length,
      'sign_ups per e_banking_customer': total((one) => one.signUps) / withEBanking.length,
      'sign_ups per account': total((one) => one.signUps) / accounts,
      'e_banking_penetration per customer': (100 * withEBanking.length) / ours.length,
      'e_banking_penetration per account': (100 * withEBanking.reduce((all, one) => all + one.accounts, 0)) / accounts,
      'transactions_per_month per customer': transactions / 12 / ours.length,
      'transactions_per_month per account': transactions / 12 / accounts,
      'e_substitution per transaction': (100 * total((one) => one.electronic)) / transactions,
      'e_substitution per transacting_customer': meanOf((one) => (100 * one.electronic) / one.transactions),
      'e_substitution_with_atm per transaction': (100 * total((one) => one.electronic + one.atAtms)) / transactions,
      'e_substitution_with_atm per transacting_customer': meanOf(
        (one) => (100 * (one.electronic + one.atAtms)) / one.transactions,
      ),
    }
    expect(Object.keys(found)).toEqual(Object.keys(expected))
    for (const [name, value] of Object.entries(expected)) expect(found[name], name).toBeCloseTo(value, 3)
  })

  test('is beside another segment, of a part of the bank, of one customer, and of nobody', async ({ bank, service }) => {
    const { known, segments } = await analysedBank(bank, service)
    const beside = await ask(bank, bank.code('M1'), 'segmentProfile', { segmentId: segments.a, compareWith: segments.b })
    const count = (of: (one: Known) => boolean, outlets: readonly string[]): number =>
      known.filter((one) => outlets.includes(one.outlet) && of(one)).length
    expect([beside.figures.customers, beside.comparison.customers, beside.comparedWith.segmentId]).toEqual([
      count((one) => isIn(one, 'a'), ['O1', 'O2']),
      count((one) => isIn(one, 'b'), ['O1', 'O2']),
      segments.b,
    ])
    const outlet = await ask(bank, bank.code('M1'), 'segmentProfile', {
      segmentId: segments.a,
      institutionId: await bank.idOf('institution', 'O2'),
    })
    expect([outlet.figures.customers, outlet.comparison.customers]).toEqual([
      count((one) => isIn(one, 'a'), ['O2']),
      count(() => true, ['O2']),
    ])
    const [first] = known
    const one = await ask(bank, first!.outlet === 'B2' ? bank.code('M2') : bank.code('M1'), 'segmentProfile', {
      segmentId: segments.d,
    })
    expect(one.figures).toEqual({
      customers: 1,
      aum: yuan(first!.aum),
      averageAum: yuan(first!.aum),
      medianAum: yuan(first!.aum),
    })
    const nobody = await ask(bank, bank.code('M1'), 'segmentProfile', { segmentId: segments.c })
    expect(nobody).toMatchObject({
      figures: { customers: 0, aum: yuan(0n), averageAum: null, medianAum: null },
      shareOfCustomers: 0,
    })
    expect(nobody.groups[0].cells[0]).toMatchObject({ customers: 0, denominator: 0, share: null, difference: null })
    expect(nobody.rates[0]).toMatchObject({ denominator: 0, value: null, difference: null })
  })

  test('is of what the caller may see: a portfolio, a branch, the bank', async ({ bank, service }) => {
    const { known, segments, headOffice } = await analysedBank(bank, service)
    const seen: [Caller, (one: Known) => boolean][] = [
      [bank.code('R1'), ({ keeper }) => keeper === 'R1'],
      [bank.code('R2'), () => false],
      [bank.code('M1'), ofBranch],
      [bank.code('M2'), ({ outlet }) => outlet === 'B2'],
      [headOffice, () => true],
    ]
    for (const [caller, sees] of seen) {
      const { figures } = await ask(bank, caller, 'segmentProfile', { segmentId: segments.a })
      expect(figures.customers, String(caller)).toBe(known.filter((one) => sees(one) && isIn(one, 'a')).length)
      const { segments: sizes } = await ask(bank, caller, 'segmentOverlap', { segmentIds: [segments.a, segments.b] })
      expect(
        sizes.map(({ customers }: any) => customers),
        String(caller),
      ).toEqual(['a', 'b'].map((code) => known.filter((one) => sees(one) && isIn(one, code)).length))
      const { points } = await ask(bank, caller, 'segmentTrend', { segmentId: segments.a, months: 2 })
      expect(
        points.map(({ customers }: any) => customers),
        String(caller),
      ).toEqual([
        known.filter((one) => sees(one) && wasIn(one, 'a', '2026-09-30')).length,
        known.filter((one) => sees(one) && wasIn(one, 'a', '2026-10-31')).length,
        known.filter((one) => sees(one) && isIn(one, 'a')).length,
      ])
      // Of the head office all banks of this file are.
      if (caller === headOffice) continue
      const { moves } = await ask(bank, caller, 'migrationMatrix', { fact: 'lifecycleStage', from: '2026-08-31' })
      expect(
        moves.reduce((all: number, { customers }: any) => all + customers, 0),
        String(caller),
      ).toBe(known.filter(sees).length)
      const { cohorts } = await ask(bank, caller, 'cohortRetention', { from: '2025-01-01', period: 'quarter' })
      const cameTogether = cohorts.reduce((all: number, { size }: any) => all + size, 0)
      expect(cameTogether, String(caller)).toBe(known.filter(sees).length)
    }
  })

  test('is refused without the permission, and of what there is not', async ({ bank, service }) => {
    const { segments, headOffice } = await analysedBank(bank, service, 4)
    const nobody = '019ac000-0000-7000-8000-000000000000'
    const [draft] = [
      (await bank.request(headOffice, 'POST', '/segments', { code: `${bank.name}-draft`, name: '草', kind: 'static' })).body,
    ]
    expect(await refusal(bank, bank.code('T1'), 'segmentProfile', { segmentId: segments.a })).toEqual(['not_permitted'])
    expect(await refusal(bank, bank.code('M1'), 'segmentProfile', { segmentId: nobody })).toEqual(['not_found'])
    expect(await refusal(bank, bank.code('M1'), 'segmentProfile', { segmentId: draft.id })).toEqual(['conflict'])
    expect(await refusal(bank, bank.code('M1'), 'segmentProfile', { segmentId: segments.a, compareWith: nobody })).toEqual([
      'unknown_reference',
      '/compareWith unknown_reference',
    ])
    expect(await refusal(bank, bank.code('M1'), 'segmentProfile', { segmentId: segments.a, institutionId: nobody })).toEqual([
      'unknown_reference',
      '/institutionId unknown_reference',
    ])
  })
})

describe('the overlap of segments', () => {
  test('counts pairs and exact combinations as sets do', async ({ bank, service }) => {
    const { known, segments } = await analysedBank(bank, service)
    const codes = ['a', 'b', 'c', 'd'] as const
    service.statements.length = 0
    const body = await ask(bank, bank.code('M1'), 'segmentOverlap', { segmentIds: codes.map((code) => segments[code]) })
    expect(service.statements.filter((text) => text.includes('customer_fact'))).toHaveLength(2)
    const sets = codes.map((code) => new Set(known.filter((one) => ofBranch(one) && isIn(one, code)).map(({ id }) => id)))
    expect(body.segments.map(({ customers }: any) => customers)).toEqual(sets.map((set) => set.size))
    for (const pair of body.pairs) {
      const [one, other] = [pair.first, pair.second].map((id) => sets[codes.findIndex((code) => segments[code] === id)]!) as [
        Set<string>,
        Set<string>,
      ]
      const [both, either] = [one.intersection(other).size, one.union(other).size]
      expect(pair).toMatchObject({
        both,
        either,
        jaccard: either === 0 ? null : Math.round((1e6 * both) / either) / 1e6,
        shareOfFirst: percent(both, one.size),
        shareOfSecond: percent(both, other.size),
      })
    }
    expect(body.pairs).toHaveLength(6)
    const byCombination = Map.groupBy(
      known.filter((one) => ofBranch(one) && codes.some((code) => isIn(one, code))),
      (one) =>
        codes
          .filter((code) => isIn(one, code))
          .map((code) => segments[code])
          .join(),
    )
    expect(
      Object.fromEntries(body.combinations.map(({ segmentIds, customers, aum }: any) => [segmentIds.join(), [customers, aum]])),
    ).toEqual(Object.fromEntries([...byCombination].map(([key, list]) => [key, [list.length, yuan(sum(list))]])))
  })

  test('is of two to ten segments, each once, that there are and that have members', async ({ bank, service }) => {
    const { segments, headOffice } = await analysedBank(bank, service, 4)
    const [at, caller] = ['segmentOverlap', bank.code('M1')] as const
    const nobody = '019ac000-0000-7000-8000-000000000000'
    const draft = await bank.request(headOffice, 'POST', '/segments', { code: `${bank.name}-dr`, name: '草', kind: 'static' })
    expect((await refusal(bank, caller, at, { segmentIds: [segments.a] }))[1]).toMatch('/segmentIds')
    const eleven = Array.from({ length: 11 }, (_, index) => `019ac000-0000-7000-8000-0000000000${String(index).padStart(2, '0')}`)
    expect((await refusal(bank, caller, at, { segmentIds: eleven }))[1]).toMatch('/segmentIds')
    expect(await refusal(bank, caller, at, { segmentIds: [segments.a, segments.a] })).toEqual([
      'invalid_input',
      '/segmentIds/1 distinct',
    ])
    expect(await refusal(bank, caller, at, { segmentIds: [segments.a, nobody] })).toEqual([
      'unknown_reference',
      '/segmentIds/1 unknown_reference',
    ])
    expect(await refusal(bank, caller, at, { segmentIds: [segments.a, draft.body.id] })).toEqual(['conflict'])
    expect(await refusal(bank, bank.code('T1'), at, { segmentIds: [segments.a, segments.b] })).toEqual(['not_permitted'])
  })
})

/** Gives every third person the tier of a scheme that is shipped: now, and at the end of October to every second. */
async function withTiers(service: TestService, known: readonly Known[]) {
  const persons = known.filter(({ kind }) => kind === 'individual')
  const held = (every: number): string[] => persons.filter((_, index) => index % every === 0).map(({ id }) => id)
  const [now, then] = [held(3), held(2)]
  const tiers = `case when customer_id = any ($1) then array['private_clients:private'] else '{}' end`
  const ids = known.map(({ id }) => id)
  await service.owner.query(`update customer_fact set tiers = ${tiers} where customer_id = any ($2)`, [now, ids])
  await service.owner.query(
    `update customer_fact_month set tiers = ${tiers} where customer_id = any ($2) and month_end = '2026-10-31'`,
    [then, ids],
  )
  const { rows } = await service.owner.query(`select id from tier_scheme where code = 'private_clients'`)
  return { schemeId: rows[0].id as string, now: new Set(now), before: new Set(then) }
}

/** Ids of all customers of a list, page by page, which both sides answer alike. */
async function listed(bank: TestBank, name: string, input: Input): Promise<string[]> {
  const found: string[] = []
  for (let cursor: string | undefined; ;) {
    const { code, body } = await overRest(bank, bank.code('M1'), operationNamed(name), {
      ...input,
      limit: 7,
      ...(cursor && { cursor }),
    })
    expect(code, JSON.stringify(body)).toBe('ok')
    found.push(...body.items.map(({ id }: any) => id))
    cursor = body.nextCursor ?? undefined
    if (cursor === undefined) break
  }
  return found
}
const sorted = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id).toSorted()

describe('the mix of tiers', () => {
  test('is a group of the profile for each scheme, of those whom the scheme is for', async ({ bank, service }) => {
    const { known, segments } = await analysedBank(bank, service)
    const { now } = await withTiers(service, known)
    const { groups } = await ask(bank, bank.code('M1'), 'segmentProfile', { segmentId: segments.a })
    const tiers = groups.filter(({ group }: any) => group === 'tier')
    expect(tiers.map(({ scheme }: any) => scheme)).toEqual(
      expect.arrayContaining(['retail_deposits', 'private_clients', 'companies']),
    )
    expect(groups.find(({ group }: any) => group === 'age').scheme).toBe(null)
    const { cells, denominator } = tiers.find(({ scheme }: any) => scheme === 'private_clients')
    const persons = known.filter((one) => ofBranch(one) && isIn(one, 'a') && one.kind === 'individual')
    const held = persons.filter(({ id }) => now.has(id))
    expect(denominator).toBe('scheme_customers')
    expect(cells).toMatchObject([
      { key: 'none', customers: persons.length - held.length, denominator: persons.length },
      { key: 'private', customers: held.length, denominator: persons.length, aum: yuan(sum(held)) },
    ])
    const { body } = await bank
      .graphql(
        bank.code('M1'),
        `query ($rule: Json) { customers(filter: { segmentId: "${segments.a}", rule: $rule }, first: 100) { totalCount } }`,
        { rule: cells[1].drillDown },
      )
      .then((answer: any) => ({ body: answer }))
    expect(body.data.customers.totalCount).toBe(held.length)
  })
})

describe('the migration matrix', () => {
  test('counts moves between the tiers of a scheme, and lists the customers of every cell', async ({ bank, service }) => {
    const { known } = await analysedBank(bank, service)
    const { schemeId, now, before: then } = await withTiers(service, known)
    const question = { schemeId, from: '2026-10-31' }
    const { moves, states } = await ask(bank, bank.code('M1'), 'migrationMatrix', question)
    expect(states).toEqual(['private'])
    const ours = known.filter(ofBranch)
    const stood = ({ id, history }: Known): string =>
      !history['2026-10-31'] ? 'not_yet_customer' : then.has(id) ? 'in_state' : 'no_state'
    const stands = ({ id }: Known): string => (now.has(id) ? 'in_state' : 'no_state')
    const expected = Map.groupBy(ours, (one) => `${stood(one)} ${stands(one)}`)
    expect(new Map(moves.map((one: any) => [`${one.fromStatus} ${one.toStatus}`, one.customers]))).toEqual(
      new Map([...expected].map(([key, some]) => [key, some.length])),
    )
    for (const { fromStatus, from, toStatus, to } of moves) {
      const cell = { fromStatus, toStatus, ...(from && { fromState: from }), ...(to && { toState: to }) }
      expect(await listed(bank, 'migrationCustomers', { ...question, ...cell })).toEqual(
        sorted(expected.get(`${fromStatus} ${toStatus}`)!),
      )
    }
    const both = await overGraphql(bank, bank.code('M1'), operationNamed('migrationCustomers'), {
      ...question,
      includeTotal: true,
    })
    expect([both.code, both.body.nodes.map(({ id }: any) => id)]).toEqual(['ok', sorted(expected.get('in_state in_state') ?? [])])
    const [at, caller] = ['migrationCustomers', bank.code('M1')] as const
    expect(await refusal(bank, caller, at, { ...question, fromState: 'gold' })).toEqual([
      'invalid_input',
      '/fromState unknown_state',
    ])
    expect(await refusal(bank, caller, at, { ...question, toStatus: 'left_bank', toState: 'private' })).toEqual([
      'invalid_input',
      '/toState unknown_state',
    ])
    expect(await refusal(bank, caller, at, { from: '2026-10-31' })).toEqual(['invalid_input', '/fact exactly_one'])
    expect(await refusal(bank, caller, at, { ...question, fact: 'lifecycleStage' })).toEqual([
      'invalid_input',
      '/fact exactly_one',
    ])
    expect(await refusal(bank, caller, at, { ...question, schemeId: '019ac000-0000-7000-8000-000000000000' })).toEqual([
      'not_found',
    ])
    expect(await refusal(bank, bank.code('T1'), at, question)).toEqual(['not_permitted'])
  })

  type End = { readonly status: string; readonly state: string | null; readonly aum: bigint }
  const movesOf = (list: readonly Known[], before: (one: Known) => End, after: (one: Known) => End) => {
    const grouped = Map.groupBy(
      list.filter((one) => before(one).status !== 'not_yet_customer' || after(one).status !== 'left_bank'),
      (one) => JSON.stringify([before(one), after(one)].map(({ status, state }) => [status, state])),
    )
    const assets = (some: readonly Known[], end: (one: Known) => End) => yuan(some.reduce((all, one) => all + end(one).aum, 0n))
    return Object.fromEntries([...grouped].map(([key, some]) => [key, [some.length, assets(some, before), assets(some, after)]]))
  }
  const shown = ({ moves }: any) =>
    Object.fromEntries(
      moves.map(({ fromStatus, from, toStatus, to, customers, aumBefore, aumAfter }: any) => [
        JSON.stringify([
          [fromStatus, from],
          [toStatus, to],
        ]),
        [customers, aumBefore, aumAfter],
      ]),
    )
  const stageThen =
    (day: string, absent: string) =>
    ({ history }: Known): End => {
      const found = history[day]
      if (!found) return { status: absent, state: null, aum: 0n }
      return { status: found.stage === null ? 'no_state' : 'in_state', state: found.stage, aum: found.aum }
    }
  const stageNow = ({ stage, aum }: Known): End => ({ status: stage === null ? 'no_state' : 'in_state', state: stage, aum })

  test('counts who moved from which stage to which, between month-ends and until now', async ({ bank, service }) => {
    const { known } = await analysedBank(bank, service)
    const ours = known.filter(ofBranch)
    const now = await ask(bank, bank.code('M1'), 'migrationMatrix', { fact: 'lifecycleStage', from: '2026-07-31' })
    expect(shown(now)).toEqual(movesOf(ours, stageThen('2026-07-31', 'not_yet_customer'), stageNow))
    expect([now.from, now.to]).toEqual(['2026-07-31', today])
    const both = await ask(bank, bank.code('M1'), 'migrationMatrix', {
      fact: 'lifecycleStage',
      from: '2026-07-31',
      to: '2026-10-31',
    })
    expect(shown(both)).toEqual(movesOf(ours, stageThen('2026-07-31', 'not_yet_customer'), stageThen('2026-10-31', 'left_bank')))
    const stood = ours.filter(({ history, stage }) => history['2026-07-31']?.stage && stage)
    expect(now.stayed).toBe(
      percent(stood.filter(({ history, stage }) => history['2026-07-31']!.stage === stage).length, stood.length),
    )
    for (const { fromStatus, from, share, customers } of now.moves) {
      const all = now.moves.filter((one: any) => one.fromStatus === fromStatus && one.from === from)
      expect(share).toBe(
        percent(
          customers,
          all.reduce((total: number, one: any) => total + one.customers, 0),
        ),
      )
    }
  })

  test('shows who is no customer any more as gone', async ({ bank, service }) => {
    const { known } = await analysedBank(bank, service)
    const lost = known.find((one) => ofBranch(one) && one.history['2026-10-31'])
    await service.owner.query(`update customer_fact set status = 'closed' where customer_id = $1`, [lost!.id])
    const { moves } = await ask(bank, bank.code('M1'), 'migrationMatrix', { fact: 'kind', from: '2026-10-31' })
    expect(moves.filter(({ toStatus }: any) => toStatus === 'left_bank')).toMatchObject([
      { from: lost!.kind, customers: 1, aumBefore: yuan(lost!.history['2026-10-31']!.aum), aumAfter: yuan(0n) },
    ])
  })

  test('counts who moved between segments; of several the first of the list counts', async ({ bank, service }) => {
    const { known, segments } = await analysedBank(bank, service)
    const at = (one: Known, was: (code: string) => boolean, aum: bigint): End => {
      const code = (['b', 'a'] as const).find(was)
      return { status: code ? 'in_state' : 'no_state', state: code ? segments[code] : null, aum }
    }
    const before = (one: Known): End => {
      const found = one.history['2026-09-30']
      return found
        ? at(one, (code) => wasIn(one, code, '2026-09-30'), found.aum)
        : { status: 'not_yet_customer', state: null, aum: 0n }
    }
    const body = await ask(bank, bank.code('M1'), 'migrationMatrix', {
      segmentIds: [segments.b, segments.a],
      from: '2026-09-30',
    })
    expect(shown(body)).toEqual(movesOf(known.filter(ofBranch), before, (one) => at(one, (code) => isIn(one, code), one.aum)))
    expect(body.states).toEqual([segments.b, segments.a])
  })

  test('is between month-ends that are over, of a fact or of segments', async ({ bank, service }) => {
    const { segments } = await analysedBank(bank, service, 4)
    const [at, caller] = ['migrationMatrix', bank.code('M1')] as const
    expect(await refusal(bank, caller, at, { fact: 'lifecycleStage', from: '2026-10-30' })).toEqual([
      'invalid_input',
      '/from month_end',
    ])
    expect(await refusal(bank, caller, at, { fact: 'lifecycleStage', from: '2026-11-30' })).toEqual([
      'invalid_input',
      '/from month_end',
    ])
    expect(await refusal(bank, caller, at, { fact: 'lifecycleStage', from: '2026-10-31', to: '2026-09-30' })).toEqual([
      'invalid_input',
      '/to reversed',
    ])
    expect(await refusal(bank, caller, at, { from: '2026-10-31' })).toEqual(['invalid_input', '/fact exactly_one'])
    expect(await refusal(bank, caller, at, { fact: 'lifecycleStage', segmentIds: [segments.a], from: '2026-10-31' })).toEqual([
      'invalid_input',
      '/fact exactly_one',
    ])
    const nobody = '019ac000-0000-7000-8000-000000000000'
    expect(await refusal(bank, caller, at, { segmentIds: [nobody], from: '2026-10-31' })).toEqual([
      'unknown_reference',
      '/segmentIds/0 unknown_reference',
    ])
    expect((await overRest(bank, caller, operationNamed(at), { fact: 'industry', from: '2026-10-31' })).code).toBe(
      'invalid_input',
    )
    expect(await refusal(bank, bank.code('T1'), at, { fact: 'lifecycleStage', from: '2026-10-31' })).toEqual(['not_permitted'])
  })
})

describe('the retention of cohorts', () => {
  const monthsFrom = (start: string, count: number): string =>
    new Date(Date.UTC(Number(start.slice(0, 4)), Number(start.slice(5, 7)) - 1 + count, 1)).toISOString().slice(0, 10)
  const lastDay = (start: string, months: number): string =>
    new Date(Date.parse(monthsFrom(start, months)) - 86_400_000).toISOString().slice(0, 10)

  test('counts who is a customer still, by month', async ({ bank, service }) => {
    const { known } = await analysedBank(bank, service)
    const closed = new Map(
      known.filter((_, index) => index % 3 === 0).map(({ id, customerSince }, index) => [id, lastDay(customerSince, index % 9)]),
    )
    for (const [id, day] of closed)
      await service.owner.query(
        `update customer set status = 'closed', closed_on = greatest($2::date, customer_since) where id = $1`,
        [id, day],
      )
    const { cohorts } = await ask(bank, bank.code('M1'), 'cohortRetention', { from: '2025-03-10', to: '2026-06-01', periods: 6 })
    expect(cohorts).toHaveLength(16)
    expect(cohorts[0]).toMatchObject({ from: '2025-03-01', to: '2025-03-31' })
    for (const { from, to, size, cells } of cohorts) {
      const own = known.filter((one) => ofBranch(one) && one.customerSince >= from && one.customerSince <= to)
      expect(size).toBe(own.length)
      const left = (day: string): number =>
        own.filter(({ id, customerSince }) => {
          const gone = closed.get(id)
          return gone === undefined || (gone < customerSince ? customerSince : gone) > day
        }).length
      const days = Array.from({ length: 7 }, (_, after) => lastDay(from, after + 1)).filter((day) => day < today)
      expect(cells.map(({ on }: any) => on)).toEqual(days)
      for (const { after, on, retained, retention, churned, churn } of cells) {
        const before = after === 0 ? own.length : left(days[after - 1]!)
        expect([retained, retention, churned, churn], `${from} ${on}`).toEqual([
          left(on),
          percent(left(on), own.length),
          before - left(on),
          percent(before - left(on), before),
        ])
      }
    }
  })

  test('counts who is in a segment still, by quarter of the first entry, those who came back too', async ({ bank, service }) => {
    const { known, segments } = await analysedBank(bank, service)
    const { cohorts } = await ask(bank, bank.code('M1'), 'cohortRetention', {
      segmentId: segments.a,
      period: 'quarter',
      from: '2026-04-01',
      periods: 3,
    })
    expect(cohorts.map(({ from, to }: any) => [from, to])).toEqual([
      ['2026-04-01', '2026-06-30'],
      ['2026-07-01', '2026-09-30'],
      ['2026-10-01', '2026-12-31'],
    ])
    for (const { from, to, size, cells } of cohorts) {
      const own = known.filter((one) => {
        const first = one.stays['a']![0]?.enteredOn
        return ofBranch(one) && first !== undefined && first >= from && first <= to
      })
      expect(size).toBe(own.length)
      for (const { on, retained } of cells) expect(retained, on).toBe(own.filter((one) => wasIn(one, 'a', on)).length)
    }
    expect(cohorts.map(({ cells }: any) => cells.length)).toEqual([2, 1, 0])
    const nobody = await ask(bank, bank.code('M1'), 'cohortRetention', { segmentId: segments.c, from: '2026-09-01' })
    expect(nobody.cohorts[0]).toMatchObject({
      size: 0,
      drillDown: null,
      cells: [{ retained: 0, retention: null, churn: null }, {}],
    })
  })

  test('lists who of a cohort is left and who is not', async ({ bank, service }) => {
    const { known, segments } = await analysedBank(bank, service)
    const gone = known.filter((one) => ofBranch(one) && one.customerSince < '2025-04-01').slice(0, 2)
    for (const { id } of gone)
      await service.owner.query(`update customer set status = 'closed', closed_on = '2025-05-10' where id = $1`, [id])
    const cohort = known.filter((one) => ofBranch(one) && one.customerSince >= '2025-01-01' && one.customerSince < '2025-04-01')
    const question = { period: 'quarter', from: '2025-02-14' }
    expect(await listed(bank, 'cohortCustomers', question)).toEqual(sorted(cohort))
    expect(await listed(bank, 'cohortCustomers', { ...question, periodsAfter: 1 })).toEqual(
      sorted(cohort.filter((one) => !gone.includes(one))),
    )
    expect(await listed(bank, 'cohortCustomers', { ...question, periodsAfter: 1, outcome: 'lost' })).toEqual(sorted(gone))
    const inSegment = { segmentId: segments.a, period: 'quarter', from: '2026-04-01', periodsAfter: 1 }
    const { cohorts } = await ask(bank, bank.code('M1'), 'cohortRetention', {
      segmentId: segments.a,
      period: 'quarter',
      from: '2026-04-01',
    })
    const [first] = cohorts
    const kept = await listed(bank, 'cohortCustomers', inSegment)
    const lost = await listed(bank, 'cohortCustomers', { ...inSegment, outcome: 'lost' })
    expect([kept.length, kept.length + lost.length]).toEqual([first.cells[1].retained, first.size])
    const over = await overGraphql(bank, bank.code('M1'), operationNamed('cohortCustomers'), inSegment)
    expect(over.body.nodes.map(({ id }: any) => id)).toEqual(kept)
    const [at, caller] = ['cohortCustomers', bank.code('M1')] as const
    expect(await refusal(bank, caller, at, { from: '2026-11-01' })).toEqual(['invalid_input', '/periodsAfter future'])
    expect(await refusal(bank, caller, at, { ...inSegment, segmentId: '019ac000-0000-7000-8000-000000000000' })).toEqual([
      'not_found',
    ])
    expect(await refusal(bank, bank.code('T1'), at, inSegment)).toEqual(['not_permitted'])
  })

  test('is of 60 cohorts and periods at most, in the right order and not to come', async ({ bank, service }) => {
    const { segments } = await analysedBank(bank, service, 4)
    const [at, caller] = ['cohortRetention', bank.code('M1')] as const
    expect(await refusal(bank, caller, at, { from: '2021-11-30' })).toEqual(['invalid_input', '/from too_many'])
    expect((await ask(bank, caller, at, { from: '2021-12-01', periods: 59 })).cohorts).toHaveLength(60)
    expect((await refusal(bank, caller, at, { from: '2026-01-01', periods: 60 }))[1]).toMatch('/periods')
    expect(await refusal(bank, caller, at, { from: '2026-10-01', to: '2026-12-01' })).toEqual(['invalid_input', '/to future'])
    expect(await refusal(bank, caller, at, { from: '2026-10-01', to: '2026-09-01' })).toEqual(['invalid_input', '/from reversed'])
    expect(await refusal(bank, caller, at, { from: '2026-10-01', segmentId: '019ac000-0000-7000-8000-000000000000' })).toEqual([
      'not_found',
    ])
    expect(await refusal(bank, bank.code('T1'), at, { from: '2026-10-01', segmentId: segments.a })).toEqual(['not_permitted'])
  })
})

describe('the trend of a segment', () => {
  test('is its size and assets at the ends of months, and now', async ({ bank, service }) => {
    const { known, segments } = await analysedBank(bank, service)
    service.statements.length = 0
    const { points } = await ask(bank, bank.code('M1'), 'segmentTrend', { segmentId: segments.a, months: 5 })
    expect(service.statements.filter((text) => text.includes('customer_fact'))).toHaveLength(2)
    const ours = known.filter(ofBranch)
    const expected = ['2026-06-30', '2026-07-31', '2026-08-31', '2026-09-30', '2026-10-31'].map((on) => {
      const members = ours.filter((one) => wasIn(one, 'a', on))
      const kept = members.flatMap(({ history }) => (history[on] ? [history[on].aum] : []))
      return {
        on,
        customers: members.length,
        withFacts: kept.length,
        aum: kept.length === 0 ? null : yuan(kept.reduce((all, aum) => all + aum, 0n)),
      }
    })
    const now = ours.filter((one) => isIn(one, 'a'))
    expect(points).toMatchObject([...expected, { on: today, customers: now.length, withFacts: now.length, aum: yuan(sum(now)) }])
    const nobody = await ask(bank, bank.code('M1'), 'segmentTrend', { segmentId: segments.c, months: 1 })
    expect(nobody.points).toMatchObject([
      { customers: 0, aum: null, averageAum: null },
      { on: today, customers: 0, aum: yuan(0n), averageAum: null },
    ])
  })

  test('is refused of what there is not, for more than 36 months, and without the permission', async ({ bank, service }) => {
    const { segments } = await analysedBank(bank, service, 4)
    const nobody = '019ac000-0000-7000-8000-000000000000'
    expect(await refusal(bank, bank.code('M1'), 'segmentTrend', { segmentId: nobody })).toEqual(['not_found'])
    expect((await refusal(bank, bank.code('M1'), 'segmentTrend', { segmentId: segments.a, months: 37 }))[1]).toMatch('/months')
    expect(await refusal(bank, bank.code('T1'), 'segmentTrend', { segmentId: segments.a })).toEqual(['not_permitted'])
  })
})
