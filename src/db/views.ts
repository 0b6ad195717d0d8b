import { classificationViews } from './segmentation/views/classifications.ts'
import { consentViews } from './dossier/views/consents.ts'
import { counterViews } from './dossier/views/counter.ts'
import { customerViews } from './dossier/views/customers.ts'
import { holdingViews } from './feeds/views/holdings.ts'
import { importViews } from './feeds/views/imports.ts'
import { journalViews } from './platform/views/audit.ts'
import { keyDateViews } from './dossier/views/key-dates.ts'
import { noteViews } from './dossier/views/notes.ts'
import { organisationViews } from './organisation/views/organisation.ts'
import { overviewViews } from './dossier/views/overview.ts'
import { peopleViews } from './dossier/views/people.ts'
import { productViews } from './organisation/views/products.ts'
import { refreshViews } from './segmentation/views/refreshes.ts'
import { segmentViews } from './segmentation/views/segments.ts'
import { tierViews } from './segmentation/views/tiers.ts'
import { timelineViews } from './dossier/views/timeline.ts'
import { profileViews } from './dossier/views/profiles.ts'
import { teamViews } from './dossier/views/teams.ts'
import { valueViews } from './segmentation/views/value.ts'
import type { View } from './platform/views/view.ts'

/** Every type that both APIs show and the database is asked for. */
export const views: readonly View[] = [
  ...organisationViews,
  ...productViews,
  ...customerViews,
  ...overviewViews,
  ...timelineViews,
  ...teamViews,
  ...counterViews,
  ...holdingViews,
  ...keyDateViews,
  ...consentViews,
  ...peopleViews,
  ...noteViews,
  ...profileViews,
  ...journalViews,
  ...importViews,
  ...refreshViews,
  ...segmentViews,
  ...valueViews,
  ...tierViews,
  ...classificationViews,
]

const byName = new Map(views.map((view) => [view.name, view]))

/** Throws for a name that no view has: a mistake in a relation's target, which the contract test finds. */
export function viewNamed(name: string): View {
  const found = byName.get(name)
  if (!found) throw new Error(`There is no view ${name}.`)
  return found
}
