import type { CustomerRecord } from '../../core/dossier/customer-changes.ts'
import type { Conditions } from '../platform/views/conditions.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import type { FeedCustomerRow } from '../../core/dossier/customer-rows.ts'
import { sql } from 'drizzle-orm'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { ownSource } from '../../core/kernel/feed.ts'
import { parseAmount } from '../../core/kernel/money.ts'
import {
  capitalText,
  emptyProfile,
  type FeedField,
  feedFields,
  fieldCode,
  fieldOfCode,
  type FieldSource,
  isNewConflict,
  decideFeedValue,
  type PolicyWinner,
  type Profile,
  type ProfileField,
  profileFields,
  type ProfileValues,
  recordFields,
  sameValue,
  sharedProfileFields,
  type StoredConflict,
} from '../../core/dossier/profiles.ts'
import type { Db } from '../platform/database.ts'
import { groupBy, keyOf } from '../../core/kernel/feed-batch.ts'
import type { CustomerFeedContext, ProfileRevision } from './customer-feed-context.ts'

type StoredSource = FieldSource & {
  readonly customerId: string
  readonly field: ProfileField
  readonly setBy: string | null
  readonly winner: PolicyWinner
  readonly policyVersion: number
}

type Conflict = StoredConflict & {
  readonly customerId: string
  readonly id: string
  readonly field: FeedField
  readonly source: string
}

/** What is stored beside the records of the customers of a batch, by customer; follows what is decided. */
export interface Profiles {
  readonly byCustomer: Map<string, Profile>
  readonly sources: Map<string, Map<ProfileField, StoredSource>>
  readonly conflicts: Map<string, readonly Conflict[]>
  readonly writes: {
    readonly profiles: Map<string, object>
    readonly sources: Map<string, object>
    readonly conflicts: Map<string, object>
  }
}

const iso = (column: string) => sql.raw(`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`)

/** Reads profiles, where their fields come from, and what feeds wanted otherwise, of customers who are locked. */
export async function readProfiles(db: Db, ids: readonly string[], today: Day): Promise<Profiles> {
  const writes = { profiles: new Map(), sources: new Map(), conflicts: new Map() }
  if (ids.length === 0) return { byCustomer: new Map(), sources: new Map(), conflicts: new Map(), writes }
  const ofCustomer = sql`t.customer_id = any (${sql.param(ids)}::uuid[])`
  const [profiles, sources, conflicts] = await Promise.all([
    db.rows<StoredProfile>(sql`
      select t.customer_id as "customerId", t.occupation, t.income_band as "incomeBand", t.deceased_on as "deceasedOn", t.company_size as "companySize",
        t.registered_capital::text as capital, t.registered_capital_currency as currency, t.merchant_since as "merchantSince", t.merchant_until as "merchantUntil",
        t.merchant_category_code as "merchantCategoryCode", t.risk_appetite as "riskAppetite", t.interests, t.family_notes as "familyNotes", t.situations,
        t.credit_willing as "creditWilling"
      from customer_profile t where ${ofCustomer}`),
    db.rows<StoredSource>(sql`
      select t.customer_id as "customerId", t.field, t.source, ${iso('t.as_of')} as "asOf", t.set_by as "setBy", ${iso('t.verified_at')} as "verifiedAt",
        coalesce(p.winner, 'person') as winner, coalesce(p.version, 0) as "policyVersion"
      from field_source t
      left join lateral (
        select p.definition ->> 'winner' as winner, p.version from policy_version p
        where p.kind = 'profile' and p.key = t.field and p.effective_on <= ${today}::date order by p.effective_on desc, p.version desc limit 1
      ) p on true
      where ${ofCustomer}`),
    db.rows<Conflict>(sql`
      select t.customer_id as "customerId", t.id, t.field, t.source, t.status, t.value_sent as "valueSent" from profile_conflict t where ${ofCustomer}`),
  ])
  return {
    byCustomer: new Map(profiles.map(profileOfRow)),
    sources: new Map(
      Array.from(
        groupBy(sources.map(ofField), ({ customerId }) => customerId),
        ([customerId, ofThem]) => [customerId, new Map(ofThem.map((one) => [one.field, one]))],
      ),
    ),
    conflicts: groupBy(conflicts.map(ofField), ({ customerId }) => customerId),
    writes,
  }
}

/** A row whose field stands there by its code. */
function ofField<T extends { readonly field: string }>(row: T): T {
  return { ...row, field: fieldOfCode(row.field) }
}

