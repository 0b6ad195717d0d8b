import { approvalExtensions, approvalViews } from './dossier/views/approvals.ts'
import { classificationExtensions, classificationViews } from './segmentation/views/classifications.ts'
import { consentViews } from './dossier/views/consents.ts'
import { counterNoteViews } from './dossier/views/counter-notes.ts'
import { customerViews } from './dossier/views/customers.ts'
import { holdingExtensions } from './feeds/views/customer-holdings.ts'
import { holdingViews } from './feeds/views/holdings.ts'
import { importViews } from './feeds/views/imports.ts'
import { journalViews } from './platform/views/audit.ts'
import { keyDateViews } from './dossier/views/key-dates.ts'
import { recordViews } from './dossier/views/dossier-records.ts'
import { organisationViews } from './organisation/views/organisation.ts'
import { overviewViews } from './dossier/views/overview.ts'
import { peopleViews } from './dossier/views/people.ts'
import { productViews } from './organisation/views/products.ts'
import { refreshViews } from './segmentation/views/refreshes.ts'
import { segmentExtensions, segmentViews } from './segmentation/views/segments.ts'
import { tierViews } from './segmentation/views/tiers.ts'
import { tierExtensions } from './segmentation/views/customer-tiers.ts'
import { timelineViews } from './dossier/views/timeline.ts'
import { waitingItemViews } from './dossier/views/waiting-items.ts'
import { profileViews } from './dossier/views/profiles.ts'
import { teamViews } from './dossier/views/teams.ts'
import { valueViews } from './segmentation/views/value.ts'
import { assembleViews, type View, type ViewDefinition, type ViewExtension } from './platform/views/view.ts'
import { kindOf } from './schema.ts'

const definitions: readonly ViewDefinition[] = [
  ...organisationViews,
  ...productViews,
  ...customerViews,
  ...overviewViews,
  ...timelineViews,
  ...waitingItemViews,
  ...teamViews,
  ...approvalViews,
  ...counterNoteViews,
  ...holdingViews,
  ...keyDateViews,
  ...consentViews,
  ...peopleViews,
  ...recordViews,
  ...profileViews,
  ...journalViews,
  ...importViews,
  ...refreshViews,
  ...segmentViews,
  ...valueViews,
  ...tierViews,
  ...classificationViews,
]

/** What later rooms add to the views of earlier ones. */
const extensions: readonly ViewExtension[] = [
  ...approvalExtensions,
  ...holdingExtensions,
  ...segmentExtensions,
  ...tierExtensions,
  ...classificationExtensions,
]

const byName = assembleViews(definitions, extensions, kindOf)

/** Every type that both APIs show and the database is asked for. */
export const views: readonly View[] = [...byName.values()]

/** Throws for a name that no view has. */
export function viewNamed(name: string): View {
  const found = byName.get(name)
  if (!found) throw new Error(`There is no view ${name}.`)
  return found
}
