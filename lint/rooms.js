/**
 * Which room may import which. A room is the second folder of a path: `src/<layer>/<room>/…`; `kernel` is what `platform` is called in `core`.
 * Rooms that do not exist yet stand here for whoever makes them.
 */
const before = ['platform', 'organisation', 'dossier', 'feeds', 'segmentation']

export const rooms = {
  platform: [],
  organisation: ['platform'],
  dossier: ['platform', 'organisation'],
  feeds: ['platform', 'organisation', 'dossier'],
  segmentation: ['platform', 'organisation', 'dossier', 'feeds'],
  'follow-up': before,
  complaints: before,
  surveys: before,
  campaigns: before,
  integration: before,
}

/** The last rooms do not import each other, except these files: `['complaints', 'operations/follow-up/tasks.ts']` lets complaints make tasks. */
export const crossings = []

/** Parts of segmentation that must not import each other, by what their files or folders are called. What they share lies below (facts, rules) or above (refresh, analyses). */
export const parts = {
  segmentation: {
    segments: { files: /\/(segment[^/]*|segments\/[^/]+)\.ts$/, imports: [] },
    tiers: { files: /\/([^/]*tier[^/]*|tiers\/[^/]+)\.ts$/, imports: ['segments'] },
    classifications: { files: /\/([^/]*classification[^/]*|relation-scores|classifications\/[^/]+)\.ts$/, imports: ['segments'] },
  },
}

/** Which layer may import which, and what it knows of the world outside: only what `outside` matches, or not what `refused` does. `types`: of which it may know the types all the same. */
export const layers = {
  core: { imports: [], outside: /^(zod|libphonenumber-js|chinese-days|fastest-levenshtein|pinyin-pro)(\/|$)/ },
  db: { imports: ['core'], refused: /^(fastify|mercurius|@fastify\/)/ },
  operations: { imports: ['db', 'core'], refused: /^(fastify|mercurius|@fastify\/|pg$|pg-|drizzle-orm)/ },
  rest: { imports: ['operations', 'db', 'core'], types: true, refused: /^(pg$|pg-|drizzle-orm)/ },
  graphql: { imports: ['operations', 'db', 'core'], types: true, refused: /^(pg$|pg-|drizzle-orm)/ },
  jobs: { imports: ['operations', 'db', 'core'], types: true, refused: /^(pg-|drizzle-orm)/ },
  tokens: { imports: ['operations', 'core'], refused: /^(pg$|pg-|drizzle-orm|fastify|mercurius)/ },
  demo: { imports: ['db', 'core'], refused: /^(fastify|mercurius)/ },
}

/** Files that put rooms together: every room may import them, and they may import every room. */
export const assemblies = [
  'src/core/events.ts',
  'src/core/state-machines.ts',
  'src/db/views.ts',
  'src/db/schema.ts',
  'src/operations/all.ts',
  'src/operations/approvals.ts',
  'src/rest/routes.ts',
]
