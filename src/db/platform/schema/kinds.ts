/**
 * What a table holds decides on its keys, policies and grants (docs/decisions/0001-scope-and-keys.md; a test walks the catalogue):
 * `customer` the table of customers itself, `owned` what belongs to one customer, `registry` what is unique over the bank or looked up by
 * value, `journal` what is only appended to, `reference` what is small and belongs to no customer, `local` the service's own book-keeping.
 */
export type TableKind = 'customer' | 'owned' | 'registry' | 'journal' | 'reference' | 'local'
