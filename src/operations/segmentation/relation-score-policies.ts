import { z } from 'zod'
import { DomainError } from '../../core/kernel/errors.ts'
import { factNames } from '../../core/segmentation/facts.ts'
import {
  defaultScoreParts,
  type RelationScoreKind,
  relationScoreKinds,
  scoreProblems,
  type ScoreParts,
} from '../../core/segmentation/relation-scores.ts'
import { policyOperations } from '../platform/policies.ts'

const partInput = z
  .strictObject({
    fact: z.string().min(1).max(64).meta({ description: 'The fact used.' }),
    weight: z.int().min(1).max(100).meta({ description: 'Its weight; the weights of a score add up to 100.' }),
    by: z
      .enum(['scale', 'boolean', 'percentile'])
      .meta({ description: 'Linear between two values, all or nothing, or by percentile among all customers.' }),
    zeroAt: z.number().optional().meta({ description: 'The value that gives 0 points, on a scale.' }),
    fullAt: z.number().optional().meta({ description: 'The value that gives 100 points, on a scale.' }),
  })
  .meta({ id: 'ScorePartInput', description: 'A part of a score.' })
const partsInput = (of: RelationScoreKind) =>
  z
    .array(partInput)
    .min(1)
    .max(20)
    .meta({
      description: `The parts of ${of}.`,
      examples: [[{ fact: 'tenure', weight: 100, by: 'scale', zeroAt: 0, fullAt: 120 }]],
    })

const shownPart = z
  .object({
    fact: z.enum(factNames).meta({ description: 'The fact used.' }),
    weight: z.int().meta({ description: 'Its weight; the weights of a score add up to 100.' }),
    by: z
      .enum(['scale', 'boolean', 'percentile'])
      .meta({ description: 'Linear between two values, all or nothing, or by percentile among all customers.' }),
    zeroAt: z.number().nullable().meta({ description: 'The value that gives 0 points, on a scale.' }),
    fullAt: z.number().nullable().meta({ description: 'The value that gives 100 points, on a scale.' }),
  })
  .meta({ id: 'ScorePart', description: 'A part of a score.' })
const shownParts = (of: RelationScoreKind) => z.array(shownPart).meta({ description: `The parts of ${of}.` })

const ofEach = <T>(make: (kind: RelationScoreKind) => T): Readonly<Record<RelationScoreKind, T>> =>
  Object.fromEntries(relationScoreKinds.map((kind) => [kind, make(kind)])) as Record<RelationScoreKind, T>

export const [relationScorePolicies, reviseRelationScorePolicy] = policyOperations<ScoreParts>({
  kind: 'relation_score',
  type: 'RelationScorePolicy',
  called: 'the parts and weights by which relation scores are computed',
  domain: 'Customer Product and Service Eligibility',
  list: {
    name: 'relationScorePolicies',
    summary: 'Relation score policies: parts and weights',
    description:
      'All versions: of those that have begun, the one that began last applies, and the default before the first of them.',
    permission: 'segment:read',
  },
  revise: {
    name: 'reviseRelationScorePolicy',
    summary: 'Set the parts and weights of the relation scores',
    description: 'All parts of all four scores, effective from a day. Adds a version; earlier versions are stored.',
    permission: 'segment:write',
    reasonExample: '满意度调查已上线',
  },
  input: ofEach(partsInput),
  output: ofEach(shownParts),
  defaults: () => ({ definition: defaultScoreParts, source: 'product_default' }),
  sameDay: 'refused',
  read(_context, _key, input) {
    const parts = ofEach((kind) => input[kind]) as ScoreParts
    const problems = scoreProblems(parts)
    if (problems.length > 0) throw new DomainError('invalid_input', 'Invalid scores.', problems)
    return parts
  },
  show: (parts) =>
    ofEach((kind) =>
      parts[kind].map(({ fact, weight, by, zeroAt, fullAt }) => ({
        fact,
        weight,
        by,
        zeroAt: zeroAt ?? null,
        fullAt: fullAt ?? null,
      })),
    ),
})
