import { distance } from 'fastest-levenshtein'
import type { CurrencyCode } from '../../kernel/currencies.ts'
import { type Fact, type FactName, factNames, facts, type FactType, isFact } from '../facts.ts'
import { amountProblem, parseAmount } from '../../kernel/money.ts'
import { cleanText } from '../../kernel/text.ts'
import { isDay } from './resolve.ts'
import {
  below,
  comparisons,
  inlineSegments,
  MAX_TEXT_LENGTH,
  MAX_CONDITIONS,
  MAX_RELATIVE_DAYS,
  MAX_DEPTH,
  MAX_VALUES,
  MAX_DURATION_DAYS,
  type Operator,
  operators,
  partsOf,
  type Rule,
  type SegmentMeaning,
  usedSegments,
  durationConditions,
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

export type Checked = { readonly rule: Rule; readonly problems?: undefined } | { readonly problems: readonly RuleProblem[] }

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

const MAX_PROBLEMS = 100

/** Reads a rule as it was sent. Names what is wrong with it, the first hundred problems at most, or answers the rule. */
export function checkRule(json: unknown, context: CheckContext): Checked {
  const problems: RuleProblem[] = []
  const refuse: Refuse = (pointer, rule, message) => {
    if (problems.length < MAX_PROBLEMS) problems.push({ pointer, rule, message })
  }
  const steps = [checkForm, checkSegments, checkWhole] as const
  for (const step of steps) {
    step(json as Rule, context, refuse)
    if (problems.length > 0) return { problems }
  }
  return { rule: json as Rule }
}

type Refuse = (pointer: string, rule: string, message: string) => void

interface Place {
  readonly depth: number
  /** Inside a condition that is watched over time. */
  readonly watched: boolean
}

/** What can be said without the rules of its segments. */
function checkForm(json: Rule, context: CheckContext, refuse: Refuse): void {
  let faults = 0
  checkPart(json, '', { depth: 1, watched: false }, context, (...problem) => {
    faults++
    refuse(...problem)
  })
  const conditions = faults === 0 ? countConditions(json) : 0
  if (conditions > MAX_CONDITIONS)
    refuse('', 'too_many', `A rule can have at most ${MAX_CONDITIONS} conditions: this one has ${conditions}.`)
}

/** The rule with its segments, and the segments that rest on the one whose rule it is. */
function checkWhole(rule: Rule, context: CheckContext, refuse: Refuse): void {
  const meaning = (id: string): SegmentMeaning => (id === context.own ? { rule } : context.segment(id)!.meaning)
  const problems = limitProblems(inlineSegments(rule, meaning))
  for (const { rule: broken, message } of problems) refuse('', broken, `With its segments ${message}`)
  if (problems.length > 0) return
  for (const user of context.users ?? []) {
    const whole = inlineSegments(user.rule, meaning)
    for (const { rule: broken, message } of limitProblems(whole))
      refuse('', broken, `${user.name} uses this one: with it ${message}`)
    if (!user.watched && partsOf(whole).some((part) => 'hasBeen' in part))
      refuse('', 'duration_not_allowed', `${user.name} uses this one under hasBeen: a rule used there must not contain hasBeen.`)
  }
}

function limitProblems(whole: Rule): readonly Pick<RuleProblem, 'rule' | 'message'>[] {
  const conditions = countConditions(whole)
  const watched = durationConditions(whole).flatMap(partsOf)
  return [
    ...(depthOf(whole) > MAX_DEPTH ? [{ rule: 'depth', message: `a rule can be at most ${MAX_DEPTH} levels deep.` }] : []),
    ...(conditions > MAX_CONDITIONS
      ? [{ rule: 'too_many', message: `a rule can have at most ${MAX_CONDITIONS} conditions: this would be ${conditions}.` }]
      : []),
    ...(watched.some((part) => 'hasBeen' in part) ? [{ rule: 'nested', message: 'hasBeen would be nested in hasBeen.' }] : []),
  ]
}

function countConditions(rule: Rule): number {
  return partsOf(rule).filter((part) => below(part).length === 0).length
}

function depthOf(rule: Rule): number {
  return 1 + Math.max(0, ...below(rule).map(depthOf))
}

const forms = ['all', 'any', 'not', 'fact', 'hasBeen', 'segment', 'bucket'] as const

function checkPart(json: unknown, at: string, place: Place, context: CheckContext, refuse: Refuse): void {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return refuse(at, 'type', 'A rule must be an object.')
  if (place.depth > MAX_DEPTH) return refuse(at, 'depth', `A rule can be at most ${MAX_DEPTH} levels deep.`)
  const object = json as Readonly<Record<string, unknown>>
  const named = forms.filter((form) => Object.hasOwn(object, form))
  if (named.length !== 1)
    return refuse(
      at,
      'form',
      `A rule must have exactly one of ${forms.join(', ')}${named.length > 1 ? `, not ${named.join(' and ')} at once` : ''}.`,
    )
  const form = named[0]!
  const inner = { ...place, depth: place.depth + 1 }
  switch (form) {
    case 'all':
    case 'any': {
      onlyKeys(object, [form], at, refuse)
      const list = object[form]
      if (!Array.isArray(list)) return refuse(`${at}/${form}`, 'type', 'Must be a list of rules.')
      if (list.length === 0) return refuse(`${at}/${form}`, 'empty', `\`${form}\` must not be empty.`)
      if (list.length > MAX_CONDITIONS)
        return refuse(`${at}/${form}`, 'too_many', `At most ${MAX_CONDITIONS} conditions are allowed.`)
      list.forEach((one, index) => checkPart(one, `${at}/${form}/${index}`, inner, context, refuse))
      return
    }
    case 'not':
      onlyKeys(object, ['not'], at, refuse)
      return checkPart(object['not'], `${at}/not`, inner, context, refuse)
    case 'hasBeen':
      onlyKeys(object, ['hasBeen', 'days'], at, refuse)
      if (place.watched) refuse(at, 'nested', 'hasBeen must not be nested in hasBeen.')
      wholeNumber(object['days'], `${at}/days`, 1, MAX_DURATION_DAYS, refuse)
      return checkPart(object['hasBeen'], `${at}/hasBeen`, { ...inner, watched: true }, context, refuse)
    case 'segment':
      onlyKeys(object, ['segment'], at, refuse)
      if (typeof object['segment'] !== 'string') refuse(`${at}/segment`, 'type', 'Must be the ID of a segment.')
      return
    case 'bucket':
      onlyKeys(object, ['bucket'], at, refuse)
      return checkBucket(object['bucket'], `${at}/bucket`, refuse)
    case 'fact':
      return checkFact(object, at, context, refuse)
  }
}

function onlyKeys(object: Readonly<Record<string, unknown>>, known: readonly string[], at: string, refuse: Refuse): void {
  for (const key of Object.keys(object))
    if (!known.includes(key)) refuse(`${at}/${escapePointer(key)}`, 'unknown_key', `Unknown key \`${key}\`.`)
}

const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

function wholeNumber(value: unknown, at: string, least: number, most: number, refuse: Refuse): boolean {
  const good = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
  if (!good) refuse(at, 'range', `Must be an integer from ${least} to ${most}.`)
  return good
}

function checkBucket(value: unknown, at: string, refuse: Refuse): void {
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

function checkFact(object: Readonly<Record<string, unknown>>, at: string, context: CheckContext, refuse: Refuse): void {
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

/** Segments that are not there, are retired, or lead back to where they are named. */
function checkSegments(rule: Rule, context: CheckContext, refuse: Refuse): void {
  for (const [pointer, id] of segmentPointers(rule, '')) {
    const known = context.segment(id)
    if (!known) refuse(pointer, 'unknown_segment', 'There is no such segment.')
    else if (known.state === 'retired') refuse(pointer, 'retired_segment', `The segment ${known.code} is retired.`)
    else {
      const way = wayBack(id, context, new Set())
      if (way) refuse(pointer, 'cycle', `These segments form a cycle: ${way.join(' → ')}.`)
    }
  }
}

function segmentPointers(rule: Rule, at: string): readonly (readonly [string, string])[] {
  if ('segment' in rule) return [[`${at}/segment`, rule.segment]]
  if ('all' in rule) return rule.all.flatMap((one, index) => segmentPointers(one, `${at}/all/${index}`))
  if ('any' in rule) return rule.any.flatMap((one, index) => segmentPointers(one, `${at}/any/${index}`))
  if ('not' in rule) return segmentPointers(rule.not, `${at}/not`)
  if ('hasBeen' in rule) return segmentPointers(rule.hasBeen, `${at}/hasBeen`)
  return []
}

/** The codes on the way from a segment to the one whose rule is checked. Rules that are kept lead to no other circle. */
function wayBack(id: string, context: CheckContext, seen: Set<string>): readonly string[] | undefined {
  const known = context.segment(id)
  if (!known || seen.has(id)) return undefined
  if (id === context.own) return [known.code]
  seen.add(id)
  if (!('rule' in known.meaning)) return undefined
  for (const next of usedSegments(known.meaning.rule)) {
    const found = wayBack(next, context, seen)
    if (found) return [known.code, ...found]
  }
  return undefined
}

const MAX_NAME_LENGTH = 40

/** The name of a fact that is written most alike. */
function nearest(name: string): string {
  const wanted = name.toLowerCase().slice(0, MAX_NAME_LENGTH)
  const score = (known: string): number => distance(wanted, known.toLowerCase())
  return factNames.toSorted((one, other) => score(one) - score(other))[0]!
}
