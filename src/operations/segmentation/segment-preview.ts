import { wholeRule } from '../../db/segmentation/segments/rules.ts'
import { z } from 'zod'
import { holdsWholeBank } from '../../core/kernel/actors.ts'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import type { RuleContext } from '../../core/segmentation/rules/resolve.ts'
import { type Rule, usedPercentiles } from '../../core/segmentation/rules/rule.ts'
import { readCut } from '../../db/segmentation/facts/cuts.ts'
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
