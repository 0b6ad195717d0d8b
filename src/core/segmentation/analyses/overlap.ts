import { percentage } from './profile-rates.ts'

/** Segments that can be laid over each other: each more doubles the combinations. */
export const MIN_SEGMENTS = 2
export const MAX_SEGMENTS = 10

/** Customers who are in exactly these segments: those whose bit is set, the first segment the lowest. */
export interface Combination {
  readonly mask: number
  readonly customers: number
  readonly aum: bigint
}

export interface SegmentSize {
  readonly customers: number
  readonly aum: bigint
}

export interface PairOverlap {
  readonly first: number
  readonly second: number
  readonly both: number
  readonly either: number
  /** Those in both among those in either, from 0 to 1; null where nobody is in either. */
  readonly jaccard: number | null
  /** Of those in the first, the percentage that is in the second, and the other way round; null where nobody is in the one. */
  readonly shareOfFirst: number | null
  readonly shareOfSecond: number | null
}

export interface Overlap {
  readonly sizes: readonly SegmentSize[]
  readonly pairs: readonly PairOverlap[]
}

/** How far so many segments cover each other, from the exact combinations that occur. */
export function overlapOf(segments: number, combinations: readonly Combination[]): Overlap {
  const holding = (mask: number): readonly Combination[] => combinations.filter((one) => (one.mask & mask) === mask)
  const customersIn = (mask: number): number => holding(mask).reduce((sum, one) => sum + one.customers, 0)
  const places = Array.from({ length: segments }, (_, place) => place)
  const sizes = places.map((place) => ({
    customers: customersIn(1 << place),
    aum: holding(1 << place).reduce((sum, one) => sum + one.aum, 0n),
  }))
  const pairs = places.flatMap((first) =>
    places.slice(first + 1).map((second): PairOverlap => {
      const [one, other] = [sizes[first]!.customers, sizes[second]!.customers]
      const both = customersIn((1 << first) | (1 << second))
      const either = one + other - both
      return {
        first,
        second,
        both,
        either,
        jaccard: either === 0 ? null : Math.round((1e6 * both) / either) / 1e6,
        shareOfFirst: percentage(both, one),
        shareOfSecond: percentage(both, other),
      }
    }),
  )
  return { sizes, pairs }
}

/** The places of the segments that a combination holds. */
export function placesOf(mask: number, segments: number): readonly number[] {
  return Array.from({ length: segments }, (_, place) => place).filter((place) => (mask & (1 << place)) !== 0)
}
