import {
  type FieldNode,
  type FragmentDefinitionNode,
  getArgumentValues,
  getNamedType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  isObjectType,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql'
import type { SelectedField, Selection } from '../db/platform/views/view.ts'

interface Scope {
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
  readonly variables: Record<string, unknown>
}

/** What a query asks of the field that is being resolved, with fragments and directives worked in: the part of the query that one statement answers. */
export function selectionOf({ fieldNodes, returnType, fragments, variableValues }: GraphQLResolveInfo): Selection {
  const type = getNamedType(returnType)
  const scope: Scope = { fragments, variables: variableValues }
  const selection = new Map<string, SelectedField>()
  if (!isObjectType(type)) return selection
  for (const { selectionSet } of fieldNodes) if (selectionSet) collect(selectionSet, type, scope, selection)
  return selection
}

function collect(selectionSet: SelectionSetNode, type: GraphQLObjectType, scope: Scope, into: Map<string, SelectedField>): void {
  for (const node of selectionSet.selections) {
    if (!isIncluded(node.directives ?? [], scope)) continue
    if (node.kind === 'Field') addField(node, type, scope, into)
    else if (node.kind === 'InlineFragment') collect(node.selectionSet, type, scope, into)
    else {
      const fragment = scope.fragments[node.name.value]
      if (fragment) collect(fragment.selectionSet, type, scope, into)
    }
  }
}

function addField(node: FieldNode, type: GraphQLObjectType, scope: Scope, into: Map<string, SelectedField>): void {
  const field: GraphQLField<unknown, unknown> | undefined = type.getFields()[node.name.value]
  if (!field) return
  const key = (node.alias ?? node.name).value
  const known = into.get(key)
  const inner = new Map(known?.selection)
  const target = getNamedType(field.type)
  if (node.selectionSet && isObjectType(target)) collect(node.selectionSet, target, scope, inner)
  const input = field.args.length === 0 ? {} : getArgumentValues(field, node, scope.variables)
  into.set(key, { name: node.name.value, input, selection: inner })
}

function isIncluded(directives: NonNullable<FieldNode['directives']>, { variables }: Scope): boolean {
  return directives.every(({ name, arguments: given }) => {
    const condition = given?.find((argument) => argument.name.value === 'if')
    if (!condition) return true
    const value = valueFromASTUntyped(condition.value, variables)
    return name.value === 'skip' ? !value : name.value === 'include' ? Boolean(value) : true
  })
}
