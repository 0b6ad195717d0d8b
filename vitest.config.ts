import { defineConfig } from 'vitest/config'

// As Node.js resolves it: the bundler's own choice would be a second copy of graphql beside the one mercurius has.
const resolve = { alias: { graphql: new URL('node_modules/graphql/index.js', import.meta.url).pathname } }

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'core',
          include: ['test/core/**/*.test.ts', 'test/tokens/**/*.test.ts', 'test/rest/**/*.test.ts'],
          isolate: false,
        },
      },
      {
        resolve,
        test: {
          name: 'api',
          include: ['test/api/**/*.test.ts', 'test/db/**/*.test.ts'],
          globalSetup: 'test/setup/postgres.ts',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      { resolve, test: { name: 'start', include: ['test/start/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 } },
    ],
  },
})
