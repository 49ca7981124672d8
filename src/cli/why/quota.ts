// What of a quota is used up.
import type { ResourceQuota } from 'kubernetes-types/core/v1.js';
import { quantityMillis } from '../../api/quantity.ts';
import { type Finding, inNamespace, type WhyContext } from './finding.ts';

/** From here on it is worth a warning. */
const NEARLY = 0.9;

export function quotaFindings(context: WhyContext, quota: ResourceQuota): Finding[] {
  const { name = '', namespace = '' } = quota.metadata ?? {};
  const about = `resourcequota/${name}`;
  const next = `describe resourcequota ${name}${inNamespace(context, namespace)}`;
  return Object.entries(quota.status?.hard ?? {}).flatMap(([resource, limit]): Finding[] => {
    const used = quota.status?.used?.[resource] ?? '0';
    const share = Number(quantityMillis(used)) / Number(quantityMillis(limit));
    if (!(share >= NEARLY)) return [];
    const message = `${resource}: ${used} of ${limit} used`;
    return share >= 1
      ? [
          {
            severity: 'error',
            about,
            reason: 'UsedUp',
            message,
            hint: 'Nothing more of it is allowed in the namespace.',
            next,
          },
        ]
      : [{ severity: 'warning', about, reason: 'NearlyUsedUp', message, next }];
  });
}
