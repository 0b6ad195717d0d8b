import { distance } from 'fastest-levenshtein'
import type { CurrencyCode } from '../../kernel/currencies.ts'
import { type FactName, factNames, facts, isFact } from '../facts.ts'
import { type Fact, type FactType } from '../fact-types.ts'
import { amountProblem, parseAmount } from '../../kernel/money.ts'
import { cleanText } from '../../kernel/text.ts'
import { isDay } from './resolve.ts'
import {
  comparisons,
  MAX_TEXT_LENGTH,
  MAX_RELATIVE_DAYS,
  MAX_VALUES,
  type Operator,
  operators,
  type Rule,
  type SegmentMeaning,
} from './rule.ts'

/** What is wrong with a rule, and where: a JSON Pointer into the rule. */
export interface RuleProblem {
  readonly pointer: string
  readonly rule: string
  readonly message: string
}

/** A segment as a rule may name it. */
export interface KnownSegment {
  readonly code: string
  readonly state: 'draft' | 'active' | 'retired'
  readonly meaning: SegmentMeaning
}

export interface CheckContext {
  readonly baseCurrency: CurrencyCode
  /** The segment of an id, as its definition stands; undefined where there is none. */
  readonly segment: (id: string) => KnownSegment | undefined
  /** The segment whose rule is checked, which its rule may not reach. */
  readonly own?: string
  /** Rules that rest on that one, straight or through others, and whose they are: `The segment a`. What is inferred when somebody asks is not `watched` over time. */
  readonly users?: readonly { readonly name: string; readonly rule: Rule; readonly watched: boolean }[]
  /** Whether an institution has this code. */
  readonly institution: (code: string) => boolean
}

export const MAX_PERCENT = 1e6

/** Operators by the type of the fact. */
export const operatorsOf: Readonly<Record<FactType, readonly Operator[]>> = {
  number: [...comparisons, 'between', 'in', 'exists'],
  money: [...comparisons, 'between', 'in', 'exists'],
  day: [...comparisons, 'between', 'exists'],
  boolean: ['eq', 'ne', 'exists'],
  enum: ['eq', 'ne', 'in', 'exists'],
  set: ['overlaps', 'exists'],
}

const percentileOperators = ['lt', 'lte', 'gt', 'gte', 'between'] as const

export type Refuse = (pointer: string, rule: string, message: string) => void

export function onlyKeys(object: Readonly<Record<string, unknown>>, known: readonly string[], at: string, refuse: Refuse): void {
  for (const key of Object.keys(object))
    if (!known.includes(key)) refuse(`${at}/${escapePointer(key)}`, 'unknown_key', `Unknown key \`${key}\`.`)
}

const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

export function wholeNumber(value: unknown, at: string, least: number, most: number, refuse: Refuse): boolean {
  const good = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
  if (!good) refuse(at, 'range', `Must be an integer from ${least} to ${most}.`)
  return good
}

export function checkBucket(value: unknown, at: string, refuse: Refuse): void {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return refuse(at, 'type', 'A bucket requires a seed, from and to.')
  const bucket = value as Readonly<Record<string, unknown>>
  onlyKeys(bucket, ['seed', 'from', 'to'], at, refuse)
  const { seed, from, to } = bucket
  if (typeof seed !== 'string' || seed.length === 0 || seed.length > MAX_TEXT_LENGTH)
    refuse(`${at}/seed`, 'text', `A seed must be a text of 1 to ${MAX_TEXT_LENGTH} characters.`)
  else {
    const problem = textProblem(seed)
    if (problem) refuse(`${at}/seed`, problem.rule, problem.message)
  }
  const good = [from, to].map((bound, index) => {
    const isBound = typeof bound === 'number' && bound >= 0 && bound <= 100 && Number(bound.toFixed(2)) === bound
    if (!isBound)
      refuse(`${at}/${index === 0 ? 'from' : 'to'}`, 'range', 'A bound must be a number from 0 to 100 with at most two decimals.')
    return isBound
  })
  if (good.every(Boolean) && (from as number) >= (to as number)) refuse(`${at}/to`, 'reversed', '`to` must be above `from`.')
}

