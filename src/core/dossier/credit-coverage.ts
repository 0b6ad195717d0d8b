/** How many of those who count are to be rated and granted a line, in percent. Practice of Chinese banks: all with a relation, all of the willing. */
export const coverageTarget = 100

/** Whose ratings and lines are counted where nothing else is given: those with a business. Ours to choose. */
export const coveredKinds = ['sole_trader', 'company'] as const

export interface Counted {
  readonly customers: number
  readonly rated: number
  readonly granted: number
  readonly ratedAndGranted: number
}

export interface Coverage extends Counted {
  /** Of whom, rated and granted, in percent with two decimals; null of nobody. */
  readonly percent: string | null
  /** How many more it takes to reach the target. */
  readonly missing: number
}

/** Coverage is of those who are both rated and granted a line. Rounded down, so that 100.00 means all. */
export function coverageOf(counted: Counted): Coverage {
  const { customers, ratedAndGranted } = counted
  const basisPoints = customers === 0 ? null : Math.floor((ratedAndGranted * 10_000) / customers)
  return {
    ...counted,
    percent: basisPoints === null ? null : (basisPoints / 100).toFixed(2),
    missing: Math.ceil((customers * coverageTarget) / 100) - ratedAndGranted,
  }
}
