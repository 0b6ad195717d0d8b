import { readFileSync } from 'node:fs'
import { buildSchema, parse, validate } from 'graphql'

const schemaFile = new URL('../../schema.graphql', import.meta.url)
const MAX_SHOWN = 5

/** The persisted documents of a JSON file, text by id. Throws an `Error` whose message is the rule that the file breaks. */
export function readDocuments(file: string): ReadonlyMap<string, string> {
  const documents = new Map(Object.entries(textsIn(file)))
  const schema = buildSchema(readFileSync(schemaFile, 'utf8'))
  const faults = [...documents].flatMap(([id, text]) => {
    const fault = faultOf(schema, text)
    return fault === undefined ? [] : [`${JSON.stringify(id)}: ${fault}`]
  })
  if (faults.length > 0) {
    const more = faults.length > MAX_SHOWN ? ` And ${faults.length - MAX_SHOWN} more.` : ''
    throw new Error(`must contain documents that are valid in schema.graphql. ${faults.slice(0, MAX_SHOWN).join(' ')}${more}`)
  }
  return documents
}

function textsIn(file: string): Readonly<Record<string, string>> {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(`must name a readable JSON file: ${code ? `${file} cannot be read (${code})` : message}`, { cause: error })
  }
  if (
    typeof content !== 'object' ||
    content === null ||
    Array.isArray(content) ||
    !Object.values(content).every((text) => typeof text === 'string')
  )
    throw new Error('must name a JSON file with one object: document texts by ID')
  return content as Readonly<Record<string, string>>
}

function faultOf(schema: ReturnType<typeof buildSchema>, text: string): string | undefined {
  try {
    return validate(schema, parse(text))[0]?.message
  } catch (error) {
    return (error as Error).message
  }
}
