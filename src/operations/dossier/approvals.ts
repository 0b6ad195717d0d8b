import { ofCustomer } from '../../db/platform/views/conditions.ts'
import { z } from 'zod'
import {
  approvalKinds,
  type ApprovalKindName,
  approvalMachine,
  approvalStates,
  requireAnotherPerson,
  requireRequester,
} from '../../core/dossier/approvals.ts'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import type { Permission } from '../../core/kernel/permissions.ts'
import { remark } from '../../core/kernel/scalars.ts'
import { stateAfter } from '../../core/kernel/state-machine.ts'
import {
  approvalRequestConditions,
  approvalRequestOrder,
  type HeldApprovalRequest,
  insertApprovalRequest,
  lockApprovalRequest,
  saveDecision,
} from '../../db/dossier/approvals.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, type Operation, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { expectedVersion, id } from '../platform/scalars.ts'
import { checkVersion } from '../platform/versions.ts'

const requestView = viewNamed('ApprovalRequest')
const domain = 'Customer Relationship Management'

/** What is decided about: the thing that waits, and who decides. */
export interface Decision {
  readonly customerId: string
  readonly subjectId: string
  readonly decidedBy: string
}

/** A kind of thing that waits for the approval of another person. */
export interface ApprovalKind {
  readonly kind: ApprovalKindName
  /** What whoever approves must be permitted besides. */
  readonly permission: Permission
  /** Lets what was asked for take effect. Throws a refusal where it no longer can: then the request stays pending. */
  readonly approve: (context: Context, decision: Decision) => Promise<void>
  readonly close: (context: Context, decision: Decision, state: 'declined' | 'withdrawn') => Promise<void>
}

/** Asks for an approval about a customer whose row is locked. Answers the id of the request. Throws `conflict` for a machine client, and `already_exists`. */
export async function requestApproval(
  { db, actor, now, newId, record }: Context,
  asked: { readonly customerId: string; readonly kind: ApprovalKindName; readonly subjectId: string; readonly reason: string },
): Promise<string> {
  if (actor.kind !== 'staff') throw new DomainError('conflict', 'Only a staff member requests an approval, not a machine client.')
  const requestId = newId()
  await insertApprovalRequest(db, { ...asked, id: requestId, requestedBy: actor.id, now }).catch((error: unknown) => {
    if (brokenConstraint(error) === 'approval_request_pending_key')
      throw new DomainError('already_exists', 'A request for this is already pending.')
    throw error
  })
  record({
    event: 'approval_request.created',
    subjectType: 'approval_request',
    subjectId: requestId,
    customerId: asked.customerId,
    changed: ['kind', 'subjectId', 'reason'],
  })
  return requestId
}

const approvalRequestId = id.meta({ description: 'The request.' })

export const approvalRequest = viewOperation(requestView, {
  kind: 'query',
  name: 'approvalRequest',
  summary: 'A request for approval',
  description: 'With requester, decision and customer.',
  permission: 'approval:read',
  domain,
  input: z.strictObject({ customerId: id, approvalRequestId }),
  errors: ['not_found'],
  run: (context, { customerId, approvalRequestId: wanted }) => answerOne(context, requestView, ofCustomer(customerId, wanted)),
})

