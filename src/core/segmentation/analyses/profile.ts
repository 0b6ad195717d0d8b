import { type CustomerKind, customerKinds, genders } from '../../dossier/customers.ts'
import { lifecycleStages } from '../facts.ts'
import { editions, origins } from '../../feeds/holdings.ts'
import { companySizes } from '../../dossier/profiles.ts'
import { productFamilies } from '../../organisation/products.ts'
import type { Rule } from '../rules/rule.ts'

export const profileGroups = [
  'age',
  'gender',
  'kind',
  'tenure',
  'product_family',
  'families',
  'lifecycle_stage',
  'tier',
  'company_size',
  'company_assets',
  'payroll',
  'e_banking',
  'e_channel',
  'several_e_channels',
  'e_edition',
  'e_origin',
  'e_breadth',
  'e_use',
  'e_banking_by_payroll',
  'e_banking_by_company_size',
  'e_banking_by_company_assets',
] as const

export type ProfileGroupName = (typeof profileGroups)[number]

/** Of whom the shares of a group are taken. `scheme_customers`: those whom a scheme of tiers is for. `cell`: each cell’s share is of its own part of the customers. */
export const denominators = ['customers', 'persons', 'businesses', 'e_banking_customers', 'scheme_customers', 'cell'] as const

export type Denominator = (typeof denominators)[number]

export interface ProfileCell {
  readonly key: string
  /** Selects exactly the customers of the cell, among those who are looked at. */
  readonly rule: Rule
  /** Of whom its share is taken; undefined for all. */
  readonly denominator: Rule | undefined
  /** Selects them among those of whom the share is taken. */
  readonly among: Rule
}

export interface ProfileGroup {
  readonly name: ProfileGroupName
  /** Code of the scheme whose tiers these are; null of all other groups. */
  readonly scheme: string | null
  readonly denominator: Denominator
  /** Nobody is in two of its cells. */
  readonly exclusive: boolean
  readonly cells: readonly ProfileCell[]
}

type Cells = Readonly<Record<string, Rule>>

const persons: Rule = { fact: 'kind', in: ['individual', 'sole_trader'] }

const businesses: Rule = { fact: 'kind', in: ['sole_trader', 'company'] }

const signedUp: Rule = { fact: 'eChannelSignUps', gt: 0 }

const missing = (fact: 'birthDate' | 'gender' | 'customerSince' | 'lifecycleStage' | 'companySize'): Rule => ({
  fact,
  exists: false,
})

type Population = Exclude<Denominator, 'scheme_customers' | 'cell'>

const populations: Readonly<Record<Population, Rule | undefined>> = {
  customers: undefined,
  persons,
  businesses,
  e_banking_customers: signedUp,
}

// Source: practice, `defaults.md`: age bands, half-open.
const ageLimits = [18, 25, 30, 40, 50, 60] as const

// Ours to choose.
const tenureLimits = [1, 3, 5, 10] as const

// Source: practice, `defaults.md`: company size for e-banking. By the assets here, which is ours to choose.
const companyAssets: Cells = {
  under_1m: { fact: 'aum', lt: '1000000' },
  '1m_to_10m': {
    all: [
      { fact: 'aum', gte: '1000000' },
      { fact: 'aum', lt: '10000000' },
    ],
  },
  '10m_and_over': { fact: 'aum', gte: '10000000' },
}

/** Half-open bands of completed years since a day, which say the same as those of `age` and cost less than asking it for everybody. */
function bands(fact: 'birthDate' | 'customerSince', limits: readonly number[], unknown: Rule): Cells {
  const reached = (years: number): Rule => ({ fact, lte: { years: -years } })
  const before = (years: number): Rule => ({ fact, gt: { years: -years } })
  const between = limits.slice(1).map((limit, index) => [limits[index]!, limit] as const)
  return {
    [`under_${limits[0]}`]: before(limits[0]!),
    ...Object.fromEntries(between.map(([from, to]) => [`${from}_to_${to}`, { all: [reached(from), before(to)] }])),
    [`${limits.at(-1)}_and_over`]: reached(limits.at(-1)!),
    unknown,
  }
}

/** Cells for so many of something, and one for all from the last number on. */
function counts(fact: 'families' | 'eChannelSignUps', from: number, most: number): Cells {
  return {
    ...Object.fromEntries(
      Array.from({ length: most - from }, (_, index) => [String(from + index), { fact, eq: from + index } satisfies Rule]),
    ),
    [`${most}_and_more`]: { fact, gte: most },
  }
}

const eachOf = (
  fact: 'gender' | 'kind' | 'lifecycleStage' | 'companySize',
  values: readonly string[],
): Readonly<Record<string, Rule>> => Object.fromEntries(values.map((value) => [value, { fact, eq: value } satisfies Rule]))

const having = (fact: 'familiesHeld' | 'eChannels' | 'eChannelEditions' | 'eChannelOrigins', values: readonly string[]): Cells =>
  Object.fromEntries(values.map((value) => [value, { fact, overlaps: [value] } satisfies Rule]))

