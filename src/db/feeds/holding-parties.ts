import { ownerIsParty } from '../../core/feeds/holding-references.ts'
import { customerNameOf, unknownName } from '../../core/kernel/references.ts'
import { holdingNameOf } from '../../core/feeds/holding-references.ts'
import { sql } from 'drizzle-orm'
import type { HoldingPartyRow } from '../../core/feeds/rows.ts'
import type { Db } from '../platform/database.ts'
import { applyInRounds, countingRow, firstOfEach, type Incoming, keyOf, type Outcomes } from '../../core/kernel/feed-batch.ts'
import type { ApplyFeed, FeedContext } from '../platform/feed.ts'
import { lockHoldings } from './holding-references.ts'
import { findCustomerIds } from '../dossier/references.ts'

type Status = NonNullable<HoldingPartyRow['status']>

interface Link {
  /** The same on both sides. */
  readonly id: string
  readonly customerId: string
  readonly holdingId: string
  readonly partyCustomerId: string
  readonly role: HoldingPartyRow['role']
  readonly status: Status
  readonly source: string
}

interface WrittenLink extends Link {
  readonly institutionPath: string
  readonly partyInstitutionPath: string
  readonly asOf: string
}

/**
 * Applies further parties of holdings, on both sides: at the owner's holding, and in the party's dossier under the same id. Balances count for the
 * owner alone. Refuses the owner as a party of their own holding; both must be within the caller's scope.
 */
export const applyHoldingParties: ApplyFeed<HoldingPartyRow> = (db, rows, context) =>
  applyInRounds(rows, context.now, (incoming, outcomes) => applyRound(db, incoming, context, outcomes))

async function applyRound(
  db: Db,
  received: readonly Incoming<HoldingPartyRow>[],
  context: FeedContext,
  outcomes: Outcomes,
): Promise<readonly Incoming<HoldingPartyRow>[]> {
  const partyIds = await findCustomerIds(
    db,
    received.map(({ row }) => customerNameOf(row)),
  )
  const { holdings, customers } = await lockHoldings(
    db,
    received.map(({ row }) => holdingNameOf(row)),
    partyIds.values(),
  )

  const resolved = received.flatMap((incoming) => {
    const { line, row } = incoming
    const [holdingName, partyName] = [holdingNameOf(row), customerNameOf(row)]
    const holding = holdings.get(keyOf(holdingName.source, holdingName.externalId))
    const owner = customers.get(holding?.customerId ?? '')
    const party = customers.get(partyIds.get(keyOf(partyName.source, partyName.externalId)) ?? '')
    if (!holding || !owner) outcomes.refuse(line, unknownName('holdingExternalId', 'holding', holdingName))
    else if (!party) outcomes.refuse(line, unknownName('customerExternalId', 'customer', partyName))
    else if (owner.id === party.id) outcomes.refuse(line, ownerIsParty())
    else return [{ ...incoming, holding, owner, party }]
    return []
  })
  const links = resolved.map(({ row, holding, party }) => ({
    customerId: holding.customerId,
    holdingId: holding.id,
    partyCustomerId: party.id,
    role: row.role,
  }))
  const stored = await readLinks(db, links)

  const written: WrittenLink[] = []
  const confirmed: WrittenLink[] = []
  const { first, later } = firstOfEach(resolved, ({ row, holding, party }) =>
    linkKey({ holdingId: holding.id, partyCustomerId: party.id, role: row.role }),
  )
  for (const [key, one] of first) {
    const before = stored.get(key)
    const { holding, owner, party } = one
    const id = before?.id ?? context.newId()
    const counting = countingRow(one, before?.asOf.toISOString())
    if (!counting) {
      outcomes.settle(one.line, 'superseded', id, owner.id)
      continue
    }
    const { line, row, asOf, dated } = counting
    const status = row.status ?? 'active'
    const changed = !before || before.status !== status || before.source !== row.source
    const after: WrittenLink = {
      id,
      customerId: owner.id,
      holdingId: holding.id,
      partyCustomerId: party.id,
      role: row.role,
      status,
      source: row.source,
      institutionPath: owner.institutionPath,
      partyInstitutionPath: party.institutionPath,
      asOf,
    }
    if (changed) written.push(after)
    else if (dated && asOf > before.asOf.toISOString()) confirmed.push(after)
    outcomes.settle(line, !before ? 'created' : changed ? 'updated' : 'unchanged', id, owner.id)
  }
  await Promise.all([written.length > 0 && writeLinks(db, written), confirmed.length > 0 && confirmLinks(db, confirmed)])
  return later
}

