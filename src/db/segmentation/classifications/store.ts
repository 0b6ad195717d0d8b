import {
  classificationKinds,
  type ClassificationDefinition,
  type ClassificationKind,
  type ClassificationPolicy,
  defaultClassification,
  type StoredClassificationKind,
  storedClassificationKinds,
} from '../../../core/segmentation/classifications.ts'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { PolicyVersion } from '../../../core/kernel/policies.ts'
import type { Db } from '../../platform/database.ts'
import { listPolicyVersions, policiesOn, type StoredPolicyVersion } from '../../platform/policies.ts'
import type { StoredSegment } from '../segments/store.ts'
import { wholeRule } from '../segments/rules.ts'
import type { Classification } from './evaluate.ts'

/** The policies of all kinds that hold on a day, the defaults among them. */
export async function readPoliciesOn(db: Db, day: Day): Promise<readonly ClassificationPolicy[]> {
  const stored = await policiesOn<ClassificationDefinition>(db, 'classification', day)
  return classificationKinds.map((kind) => {
    const own = stored.find(({ key }) => key === kind)
    return own ? policyOfVersion(own) : defaultClassification(kind)
  })
}

export function policyOfVersion({ key, version, definition }: PolicyVersion<ClassificationDefinition>): ClassificationPolicy {
  return { kind: key as ClassificationKind, policyVersion: version, ...definition }
}

/** Every version that a bank has set, of some or all kinds. */
export async function listPolicies(
  db: Db,
  kind?: ClassificationKind,
): Promise<readonly StoredPolicyVersion<ClassificationDefinition>[]> {
  return listPolicyVersions<ClassificationDefinition>(db, 'classification', kind)
}

/** The policies that refreshes apply, their rules whole. */
export function classificationsOf(
  policies: readonly ClassificationPolicy[],
  segments: readonly StoredSegment[],
): readonly Classification[] {
  return policies.flatMap(({ kind, policyVersion, rules, defaultValue }) =>
    isStored(kind)
      ? [
          {
            kind,
            policyVersion,
            defaultValue,
            rules: rules.map(({ value, rule }) => ({ value, rule: wholeRule(rule, segments) })),
          },
        ]
      : [],
  )
}

const isStored = (kind: ClassificationKind): kind is StoredClassificationKind =>
  storedClassificationKinds.includes(kind as StoredClassificationKind)
