import { customerKinds, customerStatuses, genders } from '../dossier/customers.ts'
import { editions, origins } from '../feeds/holdings.ts'
import { companySituations, companySizes, incomeBands, riskAppetites } from '../dossier/profiles.ts'
import { type ProductFamily, productFamilies } from '../organisation/products.ts'
import { type Fact, fact, planned, since } from './fact-types.ts'

const familyBalance = (family: ProductFamily, what: string): Fact =>
  fact(
    'money',
    'holdings',
    `${what}, open holdings of the family \`${family}\` at today’s rates; debts are negative. Missing if there are none.`,
  )

const shareOf = (what: string): Fact =>
  fact(
    'number',
    'holdings',
    `Share of ${what} products in the customer’s holdings and debts here, by absolute balances. Only the bank’s own products, not those of other banks.`,
    {
      unit: 'percent',
    },
  )

const perMonth = (what: string): Fact =>
  fact('number', 'activity', `${what} a month, on average over the last 12 full months; queries, interest and fees excluded.`, {
    unit: 'per_month',
  })

export const lifecycleStages = ['exploration', 'growth', 'maturity', 'decline', 'ended'] as const

export const activityStates = ['active', 'potential', 'dormant'] as const

export const productPreferences = ['deposit_led', 'loan_led', 'fee_led', 'balanced'] as const

export const relationPreferences = ['relationship', 'quality', 'price', 'credit'] as const

export const marketingGrades = ['key', 'standard', 'exit'] as const

/** What a record is, and whether the person of an active one has died. */
export const factStatuses = [...customerStatuses, 'deceased'] as const

