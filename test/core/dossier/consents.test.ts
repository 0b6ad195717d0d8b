import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  consentDecisions,
  consentPurposes,
  consentRefusal,
  contactChannels,
  contactPreferenceRefusal,
  defaultQuietHours,
  messageClasses,
} from '../../../src/core/dossier/consents.ts'
import {
  classOf,
  contactDecision,
  type ContactFacts,
  localTimeOf,
  messageClassRefusal,
} from '../../../src/core/dossier/contact-decisions.ts'
import { customerKinds, customerStatuses } from '../../../src/core/dossier/customers.ts'

const facts = (changes: Partial<ContactFacts> = {}): ContactFacts => ({
  channel: 'phone',
  purpose: 'service',
  messageClass: 'routine',
  status: 'active',
  kind: 'individual',
  birthDate: '1980-08-15',
  deceasedOn: null,
  consent: null,
  wishes: null,
  reachable: true,
  quietHours: defaultQuietHours,
  today: '2026-11-22',
  localTime: '10:00',
  ...changes,
})
const marketing = (changes: Partial<ContactFacts> = {}) =>
  facts({ purpose: 'marketing', messageClass: 'marketing', consent: 'granted', ...changes })
const wishes = { hours: null, doNotContact: false, doNotContactUntil: null }

const told = (of: ContactFacts): string => {
  const { allowed, reasons } = contactDecision(of)
  return [allowed ? 'yes' : 'no', ...reasons.map(({ code, effect }) => `${code}:${effect}`)].join(' ')
}

const time = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'))
const anyFacts: fc.Arbitrary<ContactFacts> = fc
  .record({
    channel: fc.constantFrom(...contactChannels),
    purpose: fc.constantFrom(...consentPurposes),
    messageClass: fc.constantFrom(...messageClasses),
    status: fc.constantFrom(...customerStatuses),
    kind: fc.constantFrom(...customerKinds),
    birthDate: fc.constantFrom(null, '1980-08-15', '2010-01-01'),
    deceasedOn: fc.constantFrom(null, '2026-11-01'),
    consent: fc.constantFrom(null, ...consentDecisions),
    wishes: fc.option(
      fc.record({
        hours: fc.option(fc.constant({ from: '10:00', until: '18:00' })),
        doNotContact: fc.boolean(),
        doNotContactUntil: fc.constantFrom(null, '2026-11-21', '2026-11-22'),
      }),
    ),
    reachable: fc.boolean(),
    localTime: time,
  })
  .map((one) => facts(one))
  .filter(({ messageClass, purpose }) => messageClassRefusal(messageClass, purpose) === undefined)

describe('whether a customer may be contacted', () => {
  test('for service needs no consent, and stops at a withdrawal unless it is important', () => {
    expect(told(facts())).toBe('yes consent_not_needed:allows')
    expect(told(facts({ consent: 'granted' }))).toBe('yes consent_granted:allows')
    expect(told(facts({ consent: 'withdrawn' }))).toBe('no consent_withdrawn:forbids')
    expect(told(facts({ consent: 'withdrawn', messageClass: 'important' }))).toBe('yes consent_withdrawn:overruled')
  })

  test('for marketing and surveys needs a consent that is granted', () => {
    for (const purpose of ['marketing', 'survey'] as const) {
      const of = (consent: ContactFacts['consent']) => told(facts({ purpose, messageClass: classOf(purpose), consent }))
      expect(of(null)).toBe('no consent_missing:forbids')
      expect(of('withdrawn')).toBe('no consent_withdrawn:forbids')
      expect(of('granted')).toBe('yes consent_granted:allows')
    }
  })

  test('ends with the relation, the record and life', () => {
    for (const status of ['closed', 'merged', 'erased'] as const)
      expect(told(marketing({ status }))).toBe(`no customer_${status}:forbids consent_granted:allows`)
    expect(told(marketing({ deceasedOn: '2026-11-22' }))).toBe('no customer_deceased:forbids consent_granted:allows')
    expect(contactDecision(marketing({ deceasedOn: '2026-11-23' })).allowed).toBe(true)
  })

  test('for marketing waits until the eighteenth birthday', () => {
    const born = (birthDate: string, changes: Partial<ContactFacts> = {}) =>
      contactDecision(marketing({ birthDate, ...changes })).allowed
    expect([born('2008-11-22'), born('2008-11-23'), born('2008-11-23', { kind: 'company' })]).toEqual([true, false, true])
    expect([born('2008-02-29', { today: '2026-02-28' }), born('2008-02-29', { today: '2026-03-01' })]).toEqual([false, true])
    expect(contactDecision(facts({ birthDate: '2015-01-01' })).allowed).toBe(true)
  })

  test('keeps to do-not-contact up to its last day, but for important messages', () => {
    const asked = (doNotContactUntil: string | null, changes: Partial<ContactFacts> = {}) =>
      told(facts({ wishes: { ...wishes, doNotContact: true, doNotContactUntil }, ...changes }))
    expect(asked(null)).toBe('no consent_not_needed:allows do_not_contact:forbids')
    expect(asked('2026-11-22')).toBe('no consent_not_needed:allows do_not_contact:forbids')
    expect(asked('2026-11-21')).toBe('yes consent_not_needed:allows')
    expect(asked(null, { messageClass: 'important' })).toBe('yes consent_not_needed:allows do_not_contact:overruled')
  })

  test('keeps quiet from 20:00 to 09:00 and to the customer’s own hours, which letters do not disturb', () => {
    const at = (localTime: string, changes: Partial<ContactFacts> = {}) =>
      contactDecision(facts({ localTime, ...changes })).allowed
    expect(['08:59', '09:00', '19:59', '20:00', '00:00'].map((one) => at(one))).toEqual([false, true, true, false, false])
    const own = { wishes: { ...wishes, hours: { from: '10:00', until: '12:00' } } }
    expect(['09:59', '10:00', '11:59', '12:00'].map((one) => at(one, own))).toEqual([false, true, true, false])
    expect(told(facts({ ...own, localTime: '03:00' }))).toBe(
      'no consent_not_needed:allows quiet_hours:forbids outside_customer_hours:forbids',
    )
    expect(at('03:00', { ...own, channel: 'letter' })).toBe(true)
    expect(at('03:00', { messageClass: 'important' })).toBe(false)
    expect(at('13:00', { quietHours: { from: '12:00', until: '14:00', source: 'bank' } })).toBe(false)
  })

  test('needs a number or address', () => {
    expect(told(facts({ reachable: false }))).toBe('no no_contact_point:forbids consent_not_needed:allows')
  })

  test('is yes where nothing forbids, and every ground that forbids is named', () => {
    fc.assert(
      fc.property(anyFacts, (one) => {
        const { allowed, reasons } = contactDecision(one)
        expect(allowed).toBe(!reasons.some(({ effect }) => effect === 'forbids'))
        expect(new Set(reasons.map(({ code }) => code)).size).toBe(reasons.length)
        expect(reasons.filter(({ code }) => code.startsWith('consent_'))).toHaveLength(1)
      }),
    )
  })

  test('cites laws from memory as not verified, and rules of the bank as its own', () => {
    fc.assert(
      fc.property(anyFacts, (one) => {
        for (const { source, verified } of contactDecision(one).reasons) expect(verified).toBe(!/PIPL|Law/.test(source))
      }),
    )
  })

  test('is never made yes by a withdrawal, a wish, a missing address or the end of the relation', () => {
    const worse: readonly Partial<ContactFacts>[] = [
      { consent: 'withdrawn' },
      { status: 'closed' },
      { reachable: false },
      { wishes: { hours: null, doNotContact: true, doNotContactUntil: null } },
      { deceasedOn: '2026-01-01' },
    ]
    fc.assert(
      fc.property(anyFacts, fc.constantFrom(...worse), (one, change) => {
        if (change.wishes && one.wishes?.hours) return
        if (!contactDecision(one).allowed) expect(contactDecision({ ...one, ...change }).allowed).toBe(false)
      }),
    )
  })
})

