import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import type { GroupKind, GroupState } from '../../core/dossier/customer-groups.ts'
import type { Db } from '../platform/database.ts'
import { insertOwned, updateOwned } from '../platform/owned-rows.ts'
import { customerGroupMember, groupMembership } from './schema/people.ts'

/** What stands already of a customer in scope, who is locked, with regard to groups of a kind and to this one. */
export async function groupState(db: Db, kind: GroupKind, customerId: string, groupId: string | null): Promise<GroupState> {
  const [state] = await db.rows<GroupState>(sql`
    select coalesce(bool_or(m.kind = 'household'), false) as "inHousehold",
      coalesce(bool_or(m.kind = ${kind}::text and m.head_customer_id = m.customer_id), false) as heads,
      coalesce(bool_or(m.kind = ${kind}::text and m.head_customer_id <> m.customer_id), false) as follows,
      coalesce(bool_or(m.group_id = ${groupId}::uuid), false) as inside
    from group_membership m where m.customer_id = ${customerId}::uuid and m.status = 'active'`)
  return state!
}

/** The members of a group, whoever sees them. */
export async function membersOf(
  db: Db,
  headCustomerId: string,
  groupId: string,
): Promise<readonly { readonly id: string; readonly memberCustomerId: string; readonly joinedOn: Day }[]> {
  return db.rows(sql`
    select m.id, m.member_customer_id as "memberCustomerId", m.joined_on as "joinedOn" from customer_group_member m
    where m.customer_id = ${headCustomerId}::uuid and m.group_id = ${groupId}::uuid and m.status = 'active' order by m.id`)
}

interface NewMember {
  readonly id: string
  readonly groupId: string
  readonly kind: GroupKind
  readonly head: Placed
  readonly member: Placed
  readonly joinedOn: Day
  readonly now: Date
}

interface Placed {
  readonly id: string
  readonly institutionPath: string
}

/** Writes a membership under the head and under the member, with the same id. */
export async function insertMember(db: Db, { id, groupId, kind, head, member, joinedOn, now }: NewMember): Promise<void> {
  const shared = { id, groupId, status: 'active', joinedOn, createdAt: now, updatedAt: now }
  await Promise.all([
    insertOwned(db, customerGroupMember, {
      ...shared,
      customerId: head.id,
      institutionPath: head.institutionPath,
      memberCustomerId: member.id,
    }),
    insertOwned(db, groupMembership, {
      ...shared,
      customerId: member.id,
      institutionPath: member.institutionPath,
      headCustomerId: head.id,
      kind,
    }),
  ])
}

/** Ends a membership under both. */
export async function endMember(
  db: Db,
  {
    id,
    headCustomerId,
    memberCustomerId,
  }: { readonly id: string; readonly headCustomerId: string; readonly memberCustomerId: string },
  endedOn: Day,
  now: Date,
): Promise<void> {
  const ended = { status: 'ended', endedOn, updatedAt: now }
  await Promise.all([
    updateOwned(db, customerGroupMember, { customerId: headCustomerId, id }, ended),
    updateOwned(db, groupMembership, { customerId: memberCustomerId, id }, ended),
  ])
}

/** Ends all memberships of a group under its head and under the members, who are all in scope and locked. */
export async function endMembers(
  db: Db,
  headCustomerId: string,
  groupId: string,
  memberCustomerIds: readonly string[],
  endedOn: Day,
  now: Date,
): Promise<void> {
  const ended = sql`status = 'ended', ended_on = ${endedOn}::date, updated_at = ${now.toISOString()}::timestamptz, version = t.version + 1`
  await Promise.all([
    db.rows(sql`
      update customer_group_member t set ${ended}
      where t.customer_id = ${headCustomerId}::uuid and t.group_id = ${groupId}::uuid and t.status = 'active'`),
    db.rows(sql`
      update group_membership t set ${ended}
      where t.customer_id = any (${sql.param(memberCustomerIds)}::uuid[]) and t.group_id = ${groupId}::uuid and t.status = 'active'`),
  ])
}
