import { cleanText } from '../core/kernel/text.ts'
import { tokenRefusal } from './refusal.ts'

/** Whom a verified token names: a staff number or a client id, both as the identity provider spells them. Roles come from the database, never from here. */
export type Caller = { readonly kind: 'staff'; readonly number: string } | { readonly kind: 'client'; readonly clientId: string }

/** Names of the claims that hold the staff number (usually `sub`) and the id of a machine client (usually `client_id`). */
export interface CallerClaims {
  readonly staffClaim: string
  readonly clientClaim: string
}

type Claims = Readonly<Record<string, unknown>>

const maximumNameLength = 256

/**
 * Decides whether a verified token stands for a staff member or for a machine client. Claims that name somebody are non-empty strings of at
 * most 256 characters, without control characters and in valid Unicode, as all input; one that is present and anything else refuses the token. Throws `no_subject`.
 *
 * Access tokens of people carry the `client_id` of their front end, and tokens of machines carry a `sub` (both are required by RFC 9068, 2.2),
 * so the presence of a claim decides nothing. In this order:
 *
 * 1. The issuer says that the token was granted to a client itself (`gty: client-credentials` of Auth0, `idtyp: app` of Entra ID): client.
 * 2. There is a client claim and no staff claim: client, when `sub` is absent or the same id. With another `sub` a person is behind the token
 *    and the staff claim is only missing: refused, since a person must never act with the rights of the front end.
 * 3. Staff claim and client claim are equal: client (RFC 9068, 2.2: without a user, `sub` is the client).
 * 4. `sub` equals the client claim but the staff claim, a claim of its own, names somebody else: contradictory, refused.
 * 5. Otherwise the staff claim decides. A machine that an issuer describes in no other way ends here with a number that no staff member
 *    has, and is refused by the look-up: the mistake costs access, it does not give any.
 */
export function callerOf(claims: Claims, names: CallerClaims): Caller {
  const subject = nameIn(claims, 'sub')
  const staff = nameIn(claims, names.staffClaim)
  const client = nameIn(claims, names.clientClaim)
  if (isGrantedToClient(claims)) {
    if (client === undefined) throw tokenRefusal('no_subject')
    return { kind: 'client', clientId: client }
  }
  if (client !== undefined && (staff === undefined || staff === client)) {
    if (subject !== undefined && subject !== client) throw tokenRefusal('no_subject')
    return { kind: 'client', clientId: client }
  }
  if (staff === undefined || (subject !== undefined && subject === client)) throw tokenRefusal('no_subject')
  return { kind: 'staff', number: staff }
}

function isGrantedToClient(claims: Claims): boolean {
  return claims['gty'] === 'client-credentials' || claims['idtyp'] === 'app'
}

function nameIn(claims: Claims, claim: string): string | undefined {
  if (!Object.hasOwn(claims, claim)) return undefined
  const value = claims[claim]
  if (typeof value !== 'string' || value.trim() === '' || value.length > maximumNameLength || !cleanText(value).ok)
    throw tokenRefusal('no_subject')
  return value
}
