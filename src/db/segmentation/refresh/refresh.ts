import type { Day } from '../../../core/kernel/calendar.ts'
import type { CurrencyCode } from '../../../core/kernel/currencies.ts'
import { usedPercentiles } from '../../../core/segmentation/rules/rule.ts'
import { classificationsOf, readPoliciesOn } from '../classifications/store.ts'
import type { Db } from '../../platform/database.ts'
import { computePercentile } from '../facts/percentiles.ts'
import { listInstitutionPaths } from '../../organisation/institutions.ts'
import { planTiers } from '../tiers/evaluate.ts'
import { endOverrides, hasOverrides, readEvaluatedSchemes, readSchemesOn, saveEvaluated } from '../tiers/store.ts'
import { type Evaluated, evaluateSegments } from './evaluate.ts'
import { readRuleContext } from '../facts/rules.ts'
import { readSegments } from '../segments/store.ts'

interface Settings {
  readonly asOf: Day
  readonly baseCurrency: string
  readonly now: Date
}

/**
 * Brings segments, tiers and classifications of everybody up to date with the facts: by the versions of schemes and policies that hold on the day. All of it or
 * nothing, in the caller's transaction.
 */
export async function evaluateAll(db: Db, settings: Settings): Promise<Evaluated> {
  const { asOf, now } = settings
  await prepareCuts(db, settings)
  const [evaluated, wanted] = [await readEvaluatedSchemes(db), await readSchemesOn(db, asOf)]
  const done = await evaluate(db, settings, { evaluated, wanted })
  await saveEvaluated(
    db,
    wanted.map(({ id, state, schemeVersion }) => ({ id, evaluatedVersion: state === 'retired' ? null : schemeVersion })),
  )
  await endOverrides(db, asOf, now, undefined)
  return done
}

/** The same for some customers. Tiers are determined by the versions by which all rows stand, so that places mean one thing at any time. */
export async function evaluateSome(db: Db, settings: Settings, customerIds: readonly string[]): Promise<Evaluated> {
  const evaluated = await readEvaluatedSchemes(db)
  const done = await evaluate(db, settings, { evaluated, wanted: evaluated }, customerIds)
  await endOverrides(db, settings.asOf, settings.now, customerIds)
  return done
}

type Schemes = Pick<Parameters<typeof planTiers>[0], 'evaluated' | 'wanted'>

async function evaluate(
  db: Db,
  { asOf, baseCurrency, now }: Settings,
  schemes: Schemes,
  customerIds?: readonly string[],
): Promise<Evaluated> {
  const segments = await readSegments(db)
  const [context, paths, policies, overrides] = [
    await readRuleContext(db, asOf, baseCurrency),
    await listInstitutionPaths(db),
    await readPoliciesOn(db, asOf),
    await hasOverrides(db),
  ]
  return evaluateSegments(db, {
    segments,
    tiers: planTiers({ ...schemes, paths, currency: baseCurrency as CurrencyCode }),
    overrides,
    classifications: classificationsOf(policies, segments),
    context,
    now,
    ...(customerIds && { customerIds }),
  })
}

/** Works out the percentiles that policies ask for and that nobody has asked for before. */
async function prepareCuts(db: Db, { asOf, baseCurrency }: Settings): Promise<void> {
  const used = (await readPoliciesOn(db, asOf)).flatMap(({ rules }) => rules.flatMap(({ rule }) => usedPercentiles(rule)))
  if (used.length === 0) return
  const [context, paths] = [await readRuleContext(db, asOf, baseCurrency), await listInstitutionPaths(db)]
  for (const { fact, institution } of used) {
    const path = institution === undefined ? '/' : paths.get(institution)
    if (path !== undefined && context.cut(fact, institution, 0) === undefined) await computePercentile(db, { path, fact }, asOf)
  }
}
