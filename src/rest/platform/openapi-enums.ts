import { readFileSync } from 'node:fs'
import { Kind, parse } from 'graphql'
import { errorCodes } from '../../core/kernel/errors.ts'
import type { NamedEnum } from './openapi-components.ts'

/** Of the names that GraphQL has for the same values, the one that says most. */
const unlike: ReadonlySet<string> = new Set([
  'RelationshipStatus',
  'KeyPersonStatus',
  'GroupStatus',
  'KeyDateStatus',
  'HoldingPartyStatus',
  'CostChannel',
])

/** Values that only REST has. */
const ofRest: readonly NamedEnum[] = [
  {
    name: 'ErrorCode',
    description: 'Why a request was refused; each is explained under `/problems/{code}`.',
    values: errorCodes,
  },
  { name: 'ContentCoding', description: 'How the body is compressed.', values: ['gzip', 'identity'] },
]

/** The enums of `schema.graphql`, of which the contract of REST takes the names, and those that only REST has. */
export function namedEnums(): readonly NamedEnum[] {
  const { definitions } = parse(readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'), { noLocation: true })
  const ofGraphql = definitions.flatMap((one) =>
    one.kind === Kind.ENUM_TYPE_DEFINITION && !unlike.has(one.name.value)
      ? [{ name: one.name.value, description: one.description?.value, values: (one.values ?? []).map(({ name }) => name.value) }]
      : [],
  )
  return [...ofRest, ...ofGraphql]
}
