import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { holdsChinese, isSearchable, nameKeys, nameMatchOf, soundOf, typedKey } from '../../../src/core/dossier/name-keys.ts'
import { dictionary } from '../../../src/core/dossier/pinyin.ts'
import { foldName } from '../../../src/core/kernel/text.ts'

const person = (name: string) => nameKeys(name, 'individual', dictionary).map(({ pinyin, initials }) => `${pinyin} ${initials}`)
const company = (name: string) => nameKeys(name, 'company', dictionary).map(({ pinyin, initials }) => `${pinyin} ${initials}`)

describe('the keys of a name', () => {
  test.each([
    ['王小明', ['wangxiaoming wxm']],
    // Surnames that are read otherwise in words: both are typed.
    ['曾国藩', ['zengguofan zgf', 'cengguofan cgf']],
    ['单雄信', ['shanxiongxin sxx', 'danxiongxin dxx']],
    ['單雄信', ['shanxiongxin sxx', 'danxiongxin dxx']],
    ['仇英', ['qiuying qy', 'chouying cy']],
    ['解缙', ['xiejin xj', 'jiejin jj']],
    ['任正非', ['renzhengfei rzf']],
    ['查良镛', ['zhaliangyong zly', 'chaliangyong cly']],
    ['区小明', ['ouxiaoming oxm', 'quxiaoming qxm']],
    ['尉迟恭', ['yuchigong ycg', 'weichigong wcg']],
    ['万俟卨', ['moqixie mqx', 'wansixie wsx']],
    ['长孙无忌', ['zhangsunwuji zswj']],
    ['欧阳修', ['ouyangxiu oyx']],
    ['王重阳', ['wangchongyang wcy']],
    ['种师道', ['chongshidao csd', 'zhongshidao zsd']],
    ['秘书', ['bishu bs', 'mishu ms']],
    ['佴明', ['naiming nm', 'erming em']],
    ['贠小明', ['yunxiaoming yxm', 'yuanxiaoming yxm']],
    ['重小明', ['chongxiaoming cxm', 'zhongxiaoming zxm']],
    ['覃小明', ['qinxiaoming qxm', 'tanxiaoming txm']],
    ['翟小明', ['zhaixiaoming zxm', 'dixiaoming dxm']],
    ['吕布', ['lubu lb']],
    ['陈Tony', ['chentony ctony']],
    ['阿卜杜拉·买买提', ['abudulamaimaiti abdlmmt']],
    ['𠮷田', ['jitian jt']],
    ['😀王', ['wang w']],
    ['王\u200d小\u200f明', ['wangxiaoming wxm']],
    ['John Smith', []],
    ['Иван', []],
    ['😀', []],
  ])('%s', (name, keys) => {
    expect(person(name)).toEqual(keys)
  })

  test.each([
    ['重庆银行股份有限公司', 'chongqingyinhanggufenyouxiangongsi cqyhgfyxgs'],
    ['重慶銀行股份有限公司', 'chongqingyinhanggufenyouxiangongsi cqyhgfyxgs'],
    ['长沙长江贸易有限公司', 'changshachangjiangmaoyiyouxiangongsi cscjmyyxgs'],
    ['ＩＢＭ中国有限公司', 'ibmzhongguoyouxiangongsi ibmzgyxgs'],
    ['7天酒店', '7tianjiudian 7tjd'],
    ['曾记会计师事务所', 'cengjikuaijishishiwusuo cjkjssws'],
  ])('of the company %s are read as words', (name, key) => {
    expect(company(name)).toEqual([key])
  })

  test('hold Latin letters and digits only, are no longer than an index takes, and none comes twice', () => {
    const han = fc.integer({ min: 0x4e00, max: 0x9fff }).map((point) => String.fromCodePoint(point))
    const names = fc.string({ unit: fc.oneof(han, fc.constantFrom('a', 'V', ' ', '·', '7', '𠮷', '😀')), maxLength: 200 })
    fc.assert(
      fc.property(names, fc.constantFrom('individual' as const, 'sole_trader' as const, 'company' as const), (name, kind) => {
        const keys = nameKeys(name, kind, dictionary)
        expect(keys.length).toBeLessThanOrEqual(kind === 'company' ? 1 : 3)
        for (const { pinyin, initials } of keys) {
          expect(pinyin).toMatch(/^[a-z0-9]{1,120}$/)
          expect(initials).toMatch(/^[a-z0-9]{1,120}$/)
          expect(initials.length).toBeLessThanOrEqual(pinyin.length)
          expect(initials[0]).toBe(pinyin[0])
        }
        expect(new Set(keys.map(({ pinyin }) => pinyin)).size).toBe(keys.length)
        if (!holdsChinese(name)) expect(keys).toEqual([])
      }),
    )
  })

  test('are the same for every name that folds alike', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('王', '小', '明', 'A', 'é', ' ', '\u200b'), maxLength: 10 }), (name) => {
        expect(person(name.normalize('NFD'))).toEqual(person(name))
        expect(person(` ${name} `)).toEqual(person(name))
        expect(person(foldName(name))).toEqual(person(name))
      }),
    )
  })
})

describe('what is typed', () => {
  test.each([
    ['wangxm', 'wangxm'],
    ['Wang Xiaoming', 'wangxiaoming'],
    ["Xi'an", 'xian'],
    ['Wáng-Xiǎomíng', 'wangxiaoming'],
    ['lv', 'lu'],
    ['lü', 'lu'],
    ['lyu', 'lu'],
    ['nv', 'nu'],
    ['7tian', '7tian'],
    ['7', ''],
    ['王', ''],
    ['王xm', ''],
    ['Иван', ''],
    ['--', ''],
  ])('%s begins %o', (term, key) => {
    expect(typedKey(foldName(term))).toBe(key)
  })

  test('begins the key of the name whose pinyin it is, however it is spaced and spelled', () => {
    const syllables = fc.array(fc.constantFrom('wang', 'xiao', 'lv', 'nv', 'ming', 'an'), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(syllables, fc.constantFrom('', ' ', "'", '-'), fc.boolean(), (parts, between, upper) => {
        const spelled = parts.join(between)
        const key = typedKey(foldName(upper ? spelled.toUpperCase() : spelled.replaceAll('v', 'ü')))
        expect(key).toBe(typedKey(parts.join('')))
      }),
    )
  })
})

describe('what a term sounds like', () => {
  test('is the pinyin of two Chinese characters and more', () => {
    const sound = (term: string) => soundOf(foldName(term), dictionary)
    expect([sound('王晓明'), sound('王小明')]).toEqual(['wangxiaoming', 'wangxiaoming'])
    expect([sound('曾国藩'), sound('重庆银行股份')]).toEqual(['zengguofan', 'chongqingyinhanggufen'])
    expect([sound('王'), sound('wang'), sound('王xm'), sound('😀王')]).toEqual(['', '', '', ''])
  })
})

describe('a match', () => {
  test('is told by the whole part of its rank', () => {
    expect([1, 2, 3, 4, 5, 6, 6.4, 7].map(nameMatchOf)).toEqual([
      'exact',
      'prefix',
      'pinyin',
      'initials',
      'contains',
      'similar',
      'similar',
      'similar',
    ])
  })
})

describe('a term', () => {
  test('has something to search by where it has a letter, a digit or a symbol', () => {
    for (const term of ['王', 'a', '7', '😀', '𠮷', '+', 'é']) expect(isSearchable(foldName(term)), term).toBe(true)
    for (const term of ['', '  ', '。。', '---', '\u200d', '\u200f', '·', '（）', '\u0301'])
      expect(isSearchable(foldName(term)), term).toBe(false)
  })
})
