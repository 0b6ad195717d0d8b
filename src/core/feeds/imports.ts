import { stateMachine } from '../kernel/state-machine.ts'

/** The import entities, in the order in which a bank sends them: each refers only to those before it. */
export const feedEntities = [
  'institutions',
  'staff',
  'products',
  'exchangeRates',
  'customers',
  'assignments',
  'holdings',
  'holdingParties',
  'balances',
  'activity',
  'movements',
] as const
export type FeedEntity = (typeof feedEntities)[number]

export const importStatuses = ['running', 'completed', 'failed', 'cancelled', 'interrupted'] as const
export type ImportStatus = (typeof importStatuses)[number]

export const importMachine = stateMachine({
  subject: 'import',
  called: 'import',
  initial: 'running',
  states: {
    running: { description: 'Rows are being received and applied.' },
    completed: { description: 'All rows were received.', final: true },
    cancelled: { description: 'Cancelled by a caller; the rows committed before stay.' },
    interrupted: { description: 'The sender or the database was lost; the rows committed before stay.' },
    failed: { description: 'The stream was refused, or an error occurred; the rows committed before stay.' },
  },
  transitions: {
    complete: { from: ['running'], to: 'completed', description: 'The stream has ended.', permission: 'system:run' },
    interrupt: { from: ['running'], to: 'interrupted', description: 'The stream broke off.', permission: 'system:run' },
    fail: { from: ['running'], to: 'failed', description: 'The stream was refused.', permission: 'system:run' },
    cancel: {
      from: ['running', 'interrupted'],
      to: 'cancelled',
      description: 'Ends it at the next batch, or at once where its sender is lost.',
      operation: 'cancelImport',
      permission: 'import:run',
      refusal: 'already_closed',
    },
    resume: {
      from: ['interrupted', 'failed', 'cancelled'],
      to: 'running',
      description: 'The stream is sent again under the same Import-Id; rows committed before are passed over.',
      operation: 'importRows',
      permission: 'import:run',
      guard: 'Caller, entity and format are the same.',
      refusal: 'import_in_progress',
    },
  },
})
