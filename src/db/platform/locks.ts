/** Advisory locks are shared by all who use the database: their numbers stand here, so that no two purposes meet. */
export const advisoryLocks = {
  /** One migration at a time. */
  migration: 7_236_418_853,
  /** One sealer of the audit log at a time. */
  sealing: 7_236_418_854,
  /** One load of the demo bank at a time. */
  demo: 7_236_418_855,
  /** One step of a refresh of facts at a time. */
  refresh: 7_236_418_856,
  /** One who queues a refresh at a time. */
  refreshQueue: 7_236_418_857,
  /** One who changes definitions of segments at a time. */
  segmentDefinitions: 7_236_418_858,
} as const
