import {
  below,
  inlineSegments,
  MAX_CONDITIONS,
  MAX_DEPTH,
  MAX_DURATION_DAYS,
  partsOf,
  type Rule,
  type SegmentMeaning,
  usedSegments,
  durationConditions,
} from './rule.ts'
import {
  type RuleProblem,
  type CheckContext,
  type Refuse,
  onlyKeys,
  wholeNumber,
  checkBucket,
  checkFact,
} from './check-conditions.ts'

export type Checked = { readonly rule: Rule; readonly problems?: undefined } | { readonly problems: readonly RuleProblem[] }

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

/** The codes on the way from a segment to the one whose rule is checked. Rules that are stored lead to no other circle. */
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
