import { z } from 'zod'
import { event } from '../kernel/event.ts'
import { refreshKinds } from './refreshes.ts'

const kind = z.enum(refreshKinds).meta({ description: 'What is refreshed.' })
const code = z.string().nullable()
const exported = {
  access: z.literal('export'),
  exportId: z.string(),
  format: z.string(),
  facts: z.string().meta({ description: 'Names of the facts that were sent, separated by spaces.' }),
}

export const segmentationEvents = {
  'segment.created': event('A segment was created as a draft.'),
  'segment.revised': event('A segment was revised.'),
  'segment.activated': event('A segment was activated.'),
  'segment.retired': event('A segment was retired.'),
  'segment.members_set': event('Members of a static segment were added or removed.', { added: z.int(), removed: z.int() }),
  'segment.export_started': event('An export of the members of a segment was started.', exported),
  'segment.exported': event('An export of the members of a segment ended.', {
    ...exported,
    customers: z.int().meta({ description: 'Members that were sent.' }),
    complete: z.boolean().meta({ description: 'Whether all were.' }),
  }),
  'segment.entered': event('A customer entered a segment.'),
  'segment.left': event('A customer left a segment.'),
  'tier.changed': event('The tier of a customer changed.', { from: code, to: code, reason: z.string() }),
  'tier_scheme.created': event('A scheme of tiers was created.'),
  'tier_scheme.revised': event('A scheme of tiers was revised.'),
  'tier_scheme.retired': event('A scheme of tiers was retired.'),
  'tier_override.requested': event('It was requested to set the tier of a customer by hand.'),
  'tier_override.set': event('The tier of a customer was set by hand, as approved.'),
  'tier_override.declined': event('A requested tier override was declined.'),
  'tier_override.withdrawn': event('A requested tier override was withdrawn.'),
  'tier_override.ended': event('A tier set by hand was ended.'),
  'classification.changed': event('The classification of a customer changed; the subject is its kind.', { from: code, to: code }),
  'classification_policy.revised': event('A version of the rules was added by which customers are classified.'),
  'relation_score_policy.revised': event('A version of the parts and weights of relation scores was added.'),
  'relationship_preference.declared': event('The relationship preference of a customer was declared.'),
  'value_policy.revised': event('A version of the rates was added by which value is computed.'),
  'refresh.requested': event('A refresh was requested.', { kind }),
  'refresh.done': event('A refresh was completed.', { kind }),
}
