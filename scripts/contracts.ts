import { readFile, writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'
import { events } from '../src/core/events.ts'
import type { EventDefinition } from '../src/core/kernel/event.ts'
import { ruleJsonSchema } from '../src/core/segmentation/rules/schema.ts'
import { openApiOf } from '../src/rest/platform/openapi.ts'
import { routes, streams } from '../src/rest/routes.ts'
import { settings } from '../src/start/settings.ts'

// Writes what is generated into the files that are committed; with --check only compares.
const check = process.argv.includes('--check')
const root = new URL('../', import.meta.url)

const settingsTable = [
  '| setting | default | meaning |',
  '| --- | --- | --- |',
  ...settings.map(
    ({ name, default: fallback, meaning }) =>
      `| \`${name}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${meaning.replaceAll('|', '\\|')} |`,
  ),
].join('\n')

const eventsTable = [
  '| event | when | payload |',
  '| --- | --- | --- |',
  ...Object.entries<EventDefinition>(events)
    .filter(([, { published }]) => published)
    .map(
      ([name, { description, payload }]) =>
        `| \`${name}\` | ${description} | ${Object.keys(payload.shape)
          .map((field) => `\`${field}\``)
          .join(', ')} |`,
    ),
].join('\n')

function betweenMarks(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`There is no place for ${name}.`)
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`
}

async function keep(file: string, write: (current: string) => string): Promise<void> {
  const url = new URL(file, root)
  const current = await readFile(url, 'utf8').catch(() => '')
  const wanted = write(current)
  if (current === wanted) return
  if (check) {
    console.error(`${file} is stale: run npm run contracts.`)
    process.exitCode = 1
  } else {
    await writeFile(url, wanted)
    console.log(`${file} written.`)
  }
}

await keep('openapi.yaml', () => stringify(openApiOf(routes, streams), { aliasDuplicateObjects: false }))
await keep('docs/rule.schema.json', () => `${JSON.stringify(ruleJsonSchema(), null, 2)}\n`)
await keep('docs/guides/settings.md', (current) => betweenMarks(current, 'settings', settingsTable))
await keep('docs/events.md', (current) => betweenMarks(current, 'events', eventsTable))