export function checkFact(object: Readonly<Record<string, unknown>>, at: string, context: CheckContext, refuse: Refuse): void {
  const { fact: name } = object
  if (typeof name !== 'string') return refuse(`${at}/fact`, 'type', 'Must be the name of a fact.')
  if (!isFact(name))
    return refuse(
      `${at}/fact`,
      'unknown_fact',
      `There is no fact \`${name.slice(0, MAX_NAME_LENGTH)}\`. Nearest: \`${nearest(name)}\`.`,
    )
  const keys = Object.keys(object).filter((key) => key !== 'fact')
  const known = keys.filter((key) => key === 'percentile' || (operators as readonly string[]).includes(key))
  onlyKeys(object, ['fact', ...known], at, refuse)
  if (known.length !== 1)
    return refuse(
      at,
      'operator',
      `A condition must have exactly one operator: ${operatorsOf[facts[name].type].join(', ')}${hasPercentiles(name) ? ' or percentile' : ''}.`,
    )
  const operator = known[0]!
  if (operator === 'percentile') return checkPercentile(name, object['percentile'], `${at}/percentile`, context, refuse)
  const { type } = facts[name]
  if (!operatorsOf[type].includes(operator as Operator))
    return refuse(
      `${at}/${operator}`,
      'operator',
      `\`${name}\` is ${called[type]}: its operators are ${operatorsOf[type].join(', ')}.`,
    )
  checkOperands(name, operator as Operator, object[operator], `${at}/${operator}`, context, refuse)
}

const called: Readonly<Record<FactType, string>> = {
  number: 'a number',
  money: 'an amount',
  day: 'a day',
  boolean: 'a boolean',
  enum: 'an enum',
  set: 'a set',
}

function checkOperands(
  name: FactName,
  operator: Operator,
  given: unknown,
  at: string,
  context: CheckContext,
  refuse: Refuse,
): void {
  const one = (value: unknown, place: string): boolean => {
    const problem = valueProblem(name, value, context)
    if (problem) refuse(place, problem.rule, problem.message)
    return problem === undefined
  }
  switch (operator) {
    case 'exists':
      if (typeof given !== 'boolean') refuse(at, 'type', '`exists` must be true or false.')
      return
    case 'in':
    case 'overlaps':
      if (!Array.isArray(given)) return refuse(at, 'type', 'Must be a list of values.')
      if (given.length === 0) return refuse(at, 'empty', 'The list must not be empty.')
      if (given.length > MAX_VALUES) return refuse(at, 'too_many', `At most ${MAX_VALUES} values are allowed.`)
      given.forEach((value, index) => one(value, `${at}/${index}`))
      return
    case 'between': {
      if (!Array.isArray(given) || given.length !== 2) return refuse(at, 'type', '`between` requires two values, both inclusive.')
      const good = given.map((value, index) => one(value, `${at}/${index}`))
      if (good.every(Boolean) && isReversed(name, given[0], given[1], context))
        refuse(at, 'reversed', 'The first value must not be above the second.')
      return
    }
    default:
      one(given, at)
  }
}

/** Whether a fixed first value lies above a fixed second one, or both move with today in the same way and the first is the later. */
function isReversed(name: FactName, first: unknown, second: unknown, { baseCurrency }: CheckContext): boolean {
  const { type } = facts[name]
  if (type === 'number') return (first as number) > (second as number)
  if (type === 'money') return parseAmount(first as string, baseCurrency)! > parseAmount(second as string, baseCurrency)!
  if (typeof first === 'string' && typeof second === 'string') return first > second
  if (typeof first === 'object' && typeof second === 'object') {
    const [[one, from]] = Object.entries(first as object) as [[string, number]]
    const [[other, until]] = Object.entries(second as object) as [[string, number]]
    return one === other && from > until
  }
  return false
}

function valueProblem(
  name: FactName,
  value: unknown,
  { baseCurrency }: CheckContext,
): Pick<RuleProblem, 'rule' | 'message'> | undefined {
  const fact: Fact = facts[name]
  const wrong = (message: string): Pick<RuleProblem, 'rule' | 'message'> => ({ rule: 'type', message })
  switch (fact.type) {
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) return wrong(`\`${name}\` must be compared with a number.`)
      if (fact.unit === 'percent' && Math.abs(value) > MAX_PERCENT) return { rule: 'range', message: 'Invalid percentage.' }
      if (boundedPercent.has(name) && (value < 0 || value > 100))
        return { rule: 'range', message: `\`${name}\` must be between 0 and 100 percent.` }
      return undefined
    case 'money': {
      if (typeof value !== 'string')
        return wrong(`\`${name}\` must be compared with an amount in ${baseCurrency} as a decimal string such as "6000000.00".`)
      const problem = /^-?\d+(\.\d+)?$/.test(value)
        ? amountProblem(value, baseCurrency)
        : 'An amount must be an optional minus sign, digits and an optional fraction.'
      return problem === undefined ? undefined : { rule: 'amount', message: problem }
    }
    case 'day':
      return dayProblem(value)
    case 'boolean':
      return typeof value === 'boolean' ? undefined : wrong(`\`${name}\` must be compared with true or false.`)
    case 'enum':
    case 'set':
      if (typeof value !== 'string' || value.length === 0 || value.length > MAX_TEXT_LENGTH)
        return wrong(`A value of \`${name}\` must be a text of 1 to ${MAX_TEXT_LENGTH} characters.`)
      if (fact.values && !fact.values.includes(value))
        return { rule: 'unknown_value', message: `\`${name}\` must be one of ${fact.values.join(', ')}.` }
      return textProblem(value)
  }
}

