import { addDays, addMonths, type Day, monthEnd as monthEndOf, startOfDay } from '../../core/kernel/calendar.ts'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { historyMonthEnds } from '../../core/segmentation/history.ts'
import { usedPercentiles } from '../../core/segmentation/rules/rule.ts'
import { listInstitutionPaths } from '../../db/organisation/institutions.ts'
import type { Db } from '../../db/platform/database.ts'
import { classificationsOf, readPoliciesOn } from '../../db/segmentation/classifications/store.ts'
import { readPercentilesOfMonth } from '../../db/segmentation/facts/percentiles.ts'
import { ruleContext } from '../../db/segmentation/facts/rules.ts'
import { readOldest, reconstructMonthEnd } from '../../db/segmentation/history/month-facts.ts'
import { determineMonthStates } from '../../db/segmentation/history/month-states.ts'
import { writePastStays } from '../../db/segmentation/history/stays.ts'
import { countCustomers, nextSlice, type StoredRefresh } from '../../db/segmentation/refresh/runs.ts'
import { wholeRule } from '../../db/segmentation/segments/rules.ts'
import { readSegments } from '../../db/segmentation/segments/store.ts'
import { planTiers } from '../../db/segmentation/tiers/evaluate.ts'
import { readSchemesOn } from '../../db/segmentation/tiers/store.ts'
import { valueRatesOn } from '../../db/segmentation/value.ts'
import type { Context } from '../platform/operation.ts'

/** Customers whose facts one transaction works out. */
export const SLICE = 25_000

/** What the next step of a refresh came to. */
export interface Step {
  readonly step: NonNullable<StoredRefresh['step']>
  readonly position: string | null
  readonly done: number
  readonly total?: number
  readonly entered?: number
  readonly left?: number
  readonly history?: Pick<StoredRefresh, 'monthEnd' | 'activityFrom' | 'movementsFrom'>
}

/**
 * Takes the next step of a history: month-end by month-end, the oldest first, since tiers are held from one to the next; of each the facts slice by slice, then what rests on
 * them; in the end the stays in segments. By the rules, schemes and policies of `asOf`, the day on which it began.
 */
export async function takeHistoryStep(db: Db, context: Context, run: StoredRefresh, asOf: Day): Promise<Step> {
  const { bank, clock } = context
  const done: Step = { step: 'done', position: null, done: 0 }
  if (run.step === null) {
    const { day, activity, movements } = await readOldest(db)
    const months = historyMonthEnds(day, asOf)
    if (months.length === 0) return done
    const total = months.length * (await countCustomers(db))
    return {
      step: 'facts',
      position: null,
      done: 0,
      total,
      history: { monthEnd: months[0]!, activityFrom: activity, movementsFrom: movements },
    }
  }
  const feeds = { activity: run.activityFrom, movements: run.movementsFrom }
  const day = run.monthEnd!
  const slice = await nextSlice(db, run.position, SLICE)
  switch (run.step) {
    case 'facts': {
      if (!slice) return { step: 'evaluation', position: null, done: 0 }
      const { definition: rates } = await valueRatesOn(db, asOf)
      const over = startOfDay(addDays(day, 1), bank.timeZone)
      await reconstructMonthEnd(db, slice, { today: day, baseCurrency: bank.baseCurrency, rates, now: clock(), over, feeds })
      const worked = await countCustomers(db, slice)
      return { step: slice.until === null ? 'evaluation' : 'facts', position: slice.until, done: worked }
    }
    case 'evaluation': {
      await determineMonthStates(db, {
        monthEnd: day,
        before: monthEndOf(addMonths(`${day.slice(0, 8)}01`, -1)),
        feeds,
        ...(await rulesOn(db, asOf, day, bank.baseCurrency)),
      })
      const next = monthEndOf(addDays(day, 1))
      if (next >= asOf) return { step: 'memberships', position: null, done: 0 }
      return { step: 'facts', position: null, done: 0, history: { monthEnd: next, activityFrom: null, movementsFrom: null } }
    }
    case 'memberships': {
      if (!slice) return done
      const entered = await writePastStays(db, slice, { asOf, timeZone: bank.timeZone })
      return { step: slice.until === null ? 'done' : 'memberships', position: slice.until, done: 0, entered }
    }
    default:
      return done
  }
}

/** The definitions of one day, against the figures of another. */
async function rulesOn(db: Db, asOf: Day, day: Day, baseCurrency: string) {
  const [stored, policies, schemes, paths] = [
    await readSegments(db),
    await readPoliciesOn(db, asOf),
    await readSchemesOn(db, asOf),
    await listInstitutionPaths(db),
  ]
  const segments = stored
    .filter(({ state }) => state === 'active')
    .map(({ id, number, rule }) => ({ id, number, rule: rule && wholeRule(rule, stored) }))
  const classifications = classificationsOf(policies, stored)
  const rules = [
    ...segments.flatMap(({ rule }) => rule ?? []),
    ...classifications.flatMap((policy) => policy.rules.map(({ rule }) => rule)),
  ]
  const asked = rules.flatMap(usedPercentiles).flatMap(({ fact, institution }) => {
    const path = institution === undefined ? '/' : paths.get(institution)
    return path === undefined ? [] : [{ path, fact }]
  })
  const cuts = await readPercentilesOfMonth(db, asked, day)
  const institutions = [...paths].map(([code, path]) => ({ code, path }))
  const active = schemes.filter(({ state }) => state === 'active')
  return {
    context: ruleContext({ cuts, institutions, today: day, baseCurrency }),
    tiers: planTiers({ wanted: active, evaluated: active, paths, currency: baseCurrency as CurrencyCode }),
    classifications,
    segments,
  }
}
