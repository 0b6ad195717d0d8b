import { parseArgs } from 'node:util'

export interface Options {
  /** Cases to run, by the beginning of their names; all where none is named. */
  readonly only: readonly string[]
  readonly customers: number
  /** Length of one round of one contender. */
  readonly seconds: number
  readonly rounds: number
  /** Rows of the import cases, the smallest first. */
  readonly importRows: readonly number[]
  /** Requests after which memory is read again. */
  readonly memoryRequests: number
  readonly json: string | undefined
  /** Folder for CPU profiles of the service's processes. */
  readonly profile: string | undefined
  /** Proves that the bench runs: bounds are shown and not judged. */
  readonly smoke: boolean
}

const usage = `Usage: npm run bench -- [--only <case>]… [--customers 1000000] [--seconds 4] [--rounds 5] [--json <file>] [--profile <folder>] [--smoke]

  --only       cases whose name begins so; may be given several times
  --customers  size of the demo bank; it is made on first use and kept in bench/.data
  --seconds    length of one round of one contender
  --rounds     rounds, in which the contenders take turns
  --json       also writes all figures to this file
  --profile    lets the service write CPU profiles here, which costs it some speed
  --smoke      a small bank and short rounds: proves that everything runs, judges nothing`

/** Reads the command line. Throws an Error with the usage. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parse(args)
  if (values.help) throw new Error(usage)
  const smoke = values.smoke ?? false
  return {
    only: values.only ?? [],
    customers: number('--customers', values.customers, smoke ? 500 : 1_000_000, 100, 10_000_000),
    seconds: number('--seconds', values.seconds, smoke ? 1 : 4, 1, 600),
    rounds: number('--rounds', values.rounds, smoke ? 1 : 5, 1, 99),
    importRows: smoke ? [2_000, 4_000] : [100_000, 1_000_000, 5_000_000],
    memoryRequests: smoke ? 500 : 360_000,
    json: values.json,
    profile: values.profile,
    smoke,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true },
        customers: { type: 'string' },
        seconds: { type: 'string' },
        rounds: { type: 'string' },
        json: { type: 'string' },
        profile: { type: 'string' },
        smoke: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`, { cause: error })
  }
}

function number(name: string, text: string | undefined, otherwise: number, least: number, most: number): number {
  if (text === undefined) return otherwise
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most)) throw new Error(`${name} must be a whole number from ${least} to ${most}.\n${usage}`)
  return value
}
