import { z } from 'zod'
import { leavingReasons, segmentKinds, segmentStates } from '../../../core/segmentation/segments.ts'
import * as schema from '../schema/segments.ts'
import { column, type Computed, many, one, inSingleAnswers, page, view, type ViewExtension } from '../../platform/views/view.ts'

const rule: Computed = {
  kind: 'computed',
  nullable: true,
  description: 'The current rule, as JSON; null for a static segment.',
  permission: 'segment:read',
  inRest: true,
  output: z.record(z.string(), z.unknown()),
  expression: (alias) =>
    `select v.rule from segment_version v where v.segment_id = ${alias}.id and v.rule_version = ${alias}.rule_version`,
}

const segment = view('Segment', 'A named group of customers, by a rule over their facts or by a list.', schema.segment, {
  id: column('uuid', 'ID of the segment.'),
  code: column('text', 'Short name, unique in the bank.'),
  name: column('text', 'Name of the segment.'),
  description: column('text', 'Purpose.', { nullable: true }),
  kind: column('text', 'Dynamic (by a rule), or static (by a list).', { values: segmentKinds }),
  state: column('text', 'Whether it is a draft, active, or retired.', { values: segmentStates }),
  ruleVersion: column('integer', 'The current version of the rule.', { nullable: true }),
  rule,
  createdBy: column('text', 'Who created it.'),
  createdAt: column('instant', 'When it was created.'),
  updatedAt: column('instant', 'When it last changed.'),
  activatedAt: column('instant', 'When it was activated.', { nullable: true }),
  retiredAt: column('instant', 'When it was retired.', { nullable: true }),
  version: column('integer', 'Version of the record; sent as If-Match or expectedVersion.'),
  versions: many('SegmentVersion', 'All versions of the rule, newest first.', {
    permission: 'segment:read',
    inRest: 'single',
    on: (parent, child) => `${child}.segment_id = ${parent}.id`,
    orderBy: (child) => `${child}.rule_version desc`,
  }),
})

const segmentVersion = view('SegmentVersion', 'A version of a segment’s rule. Immutable.', schema.segmentVersion, {
  segmentId: column('uuid', 'The segment.'),
  ruleVersion: column('integer', 'Version of the rule.'),
  rule: column('json', 'The rule.'),
  reason: column('text', 'Reason for the change.', { nullable: true }),
  createdBy: column('text', 'Who created it.'),
  createdAt: column('instant', 'When it was created.'),
  segment: one('Segment', 'The segment.', {
    permission: 'segment:read',
    on: (parent, child) => `${child}.id = ${parent}.segment_id`,
  }),
})

const segmentMembership = view(
  'SegmentMembership',
  'A membership of a customer in a segment over a period.',
  schema.segmentMembership,
  {
    id: column('uuid', 'ID of the membership.'),
    customerId: column('uuid', 'The customer.'),
    segmentId: column('uuid', 'The segment.'),
    enteredOn: column('day', 'First day of the membership.'),
    enteredAt: column('instant', 'When the customer entered.'),
    enteredVersion: column('integer', 'The version of the rule by which the customer entered.', { nullable: true }),
    enteredBy: column('text', 'Who added the customer to the list; null for a dynamic segment.', { nullable: true }),
    leftOn: column('day', 'First day on which the customer is no longer a member; null for a current membership.', {
      nullable: true,
    }),
    leftAt: column('instant', 'When it ended.', { nullable: true }),
    leftVersion: column('integer', 'The version of the rule by which it ended.', { nullable: true }),
    leftBy: column('text', 'Who removed the customer from the list.', { nullable: true }),
    leftReason: column('text', 'Why it ended.', { nullable: true, values: leavingReasons }),
    reconstructed: column(
      'boolean',
      'Whether it was computed later from past month-ends, by the rules of then: it starts and ends on such days.',
    ),
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
  },
)

export const segmentViews = [segment, segmentVersion, segmentMembership]

/** The segments in which a customer is. */
const segmentsOfCustomer = many('SegmentMembership', 'Current segments of the customer, latest entered first.', {
  permission: 'fact:read',
  on: (parent, child) => `${child}.customer_id = ${parent}.id and ${child}.left_on is null`,
  orderBy: (child) => `${child}.entered_at desc, ${child}.id`,
})

/** All stays of a customer in segments. */
const segmentHistory = page('SegmentMembership', 'All segment memberships of the customer, latest start first.', {
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
