import type { ProfileField, ProfileValues, VerificationMethod } from '../../core/dossier/profiles.ts'
import type { FeedContext } from '../platform/feed.ts'

/** What applying rows of customers needs. */
export interface CustomerFeedContext extends FeedContext {
  /** Set where the row is a revision of a customer's profile. */
  readonly revision?: ProfileRevision | undefined
}

/** What a revision of a profile says beside its row. Unlike a correction it holds for its fields only: a feed's older row still brings the others. */
export interface ProfileRevision {
  /** Fields that it is about; what else the row says is what is stored. */
  readonly fields: readonly ProfileField[]
  readonly clearFields: readonly ProfileField[]
  /** What no feed says. */
  readonly banker: ProfileValues
  /** How the person made sure of what they say, where they did. */
  readonly verification?: VerificationMethod | undefined
  /** Where the values come from, where that is not the caller. */
  readonly origin?: { readonly source: string; readonly asOf: string } | undefined
}
