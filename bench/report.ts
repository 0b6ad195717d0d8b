interface Bound {
  readonly kind: 'at_most' | 'at_least'
  readonly value: number
}

/** One line of the report: a figure and the bound that it must keep. */
export interface Line {
  readonly case: string
  readonly value: number | undefined
  readonly unit: '×' | 'MB' | 's' | 'ms' | 'rows/s' | '/s'
  readonly bound?: Bound
}

export function atMost(value: number): Bound {
  return { kind: 'at_most', value }
}

export function atLeast(value: number): Bound {
  return { kind: 'at_least', value }
}

/** `ok`, `SHORT`, or `-` where there is no bound or no figure. */
export function verdict({ value, bound }: Line): 'ok' | 'SHORT' | '-' {
  if (value === undefined || !bound) return '-'
  return (bound.kind === 'at_most' ? value <= bound.value : value >= bound.value) ? 'ok' : 'SHORT'
}

/** `case  ratio  bound  ok|SHORT` */
export function format(line: Line): string {
  const { value, unit, bound } = line
  const shown = value === undefined ? 'unknown' : `${rounded(value)} ${unit}`
  const limit = bound ? `${bound.kind === 'at_most' ? '≤' : '≥'} ${bound.value} ${unit}` : ''
  return `${line.case.padEnd(64)} ${shown.padStart(14)}  ${limit.padEnd(10)} ${verdict(line)}`
}

function rounded(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : value.toPrecision(3)
}
