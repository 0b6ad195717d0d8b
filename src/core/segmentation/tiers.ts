import { stateMachine } from '../kernel/state-machine.ts'
import type { CurrencyCode } from '../kernel/currencies.ts'
import { type CustomerKind, customerKinds } from '../dossier/customers.ts'
import { DomainError, type InputProblem } from '../kernel/errors.ts'
import { type FactName, facts, isFact } from './facts.ts'
import { amountProblem, formatMinor, parseAmount } from '../kernel/money.ts'
import type { Rule } from './rules/rule.ts'
import { rankOf } from './tier-states.ts'

export const tierSchemeStates = ['active', 'retired'] as const

export const tierSchemeMachine = stateMachine({
  subject: 'tier_scheme',
  called: 'scheme',
  initial: 'active',
  states: {
    active: { description: 'Decides from the day of its first version on.' },
    retired: { description: 'Customers have left its tiers; its history stays.', final: true },
  },
  transitions: {
    retire: {
      from: ['active'],
      to: 'retired',
      description: 'Ends a scheme; customers leave its tiers, those set by hand as well.',
      operation: 'retireTierScheme',
      permission: 'segment:write',
    },
  },
})

/**
 * Why a customer came to a tier or lost it: none was held before, the measure, the end of the grace, the scheme no longer applies, somebody’s override,
 * or other thresholds.
 */
export const tierReasons = ['entered', 'upgraded', 'downgraded', 'left', 'override', 'scheme'] as const

export type TierReason = (typeof tierReasons)[number]

export const thresholdSides = ['upgrade_candidate', 'at_risk'] as const

export type ThresholdSide = (typeof thresholdSides)[number]

export const MAX_TIERS = 20

export const MAX_SUBTREES = 100

export const MAX_GRACE_DAYS = 3_650

/** A line of a scheme and the tier that begins there. Values are decimal texts in the unit of the measure. */
export interface Threshold {
  readonly code: string
  readonly name: string
  readonly from: string
  /** How far below the threshold customers are upgrade candidates; none are where it is missing. */
  readonly upgradeMargin?: string | undefined
  /** How far above the threshold customers are at risk; none are where it is missing. */
  readonly atRiskMargin?: string | undefined
}

/** Other lines for the same tiers, for an institution and all below it. */
export interface SubtreeThresholds {
  readonly institutionCode: string
  readonly thresholds: readonly Threshold[]
}

export interface TierDefinition {
  readonly graceDays: number
  readonly thresholds: readonly Threshold[]
  readonly subtrees: readonly SubtreeThresholds[]
}

/** Minor units for an amount, a number for a number. */
export type Measured = bigint | number

/** Whether tiers can be determined by a fact: it has an order and an amount to the line. */
export function isMeasure(name: string): name is FactName {
  return isFact(name) && (facts[name].type === 'number' || facts[name].type === 'money')
}

/** A value of a threshold as it is compared; undefined where the text is none. */
export function parseMeasured(text: string, measure: FactName, currency: CurrencyCode): Measured | undefined {
  if (facts[measure].type === 'money') return parseAmount(text, currency)
  return /^-?\d{1,15}(\.\d{1,6})?$/.test(text) ? Number(text) : undefined
}

/** What the line of a tier asks, as a rule: the kinds of the scheme, and the measure at or above the line. */
export function tierRule(kinds: readonly CustomerKind[], measure: FactName, { from }: Pick<Threshold, 'from'>): Rule {
  return {
    all: [
      { fact: 'kind', in: [...kinds] },
      { fact: measure, gte: facts[measure].type === 'money' ? from : Number(from) },
    ],
  }
}

/** Decimal text of a value in the unit of its measure. */
export function formatMeasured(value: Measured, currency: CurrencyCode): string {
  return typeof value === 'bigint' ? formatMinor(value.toString(), currency) : String(Math.round(value * 1e6) / 1e6)
}

interface Checking {
  readonly kinds: readonly CustomerKind[]
  readonly measure: string
  readonly currency: CurrencyCode
  /** Whether an institution has this code. */
  readonly institution: (code: string) => boolean
}

/** What is wrong with a scheme; nothing where it is good. */
export function tierProblems({ graceDays, thresholds, subtrees }: TierDefinition, checking: Checking): readonly InputProblem[] {
  const problems: InputProblem[] = []
  const refuse = (pointer: string, rule: string, message: string): void => void problems.push({ pointer, rule, message })
  const { kinds, measure, institution } = checking
  if (kinds.length === 0) refuse('/kinds', 'empty', 'A scheme requires at least one kind of customer.')
  if (new Set(kinds).size < kinds.length) refuse('/kinds', 'distinct', 'A kind must not be repeated.')
  if (kinds.some((kind) => !customerKinds.includes(kind))) refuse('/kinds', 'unknown_value', 'There is no such kind.')
  if (!Number.isInteger(graceDays) || graceDays < 0 || graceDays > MAX_GRACE_DAYS)
    refuse('/graceDays', 'range', `The grace period must be 0 to ${MAX_GRACE_DAYS} days.`)
  if (!isMeasure(measure)) {
    refuse('/measure', 'unknown_measure', 'The measure must be a fact that is a number or an amount.')
    return problems
  }
  thresholdProblems(thresholds, '/thresholds', measure, checking.currency, refuse)
  if (subtrees.length > MAX_SUBTREES) refuse('/subtrees', 'too_many', `At most ${MAX_SUBTREES} subtrees are allowed.`)
  for (const [index, subtree] of subtrees.entries()) {
    const at = `/subtrees/${index}`
    if (!institution(subtree.institutionCode))
      refuse(`${at}/institutionCode`, 'unknown_institution', 'There is no institution with this code.')
    if (subtrees.findIndex((one) => one.institutionCode === subtree.institutionCode) !== index)
      refuse(`${at}/institutionCode`, 'duplicate', 'A subtree can have only one set of thresholds.')
    if (subtree.thresholds.map((one) => one.code).join(' ') !== thresholds.map((one) => one.code).join(' '))
      refuse(`${at}/thresholds`, 'tiers', 'A subtree must have the same tiers in the same order, with its own thresholds.')
    thresholdProblems(subtree.thresholds, `${at}/thresholds`, measure, checking.currency, refuse)
  }
  return problems
}