/** The catalogue: all that rules may ask of a customer, by name. A missing fact meets no condition but `exists: false`. */
export const facts = {
  kind: fact('enum', 'profile', 'Kind of customer.', { values: customerKinds }),
  status: fact(
    'enum',
    'profile',
    'Lifecycle status of the record; `deceased` from the day of death until the record is closed.',
    {
      values: factStatuses,
    },
  ),
  deceasedOn: fact('day', 'profile', 'Day on which a person died.'),
  gender: fact('enum', 'profile', 'Gender of a person.', { values: genders }),
  birthDate: fact('day', 'profile', 'Birth date of a person.'),
  age: since('birthDate', 'years', 'profile', 'Completed years of age.'),
  foundedOn: fact('day', 'profile', 'Founding day of a company or of a sole trader’s business.'),
  businessAge: since('foundedOn', 'years', 'profile', 'Completed years since the founding.'),
  industry: fact('enum', 'profile', 'Industry, GB/T 4754 code.'),
  incomeBand: fact('enum', 'profile', 'Income band of a person.', { values: incomeBands }),
  riskAppetite: fact('enum', 'profile', 'Risk appetite stated by the customer.', { values: riskAppetites }),
  companySize: fact('enum', 'profile', 'Size of a business.', { values: companySizes }),
  situations: fact('set', 'profile', 'Declared business situations.', {
    values: companySituations,
  }),
  merchant: fact('boolean', 'profile', 'Whether the customer accepts payments as a merchant.'),
  country: fact('enum', 'profile', 'Country of residence, ISO 3166-1 code.'),
  customerSince: fact('day', 'profile', 'First day as a customer.'),
  tenure: since('customerSince', 'months', 'profile', 'Completed months as a customer.'),
  institutions: fact(
    'set',
    'organisation',
    'Codes of the customer’s institution and of all above it: use `overlaps` for a subtree.',
  ),
  relationshipManager: fact('enum', 'organisation', 'Staff number of the relationship manager.'),

  aum: fact('money', 'balances', 'Assets under management now.'),
  aumAverage30: fact('money', 'balances', 'Average assets of the last 30 days, at today’s rates.'),
  aumAverage90: fact('money', 'balances', 'Average assets of the last 90 days, at today’s rates.'),
  aumAverage365: fact('money', 'balances', 'Average assets of the last 365 days, at today’s rates.'),
  aumSlope: fact('money', 'balances', 'Slope of the regression line through the assets at the last 12 month-ends, per month.', {
    unit: 'base_currency_per_month',
  }),
  aumChange90: fact('number', 'balances', 'Change of the assets since 90 days ago; missing if there were none.', {
    unit: 'percent',
  }),
  aumChange365: fact('number', 'balances', 'Change of the assets since 365 days ago; missing if there were none.', {
    unit: 'percent',
  }),
  aumPeak60: fact(
    'money',
    'balances',
    'Highest assets at the end of one of the last 60 days, including today, at today’s rates.',
  ),
  aumFallFromPeak60: fact('number', 'balances', 'How far today’s assets are below that peak; missing if it is 0.', {
    unit: 'percent',
  }),
  depositBalance: familyBalance('deposit', 'Deposits'),
  wealthBalance: familyBalance('wealth', 'Wealth products'),
  fundBalance: familyBalance('fund', 'Funds'),
  insuranceBalance: familyBalance('insurance', 'Insurance'),
  loanBalance: familyBalance('loan', 'Loans'),
  cardBalance: familyBalance('card', 'Cards'),
  unconvertedCurrencies: fact(
    'set',
    'holdings',
    'Currencies of open deposits, wealth products, funds and insurance that are excluded from all amounts, since they have no exchange rate.',
  ),
  accounts: fact('number', 'holdings', 'Number of open holdings, excluding e-channel sign-ups.', { unit: 'count' }),
  products: fact('number', 'holdings', 'Number of different products held.', { unit: 'count' }),
  families: fact('number', 'holdings', 'Number of different product families held.', { unit: 'count' }),
  familiesHeld: fact('set', 'holdings', 'Product families held.', { values: productFamilies }),
  depositShare: shareOf('deposit'),
  loanShare: shareOf('loan'),
  feeShare: shareOf('fee'),
  nextMaturityOn: fact('day', 'holdings', 'The next day on which an active holding matures, today or later.'),
  daysToMaturity: since('nextMaturityOn', 'days_until', 'holdings', 'Days until the next maturity.'),
  nextMaturityAmount: fact('money', 'holdings', 'Amount that matures on that day.'),
  profit: fact(
    'money',
    'balances',
    'Annual margin: average absolute balance of the last 365 days × the product’s annual margin, by currency, at today’s rates. Products without a margin add nothing.',
  ),

  outsideAssets: fact('money', 'dossier', 'Known assets at other banks, at today’s rates.'),
  transactionsCost: fact(
    'money',
    'activity',
    'Cost of the transactions of the last 12 full months for the bank, by channel and type, at the rates of the value policy.',
  ),
  contribution: fact(
    'money',
    'activity',
    'Profit less the cost of the transactions and a share of the fixed cost: the customer’s annual contribution.',
  ),
  lifetimeValue: fact(
    'money',
    'activity',
    'Customer lifetime value: realised, latent and growth, at the rates of the value policy.',
  ),

  largestInflow30: fact('money', 'movements', 'Largest single movement in of the last 30 days.'),
  largestInflow90: fact('money', 'movements', 'Largest single movement in of the last 90 days.'),
  largestOutflow30: fact('money', 'movements', 'Largest single movement out of the last 30 days.'),
  largestOutflow90: fact('money', 'movements', 'Largest single movement out of the last 90 days.'),
  inflowRatio30: fact(
    'number',
    'movements',
    'The largest movement in of the last 30 days divided by the customer’s average one of the year before.',
    { unit: 'ratio' },
  ),
  outflowRatio30: fact(
    'number',
    'movements',
    'The largest movement out of the last 30 days divided by the customer’s average one of the year before.',
    { unit: 'ratio' },
  ),
  inflowRatio90: fact(
    'number',
    'movements',
    'The largest movement in of the last 90 days divided by the customer’s average one of the year before.',
    { unit: 'ratio' },
  ),
  outflowRatio90: fact(
    'number',
    'movements',
    'The largest movement out of the last 90 days divided by the customer’s average one of the year before.',
    { unit: 'ratio' },
  ),
  receivesSalary: fact(
    'boolean',
    'movements',
    'Whether salary is received: marked as such in the last 3 full months, or from one counterparty in each of them that makes no other kind of payment.',
  ),
  salaryInflow: fact('money', 'movements', 'Salary a month, on average over the last 3 full months; missing if there was none.', {
    unit: 'base_currency_per_month',
  }),
  receivesPension: fact('boolean', 'movements', 'Whether a pension was received in the last 3 full months.'),

  eChannels: fact('set', 'holdings', 'E-channels that the customer signed up for, by the codes of their products.'),
  eChannelSignUps: fact('number', 'holdings', 'Number of open e-channel sign-ups.', { unit: 'count' }),
  eChannelEditions: fact('set', 'holdings', 'Editions of those sign-ups.', { values: editions }),
  eChannelOrigins: fact('set', 'holdings', 'Origins of those sign-ups.', { values: origins }),
  eChannelLastUsedOn: fact('day', 'holdings', 'Last use of any of them.'),
  daysSinceEChannelUse: since('eChannelLastUsedOn', 'days', 'holdings', 'Days since the last use of an e-channel.'),
  eChannelSubstitution: fact(
    'number',
    'activity',
    'Transactions by online, mobile, phone, WeChat or TV as a share of all transactions of the customer in the last 12 full months.',
    { unit: 'percent' },
  ),
  transactionsPerMonth: perMonth('Transactions'),
  counterPerMonth: perMonth('Transactions at the counter'),
  atmPerMonth: perMonth('Transactions at ATMs'),
  mobilePerMonth: perMonth('Transactions by mobile banking'),
  onlinePerMonth: perMonth('Transactions by online banking'),
  posPerMonth: perMonth('Transactions at POS terminals'),
  phonePerMonth: perMonth('Transactions by telephone banking'),
  wechatPerMonth: perMonth('Transactions by WeChat'),
  tvPerMonth: perMonth('Transactions by TV'),
  transfersPerMonth: perMonth('Transfers'),
  paymentsPerMonth: perMonth('Payments and bills'),
  cashPerMonth: perMonth('Cash transactions'),
  queriesPerMonth: fact('number', 'activity', 'Queries a month by any channel, on average over the last 12 full months.', {
    unit: 'per_month',
  }),
  lastTransactionOn: fact(
    'day',
    'activity',
    'The day of the last movement, or the last day of the last month with a transaction, whichever is later and not in the future; interest and fees excluded.',
  ),
  recency: since('lastTransactionOn', 'days', 'activity', 'Days since the last transaction.'),
  frequency: fact(
    'number',
    'activity',
    'Transactions of the customer in the last 12 full months: without queries, and without interest and fees, which the bank books.',
    { unit: 'count' },
  ),
  monetary: fact('money', 'activity', 'Sum of those transactions, at today’s rates.'),
  recencyScore: fact('number', 'segmentation', 'Quintile of recency, 5 for the most recent fifth.', {
    unit: 'score',
    freshness: 'full_refresh',
  }),
  frequencyScore: fact('number', 'segmentation', 'Quintile of frequency, 5 for the highest fifth.', {
    unit: 'score',
    freshness: 'full_refresh',
  }),
  monetaryScore: fact('number', 'segmentation', 'Quintile of monetary, 5 for the highest fifth.', {
    unit: 'score',
    freshness: 'full_refresh',
  }),

  completeness: fact('number', 'dossier', 'Completeness of the dossier, 0 to 100.', { unit: 'score' }),
  consents: fact('set', 'dossier', 'Current consents, as `channel:purpose`.'),
  doNotContact: fact('boolean', 'dossier', 'Whether the customer wants no contact at all.'),
  needs: fact('set', 'dossier', 'Kinds of open needs.'),
  riskLevel: fact('number', 'dossier', 'Risk level of the current assessment, 1 to 5; missing once it has expired.', {
    unit: 'score',
  }),
  riskExpiresOn: fact('day', 'dossier', 'First day on which offers can no longer be based on that assessment.'),

  tiers: fact(
    'set',
    'segmentation',
    'Current tiers, as `scheme:tier`. A rule sees the tiers from before the refresh that evaluates it.',
  ),
  lifecycleStage: fact('enum', 'segmentation', 'Lifecycle stage, by the policy in force.', { values: lifecycleStages }),
  activity: fact('enum', 'segmentation', 'Activity, by the policy in force.', { values: activityStates }),
  productPreference: fact('enum', 'segmentation', 'Product preference, by the policy in force.', {
    values: productPreferences,
  }),
  marketingGrade: fact('enum', 'segmentation', 'Marketing grade, by the policy in force.', { values: marketingGrades }),

  lastContactOn: planned('day', 'follow_up', 'Day of the last contact with the customer.'),
  daysSinceContact: since('lastContactOn', 'days', 'follow_up', 'Days since the last contact.', { freshness: 'planned' }),
  contacts90: planned('number', 'follow_up', 'Contacts in the last 90 days.', { unit: 'count' }),
  openTasks: planned('number', 'follow_up', 'Open tasks about the customer.', { unit: 'count' }),
  commitmentFulfilmentRate: planned('number', 'follow_up', 'Fulfilled commitments as a share of those due.', { unit: 'percent' }),
  openComplaints: planned('number', 'complaints', 'Complaints that are not closed.', { unit: 'count' }),
  complaints365: planned('number', 'complaints', 'Complaints of the last 365 days.', { unit: 'count' }),
  lastNps: planned('number', 'surveys', 'Last answer on how likely the customer is to recommend the bank, 0 to 10.', {
    unit: 'score',
  }),
  lastCsat: planned('number', 'surveys', 'Last answer on how satisfied the customer is, 1 to 5.', { unit: 'score' }),
} as const satisfies Readonly<Record<string, Fact>>

export type FactName = keyof typeof facts

export const factNames = Object.keys(facts) as [FactName, ...FactName[]]

export function isFact(name: string): name is FactName {
  return Object.hasOwn(facts, name)
}

/** The value of a fact: a number, minor units of the base currency, an ISO day, a truth, one value or several; null where it is missing. */
export type FactValue = number | bigint | string | boolean | readonly string[] | null

export type FactValues = Readonly<Partial<Record<FactName, FactValue>>>

/** Facts that are stored; the others follow from one of these with the calendar. */
export const storedFacts: readonly FactName[] = factNames.filter((name) => !('since' in facts[name]))
