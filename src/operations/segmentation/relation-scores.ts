import { z } from 'zod'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import { type FactName, factNames, type FactValue } from '../../core/segmentation/facts.ts'
import { line } from '../../core/kernel/scalars.ts'
import { type RelationScoreKind, relationScoreKinds, scoreOf, scoreProblems } from '../../core/segmentation/relation-scores.ts'
import { requireBeginning } from '../../core/segmentation/tiers.ts'
import { insertPolicy, latestVersion, readScorePolicyOn } from '../../db/segmentation/classifications/store.ts'
import { seesCustomer } from '../../db/dossier/customers.ts'
import { readFacts } from '../../db/segmentation/facts/values.ts'
import { readRuleContext } from '../../db/segmentation/facts/rules.ts'
import { policyVersionSeen, refuseTakenPolicy } from './classifications.ts'
import { factIn } from './customer-classifications.ts'
import { shownFact } from './facts.ts'
import { checkVersion } from '../platform/feed-writes.ts'
import { type Context, operation } from '../platform/operation.ts'
import { daySchema, id } from '../platform/scalars.ts'

const domain = 'Customer Product and Service Eligibility'

const partInput = z
  .strictObject({
    fact: z.string().min(1).max(64).meta({ description: 'The fact that it rests on.' }),
    weight: z.int().min(1).max(100).meta({ description: 'Its weight; those of a score add up to 100.' }),
    by: z
      .enum(['scale', 'truth', 'hundredth'])
      .meta({ description: 'Evenly between two values, all or nothing, or where the customer stands among all.' }),
    zeroAt: z.number().optional().meta({ description: 'The value that is worth nothing, on a scale.' }),
    fullAt: z.number().optional().meta({ description: 'The value that is worth 100 points, on a scale.' }),
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

const scorePolicy = z
  .object({
    version: z.int().meta({ description: 'Counts versions; 0 for the default.' }),
    effectiveOn: z.iso.date().nullable().meta({ description: 'First day on which it holds; null for the default.' }),
    source: z.enum(['ours', 'bank']).meta({ description: 'Our own choice, or the bank itself.' }),
  })
  .meta({ id: 'RelationScorePolicy', description: 'By which parts and weights relation scores are told.' })

export const reviseRelationScores = operation({
  kind: 'command',
  name: 'reviseRelationScores',
  summary: 'Say by which parts and weights relation scores are told',
  description: 'All parts of all four scores, from a day on. Adds a version; the earlier ones stay.',
  permission: 'segment:write',
  domain,
  input: z.strictObject({
    satisfaction: partsInput('satisfaction'),
    loyalty: partsInput('loyalty'),
    contribution: partsInput('contribution'),
    dependence: partsInput('dependence'),
    effectiveOn: daySchema.optional().meta({ description: 'First day on which it holds; today where it is missing.' }),
    reason: line(300).meta({ description: 'Why.', examples: ['满意度调查已上线'] }),
    expectedVersion: policyVersionSeen,
  }),
  output: scorePolicy,
  errors: ['period_overlap', 'version_conflict'],
  concurrency: 'optional',
  async run(context, { effectiveOn, reason, expectedVersion: expected, ...sent }) {
    const { db, now, today, actor } = context
    const begins = effectiveOn ?? today
    const version = await latestVersion(db, 'relation_scores')
    checkVersion(expected, version)
    const problems = scoreProblems(sent)
    if (problems.length > 0) throw new DomainError('invalid_input', 'The scores are not valid.', problems)
    requireBeginning(begins, today, [])
    await insertPolicy(db, {
      kind: 'relation_scores',
      policyVersion: version + 1,
      effectiveOn: begins,
      rules: sent as Parameters<typeof insertPolicy>[1]['rules'],
      defaultValue: null,
      reason,
      setBy: actor.kind === 'staff' ? actor.id : null,
      now,
    }).catch(refuseTakenPolicy)
    context.record({
      event: 'classification_policy.revised',
      subjectType: 'classification_policy',
      subjectId: 'relation_scores',
      changed: [...relationScoreKinds, 'effectiveOn', 'reason'],
      path: '/',
    })
    return { version: version + 1, effectiveOn: begins, source: 'bank' as const }
  },
})

export const relationScores = operation({
  kind: 'query',
  name: 'relationScores',
  summary: 'Satisfaction, loyalty, contribution and dependence of a customer',
  description:
    'Each from 0 to 100 with its parts: the fact, its value, its weight and its points. A part whose fact is missing is left out, and `known` says how much of the weights the score rests on.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({ customerId: id }),
  output: z
    .object({
      customerId: z.uuid().meta({ description: 'The customer.' }),
      asOf: z.iso
        .date()
        .nullable()
        .meta({ description: 'The day for which the facts were worked out; null where they are not yet.' }),
      policyVersion: z.int().meta({ description: 'The version of parts and weights; 0 for the default.' }),
      scores: z
        .array(
          z
            .object({
              kind: z.enum(relationScoreKinds).meta({ description: 'What is scored.' }),
              score: z.number().nullable().meta({ description: 'From 0 to 100; null where nothing is known.' }),
              known: z.number().meta({ description: 'How much of the weights rests on facts that are there, in percent.' }),
              parts: z
                .array(
                  z
                    .object({
                      fact: z.enum(factNames).meta({ description: 'The fact that it rests on.' }),
                      value: z.string().nullable().meta({ description: 'Its value, as text; null where it is missing.' }),
                      weight: z.number().meta({ description: 'Its weight.' }),
                      points: z.number().nullable().meta({ description: 'From 0 to 100; null where it is left out.' }),
                    })
                    .meta({ id: 'RelationScorePart', description: 'A part of a score.' }),
                )
                .meta({ description: 'Its parts.' }),
            })
            .meta({ id: 'RelationScore', description: 'A score of the relation with a customer.' }),
        )
        .meta({ description: 'One of each kind.' }),
    })
    .meta({ id: 'RelationScores', description: 'The scores of the relation with a customer.' }),
  errors: ['not_found'],
  async run(context, { customerId }) {
    const { db, today, bank } = context
    const facts = await readFacts(db, customerId, today)
    if (!facts && !(await seesCustomer(db, customerId))) throw notFound('customer')
    const [policy, { cut }] = [await readScorePolicyOn(db, today), await readRuleContext(db, today, bank.baseCurrency)]
    const value = facts ? factIn(facts) : () => null
    const hundredth = (fact: FactName, of: FactValue): number | undefined => {
      if (cut(fact, undefined, 0) === undefined) return undefined
      for (let place = 100; place > 0; place--) if (Number(cut(fact, undefined, place)) <= Number(of)) return place
      return 0
    }
    return {
      customerId,
      asOf: facts?.asOf ?? null,
      policyVersion: policy.policyVersion,
      scores: relationScoreKinds.map((kind) => {
        const { score, known, parts } = scoreOf(policy.parts[kind], value, hundredth, bank.baseCurrency as CurrencyCode)
        return {
          kind,
          score,
          known,
          parts: parts.map((part) => ({
            fact: part.fact,
            value: textOf(part.fact, part.value, context),
            weight: part.weight,
            points: part.points,
          })),
        }
      }),
    }
  },
})

function textOf(fact: FactName, value: FactValue, context: Context): string | null {
  if (value === null) return null
  const { money } = shownFact(fact, value, context)
  return money ? money.amount : String(value)
}

export const relationScoreOperations = [reviseRelationScores, relationScores]