function linkKey({ holdingId, partyCustomerId, role }: Pick<Link, 'holdingId' | 'partyCustomerId' | 'role'>): string {
  return keyOf(holdingId, partyCustomerId, role)
}

async function readLinks(db: Db, keys: readonly object[]): Promise<ReadonlyMap<string, Link & { readonly asOf: Date }>> {
  if (keys.length === 0) return new Map()
  const rows = await db.rows<Link & { asOf: Date }>(sql`
    select p.id, p.customer_id as "customerId", p.holding_id as "holdingId", p.party_customer_id as "partyCustomerId", p.role, p.status, p.source, p.as_of as "asOf"
    from json_to_recordset(${JSON.stringify(keys)}::json) as r ("customerId" uuid, "holdingId" uuid, "partyCustomerId" uuid, role text)
    join holding_party p on p.customer_id = r."customerId" and p.holding_id = r."holdingId" and p.party_customer_id = r."partyCustomerId" and p.role = r.role`)
  return new Map(rows.map((row) => [linkKey(row), row]))
}

async function writeLinks(db: Db, links: readonly WrittenLink[]): Promise<void> {
  const json = JSON.stringify(links)
  await Promise.all([
    db.rows(sql`
      insert into holding_party as t (customer_id, id, institution_path, holding_id, party_customer_id, role, status, source, as_of)
      select "customerId", id, "institutionPath", "holdingId", "partyCustomerId", role, status, source, "asOf"
      from json_to_recordset(${json}::json) as r ("customerId" uuid, id uuid, "institutionPath" text, "holdingId" uuid, "partyCustomerId" uuid,
        role text, status text, source text, "asOf" timestamptz)
      order by 1, 2
      on conflict (customer_id, holding_id, party_customer_id, role) do update set status = excluded.status, source = excluded.source,
        as_of = excluded.as_of, version = t.version + 1
      where excluded.as_of >= t.as_of and (t.status, t.source) is distinct from (excluded.status, excluded.source)`),
    // A change of the source alone is none for the party, who does not see it.
    db.rows(sql`
      insert into party_holding as t (customer_id, id, institution_path, holding_customer_id, holding_id, role, status, as_of)
      select "partyCustomerId", id, "partyInstitutionPath", "customerId", "holdingId", role, status, "asOf"
      from json_to_recordset(${json}::json) as r ("customerId" uuid, id uuid, "partyInstitutionPath" text, "holdingId" uuid, "partyCustomerId" uuid,
        role text, status text, "asOf" timestamptz)
      order by 1, 2
      on conflict (customer_id, holding_id, role) do update set status = excluded.status, as_of = excluded.as_of, version = t.version + 1
      where excluded.as_of >= t.as_of and t.status is distinct from excluded.status`),
  ])
}

/** Notes that rows repeated later what is stored: an older one that differs must not follow them. Counts as no change. */
async function confirmLinks(db: Db, links: readonly WrittenLink[]): Promise<void> {
  const json = JSON.stringify(links)
  await Promise.all([
    db.rows(sql`
      update holding_party t set as_of = r."asOf"
      from json_to_recordset(${json}::json) as r ("customerId" uuid, id uuid, "asOf" timestamptz)
      where t.customer_id = r."customerId" and t.id = r.id and t.as_of < r."asOf"`),
    db.rows(sql`
      update party_holding t set as_of = r."asOf"
      from json_to_recordset(${json}::json) as r ("partyCustomerId" uuid, id uuid, "asOf" timestamptz)
      where t.customer_id = r."partyCustomerId" and t.id = r.id and t.as_of < r."asOf"`),
  ])
}
