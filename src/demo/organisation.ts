import { addDays, type Day } from '../core/kernel/calendar.ts'
import type { InstitutionKind } from '../core/organisation/institutions.ts'
import { grantsOf, type Role } from '../core/kernel/permissions.ts'
import { type Draws, idOfDay } from './draws.ts'
import { type DemoInstitution, insertRows, type Loading } from './loading.ts'
import { cities, headOffice } from './places.ts'
import { demoStaff, type DemoStaff } from './staff.ts'

/** A sub-branch or outlet that keeps customers, with those of its staff who may keep them. */
interface CustomerPlace {
  readonly institution: DemoInstitution
  /** How many customers it has, relative to the others. */
  readonly weight: number
  readonly personalManagers: readonly string[]
  readonly corporateManagers: readonly string[]
  readonly tellers: readonly string[]
}

export interface DemoOrganisation {
  readonly places: readonly CustomerPlace[]
}

// The second is the outlet where the well-known staff work.
const sizes = [1.4, 2.6, 0.7, 1.2, 0.5, 0.9, 1.8, 0.6, 1.1, 0.4]
const founded: Day = '2005-01-04'
const integrationScopes = Object.keys(grantsOf.integration)
const branchScopes = [
  'organisation:read',
  'product:read',
  'customer:read',
  'customer:search',
  'customer:create',
  'customer:write',
  'holding:read',
  'holding:write',
  'import:run',
  'import:read',
]

/** Machine clients of the demo bank, by the id that their tokens carry. */
export const demoClients = [
  { clientId: 'core-banking', name: '核心系统', institutionCode: headOffice.code, scopes: integrationScopes },
  { clientId: 'branch-feed', name: '深圳分行数据接口', institutionCode: '0755', scopes: branchScopes },
] as const

/** Writes institutions, staff, machine clients and delegations. */
export async function loadOrganisation(loading: Loading): Promise<DemoOrganisation> {
  const { client, draws, today, now } = loading
  // Paths begin with 1 in every load; without institutions no number is in use.
  await client.query('alter sequence institution_short_id restart')
  const { rows: numbers } = await client.query<{ number: string }>(
    `select nextval('institution_short_id')::text as number from generate_series(1, $1::int)`,
    [descriptions().length],
  )
  const institutions = institutionsOf(
    draws,
    numbers.map(({ number }) => number),
  )
  const staff = demoStaff(institutions, draws, today)
  await insertRows(
    loading,
    'institution',
    institutions.map((row) => ({
      ...row,
      ...stamps(row.code, now),
      time_zone: null,
      calendar: null,
      parent_id: row.parentId,
    })),
  )
  await insertRows(
    loading,
    'staff',
    staff.map((member) => staffRow(member, now)),
  )
  const next = draws.generator('client')
  const clients = demoClients.map(({ clientId, institutionCode, ...row }) => {
    const institution = institutions.find(({ code }) => code === institutionCode)!
    return {
      ...row,
      id: idOfDay(founded, next),
      client_id: clientId,
      institution_id: institution.id,
      institution_path: institution.path,
      status: 'active',
    }
  })
  await insertRows(loading, 'client', clients)
  await insertRows(loading, 'delegation', delegationsOf(staff, draws, today))
  await client.query('update directory_version set version = version + 1')
  return { places: placesOf(institutions, staff) }
}

interface Description {
  readonly code: string
  readonly name: string
  readonly kind: InstitutionKind
  readonly status: 'active' | 'closed'
  readonly parent: string | undefined
  readonly latitude: number
  readonly longitude: number
  readonly city: number | undefined
  readonly district: string
}

