import type { Permission } from '../../../core/kernel/permissions.ts'
import type { Selection, View } from './view.ts'
import { pageShape } from './connection.ts'

/** The permissions that the relations of a selection use, as far as the actor holds them. */
export function permissionsUsed(view: View, selection: Selection, permits: (permission: Permission) => boolean): Set<Permission> {
  const used = new Set<Permission>()
  for (const selected of selection.values()) {
    const field = view.fields[selected.name]
    if (!field || field.kind === 'column' || field.kind === 'money' || !permits(field.permission)) continue
    used.add(field.permission)
    if (field.kind === 'computed') continue
    for (const permission of rowPermissionsOf(view.related(field.target), permits)) used.add(permission)
    const inner = field.kind === 'page' ? pageShape(selected.selection).map(({ nodes }) => nodes) : [selected.selection]
    for (const one of inner)
      for (const permission of permissionsUsed(view.related(field.target), one, permits)) used.add(permission)
  }
  return used
}

/** Those of the permissions that decide on a view's rows that the actor holds. */
export function rowPermissionsOf({ rowPermissions }: View, permits: (permission: Permission) => boolean): readonly Permission[] {
  return rowPermissions.filter(permits)
}
