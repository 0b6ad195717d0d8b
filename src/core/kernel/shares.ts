const shareForm = /^(\d{1,3})(?:\.(\d{1,4}))?$/
/** 100 % in ten-thousandths of a percent. */
export const wholeShare = 1_000_000

/** Reads a share in percent, from 0 to 100 with at most 4 decimals, as ten-thousandths of a percent. */
export function parseShare(text: string): number | undefined {
  const [, whole, fraction = ''] = shareForm.exec(text) ?? []
  if (whole === undefined) return undefined
  const share = Number(whole) * 10_000 + Number(fraction.padEnd(4, '0'))
  return share <= wholeShare ? share : undefined
}
