import { readFile, writeFile } from 'node:fs/promises'
import { events } from '../src/core/events.ts'
import type { EventDefinition } from '../src/core/kernel/event.ts'
import { ruleJsonSchema } from '../src/core/segmentation/rules/schema.ts'
import { openApiOf } from '../src/rest/platform/openapi.ts'
import { yamlOf } from '../src/rest/platform/openapi-text.ts'
import { routes, streams } from '../src/rest/routes.ts'
import { settings } from '../src/start/settings.ts'

// Writes what is generated into the files that are committed. That they are up to date is tested in test/rest/contracts.test.ts.

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

/** The files that are generated, whole or in part: what one is to contain, given what it contains now. */
export const contracts: readonly { readonly file: string; readonly write: (current: string) => string }[] = [
  { file: 'openapi.yaml', write: () => yamlOf(openApiOf(routes, streams)) },
  { file: 'docs/rule.schema.json', write: () => `${JSON.stringify(ruleJsonSchema(), null, 2)}\n` },
  { file: 'docs/guides/settings.md', write: (current) => betweenMarks(current, 'settings', settingsTable) },
  { file: 'docs/events.md', write: (current) => betweenMarks(current, 'events', eventsTable) },
]

if (import.meta.main)
  for (const { file, write } of contracts) {
    const url = new URL(`../${file}`, import.meta.url)
    const current = await readFile(url, 'utf8').catch(() => '')
    const wanted = write(current)
    if (current === wanted) continue
    await writeFile(url, wanted)
    console.log(`${file} written.`)
  }
