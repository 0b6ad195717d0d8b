import {
  customerRefusal,
  namelessRefusal,
  type ReadyCustomerRow,
  readyRow,
  reservedName,
  withoutRefused,
} from '../../core/dossier/customer-changes.ts'
import type { InstitutionReference } from '../../core/organisation/references.ts'
import { resolveInstitutions } from '../organisation/references.ts'
import { lockFeedsShared } from '../platform/feed-turns.ts'
import type { FeedCustomerRow } from '../../core/dossier/customer-rows.ts'
import { type FeedRefusal, unknownReference } from '../../core/kernel/feed.ts'
import { profileRefusal } from '../../core/dossier/profiles.ts'
import type { Db } from '../platform/database.ts'
import { applyInRounds, countingRow, firstOfEach, type Incoming, keyOf, type Outcomes } from '../../core/kernel/feed-batch.ts'
import { decideCustomer, dossierAfter, openDossiers, writeDossiers } from './customer-decisions.ts'
import { claimCustomerNames, seesPortfolioOnly } from './customer-records.ts'
import type { ApplyFeed } from '../platform/feed.ts'
import type { CustomerFeedContext } from './customer-feed-context.ts'
import { findCustomerIds } from './references.ts'

type Institutions = ReadonlyMap<string, InstitutionReference>

/** A customer who is to be made, unless another import makes them first. */
interface Newcomer {
  readonly id: string
  /** Without what it would be refused for. */
  readonly incoming: Incoming<ReadyCustomerRow>
}

/**
 * Applies customers with their document, primary phone, e-mail and address. What core banking owns is as its rows say; fields that a row
 * leaves out stay, and a value that is stored already keeps its ciphertext. A changed institution moves all that belongs to the customer.
 *
 * Two imports of the same customers wait for each other: names are claimed in their order, rows locked in the order of their ids, and
 * the directory is raised last.
 */
export const applyCustomers: ApplyFeed<FeedCustomerRow, CustomerFeedContext> = (db, rows, context) =>
  applyInRounds(rows, context.now, (incoming, outcomes) => applyRound(db, incoming, context, outcomes))

async function applyRound(
  db: Db,
  received: readonly Incoming<FeedCustomerRow>[],
  context: CustomerFeedContext,
  outcomes: Outcomes,
): Promise<readonly Incoming<FeedCustomerRow>[]> {
  await lockFeedsShared(db, 'organisation')
  const [institutions, known, portfolioOnly] = await Promise.all([
    resolveInstitutions(
      db,
      received.map(({ row }) => row.institutionCode),
    ),
    findCustomerIds(
      db,
      received.map(({ row }) => row),
    ),
    seesPortfolioOnly(db),
  ])
  const nameOf = ({ row }: Incoming<FeedCustomerRow>): string => keyOf(row.source, row.externalId)
  const rows = received.flatMap((one) => ready(one, institutions, context, outcomes))
  // A customer may have names in several systems.
  const { first, later } = firstOfEach(rows, (one) => known.get(nameOf(one)) ?? nameOf(one))
  const incoming = [...first.values()]
  const newcomers = new Map<string, Newcomer>()
  for (const one of incoming) {
    if (known.has(nameOf(one))) continue
    const newcomer = newcomerOf(one, institutions, portfolioOnly, context, outcomes)
    if (newcomer) newcomers.set(nameOf(one), newcomer)
  }
  const idOf = new Map([...known, ...(await claimNames(db, newcomers))])
  const existing = incoming.map(nameOf).flatMap((name) => (idOf.get(name) !== newcomers.get(name)?.id ? [idOf.get(name)!] : []))
  const closing = context.fromPerson && incoming.some(({ row }) => row.status === 'closed') ? existing : []
  const dossiers = await openDossiers(db, existing, closing, context.today)

  for (const one of incoming) {
    const id = idOf.get(nameOf(one))
    if (id === undefined) continue
    const before = dossiers.customers.get(id)
    if (!before && newcomers.get(nameOf(one))?.id !== id) {
      outcomes.refuse(one.line, unknownReference('externalId', 'customer', one.row.externalId))
      continue
    }
    const counting = countingRow(newcomers.get(nameOf(one))?.incoming ?? one, before?.asOf.toISOString())
    if (!counting) {
      outcomes.settle(one.line, 'superseded', id, id)
      continue
    }
    const institution = institutions.get(counting.row.institutionCode)!
    fitting(counting, (row) => decideCustomer(dossiers, row, id, institution, context, outcomes), context, outcomes)
  }
  await writeDossiers(db, dossiers, context)
  return later
}

function ready(
  one: Incoming<FeedCustomerRow>,
  institutions: Institutions,
  context: CustomerFeedContext,
  outcomes: Outcomes,
): Incoming<ReadyCustomerRow>[] {
  const { line, row } = one
  const institution = institutions.get(row.institutionCode)
  const read = institution
    ? readyRow(one, institution, context, (warning) => outcomes.warn(line, warning))
    : unknownReference('institutionCode', 'institution', row.institutionCode)
  if ('line' in read) return [read]
  outcomes.refuse(line, read)
  return []
}

/** Asks whether the row is refused, and again without the field for which it is, where it is good without that. Answers the row that is not. */
function fitting(
  one: Incoming<ReadyCustomerRow>,
  refusalOf: (row: Incoming<ReadyCustomerRow>) => FeedRefusal | undefined,
  context: CustomerFeedContext,
  outcomes: Outcomes,
): Incoming<ReadyCustomerRow> | undefined {
  for (let row = one; ;) {
    const refused = refusalOf(row)
    if (!refused) return row
    const rest = withoutRefused(row, refused, context)
    if (!rest) {
      outcomes.refuse(one.line, refused)
      return undefined
    }
    outcomes.warn(one.line, { field: refused.field!, code: 'invalid_value', message: refused.message })
    row = rest
  }
}

/** A name that is claimed stays taken: whatever may refuse a new customer is asked here, before. */
function newcomerOf(
  one: Incoming<ReadyCustomerRow>,
  institutions: Institutions,
  portfolioOnly: boolean,
  context: CustomerFeedContext,
  outcomes: Outcomes,
): Newcomer | undefined {
  const id = context.newId()
  const row = fitting(
    one,
    ({ row }) => {
      // Whoever sees single customers only learns nothing of the others, and cannot open new ones.
      if (portfolioOnly) return unknownReference('externalId', 'customer', row.externalId)
      const institution = institutions.get(row.institutionCode)!
      const { record, profile } = dossierAfter(row, id, undefined, institution, context)
      return (
        reservedName(row, context) ??
        namelessRefusal(row) ??
        customerRefusal(row, undefined, record, institution, context) ??
        profileRefusal(profile, record)
      )
    },
    context,
    outcomes,
  )
  return row && { id, incoming: row }
}

/** Answers whose each name is now: of two imports at once the first wins, and the second goes on with its customer. */
async function claimNames(db: Db, newcomers: ReadonlyMap<string, Newcomer>): Promise<(readonly [string, string])[]> {
  if (newcomers.size === 0) return []
  const claims = [...newcomers.values()].map(({ id, incoming }) => ({
    source: incoming.row.source,
    externalId: incoming.row.externalId,
    customerId: id,
  }))
  const holders = await claimCustomerNames(db, claims)
  return holders.map(({ source, externalId, customerId }) => [keyOf(source, externalId), customerId] as const)
}
