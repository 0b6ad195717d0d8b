import type { InstitutionReference } from '../organisation/references.ts'
import { refusedFutureDay } from '../kernel/feed-days.ts'
import type { FeedCustomerRow } from './customer-rows.ts'
import type { Day } from '../kernel/calendar.ts'
import { coreNumberAfter, type CustomerKind, type CustomerStatus, newCustomerStatus } from './customers.ts'
import { type FeedRefusal, type FeedWarning, ownSource, refusal } from '../kernel/feed.ts'
import { identityRefusal, checkDocumentAgainstProfile, type Profile } from './document-checks.ts'
import { normaliseEmail, readPhones } from '../kernel/phones.ts'
import { type Incoming } from '../kernel/feed-batch.ts'

/** A customer as bank systems and people describe them. */
export interface CustomerRecord {
  readonly id: string
  readonly kind: CustomerKind
  readonly status: CustomerStatus
  readonly coreNumber: string | null
  readonly name: string
  readonly gender: 'male' | 'female' | null
  readonly birthDate: Day | null
  readonly foundedOn: Day | null
  readonly industry: string | null
  readonly country: string | null
  readonly preferredLanguage: string | null
  readonly customerSince: Day | null
  readonly closedOn: Day | null
  readonly institutionId: string
  readonly institutionPath: string
}

/** Who is stored already, and the system whose name they go by. */
export type KnownCustomer = CustomerRecord & { readonly source: string }

/** Fields in which a change of a customer shows. */
export const comparedFields = [
  'kind',
  'status',
  'coreNumber',
  'name',
  'gender',
  'birthDate',
  'foundedOn',
  'industry',
  'country',
  'preferredLanguage',
  'customerSince',
  'closedOn',
  'institutionId',
  'institutionPath',
] as const satisfies readonly (keyof CustomerRecord)[]

/** A row whose contacts are in the form that is stored. */
export interface ReadyCustomerRow extends FeedCustomerRow {
  /** The numbers in the field `phone`, the primary one first. */
  readonly phones?: readonly string[] | undefined
}

/**
 * The row with phones and e-mail in the form that is stored: what no one can call or write to is no contact point, and what has happened did so by now. What breaks
 * a rule is left out of a feed's row, with a warning; a person is refused.
 */
export function readyRow(
  { row, ...incoming }: Incoming<FeedCustomerRow>,
  { areaCode }: InstitutionReference,
  { today, fromPerson }: CustomerState,
  warn: (warning: FeedWarning) => void,
): Incoming<ReadyCustomerRow> | FeedRefusal {
  const faults: FeedRefusal[] = []
  const ready: { -readonly [F in keyof ReadyCustomerRow]: ReadyCustomerRow[F] } = { ...row }
  const leaveOut = (field: keyof FeedCustomerRow, message: string): void => {
    faults.push(refusal(field, 'invalid_input', message))
    delete ready[field]
  }
  if (row.birthDate !== undefined && row.birthDate > today) leaveOut('birthDate', 'The birth date must not be in the future.')
  const closing = refusedFutureDay(row, ['closedOn'], today)
  if (closing) return closing
  for (const field of ['customerSince', 'deceasedOn'] as const) {
    const coming = refusedFutureDay(row, [field], today)
    if (coming) leaveOut(field, coming.message)
  }
  if (row.phone !== undefined) {
    const { phones, complete } = readPhones(row.phone, areaCode ?? undefined)
    if (phones.length > 0) ready.phones = phones.slice(0, MAX_PHONES)
    if (!complete || (fromPerson && phones.length > 1))
      leaveOut('phone', 'Must be a valid phone number of a known numbering plan.')
  }
  if (row.email !== undefined) {
    const email = normaliseEmail(row.email)
    if (email === undefined) leaveOut('email', 'Must be an e-mail address.')
    else ready.email = email
  }
  if (fromPerson && faults[0]) return faults[0]
  for (const { field, message } of faults) warn({ field: field!, code: 'invalid_value', message })
  return { ...incoming, row: ready }
}

/** Of the numbers in one field. */
const MAX_PHONES = 5

/** Fields in which a refusal costs a feed's row no more than themselves, with those that mean nothing without them. */
const dispensable: Readonly<Partial<Record<string, readonly (keyof FeedCustomerRow)[]>>> = {
  birthDate: ['birthDate'],
  gender: ['gender'],
  foundedOn: ['foundedOn'],
  customerSince: ['customerSince'],
  deceasedOn: ['deceasedOn'],
  merchantSince: ['merchantSince', 'merchantUntil', 'merchantCategoryCode'],
  merchantUntil: ['merchantUntil'],
  merchantCategoryCode: ['merchantCategoryCode'],
}

/** The row without what it was refused for, where a feed's row is good without it. */
export function withoutRefused(
  incoming: Incoming<ReadyCustomerRow>,
  { field }: FeedRefusal,
  { fromPerson }: Pick<CustomerState, 'fromPerson'>,
): Incoming<ReadyCustomerRow> | undefined {
  const left = (fromPerson || field === undefined ? undefined : dispensable[field]) ?? []
  if (!left.some((name) => incoming.row[name] !== undefined)) return undefined
  const row = Object.fromEntries(Object.entries(incoming.row).filter(([name]) => !(left as readonly string[]).includes(name)))
  return { ...incoming, row: row as unknown as ReadyCustomerRow }
}

