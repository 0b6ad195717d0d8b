import { z } from 'zod'
import { leavingReasons, segmentKinds, segmentStates } from '../../../core/segmentation/segments.ts'
import * as schema from '../schema/segments.ts'
import { column, type Computed, many, one, inSingleAnswers, page, view, type ViewExtension } from '../../platform/views/view.ts'

const rule: Computed = {
  kind: 'computed',
  nullable: true,
  description: 'The rule that holds, as JSON; null for a segment by list.',
  permission: 'segment:read',
  inRest: true,
  output: z.record(z.string(), z.unknown()),
  expression: (alias) =>
    `select v.rule from segment_version v where v.segment_id = ${alias}.id and v.rule_version = ${alias}.rule_version`,
}

const segment = view('Segment', 'Customers who belong together, by a rule over their facts or by a list.', schema.segment, {
  id: column('uuid', 'Id of the segment.'),
  code: column('text', 'Short name, unique in the bank.'),
  name: column('text', 'Name of the segment.'),
  description: column('text', 'What it is for.', { nullable: true }),
  kind: column('text', 'By a rule, or by a list.', { values: segmentKinds }),
  state: column('text', 'Whether it is worked on, has members, or has none any more.', { values: segmentStates }),
  ruleVersion: column('integer', 'The version of the rule that holds.', { nullable: true }),
  rule,
  createdBy: column('text', 'Who made it.'),
  createdAt: column('instant', 'When it was made.'),
  updatedAt: column('instant', 'When it last changed.'),
  activatedAt: column('instant', 'When it was made active.', { nullable: true }),
  retiredAt: column('instant', 'When it was retired.', { nullable: true }),
  version: column('integer', 'Counts changes; named by If-Match and expectedVersion.'),
  versions: many('SegmentVersion', 'All versions of the rule, the latest first.', {
    permission: 'segment:read',
    inRest: 'single',
    on: (parent, child) => `${child}.segment_id = ${parent}.id`,
    orderBy: (child) => `${child}.rule_version desc`,
  }),
})

const segmentVersion = view('SegmentVersion', 'A rule of a segment as it was written. Never changed.', schema.segmentVersion, {
  segmentId: column('uuid', 'The segment.'),
  ruleVersion: column('integer', 'Counts the rules of the segment.'),
  rule: column('json', 'The rule.'),
  reason: column('text', 'Why it was changed.', { nullable: true }),
  createdBy: column('text', 'Who wrote it.'),
  createdAt: column('instant', 'When it was written.'),
  segment: one('Segment', 'The segment.', {
    permission: 'segment:read',
    on: (parent, child) => `${child}.id = ${parent}.segment_id`,
  }),
})

const segmentMembership = view('SegmentMembership', 'A stay of a customer in a segment.', schema.segmentMembership, {
  id: column('uuid', 'Id of the stay.'),
  customerId: column('uuid', 'The customer.'),
  segmentId: column('uuid', 'The segment.'),
  enteredOn: column('day', 'First day in it.'),
  enteredAt: column('instant', 'When the customer was let in.'),
  enteredVersion: column('integer', 'The version of the rule that let the customer in.', { nullable: true }),
  enteredBy: column('text', 'Who put the customer on the list; null where a rule let them in.', { nullable: true }),
  leftOn: column('day', 'First day in it no more; null as long as the stay lasts.', { nullable: true }),
  leftAt: column('instant', 'When it ended.', { nullable: true }),
  leftVersion: column('integer', 'The version of the rule that ended it.', { nullable: true }),
  leftBy: column('text', 'Who took the customer off the list.', { nullable: true }),
  leftReason: column('text', 'Why it ended.', { nullable: true, values: leavingReasons }),
  segment: one('Segment', 'The segment.', {
    permission: 'segment:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.segment_id`,
  }),
  customer: one('Customer', 'The customer.', {
    permission: 'customer:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.customer_id`,
  }),
})

export const segmentViews = [segment, segmentVersion, segmentMembership]

/** The segments in which a customer is. */
const segmentsOfCustomer = many('SegmentMembership', 'The segments in which the customer is, the latest entered first.', {
  permission: 'fact:read',
  on: (parent, child) => `${child}.customer_id = ${parent}.id and ${child}.left_on is null`,
  orderBy: (child) => `${child}.entered_at desc, ${child}.id`,
})

/** All stays of a customer in segments. */
const segmentHistory = page('SegmentMembership', 'All stays of the customer in segments, the latest begun first.', {
  permission: 'fact:read',
  on: (parent, child) => `${child}.customer_id = ${parent}.id`,
  keys: (child) => [
    { expression: `${child}.entered_at`, cast: 'timestamptz' },
    { expression: `${child}.id`, cast: 'uuid' },
  ],
  direction: 'desc',
})

export const segmentExtensions: readonly ViewExtension[] = [
  { name: 'Customer', fields: { segments: segmentsOfCustomer, segmentHistory } },
  { name: 'CustomerOverview', fields: { segments: inSingleAnswers(segmentsOfCustomer) } },
]
