import { z } from 'zod'
import { callerOf, holdsWholeBank } from '../../core/kernel/actors.ts'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import { line, paragraph } from '../../core/kernel/scalars.ts'
import { checkRule, type CheckContext } from '../../core/segmentation/rules/check.ts'
import type { RuleContext } from '../../core/segmentation/rules/resolve.ts'
import { canonicalRule, restsOn, type Rule, usedPercentiles } from '../../core/segmentation/rules/rule.ts'
import { requireDraft, requireUnretired, requireUnused, segmentKinds, segmentStates } from '../../core/segmentation/segments.ts'
import { inForce, listPolicies, readPoliciesOn } from '../../db/segmentation/classifications/store.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import { readCut, workOutCut } from '../../db/segmentation/facts/cuts.ts'
import { listInstitutionPaths } from '../../db/organisation/institutions.ts'
import { queueForDefinition } from '../../db/segmentation/refresh/runs.ts'
import { changeList, membersOrder, membersWhere } from '../../db/segmentation/segments/members.ts'
import { requireKeepable, requireRefreshable } from '../../db/segmentation/refresh/estimates.ts'
import { previewRule, type Preview } from '../../db/segmentation/segments/preview.ts'
import { meaningOf, readRuleContext, wholeRule } from '../../db/segmentation/facts/rules.ts'
import {
  findSegment,
  insertSegment,
  insertVersion,
  lockDefinitions,
  lockSegment,
  readSegments,
  type StoredSegment,
  updateSegment,
} from '../../db/segmentation/segments/store.ts'
import { viewNamed } from '../../db/views.ts'
import { checkVersion } from '../platform/feed-writes.ts'
import { type Context, operation, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage, orderBy } from '../platform/reading.ts'
import { moneySchema } from '../platform/rest-schema.ts'
import { daySchema, expectedVersion, id } from '../platform/scalars.ts'
import { formatAmount } from '../../core/kernel/money.ts'

const view = viewNamed('Segment')
const membershipView = viewNamed('SegmentMembership')
const domain = 'Customer Product and Service Eligibility'

const segmentId = id.meta({ description: 'The segment.' })
const code = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, { error: 'A code is 1 to 64 lower-case letters, digits, dashes and underscores.' })
  .meta({ description: 'Short name, unique in the bank.', examples: ['salary-falling'] })
const name = line(100).meta({ description: 'Name of the segment.', examples: ['工资户资金流失'] })
const description = paragraph(1000).meta({ description: 'What it is for.' })
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
const reason = line(300).optional().meta({ description: 'Why.' })

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
function usersOf(segments: readonly StoredSegment[], own: string): (StoredSegment & { readonly rule: Rule })[] {
  const byId = new Map(segments.map((one) => [one.id, one]))
  const meaning = (wanted: string) => meaningOf(byId.get(wanted)!)
  return segments.flatMap(({ rule, ...one }) =>
    rule !== null && one.state !== 'retired' && one.id !== own && restsOn(rule, own, meaning) ? [{ ...one, rule }] : [],
  )
}

