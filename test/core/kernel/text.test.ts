import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cleanText, foldName } from '../../../src/core/kernel/text.ts'

describe('text from outside', () => {
  test.each([
    ['outer white space', '  王小明\u3000', '王小明'],
    ['a decomposed letter', 'Rene\u0301', 'René'],
    ['zero-width spaces and a byte order mark', '\ufeff王\u200b小明\u2060', '王小明'],
    ['a stray joiner', '王\u200d小明', '王小明'],
    ['a zero-width space between a letter and its mark', 'e\u200b\u0301', 'é'],
  ])('loses or changes %s', (_, text, value) => {
    expect(cleanText(text)).toEqual({ ok: true, value })
  })

  test.each(['𠮷野家', '👨‍👩‍👧‍👦', '👩🏽‍🚀', '❤️‍🔥', 'ශ්‍රී', 'می‌خواهم', '赵钱孙李', 'O’Brien', ''])('keeps %j', (text) => {
    expect(cleanText(text)).toEqual({ ok: true, value: text })
  })

  test.each([
    ['王\u0000', 'nul_character'],
    ['\u0000', 'nul_character'],
    ['王\u0007明', 'control_character'],
    ['王\u007f明', 'control_character'],
    ['王\u0085明', 'control_character'],
    ['王\n明', 'control_character'],
    ['a\tb', 'control_character'],
    ['王\u2028明', 'control_character'],
    ['\ud842', 'invalid_unicode'],
    ['\udfb7\ud842', 'invalid_unicode'],
    ['invoice\u202efdp.exe', 'bidi_control'],
    ['\u2066王', 'bidi_control'],
  ])('%j is refused: %s', (text, rule) => {
    expect(cleanText(text)).toEqual({ ok: false, rule })
  })

  test('may have several lines where the field allows it, and no other control characters', () => {
    expect(cleanText('一\r\n二\r三\t四\n', 'multiple')).toEqual({ ok: true, value: '一\n二\n三\t四' })
    expect(cleanText('一\u000b二', 'multiple')).toEqual({ ok: false, rule: 'control_character' })
    expect(cleanText('一\u2028二', 'multiple')).toEqual({ ok: false, rule: 'control_character' })
  })

  test('once clean stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('single' as const, 'multiple' as const), (text, lines) => {
        const cleaned = cleanText(text, lines)
        if (!cleaned.ok) return
        expect(cleanText(cleaned.value, lines)).toEqual(cleaned)
        expect(cleaned.value).not.toMatch(/[\0\u200b\ufeff\u202a-\u202e\u2066-\u2069]/)
      }),
    )
  })
})

describe('a name folded for search', () => {
  test.each([
    ['  José  GARCÍA ', 'jose garcia'],
    ['Ｌｉ　Ｍｉｎｇ', 'li ming'],
    ['İstanbul', 'istanbul'],
    ['Müller', 'muller'],
    ['阿卜杜拉•买买提', '阿卜杜拉·买买提'],
    ['阿卜杜拉・买买提', '阿卜杜拉·买买提'],
    ['ガス', 'ガス'],
    ['김민준', '김민준'],
    ['王\u200e小明', '王小明'],
    ['买买提.吐尔逊', '买买提·吐尔逊'],
    ['买买提。吐尔逊', '买买提·吐尔逊'],
    ['买买提 吐尔逊', '买买提·吐尔逊'],
    ['买买提 - 吐尔逊', '买买提·吐尔逊'],
    ['买买提－吐尔逊', '买买提·吐尔逊'],
    ['张\u3000三', '张三'],
    ['张  三', '张三'],
    ['王 小明', '王·小明'],
    ['\u2f00二三', '一二三'],
    ['⻢云', '马云'],
    ['中国⺠生银行', '中国民生银行'],
    ['ABC.中国', 'abc.中国'],
  ])('makes %j %j', (name, folded) => {
    expect(foldName(name)).toBe(folded)
  })

  test('folds to the same again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(foldName(foldName(name))).toBe(foldName(name))
      }),
      { numRuns: 2000 },
    )
  })

  test('does not depend on composition or width', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(foldName(name.normalize('NFD'))).toBe(foldName(name))
        expect(foldName(` ${name.normalize('NFKC')} `)).toBe(foldName(name))
      }),
    )
  })
})
