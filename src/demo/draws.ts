import { createHash } from 'node:crypto'
import type { Day } from '../core/kernel/calendar.ts'

/** Made-up values that follow from a seed: the same in every load, in SQL by hash functions and in Node by a small generator. */
export interface Draws {
  /** SQL: a number in [0, 1) that follows from a bigint expression; unrelated for every purpose. */
  readonly unit: (key: string, purpose: string) => string
  /** SQL: an id in the form of UUIDv7 of an instant (milliseconds since 1970, a bigint expression). */
  readonly id: (milliseconds: string, key: string, purpose: string) => string
  /** A generator of its own for each purpose and number. */
  readonly generator: (purpose: string, number?: number) => Generator
}

/** Answers 32 random bits (0 to 2^32 − 1) at a time. */
export type Generator = () => number

export function drawsOf(seed: number): Draws {
  const salt = (purpose: string): bigint => createHash('sha256').update(`${seed}/${purpose}`).digest().readBigInt64BE()
  const hash = (key: string, purpose: string): string => `hashint8extended(${key}, '${salt(purpose)}'::bigint)`
  const salts = new Map<string, number>()
  return {
    unit: (key, purpose) => `(((${hash(key, purpose)} >> 11) & 9007199254740991)::float8 / 9007199254740992)`,
    id: (milliseconds, key, purpose) =>
      `encode(int8send(((${milliseconds}) << 16) | 28672 | (${hash(key, `${purpose}/a`)} & 4095)) || int8send((${hash(key, `${purpose}/b`)} & 4611686018427387903) | '-9223372036854775808'::bigint), 'hex')::uuid`,
    generator(purpose, number = 0) {
      let start = salts.get(purpose)
      if (start === undefined) salts.set(purpose, (start = Number(BigInt.asUintN(32, salt(purpose)))))
      return generatorFrom(start ^ Math.imul(number, 0x9e3779b1))
    },
  }
}

/** Mulberry32: small, fast, good enough for made-up data; never for secrets. */
function generatorFrom(start: number): Generator {
  let state = start | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

/** A whole number from 0 to `below` − 1. */
export function numberBelow(next: Generator, below: number): number {
  return Math.floor((next() / 4_294_967_296) * below)
}

export function pick<T>(next: Generator, choices: readonly T[]): T {
  return choices[numberBelow(next, choices.length)]!
}

/** Decimal digits. */
export function digits(next: Generator, count: number): string {
  return String(numberBelow(next, 10 ** count)).padStart(count, '0')
}

const hexadecimal = (next: Generator): string => next().toString(16).padStart(8, '0')

/** An id in the form of UUIDv7 of a day. */
export function idOfDay(day: Day, next: Generator): string {
  const milliseconds = Date.parse(`${day}T00:00:00Z`).toString(16).padStart(12, '0')
  return idBeginning(`${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}`, next)
}

/** Another id of the same instant as an id in the form of UUIDv7. */
export function siblingId(id: string, next: Generator): string {
  return idBeginning(id.slice(0, 13), next)
}

function idBeginning(time: string, next: Generator): string {
  const high = hexadecimal(next)
  return `${time}-7${high.slice(0, 3)}-${'89ab'[next() & 3]}${high.slice(3, 6)}-${hexadecimal(next)}${hexadecimal(next).slice(0, 4)}`
}
