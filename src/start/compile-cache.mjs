import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

// Preloaded by `npm start`: from the second start on modules come compiled and stripped of their types, so that the compiler of TypeScript
// is never loaded. Plain JavaScript, since a preloaded module in TypeScript would load it. Where the folder cannot be written, nothing is kept.
enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/guanxi', import.meta.url)))
