import { z } from 'zod'

/** What is said of a field that is missing, whatever its type. */
export const required = 'This is required.'

const needed: Readonly<Record<string, string>> = {
  boolean: 'true or false is needed.',
  int: 'A whole number is needed.',
  number: 'A number is needed.',
  string: 'Text is needed.',
  array: 'A list is needed.',
  object: 'An object is needed.',
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
    if (issue.input === null) return 'null is not taken: leave the field out.'
    return issue.code === 'invalid_type' ? typeNeeded(issue) : undefined
  },
})