type StoredProfile = Omit<Profile, 'registeredCapital'> & {
  readonly customerId: string
  readonly capital: string | null
  readonly currency: CurrencyCode | null
}

function profileOfRow({ customerId, capital, currency, ...rest }: StoredProfile): [string, Profile] {
  const registeredCapital = capital === null ? null : capitalText(BigInt(capital), currency!)
  return [customerId, { ...rest, registeredCapital }]
}

const isUnset: ProfileValues = {}

/** What a row says of the profile beside the record. */
export function profileValuesIn(row: FeedCustomerRow): ProfileValues {
  if (sharedProfileFields.every((field) => row[field] === undefined)) return isUnset
  const { occupation, incomeBand, deceasedOn, companySize, merchantSince, merchantUntil, merchantCategoryCode } = row
  const { registeredCapital: amount, registeredCapitalCurrency } = row
  const currency = registeredCapitalCurrency as CurrencyCode
  const registeredCapital = amount === undefined ? undefined : capitalText(parseAmount(amount, currency)!, currency)
  return {
    occupation,
    incomeBand,
    deceasedOn,
    companySize,
    registeredCapital,
    merchantSince,
    merchantUntil,
    merchantCategoryCode,
  }
}

/** The record and the profile of a customer as one set of fields. */
export interface Dossier {
  readonly record: CustomerRecord
  readonly profile: Profile
}

export function valueOf({ record, profile }: Dossier, field: ProfileField): unknown {
  return (recordFields as readonly string[]).includes(field)
    ? record[field as (typeof recordFields)[number]]
    : profile[field as keyof Profile]
}

function withValue({ record, profile }: Dossier, field: ProfileField, value: unknown): Dossier {
  return (recordFields as readonly string[]).includes(field)
    ? { record: { ...record, [field]: value }, profile }
    : { record, profile: { ...profile, [field]: value } }
}

const isSet = (value: unknown): boolean => value !== null && value !== undefined && (!Array.isArray(value) || value.length > 0)

interface Speaking {
  readonly row: FeedCustomerRow
  readonly asOf: string
}

/** What a feed's row makes of a customer: what a person made sure of, and what held later than the row, stays. A person's row says what it says. */
export function mergeFeedRow(
  { sources }: Profiles,
  before: Dossier,
  wanted: Dossier,
  { row, asOf }: Speaking,
  { fromPerson }: CustomerFeedContext,
): { readonly after: Dossier; readonly different: readonly FeedField[] } {
  const ofCustomer = sources.get(before.record.id)
  if (fromPerson || !ofCustomer) return { after: wanted, different: [] }
  let after = wanted
  const different: FeedField[] = []
  for (const field of feedFields) {
    const stored = ofCustomer.get(field)
    if (!stored || row[field] === undefined) continue
    const [is, wished] = [valueOf(before, field), valueOf(wanted, field)]
    if (sameValue(is, wished) || !isSet(wished)) continue
    const judged = decideFeedValue(stored, asOf, stored.winner)
    if (judged === 'apply') continue
    after = withValue(after, field, is)
    if (judged === 'conflict') different.push(field)
  }
  return { after, different }
}

interface Change extends Speaking {
  readonly before: Dossier | undefined
  readonly wanted: Dossier
  readonly after: Dossier
  readonly different: readonly FeedField[]
}

const bankedFields = Object.keys(emptyProfile) as (keyof Profile)[]

/** Notes what is to be written of a profile, of where its fields come from and of conflicts. Tells whether the profile itself changed. */
export function decideProfile(profiles: Profiles, change: Change, context: CustomerFeedContext): boolean {
  const { before, after } = change
  const { id: customerId, institutionPath } = after.record
  const was = before?.profile ?? emptyProfile
  const changed = after.profile !== was && bankedFields.some((field) => !sameValue(after.profile[field], was[field]))
  if (changed) {
    profiles.writes.profiles.set(customerId, { customerId, institutionPath, ...columnsOf(after.profile) })
    profiles.byCustomer.set(customerId, after.profile)
  }
  noteSources(profiles, change, context)
  noteDifferences(profiles, change, context)
  return changed
}

function columnsOf({ registeredCapital, ...rest }: Profile): object {
  const [amount, currency] = registeredCapital?.split(' ') ?? []
  const capital = amount === undefined ? null : parseAmount(amount, currency as CurrencyCode)!.toString()
  return { ...rest, registeredCapital: capital, registeredCapitalCurrency: currency ?? null }
}

