import type { InstitutionReference } from '../organisation/references.ts'
import { refusedFutureDay } from '../kernel/feed-days.ts'
import type { CustomerRow } from './customer-rows.ts'
import type { Day } from '../kernel/calendar.ts'
import { coreNumberAfter, type CustomerKind, type CustomerStatus, newCustomerStatus } from './customers.ts'
import { type FeedRefusal, ownSource, refusal } from '../kernel/feed.ts'
import { identityRefusal, checkDocumentAgainstProfile, type Profile } from './document-checks.ts'
import { normaliseEmail, normalisePhone } from '../kernel/phones.ts'
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

/** The row with phone and e-mail in the form that is stored, or why it cannot be: what no one can call or write to is no contact point, and what has happened did so by now. */
export function withContactsNormalised(incoming: Incoming<CustomerRow>, today: Day): Incoming<CustomerRow> | FeedRefusal {
  const { row } = incoming
  if (row.birthDate !== undefined && row.birthDate > today)
    return refusal('birthDate', 'invalid_input', 'The birth date must not be in the future.')
  const coming = refusedFutureDay(row, ['customerSince', 'closedOn', 'deceasedOn'], today)
  if (coming) return coming
  if (row.phone === undefined && row.email === undefined) return incoming
  const phone = row.phone === undefined ? undefined : normalisePhone(row.phone)
  if (row.phone !== undefined && phone === undefined)
    return refusal('phone', 'invalid_input', 'Must be a valid phone number of a known numbering plan.')
  const email = row.email === undefined ? undefined : normaliseEmail(row.email)
  if (row.email !== undefined && email === undefined) return refusal('email', 'invalid_input', 'Must be an e-mail address.')
  return { ...incoming, row: { ...row, ...(phone !== undefined && { phone }), ...(email !== undefined && { email }) } }
}

/** What the customer is after the row; fields that the row leaves out stay, and what does not go with the kind goes. */
export function customerAfter(
  row: CustomerRow,
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
    name: row.name,
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

/** Why the customer cannot become that, or undefined. */
export function customerRefusal(
  row: CustomerRow,
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
  { source }: CustomerRow,
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
