import { wholeRule } from '../../db/segmentation/segments/rules.ts'
import { z } from 'zod'
import { holdsWholeBank } from '../../core/kernel/actors.ts'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import type { RuleContext } from '../../core/segmentation/rules/resolve.ts'
import { type Rule, usedPercentiles } from '../../core/segmentation/rules/rule.ts'
import { readPercentile } from '../../db/segmentation/facts/percentiles.ts'
import { listInstitutionPaths } from '../../db/organisation/institutions.ts'
import { previewRule, type Preview } from '../../db/segmentation/refresh/preview.ts'
import { readRuleContext } from '../../db/segmentation/facts/rules.ts'
import { readSegments } from '../../db/segmentation/segments/store.ts'
import { type Context, operation } from '../platform/operation.ts'
import { moneySchema } from '../platform/rest-schema.ts'
import { id } from '../platform/scalars.ts'
import { formatAmount } from '../../core/kernel/money.ts'

import { readRule, ruleInput } from './rules.ts'

const domain = 'Customer Product and Service Eligibility'

const segmentId = id.meta({ description: 'The segment.' })

const previewOutput = z
  .object({
    customers: z.int().meta({ description: 'Customers in your scope who meet the rule.' }),
    aum: moneySchema.meta({ description: 'Total assets.' }),
    shareOfCustomers: z.number().meta({ description: 'Share of all active customers in your scope, in percent.' }),
    shareOfAum: z.number().nullable().meta({ description: 'Share of their assets, in percent; null if there are none.' }),
    entering: z.int().nullable().meta({ description: 'Number of customers who would enter, if a segment is given.' }),
    leaving: z.int().nullable().meta({ description: 'Number of customers who would leave, if a segment is given.' }),
    sample: z
      .array(
        z
          .object({
            customerId: z.uuid().meta({ description: 'The customer.' }),
            name: z.string().meta({ description: 'Name of the person or company.' }),
            kind: z.string().meta({ description: 'Kind of customer.' }),
            aum: moneySchema.meta({ description: 'Their assets here.' }),
          })
          .meta({ id: 'SegmentSample', description: 'A customer who meets a rule.' }),
      )
      .meta({ description: 'Up to twenty of them, the same for the same rule and data.' }),
    asOf: z.iso.date().meta({ description: 'The day from which relative days are computed.' }),
  })
  .meta({ id: 'SegmentPreview', description: 'Preview of the customers who meet a rule.' })

/** What a rule is previewed against: percentiles that nobody has asked for before are worked out for those who see the whole bank. Throws `conflict` for others. */
async function previewContext({ db, today, bank, scope }: Context, rule: Rule): Promise<RuleContext> {
  const known = await readRuleContext(db, today, bank.baseCurrency)
  const missing = usedPercentiles(rule).filter(({ fact, institution }) => known.cut(fact, institution, 0) === undefined)
  if (missing.length === 0) return known
  const [{ fact: first }] = missing as [(typeof missing)[number]]
  if (!holdsWholeBank(scope))
    throw new DomainError(
      'conflict',
      `The percentiles of ${first} are not computed yet: only callers with the whole bank in scope can preview them.`,
    )
  const paths = await listInstitutionPaths(db)
  const worked = new Map<string, readonly string[]>()
  const keyOf = (fact: string, institution: string | undefined): string => `${fact} ${institution ?? ''}`
  for (const { fact, institution } of missing) {
    const cut = await readPercentile(db, { path: institution === undefined ? '/' : paths.get(institution)!, fact }, today)
    if (cut) worked.set(keyOf(fact, institution), cut.cuts)
  }
  return {
    ...known,
    cut: (fact, institution, percentile) =>
      known.cut(fact, institution, percentile) ?? worked.get(keyOf(fact, institution))?.[percentile],
  }
}

export const segmentPreview = operation({
  kind: 'query',
  name: 'segmentPreview',
  summary: 'Preview the customers who meet a rule',
  description:
    'Count, assets, share of the bank and a sample, in your scope, by the stored facts; nothing is stored. With the ID of a segment also how many would enter and leave it. A rule that would exceed the statement time-out is refused with an estimate.',
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
