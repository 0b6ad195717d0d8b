import { expect } from 'vitest'
import { addDays, type Day } from '../../../src/core/kernel/calendar.ts'
import type { Caller, TestBank, TestService } from '../../setup/service.ts'
import { refreshAll } from './facts.ts'

/** Numbers from 0 to 1, the same for the same seed. */
function drawsOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export interface Stay {
  readonly enteredOn: Day
  readonly leftOn: Day | null
}

/** What the test itself knows of a customer. */
export interface Known {
  readonly id: string
  readonly outlet: 'O1' | 'O2' | 'B2'
  readonly keeper: string | null
  readonly kind: 'individual' | 'sole_trader' | 'company'
  readonly gender: 'male' | 'female' | null
  readonly birthDate: Day | null
  readonly customerSince: Day
  readonly aum: bigint
  readonly families: readonly string[]
  readonly stage: string | null
  readonly companySize: string | null
  readonly receivesSalary: boolean
  readonly channels: readonly string[]
  readonly signUps: number
  readonly lastUsedOn: Day | null
  readonly editions: readonly string[]
  readonly origins: readonly string[]
  readonly accounts: number
  readonly transactions: number
  readonly electronic: number
  readonly atAtms: number
  /** By segment, in the order of time. */
  readonly stays: Readonly<Record<string, readonly Stay[]>>
  /** By month-end. */
  readonly history: Readonly<Record<Day, { readonly aum: bigint; readonly stage: string | null }>>
}

export const monthEnds: readonly Day[] = ['2026-07-31', '2026-08-31', '2026-09-30', '2026-10-31']
const today = '2026-11-22'
const families = ['deposit', 'loan', 'fund', 'payroll', 'card']
const lifecycleStages = ['exploration', 'growth', 'maturity', 'decline', 'ended']

export interface AnalysedBank {
  readonly known: readonly Known[]
  /** Ids of active segments: `a` and `b` by chance, `c` of nobody, `d` of one. */
  readonly segments: Readonly<Record<'a' | 'b' | 'c' | 'd', string>>
  readonly headOffice: Caller
  readonly channels: readonly string[]
}

