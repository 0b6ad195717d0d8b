/** Everybody anew; those who have changed; or everybody by the facts as they stand. */
export const refreshKinds = ['full', 'incremental', 'evaluation'] as const
export type RefreshKind = (typeof refreshKinds)[number]

/** Why a refresh runs: by the clock, because somebody asked, since customers have changed, or a segment, scheme or policy has. */
export const refreshReasons = ['schedule', 'request', 'import', 'definition'] as const
export type RefreshReason = (typeof refreshReasons)[number]

export const refreshStates = ['queued', 'running', 'done', 'failed'] as const
export type RefreshState = (typeof refreshStates)[number]

/** In their order: facts slice by slice, cuts, what rests on the facts, the end. */
export const refreshSteps = ['facts', 'percentiles', 'evaluation', 'done'] as const
export type RefreshStep = (typeof refreshSteps)[number]
