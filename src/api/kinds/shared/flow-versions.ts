// The old versions of API priority and fairness; before v1beta3, shares had another name.
// Upstream: pkg/apis/flowcontrol/v1beta2/conversion.go.
import type { ServedVersion } from '../../kind.ts';
import type { Unstructured } from '../../types.ts';
import { deprecated } from './deprecations.ts';

const group = 'flowcontrol.apiserver.k8s.io';
const REMOVED: readonly (readonly [version: string, since: string, removed: string])[] = [
  ['v1beta3', '1.29', '1.32'],
  ['v1beta2', '1.26', '1.29'],
  ['v1beta1', '1.23', '1.26'],
  ['v1alpha1', '1.20', '1.21'],
];

interface Limited {
  assuredConcurrencyShares?: number;
  nominalConcurrencyShares?: number;
}
const limitedOf = (draft: Unstructured): Limited | undefined =>
  (draft['spec'] as { limited?: Limited } | undefined)?.limited;

const shares = {
  toStorage(draft: Unstructured): void {
    const limited = limitedOf(draft);
    if (limited?.assuredConcurrencyShares === undefined) return;
    limited.nominalConcurrencyShares = limited.assuredConcurrencyShares;
    delete limited.assuredConcurrencyShares;
  },
  fromStorage(draft: Unstructured): void {
    const limited = limitedOf(draft);
    if (limited?.nominalConcurrencyShares === undefined) return;
    const { nominalConcurrencyShares, ...rest } = limited;
    const old = { ...rest, assuredConcurrencyShares: nominalConcurrencyShares };
    draft['spec'] = { ...(draft['spec'] as object), limited: old };
  },
};

export function oldFlowVersions(kind: string): ServedVersion[] {
  return REMOVED.map(([version, since, removed]) => ({
    group,
    version,
    ...(kind === 'PriorityLevelConfiguration' && version !== 'v1beta3' ? { convert: shares } : {}),
    deprecated: deprecated({ group, version }, kind, since, removed, `${group}/v1 ${kind}`),
  }));
}
