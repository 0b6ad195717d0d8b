import { requireStaffMember, subtreePath } from '../organisation/references.ts'
import { z } from 'zod'
import { type Counted, coverageOf, coverageTarget, coveredKinds } from '../../core/dossier/credit-coverage.ts'
import { customerKinds } from '../../core/dossier/customers.ts'
import { countCreditCoverage, coverageGroups, type CoverageRow } from '../../db/dossier/credit-coverage.ts'
import { operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'

const coverage = z
  .object({
    customers: z.int().meta({ description: 'Number of customers.' }),
    rated: z.int().meta({ description: 'With a current rating, internal or external.' }),
    granted: z.int().meta({ description: 'With a current credit line.' }),
    ratedAndGranted: z.int().meta({ description: 'With both.' }),
    percent: z
      .string()
      .nullable()
      .meta({ description: 'Those with both, in percent, rounded down; null if there are no customers.' }),
    missing: z.int().meta({ description: 'Number of further customers needed to reach the target.' }),
  })
  .meta({ id: 'Coverage', description: 'Coverage of a group of customers by ratings and credit lines.' })

const none: Counted = { customers: 0, rated: 0, granted: 0, ratedAndGranted: 0 }

export const creditCoverage = operation({
  kind: 'query',
  name: 'creditCoverage',
  summary: 'Credit coverage: customers rated and granted a credit line',
  description:
    'Active customers in your scope, of one institution and all below it or of one relationship manager: among all, and among willing ones. Willing are those who stated it, and those who stated nothing but have an open working-capital need. The target is 100 %.',
  permission: 'portfolio:read',
  alsoNeeds: () => ['portfolio:read', 'dossier:read'],
  domain: 'Customer Relationship Management',
  input: z.strictObject({
    institutionId: id.optional().meta({ description: 'Customers of this institution and of all below it.' }),
    relationshipManagerId: id.optional().meta({ description: 'Customers assigned to this staff member.' }),
    kind: z
      .array(z.enum(customerKinds))
      .min(1)
      .max(3)
      .default([...coveredKinds])
      .meta({ description: 'Customers of these kinds; by default those with a business.' }),
    groupBy: z.enum(coverageGroups).optional().meta({ description: 'Additional grouping.' }),
  }),
  output: z
    .object({
      target: z.int().meta({ description: 'Target in percent.' }),
      all: coverage.meta({ description: 'Among all customers.' }),
      willing: coverage.meta({ description: 'Among willing customers.' }),
      groups: z
        .array(
          z
            .object({
              id: z.uuid().nullable().meta({ description: 'Institution or staff member; null for unassigned customers.' }),
              code: z.string().nullable().meta({ description: 'Code of the institution, or staff number.' }),
              name: z.string().nullable().meta({ description: 'Name.' }),
              all: coverage.meta({ description: 'Among all customers of the group.' }),
              willing: coverage.meta({ description: 'Among willing customers of the group.' }),
            })
            .meta({ id: 'CoverageGroup', description: 'Credit coverage of one institution or one relationship manager.' }),
        )
        .meta({ description: 'By the requested grouping, ordered by code, at most 500.' }),
    })
    .meta({ id: 'CreditCoverage', description: 'Coverage of customers by ratings and credit lines.' }),
  errors: ['unknown_reference'],
  lane: 'pool',
  async run(context, { institutionId, relationshipManagerId, kind, groupBy }) {
    const { db, scope } = context
    const subtree = await subtreePath(db, institutionId)
    const rows = await countCreditCoverage(db, { reach: scope, subtree, relationshipManagerId, kinds: kind }, groupBy)
    const whole = rows.find((row) => row.whole)
    if ((whole?.all.customers ?? 0) === 0) await requireStaffMember(db, 'relationshipManagerId', relationshipManagerId)
    const groups = rows
      .filter((row) => !row.whole)
      .map(({ id: of, code, name, ...row }) => ({ id: of, code, name, ...both(row) }))
    return { target: coverageTarget, ...both(whole), groups }
  },
})

function both(row: Pick<CoverageRow, 'all' | 'willing'> | undefined) {
  return { all: coverageOf(row?.all ?? none), willing: coverageOf(row?.willing ?? none) }
}