/** Parents stand before their children. */
function descriptions(): readonly Description[] {
  return [
    { ...headOffice, kind: 'head_office', status: 'active', parent: undefined, city: undefined, district: '' },
    ...cities.flatMap((city, index): Description[] => {
      const branch: Description = {
        ...place(city.branch),
        code: city.code,
        kind: 'branch',
        status: 'active',
        parent: headOffice.code,
        city: index,
        district: city.districts[0]!.district,
      }
      const below = city.districts.flatMap(({ district, subBranch, outlets }, position): Description[] => {
        const code = `${city.code}0${position + 1}`
        return [
          { ...place(subBranch), code, kind: 'sub_branch', status: 'active', parent: city.code, city: index, district },
          ...outlets.map((outlet, number): Description => ({
            ...place(outlet),
            code: `${code}0${number + 1}`,
            kind: 'outlet',
            status: outlet.closed ? 'closed' : 'active',
            parent: code,
            city: index,
            district,
          })),
        ]
      })
      return [branch, ...below]
    }),
  ]
}

function place({ name, latitude, longitude }: { readonly name: string; readonly latitude: number; readonly longitude: number }) {
  return { name, latitude, longitude }
}

function institutionsOf(draws: Draws, numbers: readonly string[]): readonly DemoInstitution[] {
  const next = draws.generator('institution')
  const byCode = new Map<string, DemoInstitution>()
  descriptions().forEach(({ parent, ...description }, index) => {
    const above = parent === undefined ? undefined : byCode.get(parent)!
    byCode.set(description.code, {
      ...description,
      id: idOfDay(founded, next),
      path: `${above?.path ?? '/'}${numbers[index]}/`,
      parentId: above?.id ?? null,
    })
  })
  return [...byCode.values()]
}

function staffRow({ institution, ...member }: DemoStaff, now: Date): object {
  return {
    ...stamps(member.number, now),
    id: member.id,
    number: member.number,
    name: member.name,
    institution_id: institution.id,
    institution_path: institution.path,
    roles: member.roles,
    status: member.status,
    industries: member.industries,
    areas: member.areas,
    product_families: member.productFamilies,
    customer_capacity: member.customerCapacity,
    daily_capacity: member.dailyCapacity,
    active_from: member.activeFrom,
    active_until: member.activeUntil,
  }
}

const stamps = (externalId: string, now: Date) => ({ source: 'core', external_id: externalId, as_of: now })

/** Who covers whom: S00010 for S00011 today, some more now, before and later. */
function delegationsOf(staff: readonly DemoStaff[], draws: Draws, today: Day): readonly object[] {
  const next = draws.generator('delegation')
  const known = (number: string): DemoStaff => staff.find((member) => member.number === number)!
  const managers = staff.filter(
    ({ roles, status, number }) => roles.includes('relationship_manager') && status === 'active' && number > 'S00100',
  )
  const pairs = managers.flatMap((absent, index) => {
    const deputy = managers[index + 1]
    return index % 8 === 0 && deputy?.institution.id === absent.institution.id ? [[absent, deputy] as const] : []
  })
  const reasons = ['年假', '产假', '培训', '病假']
  return [[known('S00011'), known('S00010')] as const, ...pairs].map(([absent, deputy], index) => {
    const beginsIn = index === 0 ? -2 : [-3, 4, -20, -6][index % 4]!
    const startsOn = addDays(today, beginsIn)
    return {
      id: idOfDay(addDays(startsOn, -7), next),
      staff_id: absent.id,
      deputy_id: deputy.id,
      starts_on: startsOn,
      ends_on: addDays(startsOn, 12),
      reason: reasons[index % reasons.length],
      status: 'active',
    }
  })
}

function placesOf(institutions: readonly DemoInstitution[], staff: readonly DemoStaff[]): readonly CustomerPlace[] {
  const keeping = institutions.filter(({ kind, status }) => (kind === 'sub_branch' || kind === 'outlet') && status === 'active')
  return keeping.map((institution, index) => {
    const here = staff.filter((member) => member.institution.id === institution.id && member.status === 'active')
    const withRole = (role: Role) => here.filter(({ roles }) => roles.includes(role))
    const managers = withRole('relationship_manager')
    return {
      institution,
      weight: (institution.kind === 'outlet' ? 1 : 1.4) * sizes[index % sizes.length]!,
      personalManagers: managers.filter(({ corporate }) => !corporate).map(({ id }) => id),
      corporateManagers: managers.filter(({ corporate }) => corporate).map(({ id }) => id),
      tellers: withRole('teller').map(({ id }) => id),
    }
  })
}