describe('a message class', () => {
  test('goes with its purpose', () => {
    const fits = consentPurposes.map((purpose) => messageClasses.filter((one) => messageClassRefusal(one, purpose) === undefined))
    expect(fits).toEqual([['important', 'routine'], ['marketing'], ['routine']])
    expect(consentPurposes.map(classOf)).toEqual(['routine', 'marketing', 'routine'])
  })
})

describe('a consent', () => {
  const now = new Date('2026-11-22T02:00:00Z')
  const granted = { decision: 'granted', evidenceReference: 'F-1', givenAt: now } as const

  test('needs its evidence, a record that lives, and a time that has come', () => {
    const rule = (said: Parameters<typeof consentRefusal>[0], status: Parameters<typeof consentRefusal>[1] = 'active') =>
      consentRefusal(said, status, now)?.problems[0]?.rule
    expect(rule(granted)).toBeUndefined()
    expect(rule({ ...granted, evidenceReference: null })).toBe('required')
    expect(rule({ ...granted, givenAt: new Date(now.getTime() + 1) })).toBe('future')
    expect([rule(granted, 'merged'), rule(granted, 'erased'), rule(granted, 'closed')]).toEqual([
      'customer_status',
      'customer_status',
      undefined,
    ])
  })

  test('is withdrawn whatever became of the customer, without a reason and without a paper', () => {
    for (const status of customerStatuses)
      expect(consentRefusal({ ...granted, decision: 'withdrawn', evidenceReference: null }, status, now)).toBeUndefined()
  })
})

describe('contact wishes', () => {
  const none = { hoursFrom: null, hoursUntil: null, doNotContact: false, doNotContactReason: null, doNotContactUntil: null }
  const told = (changes: Partial<Parameters<typeof contactPreferenceRefusal>[0]>) => {
    const [problem] = contactPreferenceRefusal({ ...none, ...changes }, '2026-11-22')?.problems ?? []
    return problem && `${problem.pointer} ${problem.rule}`
  }

  test('do not contradict themselves', () => {
    expect(told({})).toBeUndefined()
    expect(told({ hoursFrom: '09:00', hoursUntil: '18:00' })).toBeUndefined()
    expect(told({ hoursFrom: '09:00' })).toBe('/hoursUntil required')
    expect(told({ hoursUntil: '09:00' })).toBe('/hoursFrom required')
    expect(told({ hoursFrom: '18:00', hoursUntil: '18:00' })).toBe('/hoursUntil period')
    expect(told({ doNotContactReason: 'x' })).toBe('/doNotContactReason do_not_contact')
    expect(told({ doNotContactUntil: '2027-01-01' })).toBe('/doNotContactUntil do_not_contact')
    expect(told({ doNotContact: true, doNotContactUntil: '2026-11-21' })).toBe('/doNotContactUntil past')
    expect(told({ doNotContact: true })).toBeUndefined()
  })
})

describe('the local time', () => {
  test('is that of the zone, to the minute', () => {
    const at = new Date('2026-11-22T12:00:59Z')
    expect([localTimeOf(at, 'Asia/Shanghai'), localTimeOf(at, 'Asia/Urumqi'), localTimeOf(at, 'America/New_York')]).toEqual([
      '20:00',
      '18:00',
      '07:00',
    ])
  })
})
