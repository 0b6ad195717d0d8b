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

/** The rows that may get a place, from the top down, and what their codes stand for. */
interface Candidates {
  readonly places: readonly Place[]
  readonly byCode: ReadonlyMap<string, Place>
}

/** Refuses codes of others and circles, and puts the rest in the order in which they get their places. */
export function candidatesFor(places: readonly Place[], tree: Tree, outcomes: Outcomes): Candidates {
  const storedByCode = new Map(tree.institutions.map((one) => [one.code, one]))
  const byCode = new Map<string, Place>()
  for (const place of places) {
    const holder = storedByCode.get(place.code)
    if ((holder && holder.id !== place.before?.id) || byCode.has(place.code)) {
      outcomes.refuse(place.line, refusal('code', 'already_exists', `Another institution has the code "${place.code}".`))
    } else byCode.set(place.code, place)
  }
  refuseCycles([...byCode.values()], byCode, outcomes)
  const candidates = [...byCode.values()]
    .filter(({ line }) => !outcomes.refused(line))
    .sort((a, b) => rankOf(a.kind) - rankOf(b.kind))
  return { places: candidates, byCode }
}

/** Gives every candidate that may stand its place, by line; refuses the others. New ones get ids and paths from the top down. */
export function placeInstitutions(
  { places: candidates, byCode }: Candidates,
  tree: Tree,
  use: ReadonlyMap<string, Use>,
  { newId, newShortId }: { readonly newId: () => string; readonly newShortId: () => bigint },
  outcomes: Outcomes,
): ReadonlyMap<number, Placed> {
  const storedByCode = new Map(tree.institutions.map((one) => [one.code, one]))
  const placed = new Map<number, Placed>()
  const parentOf = (place: Place): Placed | undefined => {
    const inBatch = byCode.get(place.parentCode!)
    const stored = storedByCode.get(place.parentCode!)
    return inBatch ? placed.get(inBatch.line) : stored?.inScope ? stored : undefined
  }
  let hasRoot = tree.hasRoot
  for (const place of candidates) {
    const { line, before, code, kind, status } = place
    const own = { code, kind, status }
    if (before) {
      const refused = moveRefusal(place, storedByCode, byCode) ?? kindRefusal(place, use, placed)
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
      else placed.set(line, { ...own, id: newId(), parentId: null, path: `/${newShortId()}/` })
      hasRoot ||= placed.has(line)
      continue
    }
    const parent = parentOf(place)
    if (!parent) outcomes.refuse(line, unknownReference('parentCode', 'institution', place.parentCode))
    else if (rankOf(parent.kind) >= rankOf(kind))
      outcomes.refuse(
        line,
        refusal('kind', 'invalid_input', `${capitalised(kindText(kind))} cannot be placed below ${kindText(parent.kind)}.`),
      )
    else if (parent.status === 'closed' && status === 'active')
      outcomes.refuse(line, refusal('parentCode', 'conflict', `The institution "${place.parentCode}" is closed.`))
    else placed.set(line, { ...own, id: newId(), parentId: parent.id, path: `${parent.path}${newShortId()}/` })
  }
  refuseClosings(candidates, use, placed, outcomes)
  return placed
}

/** New institutions whose chain of parents leads back to themselves. Each is walked once. */
function refuseCycles(places: readonly Place[], byCode: ReadonlyMap<string, Place>, outcomes: Outcomes): void {
  const walkedBy = new Map<Place, Place>()
  for (const start of places) {
    const walk: Place[] = []
    let at: Place | undefined = start
    while (at && !at.before && !walkedBy.has(at)) {
      walkedBy.set(at, start)
      walk.push(at)
      at = at.parentCode === undefined ? undefined : byCode.get(at.parentCode)
    }
    if (!at || at.before || walkedBy.get(at) !== start) continue
    for (const { line, code } of walk.slice(walk.indexOf(at))) {
      outcomes.refuse(line, refusal('parentCode', 'cycle', `The parents of "${code}" lead back to itself.`))
    }
  }
}

function moveRefusal(
  { before, code, parentCode }: Place,
  storedByCode: ReadonlyMap<string, Placement>,
  byCode: ReadonlyMap<string, Place>,
) {
  if (parentCode === undefined || parentCode === before!.parentCode) return undefined
  const renamed = byCode.get(parentCode)
  const parentId = renamed?.before?.id ?? (renamed ? 'new' : storedByCode.get(parentCode)?.id)
  if (parentId === undefined) return unknownReference('parentCode', 'institution', parentCode)
  if (parentId === before!.parentId) return undefined
  const where = before!.parentCode === null ? 'is the head office' : `is below "${before!.parentCode}"`
  return refusal(
    'parentCode',
    'institution_move_unsupported',
    `The institution "${code}" ${where}. It cannot move below "${parentCode}".`,
  )
}

function kindRefusal({ before, kind }: Place, use: ReadonlyMap<string, Use>, placed: ReadonlyMap<number, Placed>) {
  if (kind === before!.kind) return undefined
  const above = [...placed.values()].find(({ id }) => id === before!.parentId)?.kind ?? before!.parentKind
  const below = use.get(before!.id)?.children ?? []
  const fits =
    (above ? rankOf(above) < rankOf(kind) : kind === 'head_office') && below.every((child) => rankOf(child.kind) > rankOf(kind))
  return fits
    ? undefined
    : refusal('kind', 'conflict', `${capitalised(kindText(kind))} does not fit between the institutions above and below it.`)
}

/** From the lowest up, so that one feed may close a branch with all that is below it. */
function refuseClosings(
  places: readonly Place[],
  use: ReadonlyMap<string, Use>,
  placed: Map<number, Placed>,
  outcomes: Outcomes,
): void {
  const closing = places.filter(
    ({ before, status, line }) => before?.status === 'active' && status === 'closed' && placed.has(line),
  )
  const closed = new Set([...placed.values()].filter(({ status }) => status === 'closed').map(({ id }) => id))
  for (const { line, before, code } of closing.sort((a, b) => b.before!.path.length - a.before!.path.length)) {
    const { children = [], staff = false, customers = false } = use.get(before!.id) ?? {}
    const reason = children.some((child) => child.status === 'active' && !closed.has(child.id))
      ? 'institutions'
      : staff
        ? 'staff'
        : customers
          ? 'customers'
          : undefined
    if (reason === undefined) continue
    outcomes.refuse(line, refusal('status', 'in_use', `The institution "${code}" still has active ${reason}.`))
    placed.delete(line)
    closed.delete(before!.id)
  }
}

/** What hangs on an institution. */
export interface Use {
  readonly children: readonly { readonly id: string; readonly kind: InstitutionKind; readonly status: 'active' | 'closed' }[]
  readonly staff: boolean
  readonly customers: boolean
}
