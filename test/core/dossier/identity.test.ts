import { describe, expect, test } from 'vitest'
import { checkDocumentAgainstProfile } from '../../../src/core/dossier/document-checks.ts'
import { normaliseContact, requireNoConflict, requireOpenDossier, requireBelowLimit } from '../../../src/core/dossier/identity.ts'
import { residentIdCheckDigit } from '../../../src/core/kernel/identity-numbers.ts'

const first17 = '11010119900307002'
const female1990 = `${first17}${residentIdCheckDigit(first17)}`
const judge = (profile: Parameters<typeof checkDocumentAgainstProfile>[3]) =>
  checkDocumentAgainstProfile('resident_id', 'CN', female1990, profile, '2026-11-22')

/** The refusal, with what stands in its message. */
function refused(work: () => void): { code: string; message: string; problems: { pointer: string; rule: string }[] } {
  try {
    work()
  } catch (error) {
    return error as never
  }
  throw new Error('It was not refused.')
}

describe('a document', () => {
  const profile = { birthDate: '1985-06-01', gender: null }

  test('that disagrees with the birth date is refused to a person with both values masked', () => {
    const { code, message, problems } = refused(() => requireNoConflict(judge(profile), profile, true))
    expect([code, problems[0]]).toMatchObject(['identity_mismatch', { pointer: '/number', rule: 'birth_date_conflict' }])
    expect(message).toContain('1985-**-**')
    expect(message).toContain('1990-**-**')
    expect(message).not.toMatch(/1985-06|1990-03|19900307/)
    expect(message).not.toContain(female1990)
  })

  test('that disagrees with the sex is refused to a person with the number masked', () => {
    const man = { birthDate: null, gender: 'male' as const }
    const { code, message, problems } = refused(() => requireNoConflict(judge(man), man, true))
    expect([code, problems[0]]).toMatchObject(['identity_mismatch', { pointer: '/number', rule: 'gender_conflict' }])
    expect(message).not.toContain(female1990)
  })

  test('of a machine is kept whatever it says, and a person’s where it agrees', () => {
    expect(() => requireNoConflict(judge(profile), profile, false)).not.toThrow()
    const same = { birthDate: '1990-03-07', gender: 'female' as const }
    expect(() => requireNoConflict(judge(same), same, true)).not.toThrow()
  })

  test('of a country that does not issue its type names the country', () => {
    const judged = checkDocumentAgainstProfile('resident_id', 'DE', female1990, profile, '2026-11-22')
    const { problems } = refused(() => requireNoConflict(judged, profile, true))
    expect(problems[0]).toMatchObject({ pointer: '/country', rule: 'country' })
  })
})

describe('a dossier', () => {
  test('of somebody merged or erased takes nothing more', () => {
    for (const status of ['merged', 'erased'] as const)
      expect(() => requireOpenDossier(status)).toThrow(expect.objectContaining({ code: 'conflict' }))
    for (const status of ['prospect', 'active', 'closed'] as const) expect(() => requireOpenDossier(status)).not.toThrow()
  })

  test('takes fifty of each and no more', () => {
    expect(() => requireBelowLimit(49)).not.toThrow()
    expect(() => requireBelowLimit(50)).toThrow(expect.objectContaining({ code: 'conflict' }))
  })
})

describe('a contact point', () => {
  test('is stored in one form, and refused where it is none', () => {
    expect(normaliseContact('phone', '138 1234 5678')).toBe('+8613812345678')
    expect(normaliseContact('email', ' Min@EXAMPLE.com ')).toBe('Min@example.com')
    expect(refused(() => normaliseContact('phone', '12'))).toMatchObject({
      code: 'invalid_input',
      problems: [{ pointer: '/value', rule: 'phone' }],
    })
    expect(refused(() => normaliseContact('email', 'nobody'))).toMatchObject({ problems: [{ rule: 'email' }] })
  })
})