export const approvalRequests = pageOperation(requestView, {
  kind: 'query',
  name: 'approvalRequests',
  summary: 'Requests for approval',
  description: 'About customers in your scope, the longest pending first.',
  permission: 'approval:read',
  domain,
  input: z.strictObject({
    state: z.enum(approvalStates).default('pending').meta({ description: 'With this status.' }),
    kind: z.enum(approvalKinds).optional().meta({ description: 'Of this kind.' }),
    customerId: id.optional().meta({ description: 'About this customer.' }),
    requestedBy: id.optional().meta({ description: 'Requested by this staff member.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor'],
  run: (context, { state, kind, customerId, requestedBy, ...page }) =>
    answerPage(context, requestView, {
      ...page,
      order: approvalRequestOrder,
      planned: 'each_time',
      where: (row, bind) => approvalRequestConditions({ reach: context.scope, state, kind, customerId, requestedBy }, row, bind),
    }),
})

/** The commands that decide on requests of these kinds. */
export function approvalCommands(kinds: readonly ApprovalKind[]): {
  readonly approveRequest: Operation
  readonly declineRequest: Operation
  readonly withdrawRequest: Operation
} {
  const kindOf = (name: ApprovalKindName): ApprovalKind => kinds.find(({ kind }) => kind === name)!

  async function hold({ db }: Context, customerId: string, wanted: string, expected?: number): Promise<HeldApprovalRequest> {
    const request = await lockApprovalRequest(db, customerId, wanted)
    if (!request) throw notFound('request')
    checkVersion(expected, request.version)
    return request
  }

  async function decide(
    context: Context,
    request: HeldApprovalRequest,
    { customerId, wanted, note }: { readonly customerId: string; readonly wanted: string; readonly note: string | null },
    transition: 'approve' | 'decline' | 'withdraw',
  ): Promise<Record<string, unknown>> {
    const { db, actor, now, record } = context
    const staffId = actor.kind === 'staff' ? actor.id : undefined
    if (transition === 'withdraw') requireRequester(request.requestedBy, staffId)
    else requireAnotherPerson(request.requestedBy, staffId)
    const state = stateAfter(approvalMachine, request.state, transition)
    const kind = kindOf(request.kind)
    if (transition !== 'withdraw' && !context.permits(kind.permission))
      throw new DomainError('not_permitted', `To decide on this requires the permission ${kind.permission}.`)
    const decision: Decision = { customerId, subjectId: request.subjectId, decidedBy: staffId! }
    await (state === 'approved'
      ? kind.approve(context, decision)
      : kind.close(context, decision, state as 'declined' | 'withdrawn'))
    await saveDecision(db, customerId, wanted, { state, decidedBy: staffId!, note, now })
    record({
      event: `approval_request.${state as 'approved' | 'declined' | 'withdrawn'}`,
      subjectType: 'approval_request',
      subjectId: wanted,
      customerId,
      changed: ['state', ...(note === null ? [] : ['decisionNote'])],
    })
    return answerOne(context, requestView, ofCustomer(customerId, wanted))
  }

  const note = remark(300).meta({ description: 'Note on the decision.', examples: ['资产尚未到账'] })
  const errors = ['not_found', 'conflict', 'already_closed', 'version_conflict'] as const
  return {
    approveRequest: viewOperation(requestView, {
      kind: 'command',
      name: 'approveRequest',
      summary: 'Approve a request',
      description:
        'What was requested takes effect at once. Two people decide: the requester cannot approve, and the approver needs the permission for what is requested.',
      permission: 'approval:decide',
      domain,
      input: z.strictObject({ customerId: id, approvalRequestId, note: note.optional(), expectedVersion }),
      errors: [...errors, 'outside_period'],
      concurrency: 'optional',
      async run(context, { customerId, approvalRequestId: wanted, note: given, expectedVersion: expected }) {
        const request = await hold(context, customerId, wanted, expected)
        return decide(context, request, { customerId, wanted, note: given ?? null }, 'approve')
      },
    }),
    declineRequest: viewOperation(requestView, {
      kind: 'command',
      name: 'declineRequest',
      summary: 'Decline a request',
      description: 'With a note for the requester, who cannot decline it either but may withdraw it.',
      permission: 'approval:decide',
      domain,
      input: z.strictObject({ customerId: id, approvalRequestId, note, expectedVersion }),
      errors,
      concurrency: 'optional',
      async run(context, { customerId, approvalRequestId: wanted, note: given, expectedVersion: expected }) {
        const request = await hold(context, customerId, wanted, expected)
        return decide(context, request, { customerId, wanted, note: given }, 'decline')
      },
    }),
    withdrawRequest: viewOperation(requestView, {
      kind: 'command',
      name: 'withdrawRequest',
      summary: 'Withdraw a request',
      description: 'By the requester, before a decision.',
      permission: 'approval:request',
      domain,
      input: z.strictObject({ customerId: id, approvalRequestId, expectedVersion }),
      errors,
      concurrency: 'optional',
      async run(context, { customerId, approvalRequestId: wanted, expectedVersion: expected }) {
        const request = await hold(context, customerId, wanted, expected)
        return decide(context, request, { customerId, wanted, note: null }, 'withdraw')
      },
    }),
  }
}
