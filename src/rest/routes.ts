import { customerRoutes } from './customers.ts'
import type { Route } from './route.ts'

/** The URL table. */
export const routes: readonly Route[] = [...customerRoutes]
