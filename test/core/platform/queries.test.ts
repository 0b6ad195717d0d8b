import { readdirSync, readFileSync } from 'node:fs'
import { buildSchema, parse, validate } from 'graphql'
import { expect, test } from 'vitest'

const root = new URL('../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const filesIn = (folder: string, end: string): string[] =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end) && !name.includes('node_modules'))
    .map((name) => `${folder}${name}`)

const schema = buildSchema(read('schema.graphql'))

/** GraphQL in fenced blocks and in the bodies of curl calls of a document. */
function queriesOf(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text]) => text!)
  const bodies = [...markdown.matchAll(/'(\{\s*"query":[\s\S]*?\})'/g)].map(([, text]) => text!)
  return [...blocks, ...bodies.map((body) => (JSON.parse(body) as { query: string }).query)]
}

const documents = ['README.md', ...filesIn('docs/', '.md').filter((path) => !path.startsWith('docs/decisions/'))].flatMap(
  (path) => queriesOf(read(path)).map((query) => [path, query] as const),
)

// Those for other servers of the bench are named after them: pagePeerQuery.
const benched = filesIn('bench/', '.ts').flatMap((path) =>
  [...read(path).matchAll(/const \w+(?<!Peer)Query = `([^`]*)`/g)].map(([, query]) => [path, query!] as const),
)

test('GraphQL in the documents and the bench is valid by the schema', () => {
  expect(documents.length).toBeGreaterThan(2)
  expect(benched.length).toBeGreaterThan(2)
  for (const [path, query] of [...documents, ...benched])
    expect([path, query, validate(schema, parse(query)).map(({ message }) => message)]).toEqual([path, query, []])
})
