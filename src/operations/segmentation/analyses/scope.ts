import { DomainError, notFound, refuseField } from '../../../core/kernel/errors.ts'
import type { CurrencyCode } from '../../../core/kernel/currencies.ts'
import { formatAmount } from '../../../core/kernel/money.ts'
import type { Within } from '../../../db/segmentation/facts/population.ts'
import { findSegment, type StoredSegment } from '../../../db/segmentation/segments/store.ts'
import type { Context } from '../../platform/operation.ts'
import { id } from '../../platform/scalars.ts'
import { subtreePath } from '../../organisation/references.ts'
import { z } from 'zod'

export const domain = 'Customer Product and Service Eligibility'

export const institutionId = id.optional().meta({ description: 'Only customers of this institution and all below it.' })
export const segmentId = id.meta({ description: 'The segment.' })

/** What every cell says of how to see its customers. */
export const drillDownSchema = z.record(z.string(), z.unknown()).meta({
  description: 'A rule that selects the customers of the cell, for `customers` and `customerSearch` together with the segment.',
})

export const segmentReference = z
  .object({
    segmentId: z.uuid().meta({ description: 'The segment.' }),
    code: z.string().meta({ description: 'Its short name.' }),
    name: z.string().meta({ description: 'Its name.' }),
  })
  .meta({ id: 'AnalysedSegment', description: 'A segment in an analysis.' })

export const referenceOf = ({ id: found, code, name }: StoredSegment): z.input<typeof segmentReference> => ({
  segmentId: found,
  code,
  name,
})

/** Whose customers the caller means, of those within reach. */
export async function withinOf(context: Context, institution: string | undefined): Promise<Within> {
  return { reach: context.scope, subtree: await subtreePath(context.db, institution) }
}

/** The segment that is looked at. Throws `not_found`. */
export async function segmentOf({ db }: Context, wanted: string): Promise<StoredSegment> {
  const found = await findSegment(db, wanted)
  if (!found) throw notFound('segment')
  return found
}

/** Refuses to look at members of what has none. Throws `conflict`. */
export function requireActive({ state, name }: StoredSegment): void {
  if (state !== 'active')
    throw new DomainError(
      'conflict',
      `“${name}” is ${state === 'draft' ? 'a draft' : 'retired'}: only active segments have members.`,
    )
}

/** The segments of a list, each once and in its order. Throws `invalid_input` for one that comes twice and `unknown_reference` for one that there is not. */
export function chosenSegments(known: readonly StoredSegment[], field: string, ids: readonly string[]): readonly StoredSegment[] {
  return ids.map((one, index) => {
    if (ids.indexOf(one) !== index)
      throw refuseField('invalid_input', `${field}/${index}`, 'distinct', 'This segment is already in the list.')
    const found = known.find((segment) => segment.id === one)
    if (!found) throw refuseField('unknown_reference', `${field}/${index}`, 'unknown_reference', 'There is no such segment.')
    return found
  })
}

/** Amounts of the base currency as both APIs show them. */
export function moneyOf({ bank }: Context): (minor: bigint) => { readonly amount: string; readonly currency: string } {
  const currency = bank.baseCurrency as CurrencyCode
  return (minor) => ({ amount: formatAmount(minor, currency), currency })
}
