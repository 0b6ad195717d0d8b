import type { z } from 'zod'
import type { Scope } from '../../core/kernel/actors.ts'
import type { Permission } from '../../core/kernel/permissions.ts'
import { permissionsUsed, rowPermissionsOf } from '../../db/platform/views/used-permissions.ts'
import { pageShape } from '../../db/platform/views/connection.ts'
import type { Selection } from '../../db/platform/views/view.ts'
import type { Context, Operation } from './operation.ts'

/** The permissions that the selected relations take, as far as the caller holds them. */
export function usedPermissions({ answer }: Operation, selection: Selection, permits: Context['permits']): readonly Permission[] {
  if (answer.shape === 'value') return []
  const selected = answer.shape === 'page' ? pageShape(selection).map(({ nodes }) => nodes) : [selection]
  return [
    ...new Set([
      ...rowPermissionsOf(answer.view, permits),
      ...selected.flatMap((one) => [...permissionsUsed(answer.view, one, permits)]),
    ]),
  ]
}

export function sameScope(one: Scope, other: Scope): boolean {
  return sameTexts(one.prefixes, other.prefixes) && sameTexts(one.portfolio, other.portfolio) && one.caller === other.caller
}

function sameTexts(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, index) => text === other[index])
}

/** The permissions that decide on the scope: those that the input takes, or the operation's own. All of them must be held. */
export function scopePermissions(operation: Operation, input: z.output<z.ZodObject>): readonly Permission[] {
  const also = operation.alsoNeeds(input)
  return also.length > 0 ? also : [operation.permission]
}