/** A record that a feed makes needs none: its fields come from where it comes from. */
function noteSources(profiles: Profiles, { row, asOf, before, after }: Change, context: CustomerFeedContext): void {
  const { fromPerson, ownStaffId, revision, now } = context
  if (!before && !fromPerson) return
  const { id: customerId, institutionPath } = after.record
  const setBy = fromPerson ? (ownStaffId ?? null) : null
  const from = revision?.origin ?? { source: fromPerson ? ownSource : row.source, asOf }
  const ofCustomer = profiles.sources.get(customerId) ?? new Map<ProfileField, StoredSource>()
  const write = (field: ProfileField, changed: boolean, verifies: boolean) => {
    const stored = ofCustomer.get(field)
    const origin = changed ? { ...from, setBy } : stored && { source: stored.source, asOf: stored.asOf, setBy: stored.setBy }
    const verified = verifies
      ? { verifiedAt: now.toISOString(), verifiedBy: ownStaffId, verification: revision!.verification }
      : { verifiedAt: null, verifiedBy: null, verification: null }
    const fields = { customerId, field: fieldCode(field), institutionPath, ...origin, ...verified }
    profiles.writes.sources.set(keyOf(customerId, field), fields)
    const known = stored ?? { ...from, customerId, field, setBy, winner: 'person' as const, policyVersion: 0 }
    profiles.sources.set(customerId, ofCustomer.set(field, { ...known, ...origin, verifiedAt: verified.verifiedAt }))
  }
  for (const field of before?.profile === after.profile ? recordFields : profileFields) {
    const value = valueOf(after, field)
    const changed = before ? !sameValue(valueOf(before, field), value) : isSet(value)
    if (changed) write(field, true, verifies(field, revision))
  }
  for (const field of [...(revision?.fields ?? []), ...(revision?.clearFields ?? [])])
    if (verifies(field, revision) && before && sameValue(valueOf(before, field), valueOf(after, field))) write(field, false, true)
}

function verifies(field: ProfileField, revision: ProfileRevision | undefined): boolean {
  return revision?.verification !== undefined && (revision.fields.includes(field) || revision.clearFields.includes(field))
}

/** What a feed wanted is stored; what it wants no more, or has become so, is settled. */
function noteDifferences(profiles: Profiles, change: Change, { now, newId, fromPerson }: CustomerFeedContext): void {
  const { row, asOf, before, wanted, after, different } = change
  if (!before) return
  const { id: customerId, institutionPath } = after.record
  const ofCustomer = profiles.conflicts.get(customerId)
  if (!ofCustomer && different.length === 0) return
  const write = (conflict: Conflict, rest: object) => {
    const others = (profiles.conflicts.get(customerId) ?? []).filter(({ id }) => id !== conflict.id)
    profiles.conflicts.set(customerId, [...others, conflict])
    const field = fieldCode(conflict.field)
    profiles.writes.conflicts.set(conflict.id, { institutionPath, ...conflict, field, ...rest })
  }
  for (const field of different) {
    const stored = ofCustomer?.find((one) => one.field === field && one.source === row.source)
    const valueSent = String(valueOf(wanted, field))
    if (!isNewConflict(stored, valueSent)) continue
    const { policyVersion } = profiles.sources.get(customerId)!.get(field)!
    write(
      { customerId, id: stored?.id ?? newId(), field, source: row.source, status: 'open', valueSent },
      { asOf, policyVersion, detectedAt: now.toISOString(), decidedAt: null },
    )
  }
  for (const stored of ofCustomer ?? []) {
    const { field } = stored
    if (stored.status !== 'open' || row[field] === undefined || different.includes(field)) continue
    // A source that comes round to what is stored has nothing to clarify any more, nor what a person has set as it said.
    const settled = fromPerson ? stored.valueSent === String(valueOf(after, field)) : stored.source === row.source
    if (settled) write({ ...stored, status: 'withdrawn' }, { decidedAt: now.toISOString() })
  }
}

/** Conflicts in this status: `open` is spelled out, so that the index of open ones serves it. */
export function conflictsInStatus(status: string): Conditions {
  return (row, bind) => [status === 'open' ? `${row}.status = 'open'` : `${row}.status = ${bind(status)}::text`]
}

/** Of a customer whom this staff member manages. */
export function ofRelationshipManager(staffId: string | undefined): Conditions {
  return (row, bind) => (staffId === undefined ? [] : [`${row}_owner.relationship_manager_id = ${bind(staffId)}::uuid`])
}
