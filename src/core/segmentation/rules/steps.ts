import type { ExplainedCondition, Explained } from './explain.ts'
import type { Change } from './nearest-change.ts'

/** One condition that has to answer otherwise. */
export interface Step {
  readonly pointer: string
  /** What it has to answer. */
  readonly goal: boolean
  readonly change: Change
}

/**
 * The fewest conditions that have to answer otherwise so that the whole rule does: all that fail of an `all`, the branch of an `any` with the fewest, and the other
 * way round where it holds. They are looked at one by one: two of the same fact may exclude each other. Undefined where nothing turns it.
 */
export function stepsToReverse(explained: Explained): readonly Step[] | undefined {
  return stepsTo(explained, explained.result !== true)
}

function stepsTo(node: Explained, goal: boolean): readonly Step[] | undefined {
  if (node.result === goal) return []
  switch (node.form) {
    case 'not':
      return stepsTo(node.parts[0]!, !goal)
    case 'all':
    case 'any':
      return (node.form === 'all') === goal
        ? together(node.parts.map((part) => stepsTo(part, goal)))
        : fewest(node.parts.map((part) => stepsTo(part, goal)))
    case 'hasBeen': {
      const [part] = node.parts
      if (!goal && part.result === true) return stepsTo(part, false)
      const own = ownStep(node, goal)
      return goal && node.since === null && part.result !== true ? together([stepsTo(part, true), own]) : own
    }
    default:
      return ownStep(node, goal)
  }
}

function ownStep({ pointer, toHold, toFail }: ExplainedCondition, goal: boolean): readonly Step[] | undefined {
  const change = goal ? toHold : toFail
  return change === null ? undefined : [{ pointer, goal, change }]
}

function together(all: readonly (readonly Step[] | undefined)[]): readonly Step[] | undefined {
  return all.includes(undefined) ? undefined : all.flatMap((steps) => steps!)
}

function fewest(all: readonly (readonly Step[] | undefined)[]): readonly Step[] | undefined {
  return all.reduce(
    (least, steps) => (steps !== undefined && (least === undefined || steps.length < least.length) ? steps : least),
    undefined,
  )
}
