import { GraphQLError, GraphQLScalarType, Kind, valueFromASTUntyped } from 'graphql'

/** A scalar that travels as text. Its rules are checked with the operation's input, where the field can be named. */
function textScalar(name: string): GraphQLScalarType {
  const parseValue = (value: unknown): string => {
    if (typeof value === 'string') return value
    throw new GraphQLError(`${name} must be a string.`)
  }
  return new GraphQLScalarType({
    name,
    serialize: (value) => value,
    parseValue,
    parseLiteral(node) {
      if (node.kind === Kind.STRING) return node.value
      throw new GraphQLError(`${name} must be a string.`)
    },
  })
}

/** JSON as it is. */
const json = new GraphQLScalarType({
  name: 'Json',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
})

export const scalars = { Json: json, Day: textScalar('Day'), DateTime: textScalar('DateTime'), Decimal: textScalar('Decimal') }
