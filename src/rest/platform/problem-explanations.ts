import type { ErrorCode } from '../../core/kernel/errors.ts'

interface Explanation {
  /** Why a request is refused with this code. */
  readonly cause: string
  /** What a caller does about it. */
  readonly cure: string
}

/** For whoever reads a problem: the union is mapped whole, so that a new code does not compile until it is explained. */
export const explanations: Readonly<Record<ErrorCode, Explanation>> = {
  invalid_input: {
    cause: 'A parameter, a header or a field of the body is missing, unknown, or breaks a rule.',
    cure: 'Correct what `errors` lists: `pointer` names the field, `rule` the rule that it breaks. The contract at /docs has the form of every input.',
  },
  malformed_request: {
    cause: 'The request could not be read: no valid HTTP, JSON, UTF-8 or GraphQL document.',
    cure: 'Correct what `detail` names, such as the JSON of the body or its encoding.',
  },
  invalid_cursor: {
    cause: 'The cursor was issued for another list, filter or order, or was altered.',
    cure: 'Send `nextCursor` unchanged with the same parameters, or begin with the first page.',
  },
  unknown_column: {
    cause: 'The header of an imported file has columns that the entity does not have.',
    cure: 'Rename or remove the columns that `detail` names; docs/imports.md lists those of each entity.',
  },
  stream_aborted: {
    cause: 'The body of an import ended before it was complete, or could not be decompressed.',
    cure: 'Send the file again with the same `Import-Id`: rows that were committed are not imported twice.',
  },
  query_too_complex: {
    cause: 'A GraphQL document, or a rule, is deeper, longer or costlier than the limits allow.',
    cure: 'Ask for fewer fields, smaller pages or less depth, in several requests.',
  },
  unauthenticated: {
    cause: 'There is no token, or it is expired, not valid, or names nobody who is active.',
    cure: 'Send `Authorization: Bearer <token>` with a token of the bank’s identity provider; on a development machine `npm run --silent token` prints one.',
  },
  not_permitted: {
    cause: 'The roles or scopes of the caller lack the permission of the operation (`x-permission` in the contract).',
    cure: 'Use an account of a role that has it, or ask an administrator for the role.',
  },
  not_found: {
    cause: 'It does not exist, or lies outside the scope of the caller: the answer is the same for both.',
    cure: 'Check the ID or the address; if it exists, somebody in whose scope it lies can read it.',
  },
  method_not_allowed: {
    cause: 'The address exists and does not take this method.',
    cure: 'Use one of the methods in the `Allow` header.',
  },
  conflict: {
    cause: 'The current state does not allow the change, or a field depends on another.',
    cure: 'Read the current state, and do first what `detail` requires.',
  },
  already_exists: {
    cause: 'Something with the same code, number, external ID or day exists.',
    cure: 'Change the existing one, or use another code.',
  },
  already_closed: {
    cause: 'It has ended, was closed or was decided, and does not change any more.',
    cure: 'Nothing, if that is what was wanted; otherwise create a new one.',
  },
  period_overlap: {
    cause: 'Another one of the same kind applies on some of these days.',
    cure: 'Choose other days, or end the other one first.',
  },
  institution_move_unsupported: {
    cause: 'The parent of an institution cannot be changed yet.',
    cure: 'Leave the parent as it is.',
  },
  cycle: {
    cause: 'The change would make something its own ancestor, owner, deputy or condition.',
    cure: 'Remove one of the links that `detail` names.',
  },
  in_use: {
    cause: 'Others depend on it: open holdings of a customer, active parts of an institution.',
    cure: 'Close or move first what `detail` names.',
  },
  import_in_progress: {
    cause: 'An import with this `Import-Id` is running.',
    cure: 'Watch it at /v1/imports/{importId}, or cancel it; send again when it has ended.',
  },
  idempotency_in_progress: {
    cause: 'A request with the same idempotency key has not been answered yet.',
    cure: 'Wait, then repeat it with the same key: the stored answer comes back.',
  },
  superseded: {
    cause: 'The row is older (`asOf`) than what is stored.',
    cure: 'Nothing, where a feed arrives late; otherwise send the current row.',
  },
  version_conflict: {
    cause: 'It was changed since it was read.',
    cure: 'Read it again, decide whether the change is still right, and send the new version in `If-Match` (GraphQL: `expectedVersion`).',
  },
  payload_too_large: {
    cause: 'The body is larger than the endpoint accepts.',
    cure: 'Send less in one request; files of any size go to imports.',
  },
  unsupported_media_type: {
    cause: 'The `Content-Type`, its charset or the `Content-Encoding` is none that the endpoint takes.',
    cure: 'Send `application/json` in UTF-8; imports take `text/csv` and `application/x-ndjson`, also with gzip.',
  },
  unknown_reference: {
    cause: 'The input refers to something that does not exist in the scope of the caller, such as a product or a staff member.',
    cure: 'Correct the ID or code at `pointer`, or create what it refers to first.',
  },
  unknown_currency: {
    cause: 'A currency is no code of ISO 4217.',
    cure: 'Send a code of three capital letters, such as CNY.',
  },
  identity_mismatch: {
    cause: 'Birth date or gender contradict the identity number, or a number does not belong to the customer.',
    cure: 'Check the document, and correct the field that is wrong.',
  },
  outside_period: {
    cause: 'A day is before or after what the operation allows.',
    cure: 'Choose a day within the limits that `detail` names.',
  },
  idempotency_key_reused: {
    cause: 'The idempotency key was used for a request with another input.',
    cure: 'Use a new key for a new request.',
  },
  precondition_required: {
    cause: 'The operation requires the version that the caller has read.',
    cure: 'Send the `ETag` of the last answer in `If-Match` (GraphQL: `expectedVersion`).',
  },
  rate_limited: {
    cause: 'More requests came from this caller or address than the limits allow.',
    cure: 'Wait for the seconds in `Retry-After`.',
  },
  unavailable: {
    cause: 'The database is unavailable or busy, or a concurrent change came in between.',
    cure: 'Repeat the request after the seconds in `Retry-After`; a command with its idempotency key.',
  },
  timed_out: {
    cause: 'The database did not answer in time.',
    cure: 'Narrow the query; repeat a command with its idempotency key, since it may have been done.',
  },
  internal: {
    cause: 'A fault of the service.',
    cure: 'Give the operators the `traceId`, under which it was logged.',
  },
}