/** What keeps a text from ever being equal to one that is stored. */
function textProblem(text: string): Pick<RuleProblem, 'rule' | 'message'> | undefined {
  const cleaned = cleanText(text)
  if (!cleaned.ok) return { rule: cleaned.rule, message: 'A text must not contain control characters or unpaired surrogates.' }
  return cleaned.value === text
    ? undefined
    : {
        rule: 'text',
        message: 'A text must be in composed form (NFC), without surrounding white space and without invisible characters.',
      }
}

/** Shares of a whole. */
export const boundedPercent: ReadonlySet<FactName> = new Set([
  'depositShare',
  'loanShare',
  'feeShare',
  'eChannelSubstitution',
  'aumFallFromPeak60',
  'commitmentFulfilmentRate',
])

/** How days are counted from today, and how far at most. */
export const dayUnits = { days: MAX_RELATIVE_DAYS, months: 1_200, years: 100, monthEnd: 1_200 } as const

function dayProblem(value: unknown): Pick<RuleProblem, 'rule' | 'message'> | undefined {
  if (typeof value === 'string')
    return isDay(value) ? undefined : { rule: 'day', message: 'There is no such day: use the format YYYY-MM-DD.' }
  const entries = value !== null && typeof value === 'object' ? Object.entries(value) : []
  const [unit, count] = entries[0] ?? ['', undefined]
  const most = entries.length === 1 && Object.hasOwn(dayUnits, unit) ? dayUnits[unit as keyof typeof dayUnits] : undefined
  if (most === undefined)
    return {
      rule: 'type',
      message: 'A day must be YYYY-MM-DD or one of {"days": n}, {"months": n}, {"years": n}, {"monthEnd": n} from today.',
    }
  if (typeof count !== 'number' || !Number.isInteger(count) || Math.abs(count) > most)
    return { rule: 'range', message: `Must be at most ${most} ${unit} from today.` }
  return undefined
}

function hasPercentiles(name: FactName): boolean {
  return facts[name].type === 'number' || facts[name].type === 'money'
}

function checkPercentile(name: FactName, value: unknown, at: string, context: CheckContext, refuse: Refuse): void {
  if (!hasPercentiles(name)) return refuse(at, 'operator', `\`${name}\` has no percentiles: only numbers and amounts have.`)
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return refuse(at, 'type', 'A percentile must have one of lt, lte, gt, gte and between, and optionally `institution`.')
  const object = value as Readonly<Record<string, unknown>>
  const known = percentileOperators.filter((operator) => object[operator] !== undefined)
  onlyKeys(object, ['institution', ...known], at, refuse)
  if (known.length !== 1) return refuse(at, 'operator', `A percentile must have one of ${percentileOperators.join(', ')}.`)
  const operator = known[0]!
  const given = object[operator]
  const here = `${at}/${operator}`
  if (operator !== 'between') wholeNumber(given, here, 0, 100, refuse)
  else if (!Array.isArray(given) || given.length !== 2) refuse(here, 'type', '`between` requires two percentiles.')
  else {
    const good = given.map((bound, index) => wholeNumber(bound, `${here}/${index}`, 0, 100, refuse))
    if (good.every(Boolean) && given[0] > given[1]) refuse(here, 'reversed', 'The first percentile must not be above the second.')
  }
  const { institution } = object
  if (institution !== undefined && (typeof institution !== 'string' || !context.institution(institution)))
    refuse(`${at}/institution`, 'unknown_institution', 'There is no institution with this code.')
}

const MAX_NAME_LENGTH = 40

/** The name of a fact that is written most alike. */
function nearest(name: string): string {
  const wanted = name.toLowerCase().slice(0, MAX_NAME_LENGTH)
  const score = (known: string): number => distance(wanted, known.toLowerCase())
  return factNames.toSorted((one, other) => score(one) - score(other))[0]!
}
