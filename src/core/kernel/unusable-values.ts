import type { Day } from './calendar.ts'

/** Why a text of a feed is no value. */
export const unusableRules = ['placeholder', 'masked', 'spreadsheet', 'apostrophe', 'wrong_encoding'] as const
export type UnusableRule = (typeof unusableRules)[number]

/** What systems write where they have nothing to say. A bank may set its own. */
export interface PlaceholderPolicy {
  /** Texts that stand for no value, whatever their case. */
  readonly texts: readonly string[]
  /** Days that systems fill in where they know none: taken with a warning. */
  readonly days: readonly Day[]
}

/** Ours to choose, from what exports of databases and spreadsheets hold. */
export const defaultPlaceholders: PlaceholderPolicy = {
  texts: [
    'null',
    '(null)',
    '<null>',
    '[null]',
    '\\N',
    'nil',
    'none',
    'n/a',
    '#n/a',
    'nan',
    'undefined',
    'unknown',
    'not available',
    '#ref!',
    '#value!',
    '#name?',
    '#null!',
    '#num!',
    '#div/0!',
    '无',
    '無',
    '没有',
    '暂无',
    '不详',
    '不詳',
    '未知',
    '未填',
    '未填写',
    '待补',
    '待补充',
    '空',
    '空值',
  ],
  days: ['1800-01-01', '1899-12-30', '1899-12-31', '1900-01-01', '1900-01-02', '1901-01-01', '1970-01-01', '9999-12-31'],
}

/** Looks up the texts of a policy. */
export interface Placeholders {
  readonly isText: (text: string) => boolean
  readonly isDay: (day: Day) => boolean
}

const folded = (text: string): string => text.normalize('NFKC').trim().toLowerCase()

export function placeholdersOf({ texts, days }: PlaceholderPolicy): Placeholders {
  const known = new Set(texts.map(folded))
  const knownDays = new Set(days)
  return {
    // Question marks, dashes and dots alone say nothing in any bank.
    isText: (text) => known.has(folded(text)) || /^[?？\-–—_.。·/\\\s]+$/u.test(text),
    isDay: (day) => knownDays.has(day),
  }
}

/** What a field holds, which decides what else makes it unusable. `number`: of a document, a phone, an account, or an external ID. */
export type TextKind = 'name' | 'number' | 'text'

const maskCharacter = /[*＊●○◯■□█▇✱∗※×✕]/u
const maskedNumber = /[xX]{3,}|#{2,}/u
const scientific = /^[+-]?\d+(?:\.\d+)?[eE][+-]?\d+$/

/** Why the text is no value, or undefined. */
export function unusableText(text: string, kind: TextKind, placeholders: Placeholders): UnusableRule | undefined {
  if (placeholders.isText(text)) return 'placeholder'
  if (maskCharacter.test(text) || (kind === 'number' && maskedNumber.test(text))) return 'masked'
  if (kind === 'number' && scientific.test(text.trim())) return 'spreadsheet'
  if (kind === 'number' && /^['’‘`]/u.test(text.trim())) return 'apostrophe'
  return isBroken(text) ? 'wrong_encoding' : undefined
}

export const unusableMessages: Readonly<Record<UnusableRule, string>> = {
  placeholder: 'A placeholder is no value: leave the field empty.',
  masked: 'A masked value is no value: send it whole or leave the field empty.',
  spreadsheet: 'The number was rounded by a spreadsheet: export the column as text.',
  apostrophe: 'The number begins with an apostrophe: export the column as plain text.',
  wrong_encoding: 'The text was read in a wrong encoding: send the file as UTF-8, or name its charset.',
}

/** Whether a text was decoded with a wrong character set on its way: a replacement character, or UTF-8 read as Latin-1, Windows-1252 or GBK, or GBK read as Latin-1. */
export function isBroken(text: string): boolean {
  if (/^[ -~]*$/.test(text)) return false
  if (text.includes('\ufffd')) return true
  if (/锟斤拷|烫烫烫|屯屯屯/u.test(text)) return true
  // UTF-8 read as Latin-1 or Windows-1252: a lead byte and the continuation bytes that it asks for.
  if (/[ÃÂ][\u0080-\u00bf]|[à-ï][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]{2}/u.test(text)) return true
  // GBK read as Latin-1: pairs of the upper half, and nothing of the lower.
  if (/^(?:[\u0081-\u00ff]{2}){2,}$/u.test(text)) return true
  return isUtf8ReadAsGbk(text)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

let gbkBytes: ReadonlyMap<string, readonly [number, number]> | undefined

/** The two bytes of every character of GBK, made once from what the runtime decodes. */
function bytesOfGbk(): ReadonlyMap<string, readonly [number, number]> {
  if (gbkBytes) return gbkBytes
  const decoder = new TextDecoder('gbk')
  const made = new Map<string, readonly [number, number]>()
  for (let lead = 0x81; lead <= 0xfe; lead++)
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      if (trail === 0x7f) continue
      const text = decoder.decode(Uint8Array.of(lead, trail))
      if (text.length === 1 && text !== '\ufffd') made.set(text, [lead, trail])
    }
  return (gbkBytes = made)
}

/** Chinese text in UTF-8 that was read as GBK is other Chinese text (`张三` becomes `寮犱笁`): its bytes make sense as UTF-8, which those of real names do not. */
function isUtf8ReadAsGbk(text: string): boolean {
  // Three bytes to a character: the shortest such text is of three characters.
  if (text.length < 3 || text.length > 400 || !/^[\u00a0-\uffff]+$/u.test(text)) return false
  const table = bytesOfGbk()
  // Nearly every real name ends here: Chinese characters begin with these bytes in UTF-8.
  const lead = table.get(text[0]!)?.[0]
  if (lead === undefined || lead < 0xe3 || lead > 0xe9) return false
  const bytes: number[] = []
  for (const character of text) {
    const pair = table.get(character)
    if (!pair) return false
    bytes.push(...pair)
  }
  try {
    return /^\p{Script=Han}{2,}$/u.test(utf8.decode(Uint8Array.from(bytes)))
  } catch {
    return false
  }
}
