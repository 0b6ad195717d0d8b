import { readdirSync, readFileSync } from 'node:fs'

// Refuses the words that docs/glossary.md and the style of this project do not use: in identifiers, in text shown to people, in the docs.
// Comments are not read.

type Where = 'identifiers' | 'texts' | 'both'

/** A word or phrase as the source of a regular expression over lower-case words parted by spaces; identifiers are split at their humps. */
export interface RefusedWord {
  readonly pattern: string
  readonly where: Where
  readonly instead: string
}

export interface Violation {
  readonly line: number
  readonly found: string
  readonly instead: string
}

export const refusedWords: readonly RefusedWord[] = [
  { pattern: 'told', where: 'both', instead: 'informed, reported, shown; a noun in names' },
  { pattern: 'said', where: 'both', instead: 'given, stated; a noun in names' },
  { pattern: 'says', where: 'identifiers', instead: 'a noun, or states, contains' },
  { pattern: 'kept', where: 'both', instead: 'stored, retained, fulfilled' },
  { pattern: 'keeps?', where: 'identifiers', instead: 'store, assign, retain' },
  { pattern: 'keepable', where: 'both', instead: 'a question about cost or storage' },
  { pattern: 'keepers?', where: 'both', instead: 'assigned staff member, relationship manager' },
  { pattern: 'stands?|stood', where: 'both', instead: 'is, applies, belongs' },
  { pattern: '(?<!credit )standings?', where: 'identifiers', instead: 'status' },
  { pattern: 'looks|looked', where: 'both', instead: 'reads, searches, accesses' },
  { pattern: 'anew', where: 'both', instead: 'again, from scratch' },
  { pattern: 'whom|whomever', where: 'both', instead: 'who, which customers, or name the person' },
  { pattern: 'whoever|wherever', where: 'both', instead: 'the caller, everywhere' },
  { pattern: 'naught|nought', where: 'both', instead: 'nothing, 0' },
  { pattern: 'ours|theirs', where: 'both', instead: 'product_default, the name of the other side' },
  { pattern: 'somebody|nobody', where: 'identifiers', instead: 'person, caller, none' },
  { pattern: 'the one', where: 'identifiers', instead: 'the noun' },
  { pattern: 'begun|asked for', where: 'identifiers', instead: 'started, requested' },
  { pattern: 'mended?', where: 'both', instead: 'fix, correct' },
  { pattern: 'hundredths?', where: 'both', instead: 'percentile, or a bound' },
  { pattern: 'unsettled|not settled', where: 'both', instead: 'at risk' },
  { pattern: 'way out|ways out', where: 'both', instead: 'remedy' },
  { pattern: 'loss makers?|losing customers?', where: 'both', instead: 'unprofitable customers' },
  { pattern: 'to clarify|for clarification|clarify', where: 'both', instead: 'to review' },
  { pattern: 'differs', where: 'identifiers', instead: 'conflicting' },
  { pattern: 'emptied|emptiable', where: 'both', instead: 'cleared, clearable' },
  { pattern: 'fed', where: 'identifiers', instead: 'feed' },
  { pattern: 'over full|overfull', where: 'both', instead: 'over capacity' },
  { pattern: 'ownership', where: 'identifiers', instead: 'assignment' },
  { pattern: 'reassign(?:ed|ments?)?|take overs?', where: 'identifiers', instead: 'assign, assignment' },
  { pattern: 'loss cause|left out', where: 'identifiers', instead: 'reason; excluded' },
  { pattern: 'constant (?:most|longest|fewest|shortest|widest|least)', where: 'identifiers', instead: 'MAX_ or MIN_' },
  { pattern: 'worked out|works out', where: 'texts', instead: 'computed, calculated' },
  { pattern: 'taken back|takes back|take back', where: 'both', instead: 'revoked, cancelled' },
  { pattern: 'holds? no more|held no more', where: 'texts', instead: 'no longer applies' },
  { pattern: '(?:day|days|one|year) (?:not )?to come', where: 'texts', instead: 'in the future' },
  { pattern: 'where (?:it is|one is|they are) missing', where: 'texts', instead: 'by default, if omitted' },
  { pattern: 'people of note|flows? of note', where: 'texts', instead: 'large movement' },
  { pattern: 'the (?:latest|newest|dearest|weightiest) first', where: 'texts', instead: 'newest first' },
]

const matcher = (kind: 'identifiers' | 'texts') => {
  const words = refusedWords.filter(({ where }) => where === 'both' || where === kind)
  const all = new RegExp(`(?<![\\p{L}])(?:${words.map(({ pattern }) => `(${pattern})`).join('|')})(?![\\p{L}])`, 'giu')
  return (text: string) =>
    [...text.matchAll(all)].map((match) => ({
      found: match[0].toLowerCase(),
      at: match.index,
      instead: words[match.slice(1).findIndex((group) => group !== undefined)]!.instead,
    }))
}

const inWords = matcher('identifiers')
const inText = matcher('texts')
const answers = new Map<string, ReturnType<typeof inWords>>()

