import { addDays, addMonths, type Day, monthEndsUpTo } from '../kernel/calendar.ts'
import { type FactName, facts } from './facts.ts'
import { durationConditions, partsOf, type Rule, usedFacts } from './rules/rule.ts'

/** Past month-ends that are worked out at most. */
export const HISTORY_MONTHS = 24

/** Since when feeds have told what happened, by their oldest rows; null for one that has never come, and so lacks nothing. */
export interface FeedsSince {
  readonly activity: Day | null
  readonly movements: Day | null
}

/** What has to be known to work out a fact of a day past. A fact without it is missing, not zero. */
interface Ground {
  /** As it stands now is all that is known. */
  readonly lost?: true
  /** When accounts were opened and closed. */
  readonly openings?: true
  /** Balances from a day on. */
  readonly balances?: (day: Day) => Day
  readonly movements?: (day: Day) => Day
  readonly activity?: (day: Day) => Day
  /** Any transaction; or none in so long that it makes no difference. */
  readonly transaction?: true
}

const daysBefore =
  (days: number) =>
  (day: Day): Day =>
    addDays(day, -days)
const fullMonths =
  (months: number) =>
  (day: Day): Day =>
    addMonths(`${day.slice(0, 8)}01`, -months)

const lasting: Ground = {}
const lost: Ground = { lost: true }
const held: Ground = { openings: true }
const ownedOnTheDay: Ground = { balances: daysBefore(0) }
const owned = (days: number): Ground => ({ balances: daysBefore(days) })
const moved = (days: number): Ground => ({ movements: daysBefore(days) })
const movedOrPaid: Ground = { movements: fullMonths(3), activity: fullMonths(3) }
const transacted: Ground = { activity: fullMonths(12) }
const ofYear: Ground = { balances: daysBefore(364) }

/** Grounds of facts that are stored. What is not listed is lost. */
const grounds: Readonly<Partial<Record<FactName, Ground>>> = {
  kind: lasting,
  status: lasting,
  deceasedOn: lasting,
  gender: lasting,
  birthDate: lasting,
  foundedOn: lasting,
  customerSince: lasting,
  merchant: lasting,
  institutions: lasting,
  relationshipManager: lasting,
  aum: ownedOnTheDay,
  aumAverage30: owned(29),
  aumAverage90: owned(89),
  aumAverage365: ofYear,
  aumSlope: { balances: (day) => monthEndsUpTo(day, 12)[0]! },
  aumChange90: owned(90),
  aumChange365: owned(365),
  aumPeak60: owned(59),
  aumFallFromPeak60: owned(59),
  depositBalance: { ...ownedOnTheDay, ...held },
  wealthBalance: { ...ownedOnTheDay, ...held },
  fundBalance: { ...ownedOnTheDay, ...held },
  insuranceBalance: { ...ownedOnTheDay, ...held },
  loanBalance: { ...ownedOnTheDay, ...held },
  cardBalance: { ...ownedOnTheDay, ...held },
  unconvertedCurrencies: ownedOnTheDay,
  accounts: held,
  products: held,
  families: held,
  familiesHeld: held,
  depositShare: { ...ownedOnTheDay, ...held },
  loanShare: { ...ownedOnTheDay, ...held },
  feeShare: { ...ownedOnTheDay, ...held },
  profit: ofYear,
  largestInflow30: moved(29),
  largestInflow90: moved(89),
  largestOutflow30: moved(29),
  largestOutflow90: moved(89),
  inflowRatio30: moved(394),
  outflowRatio30: moved(394),
  inflowRatio90: moved(454),
  outflowRatio90: moved(454),
  receivesSalary: movedOrPaid,
  salaryInflow: movedOrPaid,
  receivesPension: movedOrPaid,
  eChannels: held,
  eChannelSignUps: held,
  eChannelSubstitution: transacted,
  transactionsPerMonth: transacted,
  counterPerMonth: transacted,
  atmPerMonth: transacted,
  mobilePerMonth: transacted,
  onlinePerMonth: transacted,
  posPerMonth: transacted,
  phonePerMonth: transacted,
  wechatPerMonth: transacted,
  tvPerMonth: transacted,
  transfersPerMonth: transacted,
  paymentsPerMonth: transacted,
  cashPerMonth: transacted,
  queriesPerMonth: transacted,
  lastTransactionOn: { transaction: true },
  frequency: transacted,
  monetary: transacted,
  transactionsCost: transacted,
  contribution: { ...ofYear, ...transacted },
}

/** Whether a stored fact is known of days past as far as feeds tell. */
export const isKnownOfPast = (name: FactName): boolean => name in grounds

/** Facts that follow from others by comparison among all customers. */
const comparedBy: Readonly<Partial<Record<FactName, FactName>>> = {
  recencyScore: 'lastTransactionOn',
  frequencyScore: 'frequency',
  monetaryScore: 'monetary',
}

/** What must hold of a customer for a fact of a day past to be known. */
export interface KnownWhere {
  readonly balancesFrom: Day | undefined
  readonly openings: boolean
  readonly transaction: boolean
}

const always: KnownWhere = { balancesFrom: undefined, openings: false, transaction: false }

/** What must hold of a customer for all of these facts of a day past to be known; undefined where they are of nobody. */
export function knownWhere(names: readonly FactName[], day: Day, feeds: FeedsSince): KnownWhere | undefined {
  let where = always
  for (const name of names) {
    const one = knownOf(name, day, feeds)
    if (!one) return undefined
    where = {
      balancesFrom: earliest(where.balancesFrom, one.balancesFrom),
      openings: where.openings || one.openings,
      transaction: where.transaction || one.transaction,
    }
  }
  return where
}

function knownOf(name: FactName, day: Day, feeds: FeedsSince): KnownWhere | undefined {
  const fact = facts[name]
  const stored = 'since' in fact ? (fact.since.fact as FactName) : (comparedBy[name] ?? name)
  const { lost: gone, openings = false, balances, movements, activity, transaction } = grounds[stored] ?? lost
  if (gone || lacks(feeds.movements, movements?.(day)) || lacks(feeds.activity, activity?.(day))) return undefined
  const yearBefore = addDays(day, -365)
  return {
    balancesFrom: balances?.(day),
    openings,
    transaction: transaction === true && (lacks(feeds.movements, yearBefore) || lacks(feeds.activity, yearBefore)),
  }
}

const lacks = (since: Day | null, wanted: Day | undefined): boolean => since !== null && wanted !== undefined && since > wanted

const earliest = (one: Day | undefined, other: Day | undefined): Day | undefined =>
  one === undefined || (other !== undefined && other < one) ? other : one

/** The facts that a whole rule needs of a day past; undefined where it asks what no day past can tell: lists that people kept, and how long something has held. */
export function neededOf(rule: Rule): readonly FactName[] | undefined {
  const needsMore = durationConditions(rule).length > 0 || partsOf(rule).some((part) => 'listed' in part)
  return needsMore ? undefined : usedFacts(rule)
}

/** The month-ends to be worked out, the oldest first: those of which anything is known, before the day on which it is done. */
export function historyMonthEnds(oldest: Day | null, asOf: Day): readonly Day[] {
  if (oldest === null) return []
  return monthEndsUpTo(addDays(asOf, -1), HISTORY_MONTHS).filter((day) => day >= oldest)
}
