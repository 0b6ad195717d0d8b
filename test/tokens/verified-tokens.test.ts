import { describe, expect, test } from 'vitest'
import { verifiedTokens } from '../../src/tokens/verified-tokens.ts'

const caller = { kind: 'staff', number: 'E1001' } as const

function known(tokens: ReturnType<typeof verifiedTokens>, from: number, to: number): number {
  let count = 0
  for (let index = from; index < to; index += 1) if (tokens.find(`token ${index}`, 0)) count += 1
  return count
}

describe('the memory of verified tokens', () => {
  test('never holds more than its capacity', () => {
    const tokens = verifiedTokens(100)
    for (let index = 0; index < 1000; index += 1) tokens.remember(`token ${index}`, caller, 1)
    expect(known(tokens, 0, 900)).toBe(0)
    expect(known(verifiedTokens(100), 0, 10)).toBe(0)
  })

  test('keeps the newest half at least', () => {
    const tokens = verifiedTokens(100)
    for (let index = 0; index < 1000; index += 1) tokens.remember(`token ${index}`, caller, 1)
    expect(known(tokens, 950, 1000)).toBe(50)
  })

  test('keeps a token that is used again and again', () => {
    const tokens = verifiedTokens(100)
    tokens.remember('busy', caller, 1)
    for (let index = 0; index < 1000; index += 1) {
      tokens.remember(`token ${index}`, caller, 1)
      expect(tokens.find('busy', 0)).toEqual(caller)
    }
  })

  test('forgets a token at its instant', () => {
    const tokens = verifiedTokens(100)
    tokens.remember('short', caller, 1000)
    expect(tokens.find('short', 999)).toEqual(caller)
    expect(tokens.find('short', 1000)).toBeUndefined()
    expect(tokens.find('short', 999)).toBeUndefined()
  })
})