/** `lossMakers` and `loss_makers` are both "loss makers"; what is written in capitals is a "constant …". */
function inIdentifier(name: string): ReturnType<typeof inWords> {
  const known = answers.get(name)
  if (known) return known
  const constant = /^[A-Z][A-Z\d]*_[A-Z\d_]*$/.test(name) ? 'constant ' : ''
  const words =
    `${constant}${name.replaceAll(/([a-z\d])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3 $2$4').replaceAll(/[_$-]+/g, ' ')}`.toLowerCase()
  const found = /(?<!\w)keep alive/.test(words) ? [] : inWords(words)
  answers.set(name, found)
  return found
}

/** A regular expression follows an operator or a keyword; after a value `/` divides. */
const beforeExpression = /(?:^|[=(,:[!&|?{};+*%<>~^-]|=>|\b(?:return|typeof|case|in|of|await|yield))\s*$/

const token =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"|`|[\p{ID_Start}_$][\p{ID_Continue}$]*|\d[\w.]*|[{}]|\/|\n|[^\S\n]+|./gu
const templateText = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))+|`|\$\{/gu
const expression = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y

/** Refused words in the identifiers and string literals of a TypeScript source. */
export function inTypeScript(source: string): readonly Violation[] {
  const violations: Violation[] = []
  let line = 1
  const report = (found: ReturnType<typeof inWords>, text = '') => {
    for (const { found: word, at, instead } of found)
      violations.push({ line: line + (text.slice(0, at).match(/\n/g)?.length ?? 0), found: word, instead })
  }
  const templates: number[] = []
  let depth = 0
  let at = 0
  const readTemplate = () => {
    templateText.lastIndex = at
    for (let match = templateText.exec(source); match; match = templateText.exec(source)) {
      at = templateText.lastIndex
      if (match[0] === '`') return
      if (match[0] === '${') {
        templates.push(depth)
        return
      }
      report(inText(match[0]), match[0])
      line += match[0].match(/\n/g)?.length ?? 0
    }
  }
  while (at < source.length) {
    token.lastIndex = at
    const [text] = token.exec(source)!
    const first = text[0]!
    if (first === '/' && text.length === 1 && beforeExpression.test(source.slice(Math.max(0, at - 40), at))) {
      expression.lastIndex = at
      const match = expression.exec(source)
      at += match ? match[0].length : 1
      continue
    }
    at += text.length
    if (first === '`') readTemplate()
    else if (first === "'" || first === '"') report(inText(text), text)
    else if (first === '{') depth += 1
    else if (first === '}' && templates.at(-1) === depth) {
      templates.pop()
      readTemplate()
    } else if (first === '}') depth -= 1
    else if (/[\p{ID_Start}_$]/u.test(first)) report(inIdentifier(text))
    line += text.match(/\n/g)?.length ?? 0
  }
  return violations
}

/** Refused words in the names and descriptions of a GraphQL schema. */
export function inSchema(source: string): readonly Violation[] {
  return source.split('\n').flatMap((text, index) => {
    const line = index + 1
    const described = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].flatMap((match) => inText(match[1]!))
    const named = (text.replaceAll(/"(?:[^"\\]|\\.)*"|#.*/g, '').match(/[A-Za-z_]\w*/g) ?? []).flatMap(inIdentifier)
    return [...described, ...named].map(({ found, instead }) => ({ line, found, instead }))
  })
}

/** Refused words in the prose of a Markdown document: code is left out, and so is the last column of the glossary, which lists words not to use. */
export function inMarkdown(source: string, glossary = false): readonly Violation[] {
  let fenced = false
  return source.split('\n').flatMap((text, index) => {
    if (/^\s*(?:```|~~~)/.test(text)) fenced = !fenced
    if (fenced) return []
    const table = glossary && text.startsWith('|') ? text.replace(/\|[^|]*\|\s*$/, '|') : text
    return inText(table.replaceAll(/`[^`]*`|\]\([^)]*\)/g, '')).map(({ found, instead }) => ({ line: index + 1, found, instead }))
  })
}

function filesBelow(root: URL, folder: string, ending: string): readonly string[] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}${file}`)
    .toSorted()
}

if (import.meta.main) {
  const root = new URL('../', import.meta.url)
  const read = (file: string) => readFileSync(new URL(file, root), 'utf8')
  const found = [
    ...filesBelow(root, 'src/', '.ts').map((file) => ({ file, violations: inTypeScript(read(file)) })),
    { file: 'schema.graphql', violations: inSchema(read('schema.graphql')) },
    ...['README.md', 'CONTRIBUTING.md', ...filesBelow(root, 'docs/', '.md')].map((file) => ({
      file,
      violations: inMarkdown(read(file), file === 'docs/glossary.md'),
    })),
  ].flatMap(({ file, violations }) => violations.map(({ line, found: word, instead }) => `${file}:${line} ${word} -> ${instead}`))
  for (const one of found) console.error(one)
  if (found.length > 0) process.exitCode = 1
}
