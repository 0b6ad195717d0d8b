import type { z } from 'zod'
import { dossierEvents } from './dossier/events.ts'
import { feedEvents } from './feeds/events.ts'
import type { EventDefinition } from './kernel/event.ts'
import { platformEvents } from './kernel/events.ts'
import { organisationEvents } from './organisation/events.ts'
import { segmentationEvents } from './segmentation/events.ts'

/** Every type of event by its name. The union is closed: what is not here cannot be recorded. */
export const events = {
  ...platformEvents,
  ...organisationEvents,
  ...dossierEvents,
  ...feedEvents,
  ...segmentationEvents,
} satisfies Readonly<Record<string, EventDefinition>>

export type EventName = keyof typeof events

/** What an event of this type carries. */
export type EventPayload<N extends EventName> = z.input<(typeof events)[N]['payload']>

/** Subjects that are created and updated, as their events name them. */
export type WrittenSubject = {
  [N in EventName]: N extends `${infer S}.created` ? (`${S}.updated` extends EventName ? S : never) : never
}[EventName]
