import { ofCustomer } from '../../db/platform/views/conditions.ts'
import { checkVersion } from '../platform/versions.ts'
import { z } from 'zod'
import { dayOf } from '../../core/kernel/calendar.ts'
import { DomainError, notFound, refuseField } from '../../core/kernel/errors.ts'
import { remark } from '../../core/kernel/scalars.ts'
import { stateAfter } from '../../core/kernel/state-machine.ts'
import { requireOverridePeriod, tierOverrideMachine } from '../../core/segmentation/tier-overrides.ts'
import type { Db } from '../../db/platform/database.ts'
import { type ApprovalKind, type Decision, requestApproval } from '../dossier/approvals.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import { evaluateSome } from '../../db/segmentation/refresh/refresh.ts'
import {
  approveOverride,
  closeOverride,
  type StoredOverride,
  insertOverride,
  lockOverride,
  lockTieredCustomer,
  endOverride,
  type TieredCustomer,
} from '../../db/segmentation/tiers/overrides.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne } from '../platform/reading.ts'
import { daySchema, expectedVersion, id } from '../platform/scalars.ts'
import { evaluatedScheme, requireTier } from './tier-lists.ts'
import { schemeId, tierCode } from './tiers.ts'
import { pageUnder } from '../dossier/under-customer.ts'

const overrideView = viewNamed('TierOverride')
const domain = 'Customer Product and Service Eligibility'

const tierOverrideId = id.meta({ description: 'The override.' })

export const tierOverride = viewOperation(overrideView, {
  kind: 'query',
  name: 'tierOverride',
  summary: 'One tier override of a customer',
  description: 'With reason, approver and end.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({ customerId: id, tierOverrideId }),
  errors: ['not_found'],
  run: (context, { customerId, tierOverrideId: wanted }) => answerOne(context, overrideView, ofCustomer(customerId, wanted)),
})

export const tierOverrides = pageOperation(overrideView, {
  kind: 'query',
  name: 'tierOverrides',
  summary: 'Tier overrides of a customer',
  description: 'Active and ended ones, newest first.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({ customerId: id, ...pageInput }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, input) =>
    pageUnder(
      context,
      overrideView,
      {
        name: 'latest',
        direction: 'desc',
        keys: (row) => [
          { expression: `${row}.created_at`, cast: 'timestamptz' },
          { expression: `${row}.id`, cast: 'uuid' },
        ],
      },
      input,
    ),
})

/** The day of the bank, by which refreshes decide. */
const bankDay = ({ now, bank }: Context): string => dayOf(now, bank.timeZone)

const settingsOf = (context: Context) => ({
  asOf: bankDay(context),
  baseCurrency: context.bank.baseCurrency,
  now: context.now,
})

/** The scheme by which a tier is set, where it applies to the customer. Throws `unknown_reference` and `conflict`. */
async function requireScheme(db: Db, customer: TieredCustomer, wanted: string, tier: string): Promise<void> {
  const scheme = await evaluatedScheme(db, wanted).catch((error: unknown) => {
    if (error instanceof DomainError && error.code === 'not_found')
      throw refuseField('unknown_reference', 'schemeId', 'unknown_reference', 'There is no such scheme.')
    throw error
  })
  requireTier(scheme, tier)
  if ((customer.places?.[scheme.slot - 1] ?? null) === null)
    throw new DomainError('conflict', 'The scheme does not apply to this customer, or their facts are not computed yet.')
}

