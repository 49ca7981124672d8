// What a failed pod means for its job, and which successes are enough: spec.podFailurePolicy and spec.successPolicy.
// Upstream: pkg/controller/job/pod_failure_policy.go, success_policy.go.
import type { Job, PodFailurePolicy, PodFailurePolicyRule, SuccessPolicy } from 'kubernetes-types/batch/v1.js';
import type { ContainerStatus, Pod } from 'kubernetes-types/core/v1.js';
import { type Intervals, overlapOf, parseIntervals, totalOf } from './intervals.ts';

export interface FailureVerdict {
  /** Of the rule that matched; absent: none did. */
  action?: string;
  /** Whether the failure counts towards backoffLimit and backoffLimitPerIndex. */
  counts: boolean;
  /** Why the whole job fails. */
  message?: string;
}

type ExitCodes = NonNullable<PodFailurePolicyRule['onExitCodes']>;

const COUNTS: FailureVerdict = { counts: true };

/** The first rule that matches decides. */
export function failureVerdict(policy: PodFailurePolicy | undefined, pod: Pod): FailureVerdict {
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const why = rule.onExitCodes ? exitCodeText(pod, rule.onExitCodes) : conditionText(pod, rule);
    if (why === undefined) continue;
    if (rule.action === 'Ignore') return { action: 'Ignore', counts: false };
    if (rule.action === 'FailIndex' || rule.action === 'Count') return { action: rule.action, counts: true };
    if (rule.action !== 'FailJob') continue;
    return { action: 'FailJob', counts: true, message: `${why} matching FailJob rule at index ${index}` };
  }
  return COUNTS;
}

const nameOf = (pod: Pod): string => `${pod.metadata?.namespace}/${pod.metadata?.name}`;

function exitCodeText(pod: Pod, codes: ExitCodes): string | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  for (const container of [...containerStatuses, ...initContainerStatuses]) {
    const code = matchingExitCode(container, codes);
    if (code === undefined) continue;
    return `Container ${container.name} for pod ${nameOf(pod)} failed with exit code ${code}`;
  }
  return undefined;
}

function matchingExitCode({ name, state }: ContainerStatus, codes: ExitCodes): number | undefined {
  const code = state?.terminated?.exitCode;
  if (!code || (codes.containerName != null && codes.containerName !== name)) return undefined;
  const listed = codes.values.includes(code);
  const matches = codes.operator === 'In' ? listed : codes.operator === 'NotIn' && !listed;
  return matches ? code : undefined;
}

function conditionText(pod: Pod, { onPodConditions = [] }: PodFailurePolicyRule): string | undefined {
  const found = pod.status?.conditions?.find((condition) =>
    onPodConditions.some((p) => p.type === condition.type && p.status === condition.status),
  );
  return found && `Pod ${nameOf(pod)} has condition ${found.type}`;
}

/** The message of the first rule that is met. Upstream: matchSuccessPolicy. */
export function successMessage(
  policy: SuccessPolicy | undefined,
  completions: number,
  succeeded: Intervals,
): string | undefined {
  if (!policy || succeeded.length === 0) return undefined;
  const met = policy.rules.findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes == null) return succeededCount != null && totalOf(succeeded) >= succeededCount;
    const required = parseIntervals(succeededIndexes, completions);
    if (required.length === 0) return false;
    const common = overlapOf(required, succeeded);
    return common === totalOf(required) || (succeededCount != null && common >= succeededCount);
  });
  return met < 0 ? undefined : `Matched rules at index ${met}`;
}

/** A pod is replaced only once it has ended. Upstream: onlyReplaceFailedPods. */
export const replacesOnlyFailed = ({ spec }: Job): boolean =>
  spec?.podReplacementPolicy === 'Failed' || spec?.podFailurePolicy != null;
