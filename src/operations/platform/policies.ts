import { z } from 'zod'
import { callerOf } from '../../core/kernel/actors.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import { DomainError, type ErrorCode } from '../../core/kernel/errors.ts'
import {
  defaultVersion,
  policySources,
  type PolicySource,
  type PolicyVersion,
  requireEffectiveOn,
} from '../../core/kernel/policies.ts'
import type { Permission } from '../../core/kernel/permissions.ts'
import { singleLine } from '../../core/kernel/scalars.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import { insertPolicyVersion, listPolicyVersions, type PolicyKind, type StoredPolicyVersion } from '../../db/platform/policies.ts'
import { type Context, type Operation, operation } from './operation.ts'
import { daySchema } from './scalars.ts'
import { checkVersion } from './versions.ts'

interface Texts {
  readonly name: string
  readonly summary: string
  readonly description: string
}

/** A kind of policy that a bank sets as a whole, version by version. */
export interface PolicyDefinition<D> {
  readonly kind: Exclude<PolicyKind, 'tier_scheme'>
  /** The type of both APIs. */
  readonly type: string
  readonly called: string
  readonly domain: string
  /** Which policies of the kind there are, and the field that names one of them; undefined where there is only one. */
  readonly keyed?: { readonly field: string; readonly keys: readonly [string, ...string[]]; readonly schema: z.ZodType }
  readonly list: Texts & { readonly permission: Permission }
  readonly revise: Texts & {
    readonly permission: Permission
    readonly errors?: readonly ErrorCode[]
    readonly reasonExample?: string
  }
  /** What is set, and how it is shown. */
  readonly input: z.ZodRawShape
  readonly output: z.ZodRawShape
  /** What holds until the bank sets something; undefined where a migration ships version 1. */
  readonly defaults: ((key: string) => { readonly definition: D; readonly source: PolicySource }) | undefined
  /** Whether a second version may begin on the day of another one and take its place. */
  readonly sameDay: 'replaces' | 'refused'
  /** Checks what was sent and answers what is stored. Throws `invalid_input`. */
  readonly read: (context: Context, key: string, input: Readonly<Record<string, unknown>>, effectiveOn: Day) => D | Promise<D>
  readonly show: (definition: D, key: string) => Readonly<Record<string, unknown>>
  /** Called where a version begins today: what rests on it has to follow. */
  readonly onEffective?: (context: Context) => Promise<unknown>
}

const versionSeen = z
  .int()
  .min(0)
  .max(2_147_483_647)
  .optional()
  .meta({ description: 'The latest version you saw; 0 where the bank has set none.' })

function schemaOf<D>({ type, called, keyed, output }: PolicyDefinition<D>) {
  return z
    .object({
      ...(keyed && { [keyed.field]: keyed.schema }),
      version: z.int().meta({ description: 'Version; 0 for the default. All versions are stored.' }),
      effectiveOn: z.iso.date().nullable().meta({ description: 'First day on which it applies; null for the default.' }),
      source: z.enum(policySources).meta({ description: 'Published practice, the default of the product, or the bank itself.' }),
      ...output,
      reason: z.string().nullable().meta({ description: 'Why it was set; null for the default.' }),
      setBy: z.string().nullable().meta({ description: 'Who set it; null for the default.' }),
      setAt: z.iso.datetime().nullable().meta({ description: 'When it was set; null for the default.' }),
    })
    .meta({ id: type, description: `A version of ${called}. Never changed.` })
}

function shown<D>(
  policy: PolicyDefinition<D>,
  { definition, setAt, key, ...version }: PolicyVersion<D>,
): Record<string, unknown> {
  return {
    ...(policy.keyed && { [policy.keyed.field]: key }),
    ...version,
    ...policy.show(definition, key),
    setAt: setAt === null ? null : new Date(setAt).toISOString(),
  }
}

