import { all } from '../../db/platform/views/conditions.ts'
import { isConflicting } from '../../db/dossier/identity.ts'
import { ownedInReach } from '../../db/dossier/reach.ts'
import { z } from 'zod'
import { addressPurposes } from '../../core/dossier/customers.ts'
import { refuseField } from '../../core/kernel/errors.ts'
import { country as countryCode, distinct, singleLine } from '../../core/kernel/scalars.ts'
import { addressFields, requireAddress } from '../../core/dossier/identity.ts'
import { type ClearAddress, readClearValue, saveAddress, savePurpose } from '../../db/dossier/identity.ts'
import { type AddressRecord, isLineOf, listAddresses } from '../../db/dossier/identity-records.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerPage } from '../platform/reading.ts'
import { expectedVersion, id } from '../platform/scalars.ts'
import {
  addValue,
  byPlace,
  correctValue,
  domain,
  reviewDescription,
  valueCommands,
  type ValueKind,
  writing,
} from './customer-values.ts'

const addresses: ValueKind<AddressRecord> = {
  view: viewNamed('Address'),
  table: 'address',
  noun: 'address',
  called: 'a postal address',
  list: listAddresses,
  duplicate: { message: 'The customer already has this address for this purpose.' },
  removal: 'It is deleted; the audit log records that it existed. Returns what it was. A source that sends it again restores it.',
  verification: 'Records that it was proven to be the customer’s, as of now. A changed address must be verified again.',
}

const addressParts = {
  country: countryCode.optional().meta({ description: 'ISO 3166-1 code.' }),
  region: singleLine(100)
    .optional()
    .meta({ description: 'Province or state.', examples: ['广东省'] }),
  city: singleLine(100)
    .optional()
    .meta({ description: 'City.', examples: ['深圳市'] }),
  postalCode: singleLine(20)
    .optional()
    .meta({ description: 'Postal code.', examples: ['518000'] }),
  line: singleLine(300).optional().meta({ description: 'District, street and house. Stored encrypted.' }),
}
const addressPurpose = z.enum(addressPurposes).meta({ description: 'Purpose.' })

type AddressInput = { readonly [F in keyof ClearAddress]?: string | undefined }

/** The address after a command. Throws `invalid_input` where nothing is left of it, or a part is set and cleared at once. */
function addressAfter(
  before: ClearAddress | undefined,
  given: AddressInput,
  clearFields: readonly (keyof ClearAddress)[],
): ClearAddress {
  const twice = clearFields.find((field) => given[field] !== undefined)
  if (twice !== undefined)
    throw refuseField('invalid_input', 'clearFields', 'contradiction', `${twice} must not be both set and cleared.`)
  const part = (field: keyof ClearAddress): string | null =>
    clearFields.includes(field) ? null : (given[field] ?? before?.[field] ?? null)
  const address = {
    country: part('country'),
    region: part('region'),
    city: part('city'),
    postalCode: part('postalCode'),
    line: part('line'),
  }
  requireAddress(address)
  return address
}

/** Whether a stored address is this one. */
const isAddress =
  ({ vault }: Context, purpose: string, { line, ...parts }: ClearAddress) =>
  (one: AddressRecord): boolean =>
    one.purpose === purpose &&
    (Object.keys(parts) as (keyof typeof parts)[]).every((part) => one[part] === parts[part]) &&
    isLineOf(vault, one, line)

export const addAddress = viewOperation(addresses.view, {
  ...writing,
  name: 'addAddress',
  summary: 'Add a postal address of a customer',
  description: 'At least one part is required. A customer may have several for one purpose. `line` is stored encrypted.',
  input: z.strictObject({ customerId: id, purpose: addressPurpose, ...addressParts }),
  errors: ['not_found', 'already_exists', 'conflict'],
  run: (context, { customerId, purpose, ...given }) =>
    addValue(context, addresses, customerId, (customer) => {
      const { db, vault, now } = context
      const address = addressAfter(undefined, given, [])
      return {
        after: { purpose, ...address },
        isSame: isAddress(context, purpose, address),
        save: (rowId) => saveAddress(db, { customer, vault, now }, rowId, purpose, address),
        affectsConflicts: false,
      }
    }),
})

export const correctAddress = viewOperation(addresses.view, {
  ...writing,
  name: 'correctAddress',
  summary: 'Correct a postal address of a customer',
  description:
    'Changes the given parts; `clearFields` names the parts to clear. A changed address must be verified again. A corrected address is maintained here: values its source sends later are stored as conflicts and do not overwrite it.',
  input: z.strictObject({
    customerId: id,
    addressId: id,
    purpose: addressPurpose.optional(),
    ...addressParts,
    clearFields: distinct(z.enum(addressFields), addressFields.length).default([]).meta({ description: 'Parts to clear.' }),
    expectedVersion,
  }),
  errors: ['not_found', 'already_exists', 'conflict'],
  concurrency: 'required',
  run: (context, { customerId, addressId: rowId, expectedVersion: expected, purpose: toPurpose, clearFields, ...given }) =>
    correctValue(context, addresses, { customerId, rowId, expected }, async (customer, row) => {
      const { db, vault, now } = context
      const before = { ...row, line: (await readClearValue(db, vault, customerId, 'address_line', rowId)) ?? null }
      const purpose = toPurpose ?? before.purpose
      const address = addressAfter(before, given, clearFields)
      const isNew = addressFields.some((field) => address[field] !== before[field])
      return {
        before,
        after: { purpose, ...address, verifiedAt: isNew ? null : before.verifiedAt },
        isSame: isAddress(context, purpose, address),
        save: () =>
          isNew
            ? saveAddress(db, { customer, vault, now }, rowId, purpose, address)
            : savePurpose(db, 'address', customerId, rowId, purpose, now),
        affectsConflicts: true,
      }
    }),
})

export const { remove: removeAddress, verify: verifyAddress, dismiss: dismissAddress } = valueCommands(addresses)

export const addressesToReview = pageOperation(addresses.view, {
  kind: 'query',
  name: 'addressesToReview',
  summary: 'Postal addresses from feeds that conflict with verified ones',
  description: reviewDescription,
  permission: 'identity:read',
  domain,
  input: z.strictObject({ ...pageInput }),
  errors: ['invalid_cursor'],
  run: (context, page) =>
    answerPage(context, addresses.view, {
      ...page,
      order: byPlace,
      planned: 'each_time',
      where: all(isConflicting, ownedInReach(context.scope)),
    }),
})

export const addressOperations = [addAddress, correctAddress, removeAddress, verifyAddress, dismissAddress, addressesToReview]
