import { refuseField } from '../../core/kernel/errors.ts'

/** Throws `invalid_input` for keys that are empty, too long or not printable. */
export function checkedIdempotencyKey(key: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key
  throw refuseField(
    'invalid_input',
    'idempotencyKey',
    'idempotency_key',
    'An idempotency key is 1 to 255 printable ASCII characters.',
  )
}
