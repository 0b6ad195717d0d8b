export const importStatuses = ['running', 'completed', 'failed', 'cancelled', 'interrupted'] as const
export type ImportStatus = (typeof importStatuses)[number]
