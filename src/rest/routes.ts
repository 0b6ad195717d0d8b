import { analysisRoutes } from './analyses.ts'
import { auditRoutes } from './audit.ts'
import { classificationRoutes } from './classifications.ts'
import { consentRoutes } from './consents.ts'
import { counterRoutes } from './counter.ts'
import { customerGroupRoutes } from './customer-groups.ts'
import { customerRoutes } from './customers.ts'
import { dossierNoteRoutes } from './dossier-notes.ts'
import { exportStreams } from './streams/exports.ts'
import { holdingRoutes } from './holdings.ts'
import { identityRoutes } from './identity.ts'
import { importRoutes, importStreams } from './streams/imports.ts'
import { keyDateRoutes } from './key-dates.ts'
import { keyPersonRoutes } from './key-people.ts'
import { organisationRoutes } from './organisation.ts'
import { profileRoutes } from './profiles.ts'
import { relationshipRoutes } from './relationships.ts'
import { segmentationRoutes } from './segmentation.ts'
import { timelineRoutes } from './timeline.ts'
import type { Route } from './platform/route.ts'
import { stageRoutes } from './stages.ts'
import { teamRoutes } from './teams.ts'
import { tierRoutes } from './tiers.ts'

/** The URL table. */
export const routes: readonly Route[] = [
  ...organisationRoutes,
  ...customerRoutes,
  ...timelineRoutes,
  ...teamRoutes,
  ...keyDateRoutes,
  ...consentRoutes,
  ...identityRoutes,
  ...counterRoutes,
  ...holdingRoutes,
  ...relationshipRoutes,
  ...keyPersonRoutes,
  ...customerGroupRoutes,
  ...dossierNoteRoutes,
  ...segmentationRoutes,
  ...analysisRoutes,
  ...tierRoutes,
  ...classificationRoutes,
  ...profileRoutes,
  ...stageRoutes,
  ...importRoutes,
  ...auditRoutes,
]

/** Served by hand, since their bodies are streams. */
export const streams: readonly Route[] = [...importStreams, ...exportStreams]
