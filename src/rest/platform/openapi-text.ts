import { Document, isMap, isScalar, isSeq } from 'yaml'
import type { Json } from './openapi-items.ts'

/** Characters up to which a property, a parameter or an answer is one line. */
const LINE_LENGTH = 400
/** Colon and space, or comma and space. */
const SEPARATOR_LENGTH = 2

/** The document as YAML, which readers of YAML 1.1 understand as well: quoted where those would see a date. */
export function yamlOf(document: Json): string {
  const yaml = new Document(document, { aliasDuplicateObjects: false, compat: 'yaml-1.1' })
  joinLines(yaml.contents)
  return yaml.toString({ lineWidth: 0, indentSeq: false, flowCollectionPadding: false })
}

/** The length of a node as one line, in which small ones are then written. */
function joinLines(node: unknown): number {
  if (isScalar(node)) return String(node.value).length
  if (!isMap(node) && !isSeq(node)) return 0
  const lengths = isMap(node)
    ? node.items.map(({ key, value }) => joinLines(key) + SEPARATOR_LENGTH + joinLines(value))
    : node.items.map((item) => joinLines(item))
  const length = lengths.reduce((sum, one) => sum + one + SEPARATOR_LENGTH, 0)
  node.flow = length <= LINE_LENGTH
  return length
}
