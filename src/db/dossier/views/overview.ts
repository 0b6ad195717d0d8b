import type { Computed, Many } from '../../platform/views/view.ts'
import * as schema from '../schema/customers.ts'
import { aumByMonth, holdingsByFamily, quality, upcomingDates } from './customer-figures.ts'
import { classificationRelations } from '../../segmentation/views/classifications.ts'
import { currentConsents, wishedContact } from './consents.ts'
import { noteRelations } from './notes.ts'
import { peopleRelations } from './people-of-customers.ts'
import { profileRelations } from './profiles.ts'
import { segmentsOfCustomer } from '../../segmentation/views/segments.ts'
import { stageFields } from './stages.ts'
import { tierRelations } from '../../segmentation/views/tiers.ts'
import { recentTimeline } from './timeline.ts'
import { teamRelations } from './teams.ts'
import { column, one, view } from '../../platform/views/view.ts'

const listed = (relation: Many): Many => ({ ...relation, inRest: 'single' })
const shown = (field: Computed): Computed => ({ ...field, inRest: true })

/** The 360-degree view: one row of `customer` with what a banker looks at before speaking with them. */
const customerOverview = view(
  'CustomerOverview',
  'A customer at a glance: who they are and who keeps them, where they stand, what they hold, what is coming up, who belongs to them, what they agreed to and what happened last.',
  schema.customer,
  {
    customerId: column('uuid', 'The customer.', { expression: (alias) => `${alias}.id` }),
    customer: one('Customer', 'The customer, with institution and relationship manager.', {
      permission: 'customer:read',
      inRest: 'single',
      on: (parent, child) => `${child}.id = ${parent}.id`,
    }),
    team: teamRelations.team,
    profile: { ...profileRelations.profile, inRest: 'single' },
    stages: shown(stageFields.stages),
    tiers: shown(tierRelations.tiers),
    classifications: listed(classificationRelations.classifications),
    segments: listed(segmentsOfCustomer),
    holdingsByFamily: shown(holdingsByFamily),
    aumByMonth: aumByMonth(24),
    upcomingKeyDates: listed(upcomingDates),
    keyPeople: listed(peopleRelations.keyPeople),
    relationships: listed(peopleRelations.relationships),
    groups: listed(peopleRelations.groups),
    consents: currentConsents,
    contactPreference: wishedContact,
    needs: listed(noteRelations.needs),
    lifeEvents: listed(noteRelations.lifeEvents),
    privilegeGrants: listed(noteRelations.privilegeGrants),
    quality: shown(quality),
    timeline: recentTimeline,
  },
)

export const overviewViews = [customerOverview]
