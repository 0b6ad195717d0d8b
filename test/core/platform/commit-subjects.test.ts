import { expect, test } from 'vitest'
import { subjectProblem } from '../../../scripts/commit-subjects.ts'

test('a subject has at most 72 characters, begins with a capital letter and ends without a full stop', () => {
  expect(subjectProblem('Refuse an extension after the deadline')).toBeUndefined()
  expect(subjectProblem('A'.repeat(72))).toBeUndefined()
  expect(subjectProblem('关'.repeat(72))).toBeUndefined()
  expect(subjectProblem('A'.repeat(73))).toBe('The subject has 73 characters; at most 72 are allowed.')
  expect(subjectProblem('Refuse it.')).toBe('The subject ends with a full stop.')
  expect(subjectProblem('refuse it')).toBe('The subject begins with a small letter.')
  expect(subjectProblem('')).toBe('The subject is empty.')
})
