import type { Day } from '../../core/kernel/calendar.ts'
import { insertPolicyVersion, type StoredPolicyVersion } from '../../db/platform/policies.ts'
import { refuseSecond } from '../platform/policies.ts'
import { checkVersion } from '../platform/versions.ts'
import { requireEffectiveOn } from '../../core/kernel/policies.ts'
import { z } from 'zod'
import { callerOf } from '../../core/kernel/actors.ts'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { customerKinds } from '../../core/dossier/customers.ts'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import type { FactName } from '../../core/segmentation/facts.ts'
import { singleLine } from '../../core/kernel/scalars.ts'
import { requireTiers, type TierDefinition, tierSchemeStates } from '../../core/segmentation/tiers.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import { queueForDefinition } from '../../db/segmentation/refresh/runs.ts'
import { endOverridesOf } from '../../db/segmentation/tiers/overrides.ts'
import { listInstitutionPaths } from '../../db/organisation/institutions.ts'
import {
  countActiveSchemes,
  insertScheme,
  listVersions,
  lockScheme,
  type SchemeHead,
  updateScheme,
} from '../../db/segmentation/tiers/store.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage, orderBy } from '../platform/reading.ts'
import { daySchema, expectedVersion, id } from '../platform/scalars.ts'

const view = viewNamed('TierScheme')
const domain = 'Customer Product and Service Eligibility'

/** Each one costs the scan of every refresh. */
const MAX_SCHEMES = 20

export const schemeId = id.meta({ description: 'The tier scheme.' })
export const tierCode = z.string().min(1).max(64)
const code = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, {
  error: 'A code must be 1 to 64 lower-case letters, digits, dashes and underscores.',
})
const value = z.string().min(1).max(40)
const thresholds = z.array(
  z
    .strictObject({
      code: code.meta({ description: 'Code of the tier that starts here.', examples: ['gold'] }),
      name: singleLine(100).meta({ description: 'Name of the tier.', examples: ['金卡'] }),
      from: value.meta({ description: 'The threshold, a decimal in the unit of the measure.', examples: ['50000.00'] }),
      upgradeMargin: value
        .optional()
        .meta({ description: 'How far below the threshold customers are upgrade candidates.', examples: ['5000.00'] }),
      atRiskMargin: value
        .optional()
        .meta({ description: 'How far above the threshold customers are at risk of a downgrade.', examples: ['5000.00'] }),
    })
    .meta({ id: 'ThresholdInput', description: 'A threshold of a scheme and the tier that starts there.' }),
)
const parts = {
  graceDays: z.int().meta({ description: 'Grace period: days for which the measure may be below the tier before a downgrade.' }),
  thresholds: thresholds.meta({
    description: 'The tiers, lowest first.',
    examples: [[{ code: 'gold', name: '金卡', from: '50000.00', upgradeMargin: '5000.00', atRiskMargin: '5000.00' }]],
  }),
  subtrees: z
    .array(
      z
        .strictObject({
          institutionCode: z
            .string()
            .min(1)
            .max(64)
            .meta({ description: 'The institution to which they apply, with all below it.' }),
          thresholds: thresholds.meta({ description: 'The same tiers with other thresholds.' }),
        })
        .meta({ id: 'SubtreeThresholdsInput', description: 'Other thresholds for an institution and all below it.' }),
    )
    .meta({ description: 'Thresholds for parts of the bank; the nearest institution applies.' }),
  effectiveOn: daySchema.optional().meta({ description: 'First day on which it applies; today by default.' }),
  reason: singleLine(500).optional().meta({ description: 'The reason.' }),
}
const name = singleLine(100).meta({ description: 'Name of the scheme.', examples: ['零售存款分层'] })

export const tierScheme = viewOperation(view, {
  kind: 'query',
  name: 'tierScheme',
  summary: 'A tier scheme with its thresholds',
  description: 'With all versions: past, current and future.',
  permission: 'segment:read',
  domain,
  input: z.strictObject({ schemeId }),
  errors: ['not_found'],
  run: (context, { schemeId: wanted }) => answerOne(context, view, (row, bind) => `${row}.id = ${bind(wanted)}::uuid`),
})

