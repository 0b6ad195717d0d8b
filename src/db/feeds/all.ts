import type { FeedEntity } from '../../core/feeds/imports.ts'
import type { FeedRowOf } from '../../core/feeds/rows.ts'
import { applyActivity } from './activity.ts'
import { applyAssignments } from '../dossier/assignment-feed.ts'
import { applyBalances } from './balances.ts'
import { applyCustomers } from '../dossier/customer-feed.ts'
import { applyExchangeRates } from './exchange-rates.ts'
import type { ApplyFeed } from '../platform/feed.ts'
import { applyHoldingParties } from './holding-parties.ts'
import { applyHoldings } from './holdings.ts'
import { applyInstitutions } from '../organisation/institution-feed.ts'
import { applyMovements } from './movements.ts'
import { applyProducts } from './products.ts'
import { applyStaff } from '../organisation/staff-feed.ts'

/** How the rows of each entity are applied. */
export const feeds: { readonly [E in FeedEntity]: ApplyFeed<FeedRowOf<E>> } = {
  institutions: applyInstitutions,
  staff: applyStaff,
  products: applyProducts,
  exchangeRates: applyExchangeRates,
  customers: applyCustomers,
  assignments: applyAssignments,
  holdings: applyHoldings,
  holdingParties: applyHoldingParties,
  balances: applyBalances,
  activity: applyActivity,
  movements: applyMovements,
}
