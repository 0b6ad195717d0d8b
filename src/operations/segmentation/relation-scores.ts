import { z } from 'zod'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { notFound } from '../../core/kernel/errors.ts'
import { type FactName, factNames, type FactValue } from '../../core/segmentation/facts.ts'
import { defaultScoreParts, relationScoreKinds, scoreOf, type ScoreParts } from '../../core/segmentation/relation-scores.ts'
import { policyOn } from '../../db/platform/policies.ts'
import { relationScorePolicies, reviseRelationScorePolicy } from './relation-score-policies.ts'
import { seesCustomer } from '../../db/dossier/customers.ts'
import { readFacts } from '../../db/segmentation/facts/values.ts'
import { readRuleContext } from '../../db/segmentation/facts/rules.ts'
import { factOf } from './customer-classifications.ts'
import { factAnswer } from './facts.ts'
import { type Context, operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'

const domain = 'Customer Product and Service Eligibility'

export const relationScores = operation({
  kind: 'query',
  name: 'relationScores',
  summary: 'Satisfaction, loyalty, contribution and dependence scores of a customer',
  description:
    'Each from 0 to 100 with its parts: the fact, its value, its weight and its points. A part whose fact is missing is excluded, and `knownWeight` is the percentage of the weights that the score is based on.',
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
        .meta({ description: 'The day for which the facts were computed; null if they are not computed yet.' }),
      policyVersion: z.int().meta({ description: 'The version of parts and weights; 0 for the default.' }),
      scores: z
        .array(
          z
            .object({
              kind: z.enum(relationScoreKinds).meta({ description: 'Kind of score.' }),
              score: z.number().nullable().meta({ description: 'From 0 to 100; null if no fact is known.' }),
              knownWeight: z.number().meta({ description: 'Percentage of the weights for which the fact is known.' }),
              parts: z
                .array(
                  z
                    .object({
                      fact: z.enum(factNames).meta({ description: 'The fact used.' }),
                      value: z.string().nullable().meta({ description: 'Its value, as text; null if missing.' }),
                      weight: z.number().meta({ description: 'Its weight.' }),
                      points: z.number().nullable().meta({ description: 'From 0 to 100; null if excluded.' }),
                    })
                    .meta({ id: 'RelationScorePart', description: 'A part of a score.' }),
                )
                .meta({ description: 'Its parts.' }),
            })
            .meta({ id: 'RelationScore', description: 'A relation score of a customer.' }),
        )
        .meta({ description: 'One per kind.' }),
    })
    .meta({ id: 'RelationScores', description: 'The relation scores of a customer.' }),
  errors: ['not_found'],
  async run(context, { customerId }) {
    const { db, today, bank } = context
    const facts = await readFacts(db, customerId, today)
    if (!facts && !(await seesCustomer(db, customerId))) throw notFound('customer')
    const [policy, { cut }] = [
      await policyOn<ScoreParts>(db, 'relation_score', '', today),
      await readRuleContext(db, today, bank.baseCurrency),
    ]
    const value = facts ? factOf(facts) : () => null
    const percentile = (fact: FactName, of: FactValue): number | undefined => {
      if (cut(fact, undefined, 0) === undefined) return undefined
      for (let place = 100; place > 0; place--) if (Number(cut(fact, undefined, place)) <= Number(of)) return place
      return 0
    }
    return {
      customerId,
      asOf: facts?.asOf ?? null,
      policyVersion: policy?.version ?? 0,
      scores: relationScoreKinds.map((kind) => {
        const {
          score,
          known: knownWeight,
          parts,
        } = scoreOf((policy?.definition ?? defaultScoreParts)[kind], value, percentile, bank.baseCurrency as CurrencyCode)
        return {
          kind,
          score,
          knownWeight,
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
  const { money } = factAnswer(fact, value, context)
  return money ? money.amount : String(value)
}

export const relationScoreOperations = [relationScorePolicies, reviseRelationScorePolicy, relationScores]
