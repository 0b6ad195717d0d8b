import { z } from 'zod'
import { notFound } from '../../core/kernel/errors.ts'
import { listDeadJobs, reviveJob } from '../../db/platform/jobs.ts'
import { operation } from './operation.ts'

const domain = 'System Administration'
const MAX_SHOWN = 200

const jobId = z
  .string()
  .regex(/^[1-9]\d{0,17}$/, { error: 'The ID of a job is a whole number in digits.' })
  .meta({ description: 'ID of the job.', examples: ['42'] })

export const deadJobs = operation({
  kind: 'query',
  name: 'deadJobs',
  summary: 'Jobs that failed for good',
  description: `Queued jobs that have failed as often as they are tried, latest failure first, at most ${MAX_SHOWN}. The log has their errors.`,
  permission: 'job:manage',
  domain,
  input: z.strictObject({}),
  output: z
    .object({
      jobs: z
        .array(
          z
            .object({
              id: jobId,
              name: z.string().meta({ description: 'The operation that it runs.' }),
              key: z.string().nullable().meta({ description: 'Its key: of jobs with the same key only one waits.' }),
              attempts: z.int().meta({ description: 'How often it was tried.' }),
              createdAt: z.iso.datetime().meta({ description: 'When it was added.' }),
              failedAt: z.iso.datetime().meta({ description: 'When it last failed.' }),
            })
            .meta({ id: 'DeadJob', description: 'A queued job that failed for good.' }),
        )
        .meta({ description: 'Latest failure first.' }),
    })
    .meta({ id: 'DeadJobs', description: 'Jobs that failed for good.' }),
  async run({ db }) {
    const jobs = await listDeadJobs(db, MAX_SHOWN)
    return {
      jobs: jobs.map(({ createdAt, failedAt, ...job }) => ({
        ...job,
        createdAt: createdAt.toISOString(),
        failedAt: failedAt.toISOString(),
      })),
    }
  },
})

export const retryJob = operation({
  kind: 'command',
  name: 'retryJob',
  summary: 'Retry a job that failed for good',
  description: 'Runs the job again now, with the same number of retries.',
  permission: 'job:manage',
  domain,
  input: z.strictObject({ jobId }),
  output: z
    .object({ jobId: z.string().meta({ description: 'ID of the job.' }) })
    .meta({ id: 'RetriedJob', description: 'A job that is tried again.' }),
  errors: ['not_found'],
  async run({ db, record }, { jobId: wanted }) {
    if (!(await reviveJob(db, wanted))) throw notFound('dead job')
    record({ event: 'job.retried', subjectType: 'job', subjectId: wanted, path: '/' })
    return { jobId: wanted }
  },
})

export const jobOperations = [deadJobs, retryJob]
