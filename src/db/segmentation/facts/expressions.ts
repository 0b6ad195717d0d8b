import { completenessItems, completenessNames, itemsOf } from '../../../core/dossier/completeness.ts'
import { customerKinds } from '../../../core/dossier/customers.ts'
import type { FactName } from '../../../core/segmentation/facts.ts'
import { annuity, growthAnnuity, type ValueRates } from '../../../core/segmentation/value.ts'
import type { Bind } from '../../platform/views/view.ts'

export const MONTHS = 12

/** Whole minor units. */
export const minor = (amount: string): string => `to_minor_units(${amount})`

const monthly = (count: string): string => `coalesce(act.${count}, 0) / ${MONTHS}.0`

const share = (part: string, whole: string): string => `100 * ${part}::double precision / nullif(${whole}, 0)::double precision`

/** Each stored fact that a refresh works out, over the parts of `statement`. Facts of classification and of parts to come are not among them. */
export const expressions = {
  kind: 'c.kind',
  status: `case when c.status in ('prospect', 'active') and profile.deceased_on <= p.today then 'deceased' else c.status end`,
  deceasedOn: 'profile.deceased_on',
  gender: 'c.gender',
  birthDate: 'c.birth_date',
  foundedOn: 'c.founded_on',
  industry: 'c.industry',
  incomeBand: 'profile.income_band',
  riskAppetite: 'profile.risk_appetite',
  companySize: 'profile.company_size',
  situations: `coalesce(profile.situations, '{}')`,
  merchant:
    'coalesce(profile.merchant_since <= p.today and (profile.merchant_until is null or profile.merchant_until > p.today), false)',
  country: 'c.country',
  customerSince: 'c.customer_since',
  institutions: 'place.codes',
  relationshipManager: 'manager.number',
  aum: 'owned.amount',
  aumAverage30: minor('coalesce(bal.average_30, 0)'),
  aumAverage90: minor('coalesce(bal.average_90, 0)'),
  aumAverage365: minor('coalesce(bal.average_365, 0)'),
  aumSlope: minor('coalesce(bal.slope, 0)'),
  aumChange90: share('(owned.amount - bal.then_90)', 'bal.then_90'),
  aumChange365: share('(owned.amount - bal.then_365)', 'bal.then_365'),
  aumPeak60: minor('greatest(peak.amount, owned.amount)'),
  aumFallFromPeak60: share('(greatest(peak.amount, owned.amount) - owned.amount)', 'greatest(peak.amount, owned.amount)'),
  depositBalance: minor('hold.deposit'),
  wealthBalance: minor('hold.wealth'),
  fundBalance: minor('hold.fund'),
  insuranceBalance: minor('hold.insurance'),
  loanBalance: minor('hold.loan'),
  cardBalance: minor('hold.card'),
  unconvertedCurrencies: `coalesce(hold.unconverted, '{}')`,
  accounts: 'coalesce(hold.accounts, 0)',
  products: 'coalesce(hold.products, 0)',
  families: 'coalesce(hold.families, 0)',
  familiesHeld: `coalesce(hold.families_held, '{}')`,
  depositShare: share('hold.deposits', 'hold.everything'),
  loanShare: share('hold.loans', 'hold.everything'),
  feeShare: share('hold.fees', 'hold.everything'),
  nextMaturityOn: 'hold.next_on',
  nextMaturityAmount: minor('hold.next_amount'),
  profit: minor('coalesce(bal.profit, 0)'),
  largestInflow30: minor('mov.in_30'),
  largestInflow90: minor('mov.in_90'),
  largestOutflow30: minor('mov.out_30'),
  largestOutflow90: minor('mov.out_90'),
  inflowRatio30: 'mov.in_30 / nullif(mov.in_before_30, 0)',
  outflowRatio30: 'mov.out_30 / nullif(mov.out_before_30, 0)',
  inflowRatio90: 'mov.in_90 / nullif(mov.in_before_90, 0)',
  outflowRatio90: 'mov.out_90 / nullif(mov.out_before_90, 0)',
  receivesSalary: 'coalesce(sal.amount > 0, false) or coalesce(pay.amount > 0, false)',
  salaryInflow: minor('greatest(sal.amount, pay.amount) / 3.0'),
  receivesPension: 'coalesce(sal.pension, false) or coalesce(pay.pension, false)',
  eChannels: `coalesce(hold.e_channels, '{}')`,
  eChannelSignUps: 'coalesce(hold.e_channel_sign_ups, 0)',
  eChannelEditions: `coalesce(hold.e_channel_editions, '{}')`,
  eChannelOrigins: `coalesce(hold.e_channel_origins, '{}')`,
  eChannelLastUsedOn: 'hold.e_channel_last_used_on',
  eChannelSubstitution: share('act.electronic', 'act.transactions'),
  transactionsPerMonth: monthly('transactions'),
  counterPerMonth: monthly('counter'),
  atmPerMonth: monthly('atm'),
  mobilePerMonth: monthly('mobile'),
  onlinePerMonth: monthly('online'),
  posPerMonth: monthly('pos'),
  phonePerMonth: monthly('phone'),
  wechatPerMonth: monthly('wechat'),
  tvPerMonth: monthly('tv'),
  transfersPerMonth: monthly('transfers'),
  paymentsPerMonth: monthly('payments'),
  cashPerMonth: monthly('cash'),
  queriesPerMonth: monthly('queries'),
  // `least` passes over what is missing.
  lastTransactionOn:
    'greatest(last.moved_on, case when last.month_end < p.today then last.month_end when last.month_end >= p.today then p.today end)',
  frequency: 'coalesce(act.transactions, 0)',
  monetary: minor('coalesce(act.amount, 0)'),
  completeness: `round(100.0 * (${completenessPoints()}) / ${completenessMost()})`,
  consents: `coalesce(agreed.consents, '{}')`,
  doNotContact: `coalesce(wish.do_not_contact and (wish.do_not_contact_until is null or wish.do_not_contact_until >= p.today), false)`,
  needs: `coalesce(noted.needs, '{}')`,
  riskLevel: 'case when risk.expires_on > p.today then risk.level end',
  riskExpiresOn: 'risk.expires_on',
  outsideAssets: minor('coalesce(elsewhere.amount, 0)'),
  transactionsCost: minor('coalesce(act.cost, 0)'),
} as const satisfies Readonly<Partial<Record<FactName, string>>>

