import type { Conditions } from '../platform/views/conditions.ts'
import type { CustomerFilter } from '../dossier/customer-filter.ts'
import { ownSource } from '../../core/kernel/feed.ts'
import type { PageQuery } from '../platform/views/read.ts'
import type { Bind } from '../platform/views/view.ts'
import { type Order } from '../platform/views/keys.ts'

/** What the candidates of a search must meet besides their term. */
export type SearchFilter = Omit<CustomerFilter, 'reach' | 'productFamily' | 'productCode' | 'tier'> & {
  /** Of one of these products an open holding. */
  readonly productIds?: readonly string[] | undefined
}

/** The call of a function that finds candidates in their own order: at most `limit`, after the keys of the last one shown. */
export interface Candidates {
  readonly order: Order
  readonly call: (bind: Bind, limit: number, after: readonly string[] | undefined) => string
  /** How well a candidate matches, as SQL. */
  readonly rank: (row: string) => string
}

function asJson({ kinds, statuses, productIds, relationshipManagerId, subtree, aumFrom, aumTo, openedSince }: SearchFilter) {
  const given = {
    kinds,
    statuses,
    products: productIds,
    manager: relationshipManagerId,
    subtree,
    aumFrom: aumFrom?.toString(),
    aumTo: aumTo?.toString(),
    since: openedSince,
  }
  return Object.values(given).every((value) => value === undefined) ? null : JSON.stringify(given)
}

const byId: Order = { name: 'match_id', direction: 'asc', keys: (row) => [{ expression: `${row}.id`, cast: 'uuid' }] }

/** A term as `foldName` and the pinyin of names make it: `key` what it types or, where it `sounds`, how it is read. */
export interface NameTerm {
  readonly folded: string
  readonly key: string
  readonly sounds: boolean
}

/** The best match first, then by name. */
export function candidatesByName({ folded, key, sounds }: NameTerm, filter: SearchFilter): Candidates {
  return {
    order: {
      name: 'match_name',
      direction: 'asc',
      keys: (row) => [
        { expression: `${row}_match.rank`, cast: 'real' },
        { expression: `${row}_match.name`, cast: 'text' },
        { expression: `${row}.id`, cast: 'uuid' },
      ],
    },
    rank: (row) => `${row}_match.rank`,
    call(bind, limit, after) {
      const beyond = after ? `, ${bind(after[0])}::real, ${bind(after[1])}::text, ${bind(after[2])}::uuid` : ''
      return `find_by_name(${bind(folded)}::text, ${bind(key)}::text, ${bind(sounds)}::boolean, ${bind(asJson(filter))}::jsonb, ${bind(limit)}::int${beyond})`
    },
  }
}

/** Those who carry one of the hashes, by id: thousands may share a phone. */
export function candidatesByHash(
  kind: 'document' | 'phone' | 'email',
  hashes: readonly Buffer[],
  filter: SearchFilter,
): Candidates {
  return {
    order: byId,
    rank: () => '1',
    call: (bind, limit, after) =>
      `find_by_hash(${bind(kind)}::text, ${bind(hashes)}::bytea[], ${bind(asJson(filter))}::jsonb, ${bind(limit)}::int${after ? `, ${bind(after[0])}::uuid` : ''})`,
  }
}

/** Those whom a source system calls by this number. What people call customers here is no number: anybody might choose somebody's. */
export function candidatesByNumber(number: string, filter: SearchFilter): Candidates {
  return {
    order: byId,
    rank: () => '1',
    call: (bind, limit, after) =>
      `find_by_number(${bind(number)}::text, ${bind(ownSource)}::text, ${bind(asJson(filter))}::jsonb, ${bind(limit)}::int${after ? `, ${bind(after[0])}::uuid` : ''})`,
  }
}

/** Joins candidates in their own order, so that one page of them is enough. */
export function bestCandidates({ call, order, rank }: Candidates, limit: number, after: readonly string[] | undefined) {
  return {
    order,
    join: joined((bind) => call(bind, limit + 1, after)),
    found: (row: string) => `json_build_array(${rank(row)}, 0)`,
  } satisfies Found
}

/** Joins all candidates, to be sorted by something else. Each row tells how many they are, at most one more than `most`. */
export function allOf({ call, rank }: Candidates, order: Order, most: number) {
  return {
    order,
    join: joined((bind) => `(select f.*, count(*) over () as candidates from ${call(bind, most + 1, undefined)} f)`),
    found: (row: string) => `json_build_array(${rank(row)}, ${row}_match.candidates)`,
  } satisfies Found
}

interface Found {
  readonly order: Order
  readonly join: NonNullable<PageQuery['join']>
  /** Rank and number of candidates. */
  readonly found: (row: string) => string
}

function joined(candidates: (bind: Bind) => string): Found['join'] {
  return (row, bind) => `join ${candidates(bind)} ${row}_match on ${row}_match.customer_id = ${row}.id`
}

/** What a page says of customers who were found without a name: each as it was asked for. */
export const exactlyFound = { expression: () => `'exact'::text`, read: String }

/** Candidates who meet the conditions; all of them where there are more than `most`, so that the refusal of so many is met. */
export function orMoreThan(conditions: Conditions, most: number): Conditions {
  return (row, bind) => [`((${conditions(row, bind).join(' and ')}) or ${row}_match.candidates > ${bind(most)}::int)`]
}
