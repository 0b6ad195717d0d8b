import { z } from 'zod'
import { type Counted, coverageOf, coverageTarget, coveredKinds } from '../../core/dossier/credit-coverage.ts'
import { customerKinds } from '../../core/dossier/customers.ts'
import { refuseField } from '../../core/kernel/errors.ts'
import { countCreditCoverage, coverageGroups, type CoverageRow } from '../../db/dossier/credit-coverage.ts'
import { findInstitutionPath, knowsStaff } from '../../db/organisation/institutions.ts'
import { type Context, operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'

const coverage = z
  .object({
    customers: z.int().meta({ description: 'How many count.' }),
    rated: z.int().meta({ description: 'With a rating that holds, of the bank’s own or of an agency.' }),
    granted: z.int().meta({ description: 'With a credit line that holds.' }),
    ratedAndGranted: z.int().meta({ description: 'With both.' }),
    percent: z.string().nullable().meta({ description: 'Those with both, in percent, rounded down; null of nobody.' }),
    missing: z.int().meta({ description: 'How many more it takes to reach the target.' }),
  })
  .meta({ id: 'Coverage', description: 'How many of some customers are rated and granted a line.' })

const nobody: Counted = { customers: 0, rated: 0, granted: 0, ratedAndGranted: 0 }

export const creditCoverage = operation({
  kind: 'query',
  name: 'creditCoverage',
  summary: 'How many customers are rated and granted a credit line',
  description:
    'Of the active customers within your scope, of one institution and all below it or of one relationship manager: among all, and among those who are willing. Willing is whoever says so or, having said nothing, has an open need of working capital. The target is all of them.',
  permission: 'portfolio:read',
  alsoNeeds: () => ['portfolio:read', 'dossier:read'],
  domain: 'Customer Relationship Management',
  input: z.strictObject({
    institutionId: id.optional().meta({ description: 'Customers of this institution and of all below it.' }),
    relationshipManagerId: id.optional().meta({ description: 'Customers whom this staff member keeps.' }),
    kind: z
      .array(z.enum(customerKinds))
      .min(1)
      .max(3)
      .default([...coveredKinds])
      .meta({ description: 'Customers of these kinds; those with a business where nothing is said.' }),
    groupBy: z.enum(coverageGroups).optional().meta({ description: 'What they are told apart by as well.' }),
  }),
  output: z
    .object({
      target: z.int().meta({ description: 'What is to be reached, in percent.' }),
      all: coverage.meta({ description: 'Among all.' }),
      willing: coverage.meta({ description: 'Among the willing.' }),
      groups: z
        .array(
          z
            .object({
              id: z.uuid().nullable().meta({ description: 'Institution or staff member; null for whom nobody keeps.' }),
              code: z.string().nullable().meta({ description: 'Code of the institution, or staff number.' }),
              name: z.string().nullable().meta({ description: 'Name.' }),
              all: coverage.meta({ description: 'Among all of the group.' }),
              willing: coverage.meta({ description: 'Among the willing of the group.' }),
            })
            .meta({ id: 'CoverageGroup', description: 'Coverage at one institution, or of one relationship manager.' }),
        )
        .meta({ description: 'By what was asked for, in the order of codes, at most 500.' }),
    })
    .meta({ id: 'CreditCoverage', description: 'How far ratings and credit lines reach.' }),
  errors: ['unknown_reference'],
  lane: 'pool',
  async run(context, { institutionId, relationshipManagerId, kind, groupBy }) {
    const { db, scope } = context
    const subtree = institutionId === undefined ? undefined : await pathOf(context, institutionId)
    const rows = await countCreditCoverage(db, { reach: scope, subtree, relationshipManagerId, kinds: kind }, groupBy)
    const whole = rows.find((row) => row.whole)
    if (
      relationshipManagerId !== undefined &&
      (whole?.all.customers ?? 0) === 0 &&
      !(await knowsStaff(db, relationshipManagerId))
    )
      throw refuseField('unknown_reference', 'relationshipManagerId', 'unknown_reference', 'There is no such staff member.')
    const groups = rows
      .filter((row) => !row.whole)
      .map(({ id: of, code, name, ...row }) => ({ id: of, code, name, ...both(row) }))
    return { target: coverageTarget, ...both(whole), groups }
  },
})

function both(row: Pick<CoverageRow, 'all' | 'willing'> | undefined) {
  return { all: coverageOf(row?.all ?? nobody), willing: coverageOf(row?.willing ?? nobody) }
}

async function pathOf({ db }: Context, institutionId: string): Promise<string> {
  const path = await findInstitutionPath(db, institutionId)
  if (!path) throw refuseField('unknown_reference', 'institutionId', 'unknown_reference', 'There is no such institution.')
  return path
}
