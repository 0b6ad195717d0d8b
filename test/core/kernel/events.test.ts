import { describe, expect, test } from 'vitest'
import { events } from '../../../src/core/events.ts'
import type { EventDefinition } from '../../../src/core/kernel/event.ts'

const all = Object.entries<EventDefinition>(events)

describe('the types of events', () => {
  test('are named by their subject and what happened to it', () => {
    for (const [name, { description }] of all) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$/)
      expect(description, name).toMatch(/^[A-Z].*\.$/)
    }
  })

  test('take no payload but the one they declare', () => {
    expect(events['customer.created'].payload.safeParse({}).success).toBe(true)
    expect(events['customer.created'].payload.safeParse({ name: '王芳' }).success).toBe(false)
    expect(events['refresh.done'].payload.safeParse({ kind: 'full' }).success).toBe(true)
    expect(events['refresh.done'].payload.safeParse({ kind: 'half' }).success).toBe(false)
  })
})
