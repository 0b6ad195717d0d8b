import { auditRoutes } from './audit.ts'
import { counterRoutes } from './counter.ts'
import { customerRoutes } from './customers.ts'
import { holdingRoutes } from './holdings.ts'
import { identityRoutes } from './identity.ts'
import { importRoutes, importStreams } from './imports.ts'
import { organisationRoutes } from './organisation.ts'
import type { Route } from './route.ts'

/** The URL table. */
export const routes: readonly Route[] = [
  ...organisationRoutes,
  ...customerRoutes,
  ...identityRoutes,
  ...counterRoutes,
  ...holdingRoutes,
  ...importRoutes,
  ...auditRoutes,
]

/** Served by hand, since their bodies are streams. */
export const streams: readonly Route[] = importStreams
