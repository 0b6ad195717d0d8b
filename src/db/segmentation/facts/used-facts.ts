import { type FactName, facts } from '../../../core/segmentation/facts.ts'
import { factColumn } from './columns.ts'

const storedFact = (name: FactName): FactName => {
  const fact = facts[name]
  return 'since' in fact ? (fact.since.fact as FactName) : name
}

/** Some facts as they are stored, amounts as text, as a JSON object over the row `f`. */
export function usedFactsOf(names: readonly FactName[]): string {
  const stored = [...new Set(names.map(storedFact))]
  // PostgreSQL takes at most 100 arguments in a call.
  const pairs = stored.map((name) => `'${name}', f.${factColumn(name)}${facts[name].type === 'money' ? '::text' : ''}`)
  const objects: string[] = []
  for (let from = 0; from < pairs.length; from += 45)
    objects.push(`jsonb_build_object(${pairs.slice(from, from + 45).join(', ')})`)
  return objects.length === 0 ? `'{}'::jsonb` : `(${objects.join(' || ')})`
}
