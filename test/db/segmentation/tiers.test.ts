import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { addDays } from '../../../src/core/kernel/calendar.ts'
import { nextTierState, rankOf, type TierState } from '../../../src/core/segmentation/tier-states.ts'
import { evaluateAll, evaluateSome } from '../../../src/db/segmentation/refresh/refresh.ts'
import { test } from '../../setup/service.ts'

const lines = [1000n, 2000n, 5000n]
const elsewhere = [500n, 2500n, 3000n]
const graceDays = 2
const first = '2026-11-22'

/** What happens to a customer on a day. */
const day = fc.record({
  aum: fc.option(fc.bigInt({ min: 0n, max: 6000n }), { freq: 10 }),
  /** As on the day before. */
  stays: fc.integer({ min: 0, max: 4 }).map((chance) => chance > 0),
  /** From this day on, the tier of this place for so many days. */
  override: fc.oneof(
    { weight: 14, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.record({ place: fc.integer({ min: 1, max: 3 }), days: fc.integer({ min: 1, max: 4 }) }) },
  ),
})
const life = fc.record({ branch: fc.constantFrom('B1', 'B2'), days: fc.array(day, { minLength: 12, maxLength: 12 }) })

describe('refreshes', () => {
  test('tell tiers as core does: over days, by subtree, with grace and with what is set by hand', async ({ empty, service }) => {
    const bank = await empty.build()
    const { owner, database } = service
    const lives = fc.sample(life, { numRuns: 60, seed: 7 }).map(({ branch, days }) => {
      let aum = days[0]!.aum
      return { branch, days: days.map((one) => ({ ...one, aum: (aum = one.stays ? aum : one.aum) })) }
    })
    await bank.feed(
      'customers',
      lives.map(({ branch }, index) => ({
        externalId: bank.code(`${index}`),
        kind: 'individual',
        name: '王芳',
        institutionCode: bank.code(branch),
      })),
    )
    const at = '2026-11-22T00:00:00Z'
    const scheme = '0194f5a0-1111-7000-8000-000000000001'
    const thresholds = (of: readonly bigint[]) =>
      JSON.stringify(of.map((from, index) => ({ code: `t${index + 1}`, name: 'T', from: `${Number(from) / 100}` })))
    await owner.query(
      `insert into tier_scheme (id, code, name, kinds, measure, state, created_by, created_at, updated_at) values ($1, $2, 'S', '{individual}', 'aum', 'active', 'test', $3, $3)`,
      [scheme, bank.code('s'), at],
    )
    await owner.query(
      `insert into policy_version (kind, key, version, effective_on, definition, source, set_by, set_at)
       values ('tier_scheme', $1, 1, '2026-01-01', jsonb_build_object('graceDays', $2::int, 'thresholds', $3::jsonb,
         'subtrees', jsonb_build_array(jsonb_build_object('institutionCode', $4::text, 'thresholds', $5::jsonb))), 'bank', 'test', $6)`,
      [scheme, graceDays, thresholds(lines), bank.code('B2'), thresholds(elsewhere), at],
    )
    const { rows: people } = await owner.query(
      `insert into customer_fact (customer_id, institution_path, as_of, refreshed_at, status, kind)
       select id, institution_path, $1, $2, 'active', 'individual' from customer where core_number like $3 returning customer_id as id`,
      [first, at, `${bank.name}-%`],
    )
    const { rows: named } = await owner.query('select id, core_number from customer where id = any ($1)', [
      people.map(({ id }) => id),
    ])
    const idOf = new Map<number, string>(named.map(({ id, core_number }) => [Number(core_number.split('-')[1]), id]))
    const standings = lives.map((): TierState => ({ place: null, belowSince: null }))
    const set = lives.map((): { place: number; endsOn: string } | undefined => undefined)
    for (let number = 0; number < 12; number++) {
      const today = addDays(first, number)
      const released = lives.map(({ days }, index) => {
        const ended = set[index] !== undefined && set[index].endsOn <= today
        if (ended) set[index] = undefined
        const { override } = days[number]!
        // One is set only where none stands, as the operation sees to.
        if (override && set[index] === undefined && !ended)
          set[index] = { place: override.place, endsOn: addDays(today, override.days) }
        return ended
      })
      for (const [index, { days }] of lives.entries()) {
        await owner.query('update customer_fact set aum = $1 where customer_id = $2', [
          days[number]!.aum?.toString() ?? null,
          idOf.get(index),
        ])
        const one = set[index]
        if (one && days[number]!.override && addDays(today, days[number]!.override!.days) === one.endsOn)
          await owner.query(
            `insert into tier_override (customer_id, id, institution_path, scheme_id, tier, reason, requested_by, approver_id, starts_on, ends_on, state, created_at, updated_at)
             select id, gen_random_uuid(), institution_path, $2, $3, 'r', gen_random_uuid(), gen_random_uuid(), $4, $5, 'active', now(), now() from customer where id = $1
             on conflict do nothing`,
            [idOf.get(index), scheme, `t${one.place}`, today, one.endsOn],
          )
      }
      const settings = { asOf: today, baseCurrency: 'CNY', now: new Date(`${today}T01:00:00Z`) }
      await database.transaction({ prefixes: ['/'], portfolio: [], caller: 'test' }, (db) =>
        number % 3 === 1 ? evaluateSome(db, settings, [...idOf.values()]) : evaluateAll(db, settings),
      )
      for (const [index, { branch, days }] of lives.entries())
        standings[index] = nextTierState({
          fit: rankOf(days[number]!.aum, branch === 'B2' ? elsewhere : lines),
          held: standings[index]!,
          override: set[index]?.place ?? null,
          released: released[index]!,
          graceDays,
          today,
        })
      const { rows } = await owner.query(
        `select f.customer_id as id, f.tier_places[s.slot] as place, f.tier_below[s.slot]::text as below, m.place as member, m.tier, f.tiers
         from tier_scheme s, customer_fact f left join tier_membership m on m.customer_id = f.customer_id and m.scheme_id = $1 and m.ended_on is null
         where s.id = $1 and f.customer_id = any ($2)`,
        [scheme, [...idOf.values()]],
      )
      const found = new Map(rows.map((row) => [row.id, row]))
      for (const [index, { place, belowSince }] of standings.entries()) {
        const row = found.get(idOf.get(index))
        expect([row.place, row.below], `${index} on ${today}`).toEqual([place, belowSince])
        expect(row.member ?? 0, `${index} on ${today}`).toBe(place)
        expect(row.tiers.filter((one: string) => one.startsWith(bank.code('s')))).toEqual(
          place === 0 ? [] : [`${bank.code('s')}:t${place}`],
        )
      }
    }
    const { rows: reasons } = await owner.query(
      `select began_reason as reason, count(*)::int as n from tier_membership where scheme_id = $1 group by 1 order by 1`,
      [scheme],
    )
    expect(reasons.map(({ reason }) => reason)).toEqual(['downgraded', 'entered', 'override', 'upgraded'])
    const { rows: events } = await owner.query(
      `select count(*)::int as n from outbox_event where type = 'tier.changed' and subject_id = $1`,
      [scheme],
    )
    expect(events[0].n).toBeGreaterThan(reasons.reduce((sum, { n }) => sum + n, 0) - 1)
  })
})
