import { z } from 'zod'
import { productFamilies } from '../../../core/organisation/products.ts'
import {
  type Assessment,
  exclusionReasons,
  type ProductOnSale,
  type LifeStageDecision,
  type LifeStageFacts,
  lifeStageBases,
  lifeStagesOf,
} from '../../../core/dossier/life-stages.ts'
import {
  defaultLifeStagePolicy,
  type LifeStagePolicy,
  type LifeStageRule,
  lifeStageCodes,
  type LifeStageSubject,
  lifeStageSubjects,
} from '../../../core/dossier/life-stage-policies.ts'
import type { Bind, Computed } from '../../platform/views/view.ts'

const product = {
  id: z.uuid().meta({ description: 'ID of the product.' }),
  code: z.string().meta({ description: 'Code of the product.' }),
  name: z.string().meta({ description: 'Name of the product.' }),
}

export const lifeStageDecision = z
  .object({
    subject: z
      .enum(lifeStageSubjects)
      .meta({ description: 'Subject: the life stage of a person or the situation of a business.' }),
    stage: z.enum(lifeStageCodes).nullable().meta({ description: 'The life stage; null if none applies.' }),
    basis: z.enum(lifeStageBases).meta({ description: 'The basis: a rule, a declaration of a banker, or why there is none.' }),
    policyVersion: z.int().meta({ description: 'Version of the rules; 0 for the defaults.' }),
    policySource: z.string().meta({ description: 'Source of the rules: `bank` for the bank’s own.' }),
    facts: z
      .array(
        z
          .object({
            field: z.string().meta({ description: 'Field of the profile.' }),
            value: z.string().nullable().meta({ description: 'Its value; null if there is none.' }),
          })
          .meta({ id: 'LifeStageFact', description: 'A value used in a decision.' }),
      )
      .meta({ description: 'The values that were used.' }),
    offers: z
      .array(
        z
          .object({
            name: z.string().meta({ description: 'Name used by bankers.' }),
            family: z.enum(productFamilies).meta({ description: 'Product family.' }),
            products: z
              .array(z.object(product).meta({ id: 'OfferedProduct', description: 'A product that is on sale.' }))
              .meta({ description: 'Suitable products on sale, at most ten, ordered by code.' }),
            excluded: z
              .array(
                z
                  .object({ ...product, reason: z.enum(exclusionReasons).meta({ description: 'The reason.' }) })
                  .meta({ id: 'ExcludedProduct', description: 'A product that matches a life stage but is not suitable.' }),
              )
              .meta({ description: 'Products on sale that do not fit the customer’s suitability assessment, at most ten.' }),
          })
          .meta({ id: 'LifeStageOffer', description: 'A suggested offer.' }),
      )
      .meta({ description: 'Suggestions for the life stage.' }),
  })
  .meta({ id: 'LifeStageDecision', description: 'The life stage of a person or a situation of a business, with its basis.' })

/** Most products of each family and risk level that are looked at. */
const MAX_PER_KIND = 20

/** All that decides on the stages of a customer, as one JSON expression for `decodeLifeStages`. */
export function lifeStageFacts(alias: string, bind: Bind, today: string): string {
  return `select json_build_array(
      json_build_object('kind', ${alias}.kind, 'birthDate', ${alias}.birth_date, 'foundedOn', ${alias}.founded_on, 'deceasedOn', p.deceased_on, 'incomeBand', p.income_band,
        'situations', coalesce(to_json(p.situations), '[]'), 'today', ${bind(today)}::text),
      (select coalesce(json_agg(json_build_object('subject', s.subject, 'version', s.version, 'rules', s.rules)), '[]')
        from (select distinct on (x.key) x.key as subject, x.version, x.definition -> 'rules' as rules from policy_version x
          where x.kind = 'life_stage' and x.effective_on <= ${bind(today)}::date order by x.key, x.effective_on desc, x.version desc) s),
      (select coalesce(json_agg(json_build_object('id', o.id, 'code', o.code, 'name', o.name, 'family', o.family, 'riskLevel', o.risk_level) order by o.code), '[]')
        from (select x.id, x.code, x.name, x.family, x.risk_level, row_number() over (partition by x.family, x.risk_level order by x.code) as place
          from product x where x.status = 'active') o where o.place <= ${MAX_PER_KIND}),
      (select json_build_object('level', a.level, 'expiresOn', a.expires_on, 'firstTimeBuyer', a.first_time_buyer, 'status', a.status) from suitability_assessment a
        where a.customer_id = ${alias}.id and a.superseded_at is null and a.status = 'active'))
    from (select 1) one left join customer_profile p on p.customer_id = ${alias}.id`
}

type Stored = { readonly subject: LifeStageSubject; readonly version: number; readonly rules: readonly LifeStageRule[] }

export function decodeLifeStages(value: unknown): readonly LifeStageDecision[] {
  const [facts, stored, products, assessment] = value as [LifeStageFacts, Stored[], ProductOnSale[], Assessment | null]
  return lifeStagesOf(
    facts,
    { life_stage: policyOf(stored, 'life_stage'), situation: policyOf(stored, 'situation') },
    products,
    assessment,
  )
}

/** The policy of a subject that holds, among what a bank has stored. */
function policyOf(stored: readonly Stored[], subject: LifeStageSubject): LifeStagePolicy {
  const own = stored.find((one) => one.subject === subject)
  return own ? { subject, version: own.version, source: 'bank', rules: own.rules } : defaultLifeStagePolicy(subject)
}

/** The field of a customer that tells the stages. */
export const lifeStageFields: Readonly<Record<'lifeStages', Computed>> = {
  lifeStages: {
    kind: 'computed',
    nullable: false,
    description: 'The life stage of a person and the situations of a business, each with its basis and suggestions.',
    permission: 'dossier:read',
    inRest: false,
    output: z.array(lifeStageDecision),
    expression: (alias, bind, { today }) => lifeStageFacts(alias, bind, today),
    decode: decodeLifeStages,
  },
}
