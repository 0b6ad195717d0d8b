import { isLongerThan, type FieldValue, type ParsedRow, type RecordGrammar, type RowError, type RowLimits } from './rows.ts'

type Fields = Readonly<Record<string, FieldValue>>

const maximumDepth = 32

/** Newline-delimited JSON: one object per line, CRLF or LF. Members are not looked up here: unknown ones are for the schema of the import. Blank lines are passed over. */
export function ndjsonGrammar(limits: RowLimits): RecordGrammar {
  function read(raw: string, line: number): ParsedRow | undefined {
    const start = raw.search(/[^ \t\r]/)
    if (start === -1) return undefined
    // A look at the first character spares a million failing parses when the file is no NDJSON at all.
    if (raw[start] !== '{') return { line, raw, error: notAnObject }
    const parsed = parsedObject(raw)
    if ('error' in parsed) return { line, raw, error: parsed.error }
    const error = memberError(raw, parsed.fields, limits)
    return error ? { line, raw, error } : { line, raw, fields: parsed.fields }
  }

  return {
    header: () => undefined,
    endOf: (text, from) => text.indexOf('\n', from),
    skip: (text) => text.indexOf('\n'),
    isQuoteOpen: () => false,
    read,
    refuse: (raw, line, error) => ({ line, raw, error }),
    end: () => undefined,
  }
}

const notAnObject: RowError = { code: 'not_an_object', message: 'Each line must be one JSON object, beginning with {.' }

function parsedObject(raw: string): { readonly fields: Fields } | { readonly error: RowError } {
  try {
    return { fields: JSON.parse(raw) as Fields }
  } catch (error) {
    return { error: raw.includes('\0') ? nulInLine : syntaxError(error) }
  }
}

const nulInLine: RowError = { code: 'nul_character', message: 'The line contains a NUL character.' }

/** The parser's own message is not passed on: it quotes the line. */
function syntaxError(error: unknown): RowError {
  const position = /position (\d+)/.exec(String(error))?.[1]
  const message =
    position === undefined ? 'The line is not valid JSON.' : `The line is not valid JSON from character ${Number(position) + 1}.`
  return { code: 'invalid_json', message }
}

/** Only escapes can bring in NUL, half characters and hidden keys, and only a long line a long text: other lines without nesting need no walk. */
function memberError(raw: string, fields: Fields, limits: RowLimits): RowError | undefined {
  const suspicious = raw.includes('\\u') || raw.includes('__proto__') || raw.length * 3 > limits.fieldBytes
  return suspicious || hasNested(fields) ? objectError(fields, '', 1, limits) : undefined
}

function hasNested(fields: Fields): boolean {
  for (const key in fields) if (typeof fields[key] === 'object' && fields[key] !== null) return true
  return false
}

function objectError(value: object, path: string, depth: number, limits: RowLimits): RowError | undefined {
  if (depth > maximumDepth)
    return { code: 'nested_too_deep', message: `Objects and lists are nested more than ${maximumDepth} deep.` }
  for (const key of Object.keys(value)) {
    const error = memberFault(key, (value as Fields)[key], path === '' ? key : `${path}.${key}`, depth, limits)
    if (error) return error
  }
  return undefined
}

function memberFault(key: string, value: unknown, path: string, depth: number, limits: RowLimits): RowError | undefined {
  if (key === '__proto__') return { code: 'forbidden_key', message: 'A member must not be named __proto__.' }
  if (typeof value === 'object' && value !== null) return objectError(value, path, depth + 1, limits)
  return (
    textError(key) ?? (typeof value === 'string' ? withField(path, textError(value) ?? lengthError(value, limits)) : undefined)
  )
}

function textError(text: string): RowError | undefined {
  if (text.includes('\0')) return { code: 'nul_character', message: 'NUL characters cannot be stored.' }
  if (!text.isWellFormed()) return { code: 'invalid_unicode', message: 'An unpaired surrogate is not a character.' }
  return undefined
}

function lengthError(text: string, limits: RowLimits): RowError | undefined {
  return isLongerThan(text, limits.fieldBytes)
    ? { code: 'field_too_long', message: `This field is longer than ${limits.fieldBytes} bytes.` }
    : undefined
}

function withField(field: string, error: RowError | undefined): RowError | undefined {
  return error && { field, ...error }
}
