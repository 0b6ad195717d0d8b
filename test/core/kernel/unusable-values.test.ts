import { describe, expect, test } from 'vitest'
import { defaultPlaceholders, isBroken, placeholdersOf, unusableText } from '../../../src/core/kernel/unusable-values.ts'

const placeholders = placeholdersOf(defaultPlaceholders)

describe('a text of a feed', () => {
  test.each([
    ['NULL', 'name', 'placeholder'],
    ['\\N', 'number', 'placeholder'],
    ['???', 'name', 'placeholder'],
    ['？？', 'name', 'placeholder'],
    ['无', 'number', 'placeholder'],
    [' 不详 ', 'text', 'placeholder'],
    ['--', 'text', 'placeholder'],
    ['Ｎ／Ａ', 'text', 'placeholder'],
    ['110***********0062', 'number', 'masked'],
    ['110101XXXXXXXX0062', 'number', 'masked'],
    ['138＊＊＊＊5678', 'number', 'masked'],
    ['张*', 'name', 'masked'],
    ['l***@example.com', 'text', 'masked'],
    ['1.10101E+17', 'number', 'spreadsheet'],
    ['6.22202E+15', 'number', 'spreadsheet'],
    ["'110101199003070062", 'number', 'apostrophe'],
    ['’110101199003070062', 'number', 'apostrophe'],
    ['张\ufffd', 'name', 'wrong_encoding'],
    ['锟斤拷', 'name', 'wrong_encoding'],
    ['å¼\u00a0ä¸‰', 'name', 'wrong_encoding'],
    ['MÃ¼ller', 'name', 'wrong_encoding'],
    ['ÕÅÈý·á', 'name', 'wrong_encoding'],
    ['ÕÅÈý', 'name', 'wrong_encoding'],
    ['ÍõÐ¡Ã÷', 'name', 'wrong_encoding'],
    ['寮犱笁', 'name', 'wrong_encoding'],
    ['娣卞湷甯傚崡灞卞尯', 'text', 'wrong_encoding'],
  ] as const)('%j as a %s is %s', (text, kind, rule) => {
    expect(unusableText(text, kind, placeholders)).toBe(rule)
  })

  test.each([
    ['王小明', 'name'],
    ['阿卜杜拉·买买提', 'name'],
    ["'t Hooft", 'name'],
    ["O'Neil", 'name'],
    ['Nulle', 'name'],
    ['Nguyễn Thị Ánh', 'name'],
    ['Müller', 'name'],
    ['Åse Ångström', 'name'],
    ['François', 'name'],
    ['深圳市南山区科技园', 'text'],
    ['110101199003070062', 'number'],
    ['1101011990030700', 'number'],
    ['E7654321', 'number'],
    ['C0000123', 'number'],
    ['110101199003070000', 'number'],
    ['XX公司', 'name'],
  ] as const)('%j as a %s is a value', (text, kind) => {
    expect(unusableText(text, kind, placeholders)).toBeUndefined()
  })

  test('that was read as GBK although it was UTF-8 is told from names that are right', () => {
    const names = [
      '欧阳娜娜',
      '司马相如',
      '爱新觉罗',
      '中国工商银行',
      '深圳市腾讯计算机系统有限公司',
      '鑫淼垚',
      '赵钱孙李周吴郑王',
      '冯陈褚卫蒋沈韩杨',
    ]
    for (const name of names) {
      expect(isBroken(name), name).toBe(false)
      const read = new TextDecoder('gbk').decode(new TextEncoder().encode(name))
      expect(isBroken(read), read).toBe(true)
    }
  })
})