/** The rules of policies, those that hold and those that will, that rest on a segment. */
async function policiesOver(
  { db, today }: Context,
  segments: readonly StoredSegment[],
  own: string,
): Promise<readonly { readonly name: string; readonly kind: string; readonly rule: Rule; readonly watched: boolean }[]> {
  const byId = new Map(segments.map((one) => [one.id, one]))
  const later = (await listPolicies(db, undefined)).filter(({ effectiveOn }) => effectiveOn > today).map(inForce)
  return [...(await readPoliciesOn(db, today)), ...later].flatMap(({ kind, rules }) =>
    rules.flatMap(({ rule }) =>
      restsOn(rule, own, (wanted) => meaningOf(byId.get(wanted)!))
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
      'The rule is not valid.',
      checked.problems.map(({ pointer, ...problem }) => ({ pointer: `${at}${pointer}`, ...problem })),
    )
  return checked.rule
}

/** Works out the hundredths that a rule asks for and that nobody has asked for before. */
export async function prepareCuts(context: Context, rule: Rule): Promise<void> {
  const { db, today } = context
  const used = usedPercentiles(rule)
  if (used.length === 0) return
  const paths = await listInstitutionPaths(db)
  const known = await readRuleContext(db, today, context.bank.baseCurrency)
  for (const { fact, within } of used)
    if (known.cut(fact, within, 0) === undefined)
      await workOutCut(db, { path: within === undefined ? '/' : paths.get(within)!, fact }, today)
}

export const segment = viewOperation(view, {
  kind: 'query',
  name: 'segment',
  summary: 'A segment with its rule',
  description: 'With all versions of the rule.',
  permission: 'segment:read',
  domain,
  input: z.strictObject({ segmentId }),
  errors: ['not_found'],
  run: (context, { segmentId: wanted }) => answerOne(context, view, (row, bind) => `${row}.id = ${bind(wanted)}::uuid`),
})

export const segments = pageOperation(view, {
  kind: 'query',
  name: 'segments',
  summary: 'Segments of the bank',
  description: 'In the order of their codes.',
  permission: 'segment:read',
  domain,
  input: z.strictObject({
    state: z.enum(segmentStates).optional().meta({ description: 'In this state.' }),
    kind: z.enum(segmentKinds).optional().meta({ description: 'Of this kind.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor'],
  run: (context, { state, kind, ...page }) =>
    answerPage(context, view, {
      ...page,
      order: orderBy('code', 'asc', [['code', 'text']]),
      where: (row, bind) => [
        ...(state === undefined ? [] : [`${row}.state = ${bind(state)}::text`]),
        ...(kind === undefined ? [] : [`${row}.kind = ${bind(kind)}::text`]),
      ],
    }),
})

export const createSegment = viewOperation(view, {
  kind: 'command',
  name: 'createSegment',
  summary: 'Make a segment',
  description:
    'As a draft, which has no members yet: preview its rule, then make it active. A dynamic segment has a rule; a static one has none, its members are listed.',
  permission: 'segment:write',
  domain,
  input: z.strictObject({
    code,
    name,
    description: description.optional(),
    kind: z.enum(segmentKinds).default('dynamic').meta({ description: 'By a rule, or by a list.' }),
    rule: ruleInput.optional(),
  }),
  errors: ['already_exists', 'query_too_complex'],
  async run(context, { code: wanted, name: called, description: said, kind, rule: sent }) {
    const { db, now, newId, actor } = context
    if ((kind === 'dynamic') !== (sent !== undefined))
      throw new DomainError('invalid_input', 'A dynamic segment has a rule, a static one has none.', [
        {
          pointer: '/rule',
          rule: 'kind',
          message: kind === 'dynamic' ? 'A dynamic segment has a rule.' : 'A static segment has no rule.',
        },
      ])
    await lockDefinitions(db)
    const known = await readSegments(db)
    const rule = sent && (await readRule(context, sent, known))
    if (rule) await requireKeepable(db, wholeRule(rule, known), 'rule')
    const created = newId()
    const createdBy = callerOf(actor)
    await insertSegment(db, { id: created, code: wanted, name: called, description: said ?? null, kind, createdBy, now }).catch(
      (error: unknown) => {
        if (brokenConstraint(error) === 'segment_code_key')
          throw new DomainError('already_exists', 'A segment has this code already.', [
            { pointer: '/code', rule: 'already_exists', message: 'A segment has this code already.' },
          ])
        throw error
      },
    )
    if (rule) await insertVersion(db, { segmentId: created, ruleVersion: 1, rule, reason: null, createdBy, now })
    context.record({
      event: 'segment.created',
      subjectType: 'segment',
      subjectId: created,
      changed: ['code', 'name', 'kind', ...(rule ? ['rule'] : [])],
      path: '/',
    })
    return answerOne(context, view, (row, bind) => `${row}.id = ${bind(created)}::uuid`)
  },
})

/** The segment, held and of the version that was seen. Throws `not_found`, `version_conflict` and `already_closed`. */
async function holdSegment({ db }: Context, wanted: string, expected: number | undefined): Promise<StoredSegment> {
  await lockDefinitions(db)
  const found = await lockSegment(db, wanted)
  if (!found) throw notFound('segment')
  checkVersion(expected, found.version)
  requireUnretired(found.state)
  return found
}

export const reviseSegment = viewOperation(view, {
  kind: 'command',
  name: 'reviseSegment',
  summary: 'Change a segment',
  description:
    'Name, description and rule as far as they are given. A rule that says something else is a new version; memberships follow within about a minute. Preview it first: `segmentPreview` tells who would enter and leave.',
  permission: 'segment:write',
  domain,
  input: z.strictObject({
    segmentId,
    name: name.optional(),
    description: description.optional(),
    rule: ruleInput.optional(),
    reason,
    expectedVersion,
  }),
  errors: ['not_found', 'already_closed', 'version_conflict', 'precondition_required', 'conflict', 'query_too_complex'],
  concurrency: 'required',
  async run(context, { segmentId: wanted, name: called, description: said, rule: sent, reason: why, expectedVersion: expected }) {
    const { db, now, actor } = context
    const found = await holdSegment(context, wanted, expected)
    if (sent !== undefined && found.kind === 'static') throw new DomainError('conflict', 'A static segment has no rule.')
    const known = await readSegments(db)
    const read = sent && (await readRule(context, sent, known, wanted))
    const rule = read && canonicalRule(read) !== canonicalRule(found.rule!) ? read : undefined
    const ruleVersion = rule ? found.ruleVersion! + 1 : undefined
    if (rule)
      await insertVersion(db, {
        segmentId: wanted,
        ruleVersion: ruleVersion!,
        rule,
        reason: why ?? null,
        createdBy: callerOf(actor),
        now,
      })
    if (rule) {
      await requireKeepable(db, wholeRule(rule, known), 'rule')
      if (await isEvaluated(context, found, known)) {
        const revised = known.map((one) => (one.id === wanted ? { ...one, rule } : one))
        await requireRefreshable(db, revised, await readPoliciesOn(db, context.today), 'rule')
        await prepareCuts(context, wholeRule(rule, known))
        await queueForDefinition(db, 'evaluation', context)
      }
    }
    await updateSegment(db, wanted, { name: called, description: said, ruleVersion }, now)
    const changed = Object.entries({ name: called, description: said, rule }).flatMap(([field, value]) =>
      value === undefined ? [] : [field],
    )
    context.record({ event: 'segment.revised', subjectType: 'segment', subjectId: wanted, changed, path: '/' })
    return answerOne(context, view, (row, bind) => `${row}.id = ${bind(wanted)}::uuid`)
  },
})

/** Whether refreshes ask the rule of a segment: its own, or that of one which rests on it. */
async function isEvaluated(context: Context, found: StoredSegment, known: readonly StoredSegment[]): Promise<boolean> {
  if ([found, ...usersOf(known, found.id)].some(({ state }) => state === 'active')) return true
  return (await policiesOver(context, known, found.id)).length > 0
}

export const activateSegment = viewOperation(view, {
  kind: 'command',
  name: 'activateSegment',
  summary: 'Let a segment have members',
  description: 'A dynamic one gets them within about a minute, when everybody has been evaluated by the facts as they stand.',
  permission: 'segment:write',
  domain,
  input: z.strictObject({ segmentId, expectedVersion }),
  errors: ['not_found', 'already_closed', 'version_conflict', 'precondition_required', 'conflict', 'query_too_complex'],
  concurrency: 'required',
  async run(context, { segmentId: wanted, expectedVersion: expected }) {
    const { db, now } = context
    const found = await holdSegment(context, wanted, expected)
    requireDraft(found.state)
    if (found.rule) {
      const known = await readSegments(db)
      const activated = known.map((one) => (one.id === wanted ? { ...one, state: 'active' as const } : one))
      await requireRefreshable(db, activated, await readPoliciesOn(db, context.today), 'segmentId')
      await prepareCuts(context, wholeRule(found.rule, known))
    }
    await updateSegment(db, wanted, { state: 'active' }, now)
    await queueForDefinition(db, 'evaluation', context)
    context.record({ event: 'segment.activated', subjectType: 'segment', subjectId: wanted, changed: ['state'], path: '/' })
    return answerOne(context, view, (row, bind) => `${row}.id = ${bind(wanted)}::uuid`)
  },
})

export const retireSegment = viewOperation(view, {
  kind: 'command',
  name: 'retireSegment',
  summary: 'End a segment',
  description:
    'Its members leave within about a minute; its history stays. Refused while another segment or a policy rests on it.',
  permission: 'segment:write',
  domain,
  input: z.strictObject({ segmentId, expectedVersion }),
  errors: ['not_found', 'already_closed', 'version_conflict', 'precondition_required', 'in_use'],
  concurrency: 'required',
  async run(context, { segmentId: wanted, expectedVersion: expected }) {
    const { db, now } = context
    await holdSegment(context, wanted, expected)
    const known = await readSegments(db)
    const policies = (await policiesOver(context, known, wanted)).map(({ kind }) => kind)
    requireUnused([...usersOf(known, wanted).map((one) => one.name), ...new Set(policies)])
    await updateSegment(db, wanted, { state: 'retired' }, now)
    await queueForDefinition(db, 'evaluation', context)
    context.record({ event: 'segment.retired', subjectType: 'segment', subjectId: wanted, changed: ['state'], path: '/' })
    return answerOne(context, view, (row, bind) => `${row}.id = ${bind(wanted)}::uuid`)
  },
})

const MOST_LISTED = 10_000
const customerIds = z.array(id).max(MOST_LISTED).default([])

export const listSegmentMembers = operation({
  kind: 'command',
  name: 'listSegmentMembers',
  summary: 'Put customers on the list of a static segment, or take them off',
  description: `Up to ${MOST_LISTED} each at once, all or none. Whoever is on it already, or is not, stays so.`,
  permission: 'segment:write',
  domain,
  input: z.strictObject({
    segmentId,
    add: customerIds.meta({ description: 'Customers who come in.' }),
    remove: customerIds.meta({ description: 'Customers who go out.' }),
  }),
  output: z
    .object({
      segmentId: z.uuid().meta({ description: 'The segment.' }),
      added: z.int().meta({ description: 'Customers who came in.' }),
      removed: z.int().meta({ description: 'Customers who went out.' }),
    })
    .meta({ id: 'SegmentList', description: 'What became of the list of a segment.' }),
  errors: ['not_found', 'already_closed', 'conflict', 'unknown_reference'],
  async run(context, { segmentId: wanted, add, remove }) {
    const { db, now, today, actor } = context
    const found = await lockSegment(db, wanted)
    if (!found) throw notFound('segment')
    requireUnretired(found.state)
    if (found.kind === 'dynamic') throw new DomainError('conflict', 'The members of a dynamic segment follow its rule.')
    if (found.state === 'draft') throw new DomainError('conflict', 'A draft has no members: make it active first.')
    const both = add.find((one) => remove.includes(one))
    if (both !== undefined)
      throw new DomainError('invalid_input', 'A customer comes in or goes out.', [
        { pointer: `/remove/${remove.indexOf(both)}`, rule: 'distinct', message: 'This customer is to come in as well.' },
      ])
    const { unknown, added, removed } = await changeList(db, found, { add, remove, by: callerOf(actor), now, today })
    if (unknown.length > 0)
      throw new DomainError(
        'unknown_reference',
        'Some of them are no active customers with facts.',
        unknown.slice(0, 20).map((one) => ({
          pointer: `/add/${add.indexOf(one)}`,
          rule: 'unknown_reference',
          message: 'There is no such active customer, or their facts are not worked out yet.',
        })),
      )
    context.record({ event: 'segment.listed', subjectType: 'segment', subjectId: wanted, path: '/', details: { added, removed } })
    return { segmentId: wanted, added, removed }
  },
})

export const segmentMembers = pageOperation(membershipView, {
  kind: 'query',
  name: 'segmentMembers',
  summary: 'Who is in a segment, or was on a day',
  description: 'Those whom you may see, by institution.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({
    segmentId,
    on: daySchema.optional().meta({ description: 'Those who were in it on this day; those who are now where it is missing.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, { segmentId: wanted, on, ...page }) =>
    answerPage(context, membershipView, {
      ...page,
      order: membersOrder,
      planned: 'each_time',
      where: (row, bind) => membersWhere({ segmentId: wanted, on, reach: context.scope }, row, bind),
      async orRefuse() {
        if (!(await findSegment(context.db, wanted))) throw notFound('segment')
      },
    }),
})

const previewOutput = z
  .object({
    customers: z.int().meta({ description: 'Customers within your scope who meet the rule.' }),
    aum: moneySchema.meta({ description: 'What they own together.' }),
    shareOfCustomers: z.number().meta({ description: 'Of all active customers within your scope, in percent.' }),
    shareOfAum: z.number().nullable().meta({ description: 'Of their assets, in percent; null where there are none.' }),
    entering: z.int().nullable().meta({ description: 'Who would enter, where a segment is named.' }),
    leaving: z.int().nullable().meta({ description: 'Who would leave, where a segment is named.' }),
    sample: z
      .array(
        z
          .object({
            customerId: z.uuid().meta({ description: 'The customer.' }),
            name: z.string().meta({ description: 'Name of the person or company.' }),
            kind: z.string().meta({ description: 'What the customer is.' }),
            aum: moneySchema.meta({ description: 'What they own here.' }),
          })
          .meta({ id: 'SegmentSample', description: 'One of those who meet a rule.' }),
      )
      .meta({ description: 'Up to twenty of them, the same for the same rule and bank.' }),
    asOf: z.iso.date().meta({ description: 'The day that relative days count from.' }),
  })
  .meta({ id: 'SegmentPreview', description: 'Who meets a rule, before it is kept.' })

/** What a rule is previewed against: hundredths that nobody has asked for before are worked out for those who see the whole bank. Throws `conflict` for others. */
async function previewContext({ db, today, bank, scope }: Context, rule: Rule): Promise<RuleContext> {
  const known = await readRuleContext(db, today, bank.baseCurrency)
  const missing = usedPercentiles(rule).filter(({ fact, within }) => known.cut(fact, within, 0) === undefined)
  if (missing.length === 0) return known
  const [{ fact: first }] = missing as [(typeof missing)[number]]
  if (!holdsWholeBank(scope))
    throw new DomainError(
      'conflict',
      `The hundredths of ${first} are not worked out yet: only who sees the whole bank can preview them.`,
    )
  const paths = await listInstitutionPaths(db)
  const worked = new Map<string, readonly string[]>()
  const keyOf = (fact: string, within: string | undefined): string => `${fact} ${within ?? ''}`
  for (const { fact, within } of missing) {
    const cut = await readCut(db, { path: within === undefined ? '/' : paths.get(within)!, fact }, today)
    if (cut) worked.set(keyOf(fact, within), cut.cuts)
  }
  return {
    ...known,
    cut: (fact, within, hundredth) => known.cut(fact, within, hundredth) ?? worked.get(keyOf(fact, within))?.[hundredth],
  }
}

export const segmentPreview = operation({
  kind: 'query',
  name: 'segmentPreview',
  summary: 'Who meets a rule, before it is kept',
  description:
    'Count, assets, share of the bank and a sample, within your scope, over the facts as they stand; nothing is stored. With the id of a segment also who would enter and leave it by the rule. A rule that would take longer than a statement may is refused with an estimate.',
  permission: 'segment:read',
  alsoNeeds: () => ['fact:read'],
  domain,
  lane: 'pool',
  input: z.strictObject({ rule: ruleInput, segmentId: segmentId.optional() }),
  output: previewOutput,
  errors: ['not_found', 'conflict', 'query_too_complex'],
  async run(context, { rule: sent, segmentId: wanted }) {
    const { db, today, bank, scope } = context
    const known = await readSegments(db)
    const own = wanted === undefined ? undefined : known.find((one) => one.id === wanted)
    if (wanted !== undefined && !own) throw notFound('segment')
    const rule = wholeRule(await readRule(context, sent, known, wanted), known)
    const ruleContext = await previewContext(context, rule)
    const { sample, ...found }: Preview = await previewRule(db, rule, ruleContext, { scope, number: own?.number })
    const money = (amount: string) => ({
      amount: formatAmount(BigInt(amount), bank.baseCurrency as never),
      currency: bank.baseCurrency,
    })
    const share = (part: number, whole: number): number => Math.round((1e6 * part) / whole) / 1e4
    return {
      customers: found.customers,
      aum: money(found.aum),
      shareOfCustomers: found.allCustomers === 0 ? 0 : share(found.customers, found.allCustomers),
      shareOfAum: Number(found.allAum) === 0 ? null : share(Number(found.aum), Number(found.allAum)),
      entering: own ? found.entering : null,
      leaving: own ? found.leaving : null,
      sample: sample.map(({ aum, ...one }) => ({ ...one, aum: money(aum) })),
      asOf: today,
    }
  },
})

export const segmentOperations = [
  segment,
  segments,
  createSegment,
  reviseSegment,
  activateSegment,
  retireSegment,
  listSegmentMembers,
  segmentMembers,
  segmentPreview,
]
