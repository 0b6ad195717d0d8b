import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { ErrorCode } from '../core/kernel/errors.ts'

export interface Metrics {
  readonly observe: (operation: string, outcome: 'ok' | ErrorCode, seconds: number) => void
  readonly render: () => Promise<string>
  readonly contentType: string
}

/** Counts and times operations by name and outcome, beside what the runtime tells of itself. */
export function openMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const operations = new Histogram({
    name: 'guanxi_operation_seconds',
    help: 'Duration of operations, by name and outcome.',
    labelNames: ['operation', 'outcome'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  })
  return {
    observe: (operation, outcome, seconds) => operations.observe({ operation, outcome }, seconds),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
