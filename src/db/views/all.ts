import { classificationViews } from './classifications.ts'
import { consentViews } from './consents.ts'
import { counterViews } from './counter.ts'
import { customerViews } from './customers.ts'
import { holdingViews } from './holdings.ts'
import { importViews } from './imports.ts'
import { journalViews } from './journal.ts'
import { keyDateViews } from './key-dates.ts'
import { noteViews } from './notes.ts'
import { organisationViews } from './organisation.ts'
import { overviewViews } from './overview.ts'
import { peopleViews } from './people.ts'
import { productViews } from './products.ts'
import { refreshViews } from './refreshes.ts'
import { segmentViews } from './segments.ts'
import { tierViews } from './tiers.ts'
import { timelineViews } from './timeline.ts'
import { profileViews } from './profiles.ts'
import { teamViews } from './teams.ts'
import { valueViews } from './value.ts'
import type { View } from './view.ts'

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
