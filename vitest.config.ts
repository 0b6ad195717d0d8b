import { defineConfig } from 'vitest/config'

// As Node.js resolves it: the bundler's own choice would be a second copy of graphql beside the one mercurius has.
const resolve = { alias: { graphql: new URL('node_modules/graphql/index.js', import.meta.url).pathname } }

// Only what hangs takes that long, on whatever machine (docs/decisions/0023-cheap-tests.md).
const patience = { testTimeout: 1_200_000, hookTimeout: 1_200_000, expect: { poll: { timeout: 600_000 } } }

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'core',
          include: ['test/core/**/*.test.ts', 'test/tokens/**/*.test.ts', 'test/rest/**/*.test.ts'],
          isolate: false,
          ...patience,
        },
      },
      {
        resolve,
        test: {
          name: 'api',
          include: ['test/api/**/*.test.ts', 'test/db/**/*.test.ts'],
          globalSetup: 'test/setup/postgres.ts',
          isolate: false,
          ...patience,
        },
      },
      { resolve, test: { name: 'start', include: ['test/start/**/*.test.ts'], isolate: false, ...patience } },
    ],
  },
})