/** The two operations of a kind of policy: all its versions, and a new one. */
export function policyOperations<D>(policy: PolicyDefinition<D>): readonly [Operation, Operation] {
  const { kind, keyed, list, revise, sameDay, domain } = policy
  const schema = schemaOf(policy)
  const versions: Operation = operation({
    kind: 'query',
    name: list.name,
    summary: list.summary,
    description: list.description,
    permission: list.permission,
    domain,
    input: z.strictObject(keyed ? { [keyed.field]: keyed.schema.optional() } : {}),
    output: z
      .object({
        policies: z.array(schema).meta({ description: 'Of each the version that begins last first, the default last.' }),
      })
      .meta({ id: `${policy.type.slice(0, -1)}ies`, description: `All versions of ${policy.called}.` }),
    async run({ db }, input: Readonly<Record<string, unknown>>) {
      const key = keyed && (input[keyed.field] as string | undefined)
      const stored = await listPolicyVersions<D>(db, kind, key)
      const keys = keyed ? (key === undefined ? keyed.keys : [key]) : ['']
      return {
        policies: keys.flatMap((one) =>
          [...stored.filter((version) => version.key === one), ...defaultOf(policy, one)].map(
            (version) => shown(policy, version) as z.input<typeof schema>,
          ),
        ),
      }
    },
  })
  const command: Operation = operation({
    kind: 'command',
    name: revise.name,
    summary: revise.summary,
    description: revise.description,
    permission: revise.permission,
    domain,
    input: z.strictObject({
      ...(keyed && { [keyed.field]: keyed.schema }),
      ...policy.input,
      effectiveOn: daySchema.optional().meta({ description: 'First day on which it applies; today by default.' }),
      reason: singleLine(500).meta({
        description: 'The reason.',
        ...(revise.reasonExample !== undefined && { examples: [revise.reasonExample] }),
      }),
      expectedVersion: versionSeen,
    }),
    output: schema,
    errors: [
      'version_conflict',
      'outside_period',
      ...(sameDay === 'refused' ? (['period_overlap'] as const) : []),
      ...(revise.errors ?? []),
    ],
    concurrency: 'optional',
    async run(context, input: Readonly<Record<string, unknown>>) {
      const { db, now, today, actor } = context
      const {
        effectiveOn = today,
        reason,
        expectedVersion,
        ...sent
      } = input as typeof input & {
        readonly effectiveOn?: Day
        readonly reason: string
        readonly expectedVersion?: number
      }
      const key = keyed ? String(input[keyed.field]) : ''
      const stored = await listPolicyVersions<D>(db, kind, key)
      const latest = Math.max(0, ...stored.map(({ version }) => version))
      checkVersion(expectedVersion, latest)
      const definition = await policy.read(context, key, sent, effectiveOn)
      requireEffectiveOn(effectiveOn, today, sameDay === 'refused' ? stored.map((one) => one.effectiveOn) : [])
      const version: StoredPolicyVersion<D> = {
        key,
        version: latest + 1,
        effectiveOn,
        definition,
        source: 'bank',
        reason,
        setBy: callerOf(actor),
        setAt: now,
      }
      await insertPolicyVersion(db, kind, version).catch(refuseSecond)
      if (effectiveOn <= today) await policy.onEffective?.(context)
      context.record({
        event: `${kind}_policy.revised`,
        subjectType: `${kind}_policy`,
        subjectId: key === '' ? kind : key,
        changed: [...Object.keys(policy.input), 'effectiveOn', 'reason'],
        path: '/',
      })
      return shown(policy, version) as z.input<typeof schema>
    },
  })
  return [versions, command]
}

function defaultOf<D>({ defaults }: PolicyDefinition<D>, key: string): readonly PolicyVersion<D>[] {
  if (!defaults) return []
  const { definition, source } = defaults(key)
  return [defaultVersion(key, definition, source)]
}

/** Of two versions that are set at once the second is refused. Throws `version_conflict`. */
export function refuseSecond(error: unknown): never {
  if (brokenConstraint(error) === 'policy_version_pkey')
    throw new DomainError(
      'version_conflict',
      'Version conflict: another request added a version of this policy at the same time.',
    )
  throw error
}
