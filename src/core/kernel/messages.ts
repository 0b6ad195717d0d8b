import { z } from 'zod'

/** The message for a field that is missing, whatever its type. */
export const required = 'Required.'

const needed: Readonly<Record<string, string>> = {
  boolean: 'Must be true or false.',
  int: 'Must be an integer.',
  number: 'Must be a number.',
  string: 'Must be a string.',
  array: 'Must be a list.',
  object: 'Must be an object.',
}

/** What a value of another type is told. A CSV file knows no types of JSON: the message says what to write. */
function typeNeeded({ expected, inst }: z.core.$ZodRawIssue): string | undefined {
  const isWhole = inst instanceof z.ZodNumber && inst.isInt
  return needed[isWhole ? 'int' : String(expected)]
}

z.config({
  customError(issue) {
    if (issue.code !== 'invalid_type' && issue.code !== 'invalid_value') return undefined
    if (issue.input === undefined) return required
    if (issue.input === null) return 'null is not allowed: omit the field.'
    return issue.code === 'invalid_type' ? typeNeeded(issue) : undefined
  },
})
