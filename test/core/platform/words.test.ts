import { describe, expect, test } from 'vitest'
import { inMarkdown, inSchema, inTypeScript, refusedWords } from '../../../scripts/words.ts'

const places = (violations: readonly { readonly line: number; readonly found: string }[]) =>
  violations.map(({ line, found }) => `${line} ${found}`)

describe('the word list', () => {
  test('refuses a word in an identifier, however it is written', () => {
    expect(places(inTypeScript('const a = 1\nconst lossMakers = a\nconst WAY_OUT = a\nfunction fieldsTold() {}\n'))).toEqual([
      '2 loss makers',
      '3 way out',
      '4 told',
    ])
  })

  test('refuses a superlative at the head of a constant only', () => {
    expect(places(inTypeScript('const MOST_ROWS = most\n'))).toEqual(['1 constant most'])
  })

  test('refuses a word in a string literal', () => {
    expect(places(inTypeScript('const a = \'It is kept.\'\nconst b = "anew"\n'))).toEqual(['1 kept', '2 anew'])
  })

  test('refuses a word in a template literal, and in the code inside it', () => {
    expect(places(inTypeScript('const a = `One\nstands ${b ? `and ${said} {x} whom` : 2} looks`\nconst keeper = 1\n'))).toEqual([
      '2 stands',
      '2 said',
      '2 whom',
      '2 looks',
      '3 keeper',
    ])
  })

  test('refuses a word in a description and in a name of the schema', () => {
    expect(places(inSchema('"Customers told apart"\ntype A {\n  "Id."\n  wayOut: ID!\n}\n'))).toEqual(['1 told', '4 way out'])
  })

  test('refuses a word in the prose of a document', () => {
    expect(places(inMarkdown('# Rules\n\nA value that is worked out anew.\n'))).toEqual(['3 worked out', '3 anew'])
  })

  test('names what to write instead', () => {
    expect(inMarkdown('whom')).toEqual([{ line: 1, found: 'whom', instead: 'who, which customers, or name the person' }])
  })

  test('reads no comments, no regular expressions and no code of documents', () => {
    expect(inTypeScript('// said\n/* kept\n */\nconst a = b / /* whom */ 2 / c\nreturn x.test(/told\'"`/)\n')).toEqual([])
    expect(inMarkdown('`said` and [a](docs/kept.md)\n\n```ts\nconst told = 1\n```\n')).toEqual([])
  })

  test('reads the words that the glossary refuses in its other columns only', () => {
    expect(places(inMarkdown('| remedy | kept | way out |\n', true))).toEqual(['1 kept'])
  })

  test('takes other words that contain one', () => {
    expect(inTypeScript("const creditStanding = keepAlive('hours, standing, nearest, overlooks, almost')\n")).toEqual([])
  })

  test('lists each pattern once', () => {
    const patterns = refusedWords.map(({ pattern }) => pattern)
    expect(new Set(patterns).size).toBe(patterns.length)
  })
})
