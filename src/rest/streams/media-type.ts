import type { BodyEncoding } from './body.ts'
import { type Separator, separators } from './csv-record.ts'
import { importRefusal } from './refusal.ts'

export type BodyFormat = 'csv' | 'ndjson'

const formats: Readonly<Record<string, BodyFormat>> = { 'text/csv': 'csv', 'application/x-ndjson': 'ndjson' }
const encodings: Readonly<Record<string, BodyEncoding>> = { identity: 'identity', gzip: 'gzip', 'x-gzip': 'gzip' }
export type BodyCharset = 'utf-8' | 'gb18030'

// GBK and GB 2312 are parts of GB 18030.
const charsets: Readonly<Record<string, BodyCharset>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'utf-8',
  gb18030: 'gb18030',
  gbk: 'gb18030',
  gb2312: 'gb18030',
}

/** What a `Content-Type` says of a body. */
export interface BodyType {
  readonly format: BodyFormat
  readonly charset: BodyCharset
  /** Of CSV. */
  readonly separator: Separator
}

/**
 * What a `Content-Type` names: `text/csv` or `application/x-ndjson`, in UTF-8 or `charset=gb18030`; of CSV `separator=comma`, `semicolon` or `tab`. Throws
 * `unsupported_media_type`, and `missing_header` for `header=absent` (RFC 7111).
 */
export function bodyType(contentType: string | undefined): BodyType {
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase())
  const format = Object.hasOwn(formats, type) ? formats[type] : undefined
  if (!format)
    throw importRefusal('unsupported_media_type', 'Content-Type of an import must be text/csv or application/x-ndjson.')
  const named = parameter(parameters, 'charset') ?? 'utf-8'
  const charset = Object.hasOwn(charsets, named) ? charsets[named] : undefined
  if (!charset) throw importRefusal('unsupported_media_type', 'The charset of an import must be utf-8 or gb18030.')
  const separating = parameter(parameters, 'separator') ?? 'comma'
  if (!Object.hasOwn(separators, separating) || (format !== 'csv' && separating !== 'comma'))
    throw importRefusal('unsupported_media_type', 'The separator of a CSV import must be comma, semicolon or tab.')
  if (format === 'csv' && parameter(parameters, 'header') === 'absent')
    throw importRefusal('missing_header', 'A CSV body must begin with a header row.')
  return { format, charset, separator: separators[separating as keyof typeof separators] }
}

/** The encoding that a `Content-Encoding` names: none or gzip, once. Throws `unsupported_encoding`. */
export function bodyEncoding(contentEncoding: string | undefined): BodyEncoding {
  const name = (contentEncoding ?? '').trim().toLowerCase() || 'identity'
  const encoding = Object.hasOwn(encodings, name) ? encodings[name] : undefined
  if (!encoding) throw importRefusal('unsupported_encoding', 'Content-Encoding of an import must be gzip, or omitted.')
  return encoding
}

function parameter(parameters: readonly string[], name: string): string | undefined {
  const found = parameters.find((part) => part.startsWith(`${name}=`))
  return found?.slice(name.length + 1).replace(/^"(.*)"$/, '$1')
}
