import { type Bench, get } from '../bench.ts'
import { compareAnswers, measure, ratio, type Side } from '../measure.ts'
import { atMost, type Line } from '../report.ts'
import { drawSample } from '../sample.ts'

/** Count and assets of a branch, by kind and product family, against the same statement written by hand. */
export async function portfolioSummary(bench: Bench): Promise<Line[]> {
  const { bank } = bench
  const { manager, branch } = await drawSample(bank)
  const token = await bank.token({ sub: manager })
  const ours: Side = {
    name: 'the service',
    server: await bench.service(),
    bank,
    request: () => get(`/v1/portfolio-summary?institutionId=${branch.id}`, token),
    plain: (answer) => answer,
  }
  const theirs: Side = {
    ...ours,
    name: 'the hand-written server',
    server: await bench.handWritten(),
    request: () => get(`/portfolio-summary?path=${branch.path}`),
  }
  await compareAnswers([ours, theirs], 1)
  const rounds = await measure([ours, theirs], { ...bench.measuring, connections: 1, amount: 2 })
  return [
    {
      case: 'portfolio summary of a branch: CPU to hand-written',
      value: ratio(rounds, ours, theirs, 'cpu'),
      unit: '×',
      bound: atMost(2),
    },
    {
      case: 'portfolio summary of a branch: requests/s to hand-written',
      value: ratio(rounds, ours, theirs, 'perSecond'),
      unit: '×',
    },
  ]
}