type Refuse = (pointer: string, rule: string, message: string) => void

function thresholdProblems(
  thresholds: readonly Threshold[],
  at: string,
  measure: FactName,
  currency: CurrencyCode,
  refuse: Refuse,
): void {
  if (thresholds.length === 0) refuse(at, 'empty', 'A scheme requires at least one tier.')
  if (thresholds.length > MAX_TIERS) refuse(at, 'too_many', `At most ${MAX_TIERS} tiers are allowed.`)
  const read = (text: string | undefined, pointer: string): Measured | undefined => {
    if (text === undefined) return undefined
    const value = parseMeasured(text, measure, currency)
    if (value === undefined) {
      const isAmount = facts[measure].type === 'money' && /^-?\d+(\.\d+)?$/.test(text)
      refuse(pointer, 'amount', (isAmount && amountProblem(text, currency)) || 'Must be a decimal number such as 50000.00.')
    }
    return value
  }
  let below: { readonly from: Measured; readonly atRiskMargin: Measured | undefined } | undefined
  for (const [index, { code, from: fromText, upgradeMargin: upgradeText, atRiskMargin: atRiskText }] of thresholds.entries()) {
    const here = `${at}/${index}`
    if (thresholds.findIndex((one) => one.code === code) !== index)
      refuse(`${here}/code`, 'duplicate', 'A tier must not be repeated.')
    const [from, upgradeMargin, atRiskMargin] = [
      read(fromText, `${here}/from`),
      read(upgradeText, `${here}/upgradeMargin`),
      read(atRiskText, `${here}/atRiskMargin`),
    ]
    if (upgradeMargin !== undefined && upgradeMargin <= 0) refuse(`${here}/upgradeMargin`, 'range', 'A margin must be above 0.')
    if (atRiskMargin !== undefined && atRiskMargin <= 0) refuse(`${here}/atRiskMargin`, 'range', 'A margin must be above 0.')
    if (from !== undefined && below !== undefined) {
      if (from <= below.from) refuse(`${here}/from`, 'order', 'Each threshold must be above the previous one.')
      else {
        if (upgradeMargin !== undefined && minus(from, upgradeMargin) < below.from)
          refuse(`${here}/upgradeMargin`, 'margin', 'The margin must not reach below the threshold of the previous tier.')
        if (below.atRiskMargin !== undefined && minus(from, below.atRiskMargin) < below.from)
          refuse(`${at}/${index - 1}/atRiskMargin`, 'margin', 'The margin must not reach above the threshold of the next tier.')
      }
    }
    if (from !== undefined) below = { from, atRiskMargin }
  }
}

function minus(one: Measured, other: Measured): Measured {
  return typeof one === 'bigint' ? one - (other as bigint) : one - (other as number)
}

/** Refuses a scheme that is none. Throws `invalid_input` that names every problem. */
export function requireTiers(definition: TierDefinition, checking: Checking): void {
  const problems = tierProblems(definition, checking)
  if (problems.length > 0) throw new DomainError('invalid_input', 'Invalid scheme.', problems)
}

/** Whether a customer who holds a place is to be worked on a side of some line, and how far the line is. */
export function thresholdDistance(
  value: Measured | null,
  place: number,
  lines: readonly { readonly from: Measured; readonly upgradeMargin: Measured | null; readonly atRiskMargin: Measured | null }[],
  side: ThresholdSide,
): { readonly line: number; readonly distance: Measured } | undefined {
  if (value === null) return undefined
  const fit = rankOf(
    value,
    lines.map(({ from }) => from),
  )
  if (side === 'upgrade_candidate') {
    const next = lines[fit]
    if (!next || next.upgradeMargin === null || place > fit) return undefined
    const distance = minus(next.from, value)
    return distance <= next.upgradeMargin ? { line: fit + 1, distance } : undefined
  }
  const line = lines[fit - 1]
  if (!line || line.atRiskMargin === null) return undefined
  const distance = minus(value, line.from)
  return distance < line.atRiskMargin ? { line: fit, distance } : undefined
}

/** How far it is from a value to the next line above it, and from it down to the line of the tier that is held: negative where it lies below. */
export function distances(
  value: Measured | null,
  place: number,
  lines: readonly Measured[],
): { readonly up: Measured | null; readonly down: Measured | null } {
  if (value === null) return { up: null, down: null }
  const next = lines[rankOf(value, lines)]
  const own = lines[place - 1]
  return { up: next === undefined ? null : minus(next, value), down: own === undefined ? null : minus(value, own) }
}
