import { ofCustomer } from '../../db/platform/views/conditions.ts'
import { checkVersion } from '../platform/versions.ts'
import { requirePast } from '../../core/kernel/periods.ts'
import { z } from 'zod'
import { otherCustomerNotFound } from '../../core/dossier/record-rules.ts'
import { notFound, refuseField } from '../../core/kernel/errors.ts'
import { day, remark } from '../../core/kernel/scalars.ts'
import { counterpartLevels, keyPersonRoles, requirePerson } from '../../core/dossier/key-people.ts'
import { changedFields } from '../../core/kernel/changes.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import type { Db } from '../../db/platform/database.ts'
import type { View } from '../../db/platform/views/view.ts'
import { requireActive } from '../../core/dossier/relationships.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import { lockCustomerReferences } from '../../db/dossier/references.ts'
import { findOwned } from '../../db/platform/owned-rows.ts'
import type { keyPerson, sharedKeyPerson } from '../../db/dossier/schema/people.ts'
import { type Context, viewOperation } from '../platform/operation.ts'
import { answerOne } from '../platform/reading.ts'
import { expectedVersion, id } from '../platform/scalars.ts'
import { idOf } from './under-customer.ts'

export const domain = 'Party Reference Data Directory'

export const role = z.enum(keyPersonRoles).meta({ description: 'Role in the company’s decisions.' })

export const position = {
  title: remark(100).optional().meta({ description: 'Job title there.' }),
  counterpartStaffId: id.optional().meta({ description: 'The staff member who holds the relation with them.' }),
  counterpartLevel: z
    .enum(counterpartLevels)
    .optional()
    .meta({ description: 'Level of the bank at which the relation is held.' }),
}

export const endedOn = day
  .optional()
  .meta({ description: 'First day on which it no longer applies, not in the future; today by default.' })

/** The business under which something is written, held, with the person's own record where one is named. */
export async function lockBusiness({ db }: Context, customerId: string, personCustomerId: string | undefined) {
  const locked = await lockCustomerReferences(db, [customerId, ...(personCustomerId === undefined ? [] : [personCustomerId])])
  const customer = locked.get(customerId)
  if (!customer) throw notFound('customer')
  if (personCustomerId !== undefined) {
    const person = locked.get(personCustomerId)
    if (!person) throw otherCustomerNotFound('personCustomerId')
    requirePerson(person.kind, 'personCustomerId')
  }
  return customer
}

export function refuseSecond(field: string, message: string) {
  return (error: unknown): never => {
    if (brokenConstraint(error)?.includes('key_person_')) throw refuseField('conflict', field, 'duplicate', message)
    throw error
  }
}

/** Reads something and holds the customer it belongs to. */
export async function lockUnder<T extends typeof keyPerson | typeof sharedKeyPerson>(
  context: Context,
  stored: T,
  address: { readonly customerId: string; readonly id: string },
  what: string,
  { expected, personCustomerId }: { readonly expected: number | undefined; readonly personCustomerId?: string | undefined },
): Promise<T['$inferSelect']> {
  await lockBusiness(context, address.customerId, personCustomerId)
  const found = await findOwned(context.db, stored, address)
  if (!found) throw notFound(what)
  checkVersion(expected, found.version)
  requireActive(found.status)
  return found
}

export interface RowAddress {
  readonly customerId: string
  readonly id: string
}

interface RoleEnd {
  readonly status: 'ended'
  readonly endedOn: Day
}

interface RoleToEnd {
  readonly view: View
  readonly table: typeof keyPerson | typeof sharedKeyPerson
  readonly save: (db: Db, address: RowAddress, values: RoleEnd & { readonly updatedAt: Date }) => Promise<void>
  readonly subject: 'key_person' | 'shared_key_person'
  readonly noun: string
  readonly summary: string
  readonly description: string
}

/** The command that ends a role at a company, of a record or of one that is shared. */
export function endRole({ view: ofView, table: stored, save, subject, noun, summary, description }: RoleToEnd) {
  const key = idOf(ofView)
  return viewOperation(ofView, {
    kind: 'command',
    name: `end${ofView.name}`,
    summary,
    description,
    permission: 'dossier:write',
    domain,
    input: z.strictObject({ customerId: id, [key]: id, endedOn, expectedVersion }),
    errors: ['not_found', 'already_closed', 'outside_period'],
    concurrency: 'optional',
    async run(context, input: Readonly<Record<string, unknown>>) {
      const { db, now, today, record } = context
      const [customerId, subjectId] = [String(input['customerId']), String(input[key])]
      const address = { customerId, id: subjectId }
      const before = await lockUnder(context, stored, address, noun, {
        expected: input['expectedVersion'] as number | undefined,
      })
      const on = input['endedOn'] as Day | undefined
      requirePast(on, today, 'endedOn')
      const after: RoleEnd = { status: 'ended', endedOn: on ?? today }
      await save(db, address, { ...after, updatedAt: now })
      record({ event: `${subject}.ended`, subjectType: subject, subjectId, customerId, changed: changedFields(before, after) })
      return answerOne(context, ofView, ofCustomer(customerId, subjectId))
    },
  })
}
