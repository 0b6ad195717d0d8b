import { requireAffordableRefresh } from '../../db/segmentation/refresh/estimates.ts'
import { meaningOf } from '../../db/segmentation/segments/rules.ts'
import { z } from 'zod'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { DomainError } from '../../core/kernel/errors.ts'
import { checkRule } from '../../core/segmentation/rules/check.ts'
import { type CheckContext } from '../../core/segmentation/rules/check-conditions.ts'
import { dependsOn, type Rule, usedPercentiles } from '../../core/segmentation/rules/rule.ts'
import { policyOfVersion, listPolicies, readPoliciesOn } from '../../db/segmentation/classifications/store.ts'
import { computePercentile } from '../../db/segmentation/facts/percentiles.ts'
import { listInstitutionPaths } from '../../db/organisation/institutions.ts'
import { readRuleContext } from '../../db/segmentation/facts/rules.ts'
import { type StoredSegment } from '../../db/segmentation/segments/store.ts'
import { type Context } from '../platform/operation.ts'

export const ruleInput = z.record(z.string(), z.unknown()).meta({
  description: 'A rule over facts; see docs/rules.md.',
  examples: [
    {
      all: [
        { fact: 'kind', eq: 'individual' },
        { fact: 'aum', gte: '50000.00' },
      ],
    },
  ],
})
/** What rules may name: segments as they stand, and institutions. */
async function checkContext(context: Context, segments: readonly StoredSegment[], own?: string): Promise<CheckContext> {
  const { db, bank } = context
  const byId = new Map(segments.map((one) => [one.id, one]))
  const paths = await listInstitutionPaths(db)
  return {
    baseCurrency: bank.baseCurrency as CurrencyCode,
    ...(own !== undefined && {
      own,
      users: [
        ...usersOf(segments, own).map(({ code: used, rule }) => ({ name: `The segment ${used}`, rule, watched: true })),
        ...(await policiesOver(context, segments, own)),
      ],
    }),
    segment(wanted) {
      const found = byId.get(wanted)
      return found && { code: found.code, state: found.state, meaning: meaningOf(found) }
    },
    institution: (wanted) => paths.has(wanted),
  }
}

/** The segments that are not retired and whose rules rest on one, straight or through others. */
export function usersOf(segments: readonly StoredSegment[], own: string): (StoredSegment & { readonly rule: Rule })[] {
  const byId = new Map(segments.map((one) => [one.id, one]))
  const meaning = (wanted: string) => meaningOf(byId.get(wanted)!)
  return segments.flatMap(({ rule, ...one }) =>
    rule !== null && one.state !== 'retired' && one.id !== own && dependsOn(rule, own, meaning) ? [{ ...one, rule }] : [],
  )
}

/** The rules of policies, those that hold and those that will, that rest on a segment. */
export async function policiesOver(
  { db, today }: Context,
  segments: readonly StoredSegment[],
  own: string,
): Promise<readonly { readonly name: string; readonly kind: string; readonly rule: Rule; readonly watched: boolean }[]> {
  const byId = new Map(segments.map((one) => [one.id, one]))
  const later = (await listPolicies(db)).filter(({ effectiveOn }) => effectiveOn > today).map(policyOfVersion)
  return [...(await readPoliciesOn(db, today)), ...later].flatMap(({ kind, rules }) =>
    rules.flatMap(({ rule }) =>
      dependsOn(rule, own, (wanted) => meaningOf(byId.get(wanted)!))
        ? [{ name: `The policy of ${kind}`, kind, rule, watched: kind !== 'relationship_preference' }]
        : [],
    ),
  )
}

/** The rule as it was sent, checked. Throws `invalid_input` that names every problem. */
export async function readRule(
  context: Context,
  json: unknown,
  segments: readonly StoredSegment[],
  own?: string,
  at = '/rule',
): Promise<Rule> {
  const checked = checkRule(json, await checkContext(context, segments, own))
  if (checked.problems)
    throw new DomainError(
      'invalid_input',
      'Invalid rule.',
      checked.problems.map(({ pointer, ...problem }) => ({ pointer: `${at}${pointer}`, ...problem })),
    )
  return checked.rule
}

/** Works out the percentiles that a rule asks for and that nobody has asked for before. */
export async function preparePercentiles(context: Context, rule: Rule): Promise<void> {
  const { db, today } = context
  const used = usedPercentiles(rule)
  if (used.length === 0) return
  const paths = await listInstitutionPaths(db)
  const known = await readRuleContext(db, today, context.bank.baseCurrency)
  for (const { fact, institution } of used)
    if (known.cut(fact, institution, 0) === undefined)
      await computePercentile(db, { path: institution === undefined ? '/' : paths.get(institution)!, fact }, today)
}

/** Refuses rules that with those of all active segments and policies would take a refresh too long. Throws `query_too_complex` at the field. */
export async function requireAllAffordable(
  { db, today }: Context,
  segments: readonly StoredSegment[],
  field: string,
): Promise<void> {
  await requireAffordableRefresh(db, segments, await readPoliciesOn(db, today), field)
}
