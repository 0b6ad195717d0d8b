import { z } from 'zod'

/** A type of event, as the outbox and the contract have it. */
export interface EventDefinition<P extends z.ZodObject = z.ZodObject> {
  readonly description: string
  /** What it carries beside ids and names of changed fields: ids and counts only, never values of customers. */
  readonly payload: P
  /** False for what the audit log alone records: no event leaves. */
  readonly published: boolean
}

export function event<S extends z.ZodRawShape>(description: string, payload: S = {} as S): EventDefinition<z.ZodObject<S>> {
  return { description, payload: z.strictObject(payload), published: true }
}

/** What the audit log records and nobody is sent. */
export function auditOnly<S extends z.ZodRawShape>(description: string, payload: S = {} as S): EventDefinition<z.ZodObject<S>> {
  return { ...event(description, payload), published: false }
}
