import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkRule } from '../../../../src/core/segmentation/rules/check.ts'
import { type CheckContext, type KnownSegment } from '../../../../src/core/segmentation/rules/check-conditions.ts'
import type { Rule } from '../../../../src/core/segmentation/rules/rule.ts'
import { checkContext, rule } from './arbitraries.ts'

const problemsOf = (json: unknown, context: CheckContext = checkContext): readonly string[] =>
  (checkRule(json, context).problems ?? []).map(({ pointer, rule: broken }) => `${pointer} ${broken}`)
const messageOf = (json: unknown, context: CheckContext = checkContext): string | undefined =>
  checkRule(json, context).problems?.[0]?.message

const one = { fact: 'aum', gte: '1.00' } as const
const nested = (levels: number): object => (levels === 1 ? one : { all: [nested(levels - 1)] })
const times = (count: number, part: object = one): object[] => Array.from({ length: count }, () => part)
const known = (code: string, rule: object, state: KnownSegment['state'] = 'active'): KnownSegment => ({
  code,
  state,
  meaning: { rule: rule as Rule },
})
const among = (segments: Readonly<Record<string, KnownSegment>>, more: Partial<CheckContext> = {}): CheckContext => ({
  ...checkContext,
  segment: (id) => segments[id],
  ...more,
})

