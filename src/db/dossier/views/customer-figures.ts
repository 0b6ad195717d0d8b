import { z } from 'zod'
import { addMonths, type Day } from '../../../core/kernel/calendar.ts'
import { completenessNames, completenessOf, STALE_AFTER_MONTHS } from '../../../core/dossier/completeness.ts'
import type { CustomerKind } from '../../../core/dossier/customers.ts'
import { keyDateKinds, upcomingWindow } from '../../../core/dossier/key-dates.ts'
import { isPresent } from '../completeness.ts'
import { upcomingOrder, upcomingRows } from '../key-dates.ts'
import { type Computed, many } from '../../platform/views/view.ts'

/** How full and how recently confirmed a dossier is. */
export const quality: Computed = {
  kind: 'computed',
  nullable: false,
  description: 'Completeness of the dossier, and how recently it was confirmed.',
  permission: 'dossier:read',
  inRest: false,
  output: z
    .object({
      score: z.int().meta({ description: 'Points reached in percent of the maximum for this kind of customer, 0 to 100.' }),
      missing: z.array(z.enum(completenessNames)).meta({ description: 'Missing items, highest weight first.' }),
      documentsToReview: z.int().meta({ description: 'Number of identity documents that failed their checks.' }),
      confirmedAt: z.iso.datetime().nullable().meta({
        description: 'When a field of the profile, a document or a contact point was last verified, or the customer assessed.',
      }),
      stale: z.boolean().meta({ description: `Whether it was not confirmed for ${STALE_AFTER_MONTHS} months.` }),
    })
    .meta({ id: 'DossierQuality', description: 'Completeness of a dossier, and how recently it was confirmed.' }),
  expression: (alias, bind, { today }) => {
    const present = completenessNames.map((name) => `case when ${isPresent[name](alias)} then '${name}' end`).join(', ')
    return `json_build_array(${alias}.kind, array_to_json(array_remove(array[${present}], null)),
      (select count(*)::int from identity_document d where d.customer_id = ${alias}.id and not d.verified),
      greatest((select max(p.verified_at) from contact_point p where p.customer_id = ${alias}.id), (select max(d.verified_at) from identity_document d where d.customer_id = ${alias}.id),
        (select max(v.verified_at) from field_source v where v.customer_id = ${alias}.id),
        (select max(s.recorded_at) from suitability_assessment s where s.customer_id = ${alias}.id)), ${bind(today)}::text)`
  },
  decode(value) {
    const [kind, present, documentsToReview, confirmed, today] = value as [CustomerKind, string[], number, string | null, Day]
    const confirmedAt = confirmed === null ? null : new Date(confirmed)
    const { score, missing } = completenessOf(kind, new Set(present))
    const stale = confirmedAt === null || confirmedAt.toISOString().slice(0, 10) < addMonths(today, -STALE_AFTER_MONTHS)
    return { score, missing, documentsToReview, confirmedAt, stale }
  },
}

const DAYS_AHEAD = 30

export const upcomingDates = many(
  'UpcomingKeyDate',
  `Key dates in the next ${DAYS_AHEAD} days, including the birthday and founding day of the profile.`,
  {
    permission: 'dossier:read',
    inRest: 'never',
    from: ({ parent, bind, settings }) => {
      const window = upcomingWindow(settings.bankDays, DAYS_AHEAD)
      return upcomingRows(
        { customerId: `${parent}.id`, reach: { prefixes: ['/'], portfolio: [] }, kinds: keyDateKinds, ...window, at: settings },
        bind,
      )
    },
    on: () => 'true',
    orderBy: (child) =>
      upcomingOrder
        .keys(child)
        .map(({ expression }) => expression)
        .join(', '),
  },
)
