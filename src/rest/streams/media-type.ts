import type { BodyEncoding } from './body.ts'
import { importRefusal } from './refusal.ts'

export type BodyFormat = 'csv' | 'ndjson'

const formats: Readonly<Record<string, BodyFormat>> = { 'text/csv': 'csv', 'application/x-ndjson': 'ndjson' }
const encodings: Readonly<Record<string, BodyEncoding>> = { identity: 'identity', gzip: 'gzip', 'x-gzip': 'gzip' }
const charsets: readonly string[] = ['utf-8', 'utf8', 'us-ascii']

/** The format that a `Content-Type` names: `text/csv` or `application/x-ndjson`, in UTF-8. Throws `unsupported_media_type`, and `missing_header` for `header=absent` (RFC 7111). */
export function bodyFormat(contentType: string | undefined): BodyFormat {
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase())
  const format = Object.hasOwn(formats, type) ? formats[type] : undefined
  if (!format)
    throw importRefusal('unsupported_media_type', 'Content-Type of an import must be text/csv or application/x-ndjson.')
  const charset = parameter(parameters, 'charset')
  if (charset !== undefined && !charsets.includes(charset))
    throw importRefusal('unsupported_media_type', 'The charset of an import must be UTF-8.')
  if (format === 'csv' && parameter(parameters, 'header') === 'absent')
    throw importRefusal('missing_header', 'A CSV body must begin with a header row.')
  return format
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
