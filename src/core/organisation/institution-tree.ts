import { refusal, unknownReference } from '../kernel/feed.ts'
import { type InstitutionKind, institutionKinds, kindText } from './institutions.ts'
import { type Outcomes } from '../kernel/feed-batch.ts'

/** An institution as the tree sees it. */
export interface Placement {
  readonly id: string
  readonly code: string
  readonly kind: InstitutionKind
  readonly status: 'active' | 'closed'
  readonly parentId: string | null
  readonly parentCode: string | null
  readonly path: string
  readonly inScope: boolean
}

/** What a row wants an institution to be; `before` is what is stored. */
export interface Place {
  readonly line: number
  readonly before: (Placement & { readonly parentKind?: InstitutionKind | null }) | undefined
  readonly code: string
  readonly kind: InstitutionKind
  readonly status: 'active' | 'closed'
  readonly parentCode: string | undefined
}

export type Placed = Pick<Placement, 'id' | 'code' | 'kind' | 'status' | 'parentId' | 'path'>

/** What is stored of the tree, and what the caller may do there. */
export interface Tree {
  readonly institutions: readonly Placement[]
  readonly hasRoot: boolean
  readonly mayPlantRoot: boolean
}

const capitalised = (text: string): string => text[0]!.toUpperCase() + text.slice(1)
const rankOf = (kind: InstitutionKind): number => institutionKinds.indexOf(kind)

/** Whether a row changes what other rows are judged by: the code, level or state of an institution that is stored. */
export function changesPlace({ before, code, kind, status }: Place): boolean {
  return before !== undefined && (before.code !== code || before.kind !== kind || before.status !== status)
}

/** Refuses codes of others. */
export function withOwnCode(places: readonly Place[], tree: Tree, outcomes: Outcomes): readonly Place[] {
  const storedByCode = new Map(tree.institutions.map((one) => [one.code, one]))
  return places.filter(({ line, before, code }) => {
    const holder = storedByCode.get(code)
    if (!holder || holder.id === before?.id) return true
    outcomes.refuse(line, refusal('code', 'already_exists', `Another institution has the code "${code}".`))
    return false
  })
}

/**
 * Gives every row that may stand its place, by line, in the order of the lines: a parent comes before its children. Refuses the others. The codes of the
 * rows differ, and one that changes its place stands alone.
 */
export function placeInstitutions(
  places: readonly Place[],
  tree: Tree,
  use: ReadonlyMap<string, Use>,
  { newId, newShortId }: { readonly newId: () => string; readonly newShortId: () => bigint },
  outcomes: Outcomes,
): ReadonlyMap<number, Placed> {
  const storedByCode = new Map(tree.institutions.map((one) => [one.code, one]))
  const placed = new Map<number, Placed>()
  const newByCode = new Map<string, Placed>()
  const parentOf = (code: string): Placed | undefined => {
    const stored = storedByCode.get(code)
    return newByCode.get(code) ?? (stored?.inScope ? stored : undefined)
  }
  const plant = (line: number, place: Placed): void => {
    placed.set(line, place)
    newByCode.set(place.code, place)
  }
  let hasRoot = tree.hasRoot
  for (const place of places) {
    const { line, before, code, kind, status } = place
    const own = { code, kind, status }
    if (before) {
      const refused = moveRefusal(place, parentOf) ?? kindRefusal(place, use)
      if (refused) outcomes.refuse(line, refused)
      else placed.set(line, { ...own, id: before.id, parentId: before.parentId, path: before.path })
      continue
    }
    if (place.parentCode === undefined) {
      if (!tree.mayPlantRoot)
        outcomes.refuse(
          line,
          refusal('parentCode', 'not_permitted', 'parentCode is required: within your scope every institution has a parent.'),
        )
      else if (hasRoot)
        outcomes.refuse(
          line,
          refusal(
            'parentCode',
            'conflict',
            'parentCode is required: a head office already exists, and every other institution has a parent.',
          ),
        )
      else if (kind !== 'head_office')
        outcomes.refuse(line, refusal('kind', 'invalid_input', 'Only a head office has no parent.'))
      else plant(line, { ...own, id: newId(), parentId: null, path: `/${newShortId()}/` })
      hasRoot ||= placed.has(line)
      continue
    }
    const parent = parentOf(place.parentCode)
    if (!parent) outcomes.refuse(line, unknownReference('parentCode', 'institution', place.parentCode))
    else if (rankOf(parent.kind) >= rankOf(kind))
      outcomes.refuse(
        line,
        refusal('kind', 'invalid_input', `${capitalised(kindText(kind))} cannot be placed below ${kindText(parent.kind)}.`),
      )
    else if (parent.status === 'closed' && status === 'active')
      outcomes.refuse(line, refusal('parentCode', 'conflict', `The institution "${place.parentCode}" is closed.`))
    else plant(line, { ...own, id: newId(), parentId: parent.id, path: `${parent.path}${newShortId()}/` })
  }
  refuseClosings(places, use, placed, outcomes)
  return placed
}

function moveRefusal({ before, code, parentCode }: Place, parentOf: (code: string) => Placed | undefined) {
  if (parentCode === undefined || parentCode === before!.parentCode) return undefined
  const parent = parentOf(parentCode)
  if (!parent) return unknownReference('parentCode', 'institution', parentCode)
  if (parent.id === before!.parentId) return undefined
  const where = before!.parentCode === null ? 'is the head office' : `is below "${before!.parentCode}"`
  return refusal(
    'parentCode',
    'institution_move_unsupported',
    `The institution "${code}" ${where}. It cannot move below "${parentCode}".`,
  )
}

function kindRefusal({ before, kind }: Place, use: ReadonlyMap<string, Use>) {
  if (kind === before!.kind) return undefined
  const above = before!.parentKind
  const below = use.get(before!.id)?.children ?? []
  const fits =
    (above ? rankOf(above) < rankOf(kind) : kind === 'head_office') && below.every((child) => rankOf(child.kind) > rankOf(kind))
  return fits
    ? undefined
    : refusal('kind', 'conflict', `${capitalised(kindText(kind))} does not fit between the institutions above and below it.`)
}

/** A branch is closed with all that is below it from the lowest up. */
function refuseClosings(
  places: readonly Place[],
  use: ReadonlyMap<string, Use>,
  placed: Map<number, Placed>,
  outcomes: Outcomes,
): void {
  for (const { line, before, status, code } of places) {
    if (before?.status !== 'active' || status !== 'closed' || !placed.has(line)) continue
    const { children = [], staff = false, customers = false } = use.get(before.id) ?? {}
    const reason = children.some((child) => child.status === 'active')
      ? 'institutions'
      : staff
        ? 'staff'
        : customers
          ? 'customers'
          : undefined
    if (reason === undefined) continue
    outcomes.refuse(line, refusal('status', 'in_use', `The institution "${code}" still has active ${reason}.`))
    placed.delete(line)
  }
}

/** What hangs on an institution. */
export interface Use {
  readonly children: readonly { readonly id: string; readonly kind: InstitutionKind; readonly status: 'active' | 'closed' }[]
  readonly staff: boolean
  readonly customers: boolean
}