describe('a rule', () => {
  test.each<[string, object]>([
    [
      'of every operator',
      { all: [one, { fact: 'age', between: [18, 18] }, { fact: 'gender', in: ['male'] }, { fact: 'needs', overlaps: ['car'] }] },
    ],
    [
      'of relative days',
      {
        all: [
          { fact: 'birthDate', between: [{ years: -60 }, { years: -18 }] },
          { fact: 'nextMaturityOn', lte: { monthEnd: 0 } },
        ],
      },
    ],
    ['of percentiles', { fact: 'aum', percentile: { institution: 'B1', between: [0, 100] } }],
    ['of a bucket with two decimals', { bucket: { seed: 's', from: 0.07, to: 0.29 } }],
    ['of eight levels', nested(8)],
    ['of a hundred conditions', { any: times(100) }],
    ['between days that may be reversed on other days', { fact: 'birthDate', between: [{ days: 1 }, '2000-01-01'] }],
  ])('is taken: %s', (_what, json) => {
    expect(checkRule(json, checkContext)).toEqual({ rule: json })
  })

  test.each<[string, unknown, readonly string[]]>([
    ['nothing', null, [' type']],
    ['a list', [one], [' type']],
    ['a text', 'all', [' type']],
    ['no form', {}, [' form']],
    ['two forms', { all: [one], not: one }, [' form']],
    ['what inlining leaves', { listed: 3 }, [' form']],
    ['an unknown key beside', { not: one, nor: one }, ['/nor unknown_key']],
    ['a key that needs escaping', { not: one, 'a/b~': 1 }, ['/a~1b~0 unknown_key']],
    ['the key __proto__', JSON.parse('{"not": {"fact": "aum", "exists": true}, "__proto__": {}}'), ['/__proto__ unknown_key']],
    ['no list', { all: one }, ['/all type']],
    ['an empty all', { all: [] }, ['/all empty']],
    ['an empty any', { not: { any: [] } }, ['/not/any empty']],
    ['a long list', { any: times(101) }, ['/any too_many']],
    ['too many in all', { any: [{ all: times(60) }, { all: times(41) }] }, [' too_many']],
    ['nine levels', nested(9), ['/all/0/all/0/all/0/all/0/all/0/all/0/all/0/all/0 depth']],
    [
      'all that is wrong',
      { all: [{ fact: 'aum', gte: 5 }, { any: [] }, { fact: 'agee', eq: 1 }] },
      ['/all/0/gte type', '/all/1/any empty', '/all/2/fact unknown_fact'],
    ],
    ['a fact that is none', { fact: 7, eq: 1 }, ['/fact type']],
    ['an unknown fact', { fact: 'balance', eq: 1 }, ['/fact unknown_fact']],
    ['a fact of Object', { fact: 'constructor', eq: 1 }, ['/fact unknown_fact']],
    ['no operator', { fact: 'aum' }, [' operator']],
    ['two operators', { fact: 'aum', gte: '1.00', lt: '2.00' }, [' operator']],
    ['an unknown operator', { fact: 'aum', above: '1.00' }, ['/above unknown_key', ' operator']],
    ['an operator that a set does not take', { fact: 'needs', eq: 'car' }, ['/eq operator']],
    ['an operator that an enum does not take', { fact: 'gender', lt: 'male' }, ['/lt operator']],
    ['an operator that a truth does not take', { fact: 'receivesSalary', in: [true] }, ['/in operator']],
    ['an operator that a day does not take', { fact: 'birthDate', in: ['2000-01-01'] }, ['/in operator']],
    ['an operator that a number does not take', { fact: 'age', overlaps: [1] }, ['/overlaps operator']],
    ['a text for a number', { fact: 'age', gte: '18' }, ['/gte type']],
    ['NaN', { fact: 'age', gte: Number.NaN }, ['/gte type']],
    ['infinity', { fact: 'age', lt: Number.POSITIVE_INFINITY }, ['/lt type']],
    ['a number for an amount', { fact: 'aum', gte: 1 }, ['/gte type']],
    ['an amount with three decimals', { fact: 'aum', gte: '1.001' }, ['/gte amount']],
    ['an amount in words', { fact: 'aum', gte: '1e3' }, ['/gte amount']],
    ['an amount beyond 64 bits', { fact: 'aum', gte: '92233720368547758.08' }, ['/gte amount']],
    ['a share over 100', { fact: 'depositShare', gte: 101 }, ['/gte range']],
    ['a share below 0', { fact: 'commitmentFulfilmentRate', between: [-1, 50] }, ['/between/0 range']],
    ['a day that does not exist', { fact: 'birthDate', eq: '2026-02-30' }, ['/eq day']],
    ['a day before there are any', { fact: 'birthDate', eq: '1799-12-31' }, ['/eq day']],
    ['a day of two units', { fact: 'birthDate', eq: { days: 1, months: 1 } }, ['/eq type']],
    ['a day of an unknown unit', { fact: 'birthDate', eq: { weeks: 1 } }, ['/eq type']],
    ['a day of a unit of Object', { fact: 'birthDate', eq: { constructor: 1 } }, ['/eq type']],
    ['a broken number of days', { fact: 'birthDate', eq: { days: 0.5 } }, ['/eq range']],
    ['a day too far away', { fact: 'birthDate', lt: { days: -36_501 } }, ['/lt range']],
    ['a text for a truth', { fact: 'receivesSalary', eq: 'true' }, ['/eq type']],
    ['an unknown value', { fact: 'gender', eq: 'm' }, ['/eq unknown_value']],
    ['an unknown value of a set', { fact: 'familiesHeld', overlaps: ['deposit', 'deposits'] }, ['/overlaps/1 unknown_value']],
    ['an empty text', { fact: 'industry', eq: '' }, ['/eq type']],
    ['a long text', { fact: 'industry', eq: 'x'.repeat(201) }, ['/eq type']],
    ['NUL', { fact: 'industry', in: ['a', 'a\0'] }, ['/in/1 nul_character']],
    ['a control character', { fact: 'industry', eq: 'a\u0007' }, ['/eq control_character']],
    ['half a character', { fact: 'industry', eq: '\ud800' }, ['/eq invalid_unicode']],
    ['writing that is turned round', { fact: 'industry', eq: 'a\u202e' }, ['/eq bidi_control']],
    ['white space around', { fact: 'industry', eq: ' a' }, ['/eq text']],
    ['an empty list', { fact: 'gender', in: [] }, ['/in empty']],
    ['no list of values', { fact: 'needs', overlaps: 'car' }, ['/overlaps type']],
    ['a list of too many values', { fact: 'age', in: Array.from({ length: 1_001 }, (_, index) => index) }, ['/in too_many']],
    ['one bound', { fact: 'age', between: [1] }, ['/between type']],
    ['numbers reversed', { fact: 'age', between: [2, 1] }, ['/between reversed']],
    ['amounts reversed', { fact: 'aum', between: ['10', '9.99'] }, ['/between reversed']],
    ['negative amounts reversed', { fact: 'aum', between: ['-1.00', '-1.01'] }, ['/between reversed']],
    ['days reversed', { fact: 'birthDate', between: ['2026-01-02', '2026-01-01'] }, ['/between reversed']],
    ['relative days reversed', { fact: 'birthDate', between: [{ months: -1 }, { months: -2 }] }, ['/between reversed']],
    ['existence in words', { fact: 'aum', exists: 'yes' }, ['/exists type']],
    ['percentiles of what has no order', { fact: 'gender', percentile: { gte: 90 } }, ['/percentile operator']],
    ['percentiles without a line', { fact: 'aum', percentile: { institution: 'B1' } }, ['/percentile operator']],
    ['percentiles over 100', { fact: 'aum', percentile: { gte: 101 } }, ['/percentile/gte range']],
    ['broken percentiles', { fact: 'aum', percentile: { between: [0.5, 90] } }, ['/percentile/between/0 range']],
    ['percentiles reversed', { fact: 'aum', percentile: { between: [90, 10] } }, ['/percentile/between reversed']],
    ['one percentile between', { fact: 'aum', percentile: { between: [90] } }, ['/percentile/between type']],
    [
      'percentiles by another operator',
      { fact: 'aum', percentile: { eq: 90 } },
      ['/percentile/eq unknown_key', '/percentile operator'],
    ],
    [
      'percentiles within nowhere',
      { fact: 'aum', percentile: { institution: 'B9', gte: 90 } },
      ['/percentile/institution unknown_institution'],
    ],
    ['percentiles as a list', { fact: 'aum', percentile: [90] }, ['/percentile type']],
    ['no days', { hasBeen: one }, ['/days range']],
    ['zero days', { hasBeen: one, days: 0 }, ['/days range']],
    ['days without end', { hasBeen: one, days: 3_651 }, ['/days range']],
    ['watching what is duration_not_allowed', { hasBeen: { not: { hasBeen: one, days: 1 } }, days: 1 }, ['/hasBeen/not nested']],
    ['a bucket as a list', { bucket: [] }, ['/bucket type']],
    ['a bucket without a seed', { bucket: { from: 0, to: 1 } }, ['/bucket/seed text']],
    ['a bucket with NUL', { bucket: { seed: '\0', from: 0, to: 1 } }, ['/bucket/seed nul_character']],
    ['a bucket over 100', { bucket: { seed: 's', from: 0, to: 100.01 } }, ['/bucket/to range']],
    ['a bucket of three decimals', { bucket: { seed: 's', from: 0.005, to: 1 } }, ['/bucket/from range']],
    ['a bucket with bounds in words', { bucket: { seed: 's', from: '0', to: null } }, ['/bucket/from range', '/bucket/to range']],
    ['an empty bucket', { bucket: { seed: 's', from: 10, to: 10 } }, ['/bucket/to reversed']],
    ['a segment that is no text', { segment: 7 }, ['/segment type']],
    ['an unknown segment', { all: [one, { segment: 'x' }] }, ['/all/1/segment unknown_segment']],
  ])('is refused with pointer and rule: %s', (_what, json, wanted) => {
    expect(problemsOf(json)).toEqual(wanted)
  })

  test.each([
    ['AUM', 'aum'],
    ['tenur', 'tenure'],
    ['depositshare', 'depositShare'],
    ['x'.repeat(100_000), 'nextMaturityOn'],
  ])('names the fact that is written most alike', (written, meant) => {
    expect(messageOf({ fact: written, eq: 1 })).toContain(`Nearest: \`${meant}\``)
  })

  test('names a hundred problems at most', () => {
    expect(problemsOf({ all: times(60, { any: [{ fact: 'x' }, { fact: 'y' }] }) })).toHaveLength(100)
  })

  test('is not changed by being checked, and never throws, whatever is sent', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), (json) => void checkRule(json, checkContext)))
    fc.assert(
      fc.property(rule, fc.jsonValue({ maxDepth: 2 }), fc.nat(), (valid, junk, at) => {
        // Some part of a valid rule is replaced by junk.
        let count = 0
        const broken: unknown = JSON.parse(JSON.stringify(valid), (_key, value: unknown) => (count++ === at % 12 ? junk : value))
        const before = JSON.stringify(broken)
        checkRule(broken, checkContext)
        expect(JSON.stringify(broken)).toBe(before)
      }),
    )
  })
})