export const overrideTier = viewOperation(overrideView, {
  kind: 'command',
  name: 'overrideTier',
  summary: 'Request a tier override for a customer',
  description:
    'Takes effect when another person approves the request (`approveRequest`): a manager of a branch to which the customer belongs. It applies until its end, a year at most, whatever the measure; after that the tier follows the measure again.',
  permission: 'tier:override',
  domain,
  input: z.strictObject({
    customerId: id,
    schemeId,
    tier: tierCode.meta({ description: 'Code of the tier.', examples: ['private'] }),
    reason: remark(300).meta({ description: 'The reason.', examples: ['资产正在转入'] }),
    endsOn: daySchema.meta({ description: 'First day on which it no longer applies.', examples: ['2027-05-01'] }),
  }),
  errors: ['not_found', 'conflict', 'already_exists', 'unknown_reference', 'outside_period'],
  async run(context, { customerId, schemeId: wanted, tier, reason, endsOn }) {
    const { db, now, newId, actor } = context
    const today = bankDay(context)
    const customer = await lockTieredCustomer(db, customerId)
    if (!customer) throw notFound('customer')
    await requireScheme(db, customer, wanted, tier)
    requireOverridePeriod(endsOn, today)
    const overrideId = newId()
    const requestedBy = actor.kind === 'staff' ? actor.id : ''
    await insertOverride(db, {
      id: overrideId,
      customerId,
      schemeId: wanted,
      tier,
      reason,
      requestedBy,
      startsOn: today,
      endsOn,
      now,
    }).catch((error: unknown) => {
      if (brokenConstraint(error) === 'tier_override_current_key')
        throw new DomainError(
          'already_exists',
          'This customer already has an active or requested override in this scheme: end or withdraw that first.',
        )
      throw error
    })
    await requestApproval(context, { customerId, kind: 'tier_override', subjectId: overrideId, reason })
    context.record({
      event: 'tier_override.requested',
      subjectType: 'tier_override',
      subjectId: overrideId,
      customerId,
      changed: ['schemeId', 'tier', 'reason', 'endsOn'],
    })
    return answerOne(context, overrideView, ofCustomer(customerId, overrideId))
  },
})

/** The override that waits for a decision, with its customer, both held. */
async function holdRequested({ db }: Context, { customerId, subjectId }: Decision): Promise<[TieredCustomer, StoredOverride]> {
  const customer = await lockTieredCustomer(db, customerId)
  const found = customer && (await lockOverride(db, customerId, subjectId))
  if (!found) throw notFound('tier override')
  return [customer, found]
}

export const tierOverrideApproval: ApprovalKind = {
  kind: 'tier_override',
  permission: 'tier:override',
  async approve(context, decision) {
    const { db, now } = context
    const { customerId, subjectId, decidedBy } = decision
    const today = bankDay(context)
    const [customer, found] = await holdRequested(context, decision)
    const state = stateAfter(tierOverrideMachine, found.state, 'approve')
    requireOverridePeriod(found.endsOn, today)
    await requireScheme(db, customer, found.schemeId, found.tier)
    await approveOverride(db, customerId, subjectId, { state, approverId: decidedBy, startsOn: today, now })
    await evaluateSome(db, settingsOf(context), [customerId])
    context.record({
      event: 'tier_override.set',
      subjectType: 'tier_override',
      subjectId,
      customerId,
      changed: ['state', 'approverId', 'startsOn'],
    })
  },
  async close(context, decision, reached) {
    const { customerId, subjectId } = decision
    const [, found] = await holdRequested(context, decision)
    const state = stateAfter(tierOverrideMachine, found.state, reached === 'declined' ? 'decline' : 'withdraw')
    await closeOverride(context.db, customerId, subjectId, state, context.now)
    context.record({
      event: `tier_override.${reached}`,
      subjectType: 'tier_override',
      subjectId,
      customerId,
      changed: ['state'],
    })
  },
}

export const endTierOverride = viewOperation(overrideView, {
  kind: 'command',
  name: 'endTierOverride',
  summary: 'End a tier override',
  description: 'The tier immediately follows the measure again.',
  permission: 'tier:override',
  domain,
  input: z.strictObject({ customerId: id, tierOverrideId, expectedVersion }),
  errors: ['not_found', 'already_closed', 'version_conflict', 'precondition_required'],
  concurrency: 'required',
  async run(context, { customerId, tierOverrideId: wanted, expectedVersion: expected }) {
    const { db } = context
    if (!(await lockTieredCustomer(db, customerId))) throw notFound('customer')
    const found = await lockOverride(db, customerId, wanted)
    if (!found) throw notFound('tier override')
    checkVersion(expected, found.version)
    stateAfter(tierOverrideMachine, found.state, 'end')
    await endOverride(db, customerId, wanted, bankDay(context))
    await evaluateSome(db, settingsOf(context), [customerId])
    context.record({
      event: 'tier_override.ended',
      subjectType: 'tier_override',
      subjectId: wanted,
      customerId,
      changed: ['endsOn', 'state'],
    })
    return answerOne(context, overrideView, ofCustomer(customerId, wanted))
  },
})

export const tierOverrideOperations = [tierOverride, tierOverrides, overrideTier, endTierOverride]
