/** One form of an account number for hashing: full-width, lower case, spaces and hyphens make no other account. */
export function normaliseCounterparty(counterparty: string): string {
  return counterparty
    .normalize('NFKC')
    .replace(/[\s\-‐-―]/g, '')
    .toUpperCase()
}
