import { addDays, type Day } from '../core/kernel/calendar.ts'
import type { Role } from '../core/kernel/permissions.ts'
import type { ProductFamily } from '../core/organisation/products.ts'
import { type Draws, type Generator, idOfDay, numberBelow, pick } from './draws.ts'
import { staffName } from './names.ts'
import type { DemoInstitution } from './loading.ts'

export interface DemoStaff {
  readonly id: string
  readonly number: string
  readonly name: string
  readonly institution: DemoInstitution
  readonly roles: readonly Role[]
  readonly status: 'active' | 'inactive'
  /** Keeps companies. */
  readonly corporate: boolean
  readonly industries: readonly string[]
  readonly areas: readonly string[]
  readonly productFamilies: readonly ProductFamily[]
  readonly customerCapacity: number | null
  readonly dailyCapacity: number | null
  readonly activeFrom: Day
  readonly activeUntil: Day | null
}

/** The staff to try the service as: the same numbers in every demo bank. */
export const wellKnownStaff = [
  { number: 'S00001', role: 'administrator', institutionCode: 'HO', who: 'administrator of the bank' },
  { number: 'S00002', role: 'auditor', institutionCode: 'HO', who: 'auditor of the bank' },
  { number: 'S00003', role: 'marketing', institutionCode: 'HO', who: 'marketing at the head office' },
  { number: 'S00004', role: 'complaint_officer', institutionCode: 'HO', who: 'complaint officer of the bank' },
  { number: 'S00005', role: 'quality_inspector', institutionCode: 'HO', who: 'quality inspector of the bank' },
  { number: 'S00006', role: 'branch_manager', institutionCode: 'HO', who: 'president: manager of the whole bank' },
  { number: 'S00007', role: 'branch_manager', institutionCode: '0755', who: 'manager of the branch in Shenzhen' },
  { number: 'S00008', role: 'branch_manager', institutionCode: '075501', who: 'manager of the sub-branch in Nanshan' },
  { number: 'S00009', role: 'branch_manager', institutionCode: '07550101', who: 'manager of an outlet' },
  {
    number: 'S00010',
    role: 'relationship_manager',
    institutionCode: '07550101',
    who: 'relationship manager, who covers S00011 today',
  },
  { number: 'S00011', role: 'relationship_manager', institutionCode: '07550101', who: 'relationship manager on leave' },
  { number: 'S00012', role: 'teller', institutionCode: '07550101', who: 'teller' },
  { number: 'S00013', role: 'lobby_manager', institutionCode: '07550101', who: 'lobby manager' },
  { number: 'S00014', role: 'relationship_manager', institutionCode: '07550101', who: 'relationship manager of companies' },
] as const satisfies readonly {
  readonly number: string
  readonly role: Role
  readonly institutionCode: string
  readonly who: string
}[]

const perKind: Readonly<Record<DemoInstitution['kind'], readonly Role[]>> = {
  head_office: [
    'administrator',
    'auditor',
    'auditor',
    'marketing',
    'marketing',
    'complaint_officer',
    'quality_inspector',
    'branch_manager',
  ],
  branch: ['branch_manager', 'auditor', 'complaint_officer', 'quality_inspector', 'marketing', 'administrator'],
  sub_branch: [
    'branch_manager',
    'lobby_manager',
    'teller',
    'teller',
    'teller',
    'relationship_manager',
    'relationship_manager',
    'relationship_manager',
    'relationship_manager',
  ],
  outlet: [
    'branch_manager',
    'lobby_manager',
    'teller',
    'teller',
    'relationship_manager',
    'relationship_manager',
    'relationship_manager',
  ],
}
const industriesServed = [
  ['C', 'F51'],
  ['E', 'K70'],
  ['I65', 'C39'],
  ['H62', 'F52'],
  ['A', 'C14'],
]

/** All staff: every active institution has its manager, every place with customers its counter and relationship managers. */
export function demoStaff(institutions: readonly DemoInstitution[], draws: Draws, today: Day): readonly DemoStaff[] {
  const next = draws.generator('staff')
  let lastNumber = 100
  return institutions
    .filter(({ status }) => status === 'active')
    .flatMap((institution) => {
      const known: { readonly number: string; readonly role: Role }[] = wellKnownStaff.filter(
        ({ institutionCode }) => institutionCode === institution.code,
      )
      const roles = perKind[institution.kind]
      return roles.map((role, index) => {
        const at = known.findIndex((one) => one.role === role)
        const [famous] = at < 0 ? [] : known.splice(at, 1)
        const corporate = role === 'relationship_manager' && index === roles.length - 1
        return member(
          institution,
          role,
          famous?.number ?? `S${String((lastNumber += 1)).padStart(5, '0')}`,
          corporate,
          next,
          today,
        )
      })
    })
}

/** What somebody knows well: by their number, so that nothing else of the bank is drawn differently. */
function knownWell(corporate: boolean, number: string): readonly ProductFamily[] {
  if (corporate) return ['loan', 'settlement', 'payroll']
  const families = [
    ['wealth', 'fund'],
    ['deposit', 'insurance'],
    ['loan', 'card'],
  ] as const
  return families[Number(number.slice(1)) % families.length]!
}

function member(
  institution: DemoInstitution,
  role: Role,
  number: string,
  corporate: boolean,
  next: Generator,
  today: Day,
): DemoStaff {
  const activeFrom = addDays(today, -60 - numberBelow(next, 5000))
  const isManager = role === 'relationship_manager'
  // Of the managers and tellers of whom a place has several, a few have left.
  const left = number > 'S00100' && role === 'teller' && numberBelow(next, 25) === 0
  return {
    id: idOfDay(activeFrom, next),
    number,
    name: staffName(next),
    institution,
    roles: [role],
    status: left ? 'inactive' : 'active',
    corporate,
    industries: corporate ? pick(next, industriesServed) : [],
    areas: isManager ? [institution.district] : [],
    productFamilies: isManager ? knownWell(corporate, number) : [],
    customerCapacity: isManager ? (corporate ? 120 : 300) : role === 'teller' ? 60 : null,
    dailyCapacity: isManager ? 12 : role === 'teller' ? 4 : null,
    activeFrom,
    activeUntil: left ? addDays(today, -30) : null,
  }
}