/** What the customer is after the row; fields that the row leaves out stay, and what does not go with the kind goes. */
export function customerAfter(
  row: FeedCustomerRow,
  id: string,
  before: KnownCustomer | undefined,
  institution: InstitutionReference,
  { fromPerson }: Pick<CustomerState, 'fromPerson'>,
): CustomerRecord {
  const status = row.status ?? before?.status ?? newCustomerStatus(row.source)
  const isPerson = row.kind !== 'company'
  return {
    id,
    kind: row.kind,
    status,
    coreNumber: coreNumberAfter({ source: row.source, externalId: row.externalId, status, fromPerson }, before),
    name: row.name ?? before?.name ?? '',
    gender: isPerson ? (row.gender ?? before?.gender ?? null) : null,
    birthDate: isPerson ? (row.birthDate ?? before?.birthDate ?? null) : null,
    foundedOn: row.kind === 'individual' ? null : (row.foundedOn ?? before?.foundedOn ?? null),
    industry: row.industry ?? before?.industry ?? null,
    country: row.country ?? before?.country ?? null,
    preferredLanguage: row.preferredLanguage ?? before?.preferredLanguage ?? null,
    customerSince: row.customerSince ?? before?.customerSince ?? null,
    closedOn: status === 'closed' ? (row.closedOn ?? before?.closedOn ?? null) : null,
    institutionId: institution.id,
    institutionPath: institution.path,
  }
}

export interface CustomerState {
  readonly today: Day
  readonly fromPerson: boolean
}

/** Whether a row ends the relation with a customer. */
export function isClosing(
  before: { readonly status: CustomerStatus } | undefined,
  after: { readonly status: CustomerStatus },
): boolean {
  return before !== undefined && before.status !== 'closed' && after.status === 'closed'
}

/** Why nobody new can be made by the row, or undefined: a name that says nothing was left out. */
export function namelessRefusal({ name }: FeedCustomerRow): FeedRefusal | undefined {
  return name === undefined ? refusal('name', 'invalid_input', 'A new customer requires a name.') : undefined
}

/** Why the customer cannot become that, or undefined. */
export function customerRefusal(
  row: FeedCustomerRow,
  before: KnownCustomer | undefined,
  after: CustomerRecord,
  institution: InstitutionReference,
  { today, fromPerson }: CustomerState,
  openHoldings = 0,
): FeedRefusal | undefined {
  if (before && (before.status === 'merged' || before.status === 'erased')) {
    return refusal('externalId', 'conflict', `The customer "${row.externalId}" is ${before.status}.`)
  }
  if (before && before.kind !== row.kind && before.status !== 'prospect') {
    return refusal(
      'kind',
      'conflict',
      `The customer "${row.externalId}" cannot become a ${row.kind}: the kind of a customer can change for prospects only.`,
    )
  }
  const staysOpenThere = before !== undefined && before.status !== 'closed' && before.institutionId === institution.id
  if (institution.status === 'closed' && after.status !== 'closed' && !staysOpenThere) {
    return refusal('institutionCode', 'conflict', `The institution "${row.institutionCode}" is closed.`)
  }
  if (after.closedOn !== null && after.customerSince !== null && after.closedOn < after.customerSince) {
    return refusal('closedOn', 'invalid_input', 'The end must not be before the start.')
  }
  if (fromPerson && row.closedOn !== undefined && row.closedOn > today)
    return refusal('closedOn', 'outside_period', 'A customer cannot be closed as of a future day.')
  // A feed may: core banking knows what becomes of the holdings, and tells of them next.
  if (fromPerson && openHoldings > 0 && isClosing(before, after)) {
    const open = openHoldings === 1 ? '1 open holding' : `${openHoldings} open holdings`
    return refusal('status', 'in_use', `The customer "${row.externalId}" still has ${open}.`)
  }
  if (fromPerson && row.documentType !== undefined) {
    const { number, reason } = checkDocumentAgainstProfile(
      row.documentType,
      row.documentCountry ?? 'CN',
      row.documentNumber!,
      profileOf(after),
      today,
    )
    if (reason !== null) return identityRefusal({ number, reason }, profileOf(after))
  }
  return undefined
}

export function profileOf({ birthDate, gender }: CustomerRecord): Profile {
  return { birthDate, gender }
}

/** The names of other source systems are theirs to give: a person who took one would stand in the way of whom they call so. */
export function reservedName(
  { source }: FeedCustomerRow,
  { fromPerson }: Pick<CustomerState, 'fromPerson'>,
): FeedRefusal | undefined {
  return fromPerson && source !== ownSource
    ? refusal(
        'source',
        'conflict',
        `New customers of source "${source}" must come from that system; customers created by people have the source ${ownSource}.`,
      )
    : undefined
}
