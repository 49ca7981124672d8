// The conditions of a CertificateSigningRequest: when they came, and that a status update leaves the approval alone.
// Upstream: populateConditionTimestamps and preserveConditionInstances in pkg/registry/certificates/certificates.

export interface RequestCondition {
  type: string;
  status?: string;
  reason?: string;
  message?: string;
  lastUpdateTime?: string;
  lastTransitionTime?: string;
}
type Conditions = readonly RequestCondition[] | undefined;

export function stampConditions(now: Conditions, old: Conditions, time: string): RequestCondition[] | undefined {
  return now?.map((condition) => {
    const same = old?.find((c) => c.type === condition.type && c.status === condition.status && c.lastTransitionTime);
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? time,
      lastTransitionTime: condition.lastTransitionTime ?? same?.lastTransitionTime ?? time,
    };
  });
}

/** An approval or denial comes back as it was; one more or less of them is left for the rules to refuse. */
export function keepVerdicts(now: RequestCondition[] | undefined, old: Conditions): void {
  for (const verdict of ['Approved', 'Denied']) {
    const before = old?.filter((c) => c.type === verdict) ?? [];
    if (now?.filter((c) => c.type === verdict).length !== before.length) continue;
    let i = 0;
    now.forEach((condition, at) => {
      if (condition.type === verdict) now[at] = before[i++]!;
    });
  }
}
