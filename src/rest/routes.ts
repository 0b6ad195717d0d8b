import { auditRoutes } from './audit.ts'
import { consentRoutes } from './consents.ts'
import { counterRoutes } from './counter.ts'
import { customerRoutes } from './customers.ts'
import { holdingRoutes } from './holdings.ts'
import { identityRoutes } from './identity.ts'
import { importRoutes, importStreams } from './imports.ts'
import { keyDateRoutes } from './key-dates.ts'
import { organisationRoutes } from './organisation.ts'
import type { Route } from './route.ts'

/** The URL table. */
export const routes: readonly Route[] = [
  ...organisationRoutes,
  ...customerRoutes,
  ...keyDateRoutes,
  ...consentRoutes,
  ...identityRoutes,
  ...counterRoutes,
  ...holdingRoutes,
  ...importRoutes,
  ...auditRoutes,
]

/** Served by hand, since their bodies are streams. */
export const streams: readonly Route[] = importStreams
