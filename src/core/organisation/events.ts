import { event } from '../kernel/event.ts'

export const organisationEvents = {
  'institution.created': event('An institution was created.'),
  'institution.updated': event('An institution was changed or closed.'),
  'staff.created': event('A staff member was created.'),
  'staff.updated': event('A staff member was changed or deactivated.'),
  'delegation.created': event('A portfolio was delegated to a deputy for a period.'),
  'delegation.updated': event('The end of a delegation was changed.'),
  'delegation.revoked': event('A delegation that had not begun was revoked.'),
  'calendar_day.set': event('A day was set to be a working day or a day off.'),
}
