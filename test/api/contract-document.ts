import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

export const contractText = readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8')
export const openapi = parse(contractText)

/** What a part of the contract refers to, or the part itself. */
export function referred(part: any): any {
  if (part.$ref === undefined) return part
  return part.$ref
    .slice('#/'.length)
    .split('/')
    .reduce((inner: any, key: string) => inner[key], openapi)
}
