import { customerOperations } from './customers.ts'
import type { Operation } from './operation.ts'

/** All that the service can do. */
export const operations: readonly Operation[] = [...customerOperations]
