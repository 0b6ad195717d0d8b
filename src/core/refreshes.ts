export const refreshKinds = ['full', 'incremental'] as const
export type RefreshKind = (typeof refreshKinds)[number]

/** Why a refresh runs: by the clock, because somebody asked, or since customers have changed. */
export const refreshReasons = ['schedule', 'request', 'import'] as const
export type RefreshReason = (typeof refreshReasons)[number]

export const refreshStates = ['queued', 'running', 'done', 'failed'] as const
export type RefreshState = (typeof refreshStates)[number]

/** In their order: facts slice by slice, cuts, what rests on the facts, the end. */
export const refreshSteps = ['facts', 'cuts', 'evaluation', 'done'] as const
export type RefreshStep = (typeof refreshSteps)[number]
