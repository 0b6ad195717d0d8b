import type { z } from 'zod'
import { noCustomers, scopeOf } from '../../core/kernel/actors.ts'
import { DomainError } from '../../core/kernel/errors.ts'
import type { Database } from '../../db/platform/database.ts'
import { appendJournal, type JournalEntry } from '../../db/platform/journal.ts'
import { scopePermissions } from './call-scope.ts'
import { parseInput } from './input.ts'
import type { Context, Operation } from './operation.ts'

/** The input, checked, of a caller who may. Refusals are audited where the operation wants it. */
export async function inputOf(
  database: Database,
  operation: Operation,
  given: unknown,
  permits: Context['permits'],
  journal: JournalEntry,
): Promise<z.output<z.ZodObject>> {
  try {
    if (!permits(operation.permission)) throw new DomainError('not_permitted', `Permission required: ${operation.permission}.`)
    const input = parseInput(operation, given)
    if (operation.concurrency === 'required' && (input as { expectedVersion?: number }).expectedVersion === undefined) {
      throw new DomainError('precondition_required', 'Version required: send If-Match (REST) or expectedVersion (GraphQL).')
    }
    if (operation.refusals) scopeOf(journal.actor, scopePermissions(operation, input))
    return input
  } catch (error) {
    const { refusals } = operation
    if (refusals && error instanceof DomainError) {
      const { event, subjectType, access } = refusals
      const details = { access, outcome: error.code }
      const scope = { prefixes: [noCustomers], portfolio: [], caller: journal.actorName }
      await database.transaction(scope, (db) =>
        appendJournal(db, journal, [{ event, subjectType, subjectId: 'refused', published: false, details }]),
      )
    }
    throw error
  }
}
