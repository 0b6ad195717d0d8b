import { describe, expect, test } from 'vitest'
import { coreNumberAfter, type Numbering } from '../../../src/core/dossier/customers.ts'

const row = (said: Partial<Numbering> = {}): Numbering => ({
  source: 'core',
  externalId: 'C1',
  status: 'active',
  fromPerson: false,
  ...said,
})
const known = (coreNumber: string | null, source = 'core') => ({ source, coreNumber })

describe('the number in core banking', () => {
  test.each([
    ['a feed makes an active customer', row(), undefined, 'C1'],
    ['a feed makes a closed customer', row({ status: 'closed' }), undefined, 'C1'],
    ['a feed makes a prospect', row({ status: 'prospect' }), undefined, null],
    ['a feed makes its prospect active', row(), known(null), 'C1'],
    ['a feed closes its prospect', row({ status: 'closed' }), known(null), null],
    ['a feed makes somebody else’s prospect active', row(), known(null, 'crm'), null],
    ['a person makes the prospect of a feed active', row({ fromPerson: true }), known(null), null],
    ['a person makes a customer', row({ fromPerson: true, source: 'guanxi' }), undefined, null],
    ['a machine client uses the source of people', row({ source: 'guanxi' }), undefined, null],
    ['a customer with a number is closed', row({ status: 'closed', fromPerson: true }), known('C9'), 'C9'],
    ['a customer with a number becomes a prospect', row({ status: 'prospect' }), known('C9'), 'C9'],
  ])('where %s', (_case, said, before, expected) => {
    expect(coreNumberAfter(said, before)).toBe(expected)
  })
})