/** What follows from the rates of the value policy, over the facts above. */
export function valueExpressions(rates: ValueRates, bind: Bind): Readonly<Partial<Record<FactName, string>>> {
  const times = (amount: string, factor: number): string => minor(`(${amount}) * ${bind(factor)}::double precision`)
  const fixed = Object.entries(rates.fixedCost).map(([kind, cost]) => `when '${kind}' then ${bind(cost)}::bigint`)
  const contribution = `${expressions.profit} - ${expressions.transactionsCost} - case c.kind ${fixed.join(' ')} end`
  const ahead = annuity(rates)
  return {
    contribution,
    lifetimeValue: [
      times(contribution, ahead),
      times(expressions.outsideAssets, rates.outsideChance * rates.outsideMargin * ahead),
      times(expressions.aumSlope, 12 * rates.growthMargin * growthAnnuity(rates)),
    ].join(' + '),
  }
}

export const refreshedFacts = [
  ...(Object.keys(expressions) as FactName[]),
  'contribution',
  'lifetimeValue',
] as const satisfies readonly FactName[]

/** Whether the parts of a statement tell that a dossier holds an item. */
function presentInParts(): Readonly<Record<(typeof completenessNames)[number], string>> {
  return {
    identity_document: 'doc.verified',
    phone: 'reach.phone',
    email: 'reach.email',
    address: 'home.customer_id is not null',
    birth_date: 'c.birth_date is not null',
    gender: 'c.gender is not null',
    founded_on: 'c.founded_on is not null',
    industry: 'c.industry is not null',
    income_band: 'profile.income_band is not null',
    company_size: 'profile.company_size is not null',
    country: 'c.country is not null',
    relationship_manager: 'c.relationship_manager_id is not null',
    consent: 'agreed.customer_id is not null',
    contact_preference: 'wish.customer_id is not null',
    suitability: 'risk.customer_id is not null',
    key_person: 'person.customer_id is not null',
    credit_standing: 'credit.customer_id is not null',
  }
}

function completenessPoints(): string {
  const present = presentInParts()
  return completenessNames
    .map((name) => {
      const { kinds, weight } = completenessItems[name]
      const counts =
        kinds.length === customerKinds.length ? '' : `c.kind in (${kinds.map((kind) => `'${kind}'`).join(', ')}) and `
      return `case when ${counts}${present[name]} then ${weight} else 0 end`
    })
    .join(' + ')
}

function completenessMost(): string {
  const most = customerKinds.map((kind) => {
    const points = itemsOf(kind).reduce((sum, name) => sum + completenessItems[name].weight, 0)
    return `when '${kind}' then ${points}`
  })
  return `case c.kind ${most.join(' ')} end`
}

/** Transactions that the customer made: neither questions, nor what the bank books by itself. */
export const own = `type not in ('query', 'interest', 'fee')`

export const quoted = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ')
