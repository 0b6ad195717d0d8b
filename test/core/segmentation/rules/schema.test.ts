import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkRule } from '../../../../src/core/segmentation/rules/check.ts'
import { ruleJsonSchema } from '../../../../src/core/segmentation/rules/schema.ts'
import { checkContext, condition, rule } from './arbitraries.ts'

const root = new URL('../../../../', import.meta.url)
const accepts = new Ajv2020({ validateFormats: false, strict: false }).compile(ruleJsonSchema())
const holdsList = (json: unknown): boolean => JSON.stringify(json).includes('"listed"')

/** What is wrong with the form of a rule. The rest is about what it means, which no schema can say. */
const ofTheForm = new Set([
  'type',
  'form',
  'unknown_key',
  'operator',
  'empty',
  'unknown_fact',
  'unknown_value',
  'range',
  'too_many',
])
const isOfTheForm = ({ pointer, rule: broken, message }: { pointer: string; rule: string; message: string }): boolean =>
  ofTheForm.has(broken) && pointer !== '' && !(message.includes('two decimals') && /bucket/.test(pointer))

describe('the published schema', () => {
  test('is that of the language', async () => {
    expect(JSON.parse(await readFile(new URL('docs/rule.schema.json', root), 'utf8'))).toEqual(ruleJsonSchema())
  })

  test('accepts every rule that may be sent', () => {
    fc.assert(
      fc.property(fc.oneof(rule, condition), (one) => {
        fc.pre(!holdsList(one))
        expect(accepts(one), JSON.stringify(one)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('accepts what is taken, and refuses what is refused for its form, whatever part of a rule is broken', () => {
    const junk = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom<unknown>(
        [],
        {},
        '',
        'aum',
        'agee',
        0.5,
        -1,
        101,
        { days: 1 },
        { weeks: 1 },
        { any: [] },
        { fact: 'aum' },
        [1, 2],
        '2026-01-01',
        '1.00',
        { bucket: {} },
      ),
    )
    let [taken, refused] = [0, 0]
    fc.assert(
      fc.property(fc.oneof(rule, condition), junk, fc.nat({ max: 12 }), (valid, other, at) => {
        fc.pre(!holdsList(valid))
        let count = 0
        const broken: unknown = JSON.parse(JSON.stringify(valid), (_key, value: unknown) => (count++ === at ? other : value))
        const { problems = [] } = checkRule(broken, checkContext)
        const told = `${JSON.stringify(broken)} ${JSON.stringify(problems)}`
        if (problems.length === 0) {
          taken++
          expect(accepts(broken), told).toBe(true)
        } else if (problems.some(isOfTheForm)) {
          refused++
          expect(accepts(broken), told).toBe(false)
        }
      }),
      { numRuns: 3_000 },
    )
    expect([taken > 100, refused > 1_000]).toEqual([true, true])
  })

  test.each<[string, unknown]>([
    ['two forms at once', { all: [{ fact: 'aum', exists: true }], not: { fact: 'aum', exists: true } }],
    ['two operators', { fact: 'aum', gt: '1', lt: '2' }],
    ['no operator', { fact: 'aum' }],
    ['two lines of a percentile', { fact: 'aum', percentile: { gt: 1, lt: 2 } }],
    ['what inlining leaves', { listed: 1 }],
  ])('refuses %s', (_what, json) => {
    expect([accepts(json), checkRule(json, checkContext).problems === undefined]).toEqual([false, false])
  })
})

describe('docs/rules.md', () => {
  test('shows rules that are taken', async () => {
    const text = await readFile(new URL('docs/rules.md', root), 'utf8')
    const blocks = [...text.matchAll(/```json\n(.*?)```/gs)].map(([, block]) => block!)
    const inTable = [...text.matchAll(/^\| .*?\| `(\{.*\})` \|/gm)].map(([, cell]) => cell!)
    expect([blocks.length > 3, inTable.length > 10]).toEqual([true, true])
    const known = { code: 'x', state: 'active' as const, meaning: { number: 1 } }
    const context = { ...checkContext, segment: () => known, institution: () => true }
    for (const one of [...blocks, ...inTable]) {
      const json: unknown = JSON.parse(one)
      expect(checkRule(json, context).problems, one).toBe(undefined)
      expect(accepts(json), one).toBe(true)
    }
  })
})
