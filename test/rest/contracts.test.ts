import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { contracts } from '../../scripts/contracts.ts'

test.each(contracts)('$file is up to date: npm run contracts writes it', ({ file, write }) => {
  const current = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
  // A diff of the whole file would be too long to read.
  expect(write(current) === current).toBe(true)
})