/** Two of these channels or more: one of them and one of those after it. */
function several(channels: readonly string[]): Cells {
  const pairs = channels.slice(0, -1).map((channel, index): Rule => ({
    all: [
      { fact: 'eChannels', overlaps: [channel] },
      { fact: 'eChannels', overlaps: channels.slice(index + 1) },
    ],
  }))
  return pairs.length > 0 ? { several: { any: pairs } } : {}
}

function group(name: ProfileGroupName, denominator: Population, cells: Cells, exclusive = true): ProfileGroup {
  return { name, scheme: null, denominator, exclusive, cells: cellsOf(cells, populations[denominator]) }
}

function cellsOf(cells: Cells, denominator: Rule | undefined): readonly ProfileCell[] {
  return Object.entries(cells).map(([key, among]) => ({
    key,
    denominator,
    among,
    rule: denominator ? { all: [denominator, among] } : among,
  }))
}

/** A scheme of tiers as a profile tells it. */
export interface ProfiledScheme {
  readonly code: string
  readonly kinds: readonly CustomerKind[]
  /** Codes of its tiers, the lowest first. */
  readonly tiers: readonly string[]
}

/** Who holds which tier of a scheme, of those whom it is for; `none` are those below its lowest line. */
function tierGroup({ code, kinds, tiers }: ProfiledScheme): ProfileGroup {
  const held = (some: readonly string[]): Rule => ({ fact: 'tiers', overlaps: some.map((tier) => `${code}:${tier}`) })
  const cells = { none: { not: held(tiers) }, ...Object.fromEntries(tiers.map((tier) => [tier, held([tier])])) }
  return {
    name: 'tier',
    scheme: code,
    denominator: 'scheme_customers',
    exclusive: true,
    cells: cellsOf(cells, { fact: 'kind', in: [...kinds] }),
  }
}

/** How many of each part of the customers have signed up for an e-channel. */
function eBankingBy(name: ProfileGroupName, parts: Cells, among?: Rule): ProfileGroup {
  return {
    name,
    scheme: null,
    denominator: 'cell',
    exclusive: true,
    cells: Object.entries(parts).map(([key, part]) => {
      const denominator: Rule = among ? { all: [among, part] } : part
      return { key, denominator, among: signedUp, rule: { all: [denominator, signedUp] } }
    }),
  }
}

const companySize: Cells = { ...eachOf('companySize', companySizes), unknown: missing('companySize') }

/**
 * What a profile counts: every cell is a rule, so that the same rule counts it and lists its customers. `channels` are the codes of the products of
 * the family `e_channel`. Each scheme of tiers is a group of its own.
 */
export function profileOf(channels: readonly string[], schemes: readonly ProfiledScheme[]): readonly ProfileGroup[] {
  const used: Rule = { fact: 'eChannelLastUsedOn', gte: { days: -90 } }
  return [
    group('age', 'persons', bands('birthDate', ageLimits, missing('birthDate'))),
    group('gender', 'persons', { ...eachOf('gender', genders), unknown: missing('gender') }),
    group('kind', 'customers', eachOf('kind', customerKinds)),
    group('tenure', 'customers', bands('customerSince', tenureLimits, missing('customerSince'))),
    group('product_family', 'customers', having('familiesHeld', productFamilies), false),
    group('families', 'customers', counts('families', 0, 5)),
    group('lifecycle_stage', 'customers', { ...eachOf('lifecycleStage', lifecycleStages), unknown: missing('lifecycleStage') }),
    ...schemes.map(tierGroup),
    group('company_size', 'businesses', companySize),
    group('company_assets', 'businesses', companyAssets),
    group(
      'payroll',
      'customers',
      { receives_salary: { fact: 'receivesSalary', eq: true }, payroll_product: { fact: 'familiesHeld', overlaps: ['payroll'] } },
      false,
    ),
    group('e_banking', 'customers', { signed_up: signedUp, used_90_days: { all: [signedUp, used] } }, false),
    group('e_channel', 'e_banking_customers', having('eChannels', channels), false),
    group('several_e_channels', 'e_banking_customers', several(channels)),
    group('e_edition', 'e_banking_customers', having('eChannelEditions', editions), false),
    group('e_origin', 'e_banking_customers', having('eChannelOrigins', origins), false),
    group('e_breadth', 'e_banking_customers', counts('eChannelSignUps', 1, 4)),
    group('e_use', 'e_banking_customers', {
      within_90_days: used,
      longer_ago: { fact: 'eChannelLastUsedOn', lt: { days: -90 } },
      never: { fact: 'eChannelLastUsedOn', exists: false },
    }),
    eBankingBy('e_banking_by_payroll', {
      receives_salary: { fact: 'receivesSalary', eq: true },
      receives_none: { fact: 'receivesSalary', eq: false },
    }),
    eBankingBy('e_banking_by_company_size', companySize, businesses),
    eBankingBy('e_banking_by_company_assets', companyAssets, businesses),
  ]
}
