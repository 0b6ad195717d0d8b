/**
 * The property under which a decoded object holds a selected field: columns under their own name; what takes a selection or arguments
 * under its own name too, or where the caller gave it another, under that one with a mark, so that the same field can be asked twice.
 */
export function propertyOf(responseKey: string, name: string): string {
  return responseKey === name ? name : `@${responseKey}`
}
