import type { FastifyInstance } from 'fastify'
import type { Service } from '../../operations/platform/execute.ts'
import { serve } from './route.ts'
import { routes } from '../routes.ts'

/** Serves the URL table. */
export async function rest(app: FastifyInstance, service: Service): Promise<void> {
  for (const line of routes) serve(app, service, line)
}
