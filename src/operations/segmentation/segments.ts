import { checkVersion } from '../platform/versions.ts'
import { wholeRule } from '../../db/segmentation/segments/rules.ts'
import { z } from 'zod'
import { callerOf } from '../../core/kernel/actors.ts'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import { singleLine, paragraph } from '../../core/kernel/scalars.ts'
import { canonicalRule } from '../../core/segmentation/rules/rule.ts'
import { requireDraft, requireUnretired, requireUnused, segmentKinds, segmentStates } from '../../core/segmentation/segments.ts'
import { readPoliciesOn } from '../../db/segmentation/classifications/store.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import { queueForDefinition } from '../../db/segmentation/refresh/runs.ts'
import { requireAffordableSegment, requireAffordableRefresh } from '../../db/segmentation/refresh/estimates.ts'
import {
  insertSegment,
  insertVersion,
  lockDefinitions,
  lockSegment,
  readSegments,
  type StoredSegment,
  updateSegment,
} from '../../db/segmentation/segments/store.ts'
import { viewNamed } from '../../db/views.ts'
import { policiesOver, preparePercentiles, readRule, ruleInput, usersOf } from './rules.ts'
import { type Context, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage, orderBy } from '../platform/reading.ts'
import { expectedVersion, id } from '../platform/scalars.ts'

const view = viewNamed('Segment')
const domain = 'Customer Product and Service Eligibility'

const segmentId = id.meta({ description: 'The segment.' })
const code = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, { error: 'A code must be 1 to 64 lower-case letters, digits, dashes and underscores.' })
  .meta({ description: 'Short name, unique in the bank.', examples: ['salary-falling'] })
const name = singleLine(100).meta({ description: 'Name of the segment.', examples: ['工资户资金流失'] })
const description = paragraph(1000).meta({ description: 'Purpose.' })
const reason = singleLine(300).optional().meta({ description: 'The reason.' })

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
  summary: 'Segments',
  description: 'Ordered by code.',
  permission: 'segment:read',
  domain,
  input: z.strictObject({
    state: z.enum(segmentStates).optional().meta({ description: 'With this status.' }),
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
  summary: 'Create a segment',
  description:
    'As a draft, which has no members yet: preview its rule, then activate it. A dynamic segment requires a rule; a static one has none, its members are listed.',
  permission: 'segment:write',
  domain,
  input: z.strictObject({
    code,
    name,
    description: description.optional(),
    kind: z.enum(segmentKinds).default('dynamic').meta({ description: 'Dynamic (by a rule), or static (by a list).' }),
    rule: ruleInput.optional(),
  }),
  errors: ['already_exists', 'query_too_complex'],
  async run(context, { code: wanted, name: called, description: text, kind, rule: sent }) {
    const { db, now, newId, actor } = context
    if ((kind === 'dynamic') !== (sent !== undefined))
      throw new DomainError('invalid_input', 'A dynamic segment requires a rule; a static one must have none.', [
        {
          pointer: '/rule',
          rule: 'kind',
          message: kind === 'dynamic' ? 'A dynamic segment requires a rule.' : 'A static segment must have no rule.',
        },
      ])
    await lockDefinitions(db)
    const known = await readSegments(db)
    const rule = sent && (await readRule(context, sent, known))
    if (rule) await requireAffordableSegment(db, wholeRule(rule, known), 'rule')
    const created = newId()
    const createdBy = callerOf(actor)
    await insertSegment(db, { id: created, code: wanted, name: called, description: text ?? null, kind, createdBy, now }).catch(
      (error: unknown) => {
        if (brokenConstraint(error) === 'segment_code_key')
          throw new DomainError('already_exists', 'A segment with this code already exists.', [
            { pointer: '/code', rule: 'already_exists', message: 'A segment with this code already exists.' },
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
  summary: 'Revise a segment',
  description:
    'The given ones of name, description and rule. A rule with a different meaning is a new version; memberships are updated within about a minute. Preview it first: `segmentPreview` shows who would enter and leave.',
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
  async run(context, { segmentId: wanted, name: called, description: text, rule: sent, reason: why, expectedVersion: expected }) {
    const { db, now, actor } = context
    const found = await holdSegment(context, wanted, expected)
    if (sent !== undefined && found.kind === 'static') throw new DomainError('conflict', 'A static segment must have no rule.')
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
      await requireAffordableSegment(db, wholeRule(rule, known), 'rule')
      if (await isEvaluated(context, found, known)) {
        const revised = known.map((one) => (one.id === wanted ? { ...one, rule } : one))
        await requireAffordableRefresh(db, revised, await readPoliciesOn(db, context.today), 'rule')
        await preparePercentiles(context, wholeRule(rule, known))
        await queueForDefinition(db, 'evaluation', context)
      }
    }
    await updateSegment(db, wanted, { name: called, description: text, ruleVersion }, now)
    const changed = Object.entries({ name: called, description: text, rule }).flatMap(([field, value]) =>
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
  summary: 'Activate a segment',
  description:
    'A dynamic segment gets its members within about a minute, after all customers were evaluated by the stored facts.',
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
      await requireAffordableRefresh(db, activated, await readPoliciesOn(db, context.today), 'segmentId')
      await preparePercentiles(context, wholeRule(found.rule, known))
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
  summary: 'Retire a segment',
  description: 'Its members leave within about a minute; its history stays. Refused while another segment or a policy uses it.',
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

export const segmentOperations = [segment, segments, createSegment, reviseSegment, activateSegment, retireSegment]
