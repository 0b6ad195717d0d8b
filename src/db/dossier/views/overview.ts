import * as schema from '../schema/customers.ts'
import { quality, upcomingDates } from './customer-figures.ts'
import { currentConsents, contactPreferenceOfCustomer } from './consents.ts'
import { recordRelations } from './dossier-records.ts'
import { peopleRelations } from './people-of-customers.ts'
import { profileRelations } from './profiles.ts'
import { lifeStageFields } from './life-stages.ts'
import { recentTimeline } from './timeline.ts'
import { teamRelations } from './teams.ts'
import { column, inSingleAnswers, one, shownInRest, view } from '../../platform/views/view.ts'

/** The 360-degree view: one row of `customer` with what a banker looks at before speaking with them. */
const customerOverview = view(
  'CustomerOverview',
  'A customer at a glance: identity and relationship manager, tiers and classifications, holdings, upcoming dates, related people, consents and recent events.',
  schema.customer,
  {
    customerId: column('uuid', 'The customer.', { expression: (alias) => `${alias}.id` }),
    customer: one('Customer', 'The customer, with institution and relationship manager.', {
      permission: 'customer:read',
      inRest: 'single',
      on: (parent, child) => `${child}.id = ${parent}.id`,
    }),
    team: teamRelations.team,
    profile: inSingleAnswers(profileRelations.profile),
    lifeStages: shownInRest(lifeStageFields.lifeStages),
    upcomingKeyDates: inSingleAnswers(upcomingDates),
    keyPeople: inSingleAnswers(peopleRelations.keyPeople),
    relationships: inSingleAnswers(peopleRelations.relationships),
    groups: inSingleAnswers(peopleRelations.groups),
    consents: currentConsents,
    contactPreference: contactPreferenceOfCustomer,
    needs: inSingleAnswers(recordRelations.needs),
    lifeEvents: inSingleAnswers(recordRelations.lifeEvents),
    privilegeGrants: inSingleAnswers(recordRelations.privilegeGrants),
    quality: shownInRest(quality),
    timeline: recentTimeline,
  },
)

export const overviewViews = [customerOverview]
