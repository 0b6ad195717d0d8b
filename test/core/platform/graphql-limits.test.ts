import { readFile } from 'node:fs/promises'
import { buildSchema, parse } from 'graphql'
import { describe, expect, test } from 'vitest'
import { preparedNames } from '../../../src/db/platform/statement.ts'
import { checkLength, checkLimits } from '../../../src/graphql/limits.ts'

const schema = buildSchema(await readFile(new URL('../../../schema.graphql', import.meta.url), 'utf8'))

/** The refusal's message; undefined for a document that is let through. */
function refusal(text: string, variables: Record<string, unknown> = {}): string | undefined {
  try {
    checkLimits(schema, parse(text), variables)
    return undefined
  } catch (error) {
    expect(error).toMatchObject({ code: 'query_too_complex' })
    return (error as Error).message
  }
}

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ')

/** Fragments that each bring the next one twice. */
const doubling = (levels: number) =>
  `{ ...f0 } ${times(levels, (level) => `fragment f${level} on Query { ...f${level + 1} ...f${level + 1} }`)} fragment f${levels} on Query { __typename }`

describe('the bounds of a GraphQL document', () => {
  test.for([4, 22, 90, 1_200])(
    'count what fragments bring as often as they bring it, %i levels deep, without following them as often',
    (levels) => {
      const text = doubling(levels)
      const message = refusal(text)
      // As often as they bring it, 2⁹⁰ would never be counted to the end.
      if (levels === 4) expect(message).toBeUndefined()
      else expect(message).toMatch(/fields and fragments|nested deeper/)
    },
  )

  test('count spreads and inline fragments that hold nothing', () => {
    expect(refusal(`{ ${times(1_001, () => '...f')} } fragment f on Query { __typename }`)).toContain('1000 fields and fragments')
    expect(refusal(`{ ${times(501, () => '... { __typename @skip(if: true) }')} }`)).toContain('1000 fields and fragments')
  })

  test('refuse fragments in fragments without end, and those that contain themselves, used or not', () => {
    expect(refusal('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }')).toContain('contains itself')
    expect(refusal('{ __typename } fragment A on Query { ...A }')).toContain('contains itself')
    expect(refusal(`{ ${'... { '.repeat(120)}__typename${' }'.repeat(120)} }`)).toContain('nested deeper')
  })

  test('leave what the schema does not know to validation', () => {
    expect(refusal('{ ...nowhere nothing(first: 100000) { nodes { id } } ... on Nothing { customers { id } } }')).toBeUndefined()
  })

  test('let 12 levels through and no more, fragments or not', () => {
    const parents = (count: number) =>
      `{ institution(institutionId: "x") { ${'parent { '.repeat(count)}...on Institution { ...I }${' }'.repeat(count)} } } fragment I on Institution { id }`
    expect(refusal(parents(10))).toBeUndefined()
    expect(refusal(parents(11))).toContain('nested deeper than 12')
  })

  test('let 20 root fields through and no more, whatever brings them', () => {
    const fields = (count: number) => times(count, (index) => `a${index}: portfolioSummary { count }`)
    expect(refusal(`{ ${fields(20)} }`)).toBeUndefined()
    expect(refusal(`{ ${fields(21)} }`)).toContain('20 root fields')
    expect(refusal(`{ ...F ... on Query { b: portfolioSummary { count } } } fragment F on Query { ${fields(20)} }`)).toContain(
      '20 root fields',
    )
  })

  describe('on rows', () => {
    const inner = 'nodes { movements(first: 200) { nodes { holding { balances(first: 200) { nodes { day } } } } } }'

    test.for([
      ['plainly', `{ customers(first: 200) { ${inner} } }`],
      ['in an inline fragment', `{ customers(first: 200) { ... { ${inner} } } }`],
      ['in an inline fragment of the type', `{ customers(first: 200) { ... on CustomerConnection { ${inner} } } }`],
      ['in a named fragment', `{ customers(first: 200) { ...F } } fragment F on CustomerConnection { ${inner} }`],
      ['by the default of a variable', `query ($n: Int = 200) { customers(first: $n) { ${inner} } }`],
    ])('see pages asked for %s', ([, text]) => {
      expect(refusal(text!)).toContain('50000 rows')
    })

    test('take the size from variables, and from the schema where none is given', () => {
      const text = 'query ($n: Int) { customers(first: $n) { nodes { movements(first: $n) { nodes { id } } } } }'
      expect(refusal(text)).toBeUndefined()
      expect(refusal(text, { n: 200 })).toBeUndefined()
      expect(refusal(text, { n: 300 })).toContain('50000 rows')
      const four = '{ institutions { nodes { customers { nodes { movements { nodes { id } } } } } } }'
      expect(refusal(four)).toBeUndefined()
      expect(refusal(four.replace('institutions', 'institutions(first: 120)'))).toContain('50000 rows')
    })

    test('count plain lists by a factor', () => {
      const text = (first: number) =>
        `{ customers(first: ${first}) { nodes { holdings { parties { customer { holdings { accountNumber } } } } } } }`
      expect(refusal(text(40))).toBeUndefined()
      expect(refusal(text(50))).toContain('50000 rows')
    })
  })

  test('let 100,000 characters through and no more', () => {
    expect(() => checkLength(' '.repeat(100_000))).not.toThrow()
    expect(() => checkLength(' '.repeat(100_001))).toThrow('longer than 100000')
  })
})

describe('the names of prepared statements', () => {
  const bounds = { live: 2, names: 4, candidates: 3, earnedAt: 2, coldAfter: 10, length: 20 }

  function used(nameOf: (text: string) => string | undefined, ...texts: string[]): (string | undefined)[] {
    return texts.map((text) => nameOf(text))
  }

  test('go to texts that come again while they are remembered, and stay the same', () => {
    const nameOf = preparedNames(bounds)
    expect(used(nameOf, 'a', 'a', 'a', 'b')).toEqual([undefined, 'q0', 'q0', undefined])
    expect(used(nameOf, 'c', 'd', 'e', 'b')).toEqual([undefined, undefined, undefined, undefined])
    expect(used(nameOf, 'b')).toEqual(['q1'])
  })

  test('are not taken by odd shapes for good: what is hot keeps its name, what is cold makes room', () => {
    const nameOf = preparedNames(bounds)
    expect(used(nameOf, 'odd', 'odd', 'hot', 'hot', 'new', 'new')).toEqual([
      undefined,
      'q0',
      undefined,
      'q1',
      undefined,
      undefined,
    ])
    for (let turn = 0; turn < 8; turn++) expect(nameOf('hot')).toBe('q1')
    expect(used(nameOf, 'new', 'hot', 'odd')).toEqual(['q2', 'q1', undefined])
  })

  test('never go to a second text and end with their number', () => {
    const nameOf = preparedNames({ ...bounds, coldAfter: 0 })
    const given = Array.from({ length: 10 }, (_, index) => used(nameOf, `t${index}`, `t${index}`)[1])
    expect(given).toEqual(['q0', 'q1', 'q2', 'q3', ...Array.from({ length: 6 }, () => undefined)])
    expect(used(nameOf, 't2', 't3')).toEqual(['q2', 'q3'])
  })

  test('are not for texts of any length', () => {
    const nameOf = preparedNames(bounds)
    expect(used(nameOf, 'x'.repeat(21), 'x'.repeat(21))).toEqual([undefined, undefined])
  })
})
