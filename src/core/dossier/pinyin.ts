import { pinyin } from 'pinyin-pro'
import { holdsChinese, type Pinyin, type Syllable } from './name-keys.ts'

// What the dictionary reads by the words around it knows simplified characters only.
const simplified: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ...'單单區区蓋盖樂乐繆缪賁贲員员遲迟長长孫孙萬万銀银莊庄慶庆會会計计傳传車车調调種种屬属參参還还覺觉彈弹賈贾廈厦興兴給给當当縣县間间強强𠮷吉',
  ].reduce<[string, string][]>(
    (pairs, character, index, all) => (index % 2 === 0 ? [...pairs, [character, all[index + 1]!]] : pairs),
    [],
  ),
)
const traditional = new RegExp(`[${Object.keys(simplified).join('')}]`, 'gu')

function simplify(text: string): string {
  return text.replace(traditional, (character) => simplified[character]!)
}

const options = { toneType: 'none', type: 'array', v: true } as const

/** Reads a text by the dictionary, each Chinese character by those around it. */
function words(text: string): readonly Syllable[] {
  return simplify(text)
    .split(/(\p{Script=Han}+)/u)
    .filter((run) => run !== '')
    .flatMap((run): readonly Syllable[] =>
      holdsChinese(run)
        ? pinyin(run, options).map((syllable) => ({ text: syllable, chinese: true }))
        : [{ text: run, chinese: false }],
    )
}

/**
 * Surnames whose reading as such the dictionary does not have, or that have two, the usual one first. From general knowledge of Chinese surnames (姓氏读音), as dictionaries of
 * the language list them.
 */
const surnameReadings: Readonly<Record<string, readonly string[]>> = {
  种: ['chong'],
  秘: ['bi', 'mi'],
  佴: ['nai'],
  贠: ['yun'],
  重: ['chong', 'zhong'],
  乐: ['yue', 'le'],
  盖: ['ge', 'gai'],
  覃: ['qin', 'tan'],
  郇: ['xun', 'huan'],
  隗: ['wei', 'kui'],
  祭: ['zhai', 'ji'],
  藏: ['zang', 'cang'],
  谌: ['chen', 'shen'],
  宓: ['mi', 'fu'],
  洗: ['xian', 'xi'],
  黑: ['he', 'hei'],
  乜: ['nie', 'mie'],
  翟: ['zhai', 'di'],
  柏: ['bai', 'bo'],
  牟: ['mou', 'mu'],
  薄: ['bo', 'bao'],
  俞: ['yu', 'shu'],
  宿: ['su', 'xiu'],
  缪: ['miao', 'mou'],
  折: ['she', 'zhe'],
  召: ['shao', 'zhao'],
  曲: ['qu'],
  员: ['yun'],
  句: ['gou', 'ju'],
  那: ['na'],
  厍: ['she'],
  粘: ['nian'],
}

/** What surnames are called. Names come by the million, and their first two characters again and again. */
const surnames = new Map<string, readonly (readonly string[])[]>()
const MAX_CACHED = 20_000

/** The readings of the surname, of one character or two, with which a name of these first characters begins. */
function surname(head: string): readonly (readonly string[])[] {
  const known = surnames.get(head)
  if (known) return known
  const asSurname = (text: string) => pinyin(simplify(text), { ...options, surname: 'head' })
  const both = asSurname(head)
  const [first = ''] = asSurname([...head][0] ?? '')
  const own = surnameReadings[simplify([...head][0] ?? '')] ?? [first]
  const readings = both.length > 1 && both[0] !== first ? [both.slice(0, 2)] : own.map((reading) => [reading])
  if (surnames.size >= MAX_CACHED) surnames.clear()
  surnames.set(head, readings)
  return readings
}

/** Takes 18 MB of memory: loaded where somebody needs it. */
export const dictionary: Pinyin = { words, surname }
