import { routes, streams } from '../routes.ts'

const patterns = [...routes, ...streams].map(({ method, url }) => ({
  method,
  path: new RegExp(`^/v1${url.replaceAll(/:\w+/g, '[^/]+')}/?$`),
}))

/** The methods that an address takes; none for an address of no operation. */
export function methodsOf(url: string): readonly string[] {
  const [path = ''] = url.split('?', 1)
  if (path === '/graphql') return ['POST']
  return [...new Set(patterns.flatMap(({ method, path: pattern }) => (pattern.test(path) ? [method] : [])))].sort()
}