export const tierSchemes = pageOperation(view, {
  kind: 'query',
  name: 'tierSchemes',
  summary: 'Tier schemes',
  description: 'Ordered by code.',
  permission: 'segment:read',
  domain,
  input: z.strictObject({ state: z.enum(tierSchemeStates).optional().meta({ description: 'With this status.' }), ...pageInput }),
  errors: ['invalid_cursor'],
  run: (context, { state, ...page }) =>
    answerPage(context, view, {
      ...page,
      order: orderBy('code', 'asc', [['code', 'text']]),
      where: (row, bind) => (state === undefined ? [] : [`${row}.state = ${bind(state)}::text`]),
    }),
})

async function check(
  { db, bank }: Context,
  { kinds, measure }: Pick<SchemeHead, 'kinds'> & { readonly measure: string },
  definition: TierDefinition,
): Promise<void> {
  const paths = await listInstitutionPaths(db)
  requireTiers(definition, {
    kinds,
    measure,
    currency: bank.baseCurrency as CurrencyCode,
    institution: (wanted) => paths.has(wanted),
  })
}

const taken: Readonly<Record<string, DomainError>> = {
  tier_scheme_code_key: new DomainError('already_exists', 'A tier scheme with this code already exists.', [
    { pointer: '/code', rule: 'already_exists', message: 'A tier scheme with this code already exists.' },
  ]),
}

function refuseDuplicate(error: unknown): never {
  throw taken[brokenConstraint(error) ?? ''] ?? error
}

function schemeVersion(
  { actor, now }: Context,
  id: string,
  version: number,
  effectiveOn: Day,
  { graceDays, thresholds: lines, subtrees }: TierDefinition,
  reason: string | undefined,
): StoredPolicyVersion<TierDefinition> {
  return {
    key: id,
    version,
    effectiveOn,
    definition: { graceDays, thresholds: lines, subtrees },
    source: 'bank',
    reason: reason ?? null,
    setBy: callerOf(actor),
    setAt: now,
  }
}

export const createTierScheme = viewOperation(view, {
  kind: 'command',
  name: 'createTierScheme',
  summary: 'Create a tier scheme',
  description:
    'For kinds of customers by a measure: any fact that is a number or an amount. Customers get their tiers on the effective day: that night, or within about a minute if it is today. Upgrades are immediate; downgrades follow after the grace period.',
  permission: 'segment:write',
  domain,
  input: z.strictObject({
    code: code.meta({ description: 'Short name, unique in the bank.', examples: ['retail-assets'] }),
    name,
    kinds: z
      .array(z.enum(customerKinds))
      .max(customerKinds.length)
      .meta({ description: 'The kinds of customers to which it applies.' }),
    measure: z
      .string()
      .min(1)
      .max(64)
      .meta({ description: 'The fact that is the measure.', examples: ['aum'] }),
    ...parts,
    graceDays: parts.graceDays.default(90),
    subtrees: parts.subtrees.default([]),
  }),
  errors: ['already_exists', 'conflict', 'outside_period'],
  async run(context, { code: wanted, name: called, kinds, measure, reason, effectiveOn, ...definition }) {
    const { db, now, today, newId, actor } = context
    const begins = effectiveOn ?? today
    await check(context, { kinds, measure }, definition)
    requireEffectiveOn(begins, today, [])
    if ((await countActiveSchemes(db)) >= MAX_SCHEMES)
      throw new DomainError('conflict', `A bank can have at most ${MAX_SCHEMES} active tier schemes.`)
    const created = newId()
    const createdBy = callerOf(actor)
    await insertScheme(db, {
      id: created,
      code: wanted,
      name: called,
      kinds,
      measure: measure as FactName,
      createdBy,
      now,
    }).catch(refuseDuplicate)
    await insertPolicyVersion(db, 'tier_scheme', schemeVersion(context, created, 1, begins, definition, reason))
    if (begins <= today) await queueForDefinition(db, 'evaluation', context)
    context.record({
      event: 'tier_scheme.created',
      subjectType: 'tier_scheme',
      subjectId: created,
      changed: ['code', 'name', 'kinds', 'measure', 'thresholds', 'graceDays', 'subtrees'],
      path: '/',
    })
    return answerOne(context, view, (row, bind) => `${row}.id = ${bind(created)}::uuid`)
  },
})

