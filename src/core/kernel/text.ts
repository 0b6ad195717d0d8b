export type TextRule = 'nul_character' | 'control_character' | 'invalid_unicode' | 'bidi_control'

export type CleanedText = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly rule: TextRule }

// Line separators U+2028 and U+2029 break a line as a line feed does.
const controls = /[\p{Cc}\u2028\u2029]/u
const controlsButTabAndLineFeed = /(?![\t\n])[\p{Cc}\u2028\u2029]/u
// They reorder what stands around them, so that a reader sees another text than the one stored (CVE-2021-42574).
const bidiControls = /[\u202a-\u202e\u2066-\u2069]/
const invisible = /[\u200b\u2060\ufeff]/g
// A joiner means something after an emoji, its modifiers, and the virama of an Indic script.
const strayJoiner =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca])\u200d/gu
const plain = /^[\x20-\x7e]*$/

/**
 * Makes text from outside fit to be stored and compared: NFC, without outer white space and invisible characters (zero-width space, word
 * joiner, byte order mark, stray joiners). Emoji and characters outside the basic plane stay. Refused: NUL, other C0 and C1 control
 * characters, unpaired surrogates, and controls that override or isolate the direction of writing. `multiple` lines may hold tabs and line
 * feeds; their carriage returns become line feeds.
 */
export function cleanText(text: string, lines: 'single' | 'multiple' = 'single'): CleanedText {
  if (plain.test(text)) return { ok: true, value: text.trim() }
  if (text.includes('\0')) return { ok: false, rule: 'nul_character' }
  if (!text.isWellFormed()) return { ok: false, rule: 'invalid_unicode' }
  if (bidiControls.test(text)) return { ok: false, rule: 'bidi_control' }
  const unified = lines === 'multiple' ? text.replace(/\r\n?/g, '\n') : text
  const value = unified.replace(invisible, '').normalize('NFC').replace(strayJoiner, '').normalize('NFC').trim()
  if ((lines === 'multiple' ? controlsButTabAndLineFeed : controls).test(value)) return { ok: false, rule: 'control_character' }
  return { ok: true, value }
}

/**
 * CJK radicals (U+2E80 to U+2EF3) that PDFs and some keyboards write for the characters they look like, and that no normalisation folds: from the Unicode data file
 * EquivalentUnifiedIdeograph, those that are whole characters.
 */
const radicals = new Map(
  '⺀冫⺁厂⺈刀⺌小⺍小⺒巳⺓幺⺗心⺜日⺝月⺟母⺠民⺢氺⺩王⺫目⺬示⺰纟⺶羊⺷羊⺹耂⺻聿⺼肉⺽臼⻁虎⻃覀⻄西⻅见⻆角⻈讠⻉贝⻋车⻌辶⻍辶⻏阝⻐钅⻑長⻒镸⻓长⻔门⻖阝⻗雨⻘青⻙韦⻚页⻛风⻜飞⻝食⻟飠⻠饣⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫斉⻬齐⻭歯⻮齿⻯竜⻰龙⻱龜⻲亀⻳龟'
    .match(/../gu)!
    .map(([radical, character]) => [radical!, character!] as const),
)
const anyRadical = /[\u2e80-\u2ef3]/gu

/**
 * Folds a name to the form in which names are searched, on write and on query alike: half-width, lower case, without Latin, Greek and
 * Cyrillic diacritics and invisible characters, radicals as the characters that they look like, single spaces. Between Chinese characters dots of all kinds, spaces and hyphens are
 * one middle dot (as in 阿卜杜拉·买买提); a name of two characters that is padded to three places is those two.
 */
export function foldName(name: string): string {
  return name
    .replace(anyRadical, (radical) => radicals.get(radical) ?? radical)
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\u0300-\u036f\p{Cf}]/gu, '')
    .normalize('NFKC')
    .replace(/[•‧∙⋅・]/g, '·')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^(\p{Script=Han}) (\p{Script=Han})$/u, '$1$2')
    .replace(/(?<=\p{Script=Han})[\s·.。｡．\p{Pd}_]+(?=\p{Script=Han})/gu, '·')
}
