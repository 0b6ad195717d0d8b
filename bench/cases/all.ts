import type { Bench } from '../bench.ts'
import { overview, timeline, upcomingKeyDates } from './dossiers.ts'
import type { Line } from '../report.ts'
import { imports, largeImports } from './imports.ts'
import { pgbench } from './pgbench.ts'
import { customerList, customerPage, readById } from './reads.ts'
import { recognise, search } from './searches.ts'
import { preview, refreshes } from './segmentation.ts'
import { growth, latency, memory, start } from './service.ts'
import { portfolioSummary } from './summaries.ts'
import { write } from './writes.ts'

/** All cases by the name that `--only` takes, in the order in which they run. */
export const cases: Readonly<Record<string, (bench: Bench) => Promise<Line[]>>> = {
  'read by id': readById,
  'customer page': customerPage,
  'list of 50': customerList,
  'customer 360': overview,
  timeline,
  'upcoming key dates': upcomingKeyDates,
  search,
  recognise,
  'portfolio summary': portfolioSummary,
  write,
  'segment preview': preview,
  latency,
  growth,
  pgbench,
  // Before imports, which leave a bank larger than it was made.
  refreshes,
  imports,
  'large imports': largeImports,
  memory,
  start,
}
