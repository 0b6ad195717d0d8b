import { writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { type Bench, openBench } from './bench.ts'
import { cases } from './cases/all.ts'
import { type Options, readOptions } from './options.ts'
import { format, type Line, verdict } from './report.ts'

/** Runs the cases, prints a line for every figure, and tells by the exit status whether a bound was missed. */
export async function main(args: readonly string[]): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  try {
    const lines = await run(readOptions(args))
    if (lines.some((line) => verdict(line) === 'SHORT')) process.exitCode = 1
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 2
  }
}

async function run(options: Options): Promise<Line[]> {
  const chosen = Object.entries(cases).filter(
    ([name]) => options.only.length === 0 || options.only.some((one) => name.startsWith(one)),
  )
  if (chosen.length === 0) throw new Error(`There is no such case. Cases: ${Object.keys(cases).join(', ')}.`)
  const bench = await openBench(options)
  try {
    const lines: Line[] = []
    console.log(await machine(bench))
    for (const [, work] of chosen) {
      for (const line of await work(bench)) {
        const shown = options.smoke ? withoutBound(line) : line
        lines.push(shown)
        console.log(format(shown))
      }
    }
    if (options.json !== undefined)
      writeFileSync(
        options.json,
        `${JSON.stringify({ at: new Date(), machine: await machine(bench), options, lines }, undefined, 2)}\n`,
      )
    return lines
  } finally {
    await bench.close()
  }
}

function withoutBound({ case: name, value, unit }: Line): Line {
  return { case: name, value, unit }
}

async function machine({ bank }: Bench): Promise<string> {
  const { rows } = await bank.client.query<{ server_version: string }>('show server_version')
  const [cpu] = cpus()
  return `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node.js ${process.version}, PostgreSQL ${rows[0]!.server_version}, ${bank.customers} customers`
}
