/**
 * What graphql says of a document or its variables, without the values that it repeats: a document number of the wrong type would stand in the answer, and in the log of whoever
 * writes answers down.
 */
export function withoutValues(message: string): string {
  const variable = /^Variable "(\$\w+)" got invalid value [^]*?(?: at "([\w.[\]]+)")?; ([^]*)$/.exec(message)
  if (variable) {
    const [, name, path, reason = ''] = variable
    return `Variable "${name}" got an invalid value${path === undefined ? '' : ` at "${path}"`}; ${withoutValue(reason)}`
  }
  return withoutValue(message)
}

function withoutValue(reason: string): string {
  return reason
    .replace(/((?:\w+|Enum "\w+") cannot represent[^:]*): [^]*$/, '$1.')
    .replace(/Value "[^]*" does not exist in "(\w+)" enum[^]*$/, 'The value does not exist in "$1" enum.')
    .replace(/(Expected value of type "[^"]+"), found [^]*$/, '$1.')
    .replace(/^(Syntax Error: [^]*?)((?:Block)?String|Int|Float) "[^]*"([^"]*)$/, '$1$2$3')
}
