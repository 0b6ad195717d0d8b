import { z } from 'zod'

/** What is said of a field that is missing, whatever its type. */
export const required = 'This is required.'

z.config({
  customError: ({ input, code }) =>
    input === undefined && (code === 'invalid_type' || code === 'invalid_value') ? required : undefined,
})
