import { type FactName, facts } from '../../core/facts.ts'
import { factColumn } from './columns.ts'

const storedFact = (name: FactName): FactName => {
  const fact = facts[name]
  return 'since' in fact ? (fact.since.fact as FactName) : name
}

/** Some facts as they are stored, amounts as text, as a JSON object over the row `f`. */
export function factsAsked(names: readonly FactName[]): string {
  const stored = [...new Set(names.map(storedFact))]
  const pairs = stored.map((name) => `'${name}', f.${factColumn(name)}${facts[name].type === 'money' ? '::text' : ''}`)
  return `jsonb_build_object(${pairs.slice(0, 45).join(', ')})${pairs.length > 45 ? ` || jsonb_build_object(${pairs.slice(45).join(', ')})` : ''}`
}
