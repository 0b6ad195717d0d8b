/** How a customer was looked at: in an answer, a value in clear, at the counter, or in a list that left as a file. */
export const accessKinds = ['read', 'reveal', 'recognition', 'export'] as const