/** The scheme, held and of the version that was seen. Throws `not_found`, `version_conflict` and `already_closed`. */
async function holdScheme({ db }: Context, wanted: string, expected: number | undefined): Promise<SchemeHead> {
  const found = await lockScheme(db, wanted)
  if (!found) throw notFound('tier scheme')
  checkVersion(expected, found.version)
  if (found.state === 'retired') throw new DomainError('already_closed', 'This scheme is retired.')
  return found
}

export const reviseTierScheme = viewOperation(view, {
  kind: 'command',
  name: 'reviseTierScheme',
  summary: 'Revise a tier scheme',
  description:
    'Its name, and a new version of its thresholds, grace period and subtrees from a day: omitted parts stay as in the version that would apply on that day. Takes effect for all customers at once on that day: that night, or within about a minute if it is today; customers in a removed tier get the tier by their measure.',
  permission: 'segment:write',
  domain,
  input: z.strictObject({
    schemeId,
    name: name.optional(),
    graceDays: parts.graceDays.optional(),
    thresholds: parts.thresholds.optional(),
    subtrees: parts.subtrees.optional(),
    effectiveOn: parts.effectiveOn,
    reason: parts.reason,
    expectedVersion,
  }),
  errors: ['not_found', 'already_closed', 'version_conflict', 'precondition_required', 'period_overlap', 'outside_period'],
  concurrency: 'required',
  async run(context, { schemeId: wanted, name: called, reason, effectiveOn, expectedVersion: expected, ...terms }) {
    const { db, now, today } = context
    const scheme = await holdScheme(context, wanted, expected)
    const changed = Object.entries({ name: called, ...terms }).flatMap(([field, given]) => (given === undefined ? [] : [field]))
    if (Object.values(terms).some((part) => part !== undefined)) {
      const begins = effectiveOn ?? today
      const versions = await listVersions(db, wanted)
      requireEffectiveOn(
        begins,
        today,
        versions.map((one) => one.effectiveOn),
      )
      // A scheme that has not begun yet is known by its first version.
      const before = versions.findLast((one) => one.effectiveOn < begins) ?? versions[0]!
      const next: TierDefinition = {
        graceDays: terms.graceDays ?? before.graceDays,
        thresholds: terms.thresholds ?? before.thresholds,
        subtrees: terms.subtrees ?? before.subtrees,
      }
      await check(context, scheme, next)
      const number = Math.max(...versions.map((one) => one.schemeVersion)) + 1
      await insertPolicyVersion(db, 'tier_scheme', schemeVersion(context, wanted, number, begins, next, reason)).catch(
        refuseSecond,
      )
      if (begins <= today) await queueForDefinition(db, 'evaluation', context)
    }
    await updateScheme(db, wanted, { name: called }, now)
    context.record({ event: 'tier_scheme.revised', subjectType: 'tier_scheme', subjectId: wanted, changed, path: '/' })
    return answerOne(context, view, (row, bind) => `${row}.id = ${bind(wanted)}::uuid`)
  },
})

export const retireTierScheme = viewOperation(view, {
  kind: 'command',
  name: 'retireTierScheme',
  summary: 'Retire a tier scheme',
  description: 'Customers leave its tiers within about a minute, including overridden ones; its history stays.',
  permission: 'segment:write',
  domain,
  input: z.strictObject({ schemeId, expectedVersion }),
  errors: ['not_found', 'already_closed', 'version_conflict', 'precondition_required'],
  concurrency: 'required',
  async run(context, { schemeId: wanted, expectedVersion: expected }) {
    const { db, now } = context
    await holdScheme(context, wanted, expected)
    await updateScheme(db, wanted, { state: 'retired' }, now)
    await endOverridesOf(db, wanted, context.today)
    await queueForDefinition(db, 'evaluation', context)
    context.record({ event: 'tier_scheme.retired', subjectType: 'tier_scheme', subjectId: wanted, changed: ['state'], path: '/' })
    return answerOne(context, view, (row, bind) => `${row}.id = ${bind(wanted)}::uuid`)
  },
})

export const tierSchemeOperations = [tierScheme, tierSchemes, createTierScheme, reviseTierScheme, retireTierScheme]