/** A bank of so many customers more whose facts, stays and month-ends are drawn, and known to the test. */
export async function analysedBank(bank: TestBank, service: TestService, size = 80, seed = 7): Promise<AnalysedBank> {
  const draw = drawsOf(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)]!
  const some = <T>(list: readonly T[]): T[] => list.filter(() => draw() < 0.4)
  const headOffice = bank.code('KH')
  await bank.feed('staff', [{ externalId: headOffice, name: '总行', institutionCode: 'HO', roles: ['marketing'] }])
  const channels = ['MOB', 'ONL', 'WEC'].map((code) => bank.code(code)).sort()
  await bank.feed(
    'products',
    channels.map((externalId) => ({ externalId, name: '渠道', family: 'e_channel', category: 'fee' })),
  )
  const outlets = Array.from({ length: size }, () => pick(['O1', 'O1', 'O2', 'B2'] as const))
  const kinds = Array.from({ length: size }, () => pick(['individual', 'individual', 'sole_trader', 'company'] as const))
  const numbers = Array.from({ length: size }, (_, index) => `X${index}`)
  const sinces = numbers.map(() => addDays('2025-01-01', Math.floor(draw() * 660)))
  await bank.feed(
    'customers',
    numbers.map((number, index) => ({
      externalId: bank.code(number),
      kind: kinds[index],
      name: `客户${index}`,
      institutionCode: bank.code(outlets[index]!),
      customerSince: sinces[index],
    })),
  )
  const keepers = outlets.map((outlet) => (outlet === 'O1' && draw() < 0.5 ? 'R1' : null))
  await bank.feed(
    'assignments',
    numbers.flatMap((number, index) =>
      keepers[index] === null
        ? []
        : [
            {
              externalId: bank.code(`S${number}`),
              customerExternalId: bank.code(number),
              staffNumber: bank.code(keepers[index]!),
              businessLine: kinds[index] === 'company' ? 'corporate' : 'personal',
              startsOn: '2026-01-01',
            },
          ],
    ),
  )
  const segments = {} as Record<'a' | 'b' | 'c' | 'd', string>
  const segmentNumbers = {} as Record<'a' | 'b' | 'c' | 'd', number>
  for (const code of ['a', 'b', 'c', 'd'] as const) {
    const made = await bank.request(headOffice, 'POST', '/segments', { code: `${bank.name}-${code}`, name: code, kind: 'static' })
    const id = made.body.id
    const active = await bank.request(headOffice, 'POST', `/segments/${id}/activation`, {}, { 'if-match': '"1"' })
    expect(active.status, JSON.stringify(active.body)).toBe(200)
    segments[code] = id
    const { rows } = await service.owner.query('select number from segment where id = $1', [id])
    segmentNumbers[code] = rows[0].number
  }
  await refreshAll(service)
  // Refreshes have run since spring, as the stays below say.
  await service.owner.query(`update refresh_run set as_of = '2026-04-01' where kind = 'full'`)
  await service.owner.query(`update segment set activated_at = '2026-04-01T00:00:00Z' where id = any ($1)`, [
    Object.values(segments),
  ])
  const { rows: ids } = await service.owner.query(
    `select id, core_number from customer where core_number like $1 order by core_number`,
    [`${bank.code('')}%`],
  )
  const idOf = new Map<string, string>(ids.map(({ id, core_number }) => [core_number, id]))
  const known = numbers.map((number, index): Known => {
    const kind = kinds[index]!
    const person = kind !== 'company'
    const held = some(channels)
    const signUps = held.length + (held.length > 0 && draw() < 0.3 ? 1 : 0)
    const transactions = draw() < 0.2 ? 0 : Math.floor(draw() * 200) + 1
    const electronic = Math.floor(transactions * draw())
    const staysIn = (chance: number): Stay[] => {
      const first = addDays('2026-04-01', Math.floor(draw() * 200))
      if (draw() > chance) return []
      if (draw() < 0.5) return [{ enteredOn: first, leftOn: null }]
      const leftOn = addDays(first, Math.floor(draw() * 40))
      const again = addDays(leftOn, Math.floor(draw() * 30))
      return [
        { enteredOn: first, leftOn },
        ...(draw() < 0.5 && again <= today ? [{ enteredOn: again, leftOn: null }] : []),
      ].filter((stay) => stay.enteredOn <= today)
    }
    return {
      id: idOf.get(bank.code(number))!,
      outlet: outlets[index]!,
      keeper: keepers[index]!,
      kind,
      gender: person ? pick(['male', 'female', null] as const) : null,
      birthDate: person && draw() < 0.8 ? addDays('1950-01-01', Math.floor(draw() * 23_000)) : null,
      customerSince: sinces[index]!,
      aum: draw() < 0.1 ? 0n : BigInt(Math.floor(draw() ** 3 * 2_000_000_000)),
      families: [...some(families), ...(signUps > 0 ? ['e_channel'] : [])].sort(),
      stage: draw() < 0.2 ? null : pick(lifecycleStages),
      companySize: person ? null : pick(['micro', 'small', 'medium', 'large', null]),
      receivesSalary: draw() < 0.3,
      channels: held,
      signUps,
      lastUsedOn: signUps > 0 && draw() < 0.7 ? addDays(today, -Math.floor(draw() * 180)) : null,
      editions: signUps > 0 ? some(['query', 'professional']) : [],
      origins: signUps > 0 ? some(['customer_initiated', 'recommended']) : [],
      accounts: Math.floor(draw() * 4),
      transactions,
      electronic,
      atAtms: Math.floor((transactions - electronic) * draw()),
      stays: { a: staysIn(0.6), b: staysIn(0.5), c: [], d: index === 0 ? [{ enteredOn: '2026-08-15', leftOn: null }] : [] },
      history: Object.fromEntries(
        monthEnds
          .filter((day) => sinces[index]! <= day)
          .map((day) => [
            day,
            { aum: BigInt(Math.floor(draw() * 1_000_000_000)), stage: draw() < 0.2 ? null : pick(lifecycleStages) },
          ]),
      ),
    }
  })
  const isIn = ({ stays }: Known, code: string): boolean => stays[code]!.some(({ leftOn }) => leftOn === null)
  // What is known stands in the tables as a refresh would have left it.
  await service.owner.query(
    `update customer_fact f set kind = r.kind, gender = r.gender, birth_date = r."birthDate", customer_since = r."customerSince", aum = r.aum, families_held = array(select json_array_elements_text(r.families)),
       families = json_array_length(r.families), lifecycle_stage = r.stage, company_size = r."companySize", receives_salary = r."receivesSalary", e_channels = array(select json_array_elements_text(r.channels)),
       e_channel_sign_ups = r."signUps", e_channel_last_used_on = r."lastUsedOn", e_channel_editions = array(select json_array_elements_text(r.editions)), e_channel_origins = array(select json_array_elements_text(r.origins)),
       accounts = r.accounts, frequency = r.transactions, e_channel_substitution = 100.0 * r.electronic / nullif(r.transactions, 0), atm_per_month = r."atAtms" / 12.0,
       segments = array(select json_array_elements_text(r.segments)::int order by 1)
     from json_to_recordset($1::json) as r (id uuid, kind text, gender text, "birthDate" date, "customerSince" date, aum bigint, families json, stage text, "companySize" text, "receivesSalary" boolean, channels json,
       "signUps" int, "lastUsedOn" date, editions json, origins json, accounts int, transactions int, electronic int, "atAtms" int, segments json)
     where f.customer_id = r.id`,
    [
      JSON.stringify(
        known.map((one) => ({
          ...one,
          aum: one.aum.toString(),
          history: undefined,
          stays: undefined,
          segments: (['a', 'b', 'c', 'd'] as const).filter((code) => isIn(one, code)).map((code) => segmentNumbers[code]),
        })),
      ),
    ],
  )
  // The four of every test bank are left out: what a test computes is of those it knows.
  await service.owner.query(
    `update customer_fact set status = 'closed' where customer_id in (select id from customer where core_number ~ $1)`,
    [`^${bank.code('')}[1-4]$`],
  )
  await service.owner.query(
    `insert into segment_membership (customer_id, id, institution_path, segment_id, entered_on, entered_at, left_on, left_at, left_reason)
     select r.customer, gen_random_uuid(), c.institution_path, r.segment, r."enteredOn", now(), r."leftOn", case when r."leftOn" is not null then now() end, case when r."leftOn" is not null then 'removed' end
     from json_to_recordset($1::json) as r (customer uuid, segment uuid, "enteredOn" date, "leftOn" date) join customer c on c.id = r.customer`,
    [
      JSON.stringify(
        known.flatMap(({ id, stays }) =>
          (['a', 'b', 'c', 'd'] as const).flatMap((code) =>
            stays[code]!.map((stay) => ({ customer: id, segment: segments[code], ...stay })),
          ),
        ),
      ),
    ],
  )
  await service.owner.query(
    `delete from customer_fact_month m using customer c where c.id = m.customer_id and c.core_number like $1`,
    [`${bank.code('')}%`],
  )
  await service.owner.query(
    `insert into customer_fact_month (customer_id, month_end, institution_path, status, kind, aum, lifecycle_stage)
     select r.id, r.day, c.institution_path, 'active', c.kind, r.aum, r.stage from json_to_recordset($1::json) as r (id uuid, day date, aum bigint, stage text) join customer c on c.id = r.id`,
    [
      JSON.stringify(
        known.flatMap(({ id, history }) =>
          Object.entries(history).map(([day, { aum, stage }]) => ({ id, day, aum: aum.toString(), stage })),
        ),
      ),
    ],
  )
  return { known, segments, headOffice, channels }
}

/** Whether a customer was in a segment on a day. */
export function wasIn({ stays }: Known, code: string, day: Day): boolean {
  return stays[code]!.some(({ enteredOn, leftOn }) => enteredOn <= day && (leftOn === null || leftOn > day))
}

export const isIn = ({ stays }: Known, code: string): boolean => stays[code]!.some(({ leftOn }) => leftOn === null)

/** Minor units of CNY as both APIs show them. */
export const yuan = (minor: bigint): { amount: string; currency: string } => ({
  amount: `${minor / 100n}.${String(minor % 100n).padStart(2, '0')}`,
  currency: 'CNY',
})
