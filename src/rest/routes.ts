import { dossierRoutes } from './dossier.ts'
import { feedsRoutes } from './feeds.ts'
import { organisationRoutes } from './organisation.ts'
import { platformRoutes } from './platform.ts'
import type { Route } from './platform/route.ts'
import { segmentationRoutes } from './segmentation.ts'
import { exportStreams } from './streams/exports.ts'
import { importStreams } from './streams/imports.ts'

/** The URL table. */
export const routes: readonly Route[] = [
  ...organisationRoutes,
  ...dossierRoutes,
  ...feedsRoutes,
  ...segmentationRoutes,
  ...platformRoutes,
]

/** Served by hand, since their bodies are streams. */
export const streams: readonly Route[] = [...importStreams, ...exportStreams]
