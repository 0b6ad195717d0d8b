import { describe, expect, test } from 'vitest'
import { type Placed, placeFor, type SentValue } from '../../../src/core/dossier/value-placement.ts'

interface Stored extends Placed {
  readonly value: string
}

const stored = (id: string, value: string, more: Partial<Stored> = {}): Stored => ({
  id,
  value,
  customerId: 'c',
  source: 'core',
  verifiedAt: null,
  added: false,
  conflicting: false,
  ...more,
})

const verifiedAt = new Date('2026-11-23T02:00:00Z')

const sent = (value: string, more: Partial<SentValue<Stored>> = {}): SentValue<Stored> => ({
  source: 'core',
  policy: 'phone',
  fromPerson: false,
  overridden: new Set(),
  fails: false,
  passes: () => false,
  isSame: (one) => one.value === value,
  wasDismissed: () => false,
  ...more,
})

const placed = (all: readonly Stored[], value: SentValue<Stored>) => {
  const { place, withdrawn } = placeFor(all, value)
  return { place: place && { ...place, before: place.before?.id }, withdrawn: withdrawn.map(({ id }) => id) }
}

describe('where a sent value goes', () => {
  test('is the value of its source, or a first one', () => {
    expect(placed([], sent('1'))).toEqual({ place: { before: undefined, added: false, conflicting: false }, withdrawn: [] })
    expect(placed([stored('a', '0'), stored('b', '2', { source: 'cards' })], sent('1'))).toEqual({
      place: { before: 'a', added: false, conflicting: false },
      withdrawn: [],
    })
  })

  test('is beside a verified one, once for each source', () => {
    const verified = stored('v', '0', { verifiedAt })
    expect(placed([verified], sent('1'))).toEqual({ place: { before: undefined, added: true, conflicting: true }, withdrawn: [] })
    const beside = stored('b', '1', { added: true, conflicting: true })
    expect(placed([verified, beside], sent('2'))).toEqual({
      place: { before: 'b', added: true, conflicting: true },
      withdrawn: [],
    })
    expect(placed([verified, beside], sent('2', { source: 'cards' }))).toEqual({
      place: { before: undefined, added: false, conflicting: true },
      withdrawn: [],
    })
  })

  test('is the verified one that it repeats, and what the source sent beside it is withdrawn', () => {
    const verified = stored('v', '0', { verifiedAt })
    const beside = stored('b', '1', { added: true, conflicting: true })
    expect(placed([verified, beside], sent('0'))).toEqual({
      place: { before: 'v', added: false, conflicting: false },
      withdrawn: ['b'],
    })
    const other = stored('o', '1', { source: 'cards', conflicting: true })
    expect(placed([verified, other], sent('0', { source: 'cards' }))).toEqual({ place: undefined, withdrawn: ['o'] })
  })

  test('is nowhere once a person has dismissed it', () => {
    const verified = stored('v', '0', { verifiedAt })
    const beside = stored('b', '2', { added: true, conflicting: true })
    expect(placed([verified, beside], sent('1', { wasDismissed: (one) => one.id === 'v' }))).toEqual({
      place: undefined,
      withdrawn: ['b'],
    })
  })

  test('is over a verified one where a person enters it or the bank lets feeds win', () => {
    const verified = stored('v', '0', { verifiedAt })
    const beside = stored('b', '2', { added: true, conflicting: true })
    expect(placed([verified, beside], sent('1', { fromPerson: true }))).toEqual({
      place: { before: 'v', added: false, conflicting: false },
      withdrawn: [],
    })
    expect(placed([verified, beside], sent('1', { overridden: new Set(['phone']) }))).toEqual({
      place: { before: 'v', added: false, conflicting: false },
      withdrawn: ['b'],
    })
    expect(placed([verified], sent('1', { overridden: new Set(['address']) })).place?.conflicting).toBe(true)
  })

  test('is beside one of the same source that passes its check, where it fails', () => {
    const good = stored('g', 'good')
    const failing = { fails: true, passes: (one: Stored) => one.value === 'good' }
    expect(placed([good], sent('bad', failing))).toEqual({
      place: { before: undefined, added: true, conflicting: true },
      withdrawn: [],
    })
    const bad = stored('b', 'bad', { added: true, conflicting: true })
    expect(placed([good, bad], sent('worse', failing))).toEqual({
      place: { before: 'b', added: true, conflicting: true },
      withdrawn: [],
    })
    expect(placed([good, bad], sent('good'))).toEqual({
      place: { before: 'g', added: false, conflicting: false },
      withdrawn: ['b'],
    })
    expect(placed([good, bad], sent('other'))).toEqual({
      place: { before: 'g', added: false, conflicting: false },
      withdrawn: ['b'],
    })
    expect(placed([good], sent('bad', { ...failing, source: 'cards' })).place?.conflicting).toBe(false)
    expect(placed([stored('w', 'bad')], sent('worse', failing))).toEqual({
      place: { before: 'w', added: false, conflicting: false },
      withdrawn: [],
    })
  })
})
