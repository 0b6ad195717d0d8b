import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Bench } from '../bench.ts'
import { calendar, customerJson } from '../contenders/customer-json.ts'
import { measure, median } from '../measure.ts'
import type { Line } from '../report.ts'
import { drawSample } from '../sample.ts'
import { readByIdOf } from './reads.ts'

/** The read of one customer as PostgreSQL alone answers it, driven by pgbench: the limit of any server. Left out where the machine has no pgbench. */
export async function pgbench(bench: Bench): Promise<Line[]> {
  const { bank, options } = bench
  const { customers } = await drawSample(bank)
  const folder = mkdtempSync(join(tmpdir(), 'guanxi-bench-'))
  try {
    const script = join(folder, 'read.sql')
    writeFileSync(script, readScript(customers))
    const perSecond: number[] = []
    for (let round = 0; round < options.rounds; round++) {
      const transactions = await run(bank.benchUrl, script, options.seconds)
      if (transactions === undefined) return []
      perSecond.push(transactions)
    }
    const side = await readByIdOf(bench, bank)
    const ours = median((await measure([side], bench.measuring)).get(side)!.map((round) => round.perSecond))
    console.error(`  pgbench                  ${median(perSecond).toFixed(1).padStart(8)} reads/s`)
    return [{ case: 'read by id: requests/s to pgbench', value: ours / median(perSecond), unit: '×' }]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The ids stand in an array of which each transaction draws one. */
function readScript(customers: readonly string[]): string {
  const { today, months } = calendar()
  // pgbench takes a colon before letters for a variable.
  const statement = customerJson
    .replaceAll(`'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`, String.raw`E'YYYY-MM-DD"T"HH24\x3AMI\x3ASS.MS"Z"'`)
    .replaceAll('$1', 'o.id')
    .replaceAll('$2', `'{${months.join(',')}}'`)
    .replaceAll('$3', `'${today}'`)
  return `\\set n random(1, ${customers.length})\nselect (${statement}) from (select ('{${customers.join(',')}}'::uuid[])[:n] as id offset 0) o;\n`
}

async function run(url: string, script: string, seconds: number): Promise<number | undefined> {
  const child = spawn('pgbench', ['-n', '-M', 'prepared', '-c', '10', '-j', '2', '-T', String(seconds), '-f', script, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PGOPTIONS: '-c jit=off' },
  })
  const missing = new Promise<undefined>((resolve) => child.on('error', () => resolve(undefined)))
  const output = await Promise.race([missing, text(child.stdout)])
  const found = /^tps = ([0-9.]+)/m.exec(output ?? '')
  return found ? Number(found[1]) : undefined
}