describe('a rule that names segments', () => {
  test('is taken with drafts, active ones and lists', () => {
    const list: KnownSegment = { code: 'list', state: 'active', meaning: { number: 3 } }
    const context = among({ a: known('a', one), d: known('d', one, 'draft'), l: list })
    expect(problemsOf({ all: [{ segment: 'a' }, { segment: 'd' }, { not: { segment: 'l' } }] }, context)).toEqual([])
  })

  test('is refused with a retired one', () => {
    expect(problemsOf({ not: { segment: 'r' } }, among({ r: known('r', one, 'retired') }))).toEqual([
      '/not/segment retired_segment',
    ])
  })

  test('is refused where it leads back to itself, over several steps, with the way named', () => {
    const segments = {
      a: known('a', one),
      b: known('b', { all: [one, { segment: 'c' }] }),
      c: known('c', { hasBeen: { segment: 'a' }, days: 2 }),
    }
    expect(problemsOf({ segment: 'a' }, among(segments, { own: 'a' }))).toEqual(['/segment cycle'])
    const context = among(segments, { own: 'a' })
    expect(problemsOf({ any: [one, { segment: 'b' }] }, context)).toEqual(['/any/1/segment cycle'])
    expect(messageOf({ any: [one, { segment: 'b' }] }, context)).toContain('b → c → a')
  })

  test('is bounded with them in their places', () => {
    const segments = {
      deep: known('deep', nested(7)),
      wide: known('wide', { any: times(60) }),
      been: known('been', { hasBeen: one, days: 1 }),
    }
    const context = among(segments)
    expect(problemsOf({ all: [{ segment: 'deep' }] }, context)).toEqual([])
    expect(problemsOf({ all: [{ not: { segment: 'deep' } }] }, context)).toEqual([' depth'])
    expect(problemsOf({ all: [{ segment: 'wide' }, ...times(40)] }, context)).toEqual([])
    expect(problemsOf({ all: [{ segment: 'wide' }, ...times(41)] }, context)).toEqual([' too_many'])
    expect(problemsOf({ hasBeen: { not: { segment: 'been' } }, days: 3 }, context)).toEqual([' nested'])
  })

  test('is looked at by way of each segment once', () => {
    // Each names the next twice: the ways through them are two to the power of sixty.
    const segments = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [
        `${index}`,
        known(`${index}`, { all: [{ segment: `${index + 1}` }, { not: { segment: `${index + 1}` } }] }),
      ]),
    )
    const context = among({ ...segments, 60: known('60', { segment: 'own' }), own: known('own', one) }, { own: 'own' })
    expect(problemsOf({ segment: '0' }, context)).toEqual(['/segment cycle'])
  })

  test('is refused where a segment that rests on it would pass a limit', () => {
    const user = { any: [{ segment: 'own' }, ...times(99)] } as Rule
    const context = among(
      { own: known('own', one), u: known('u', user) },
      { own: 'own', users: [{ name: 'The segment u', rule: user, watched: true }] },
    )
    expect(problemsOf({ all: [one] }, context)).toEqual([])
    expect(problemsOf({ all: [one, one] }, context)).toEqual([' too_many'])
    expect(messageOf({ all: [one, one] }, context)).toContain('The segment u uses this one')
    const watching = { hasBeen: { segment: 'own' }, days: 3 } as Rule
    const watched = among(
      { own: known('own', one) },
      { own: 'own', users: [{ name: 'The segment w', rule: watching, watched: true }] },
    )
    expect(problemsOf({ hasBeen: one, days: 1 }, watched)).toEqual([' nested'])
  })
})
