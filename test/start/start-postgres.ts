import { startEmbeddedPostgres } from '../../src/start/embedded/postgres.ts'

// Run as a process of its own by the tests, which kill it: holds the PostgreSQL of a folder until it is told to stop.
const silent = { info: () => {}, warn: (message: string) => console.log(message) }
const [folder = ''] = process.argv.slice(2)
try {
  const { port, stop } = await startEmbeddedPostgres({ folder, log: silent, settings: { fsync: 'off', shared_buffers: '16MB' } })
  process.once('SIGTERM', () => void stop().then(() => process.exit(0)))
  console.log(`ready ${port}`)
  setInterval(() => {}, 1000)
} catch (error) {
  console.log((error as Error).message)
  process.exit(1)
}
