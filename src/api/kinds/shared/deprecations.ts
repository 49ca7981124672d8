// Old versions: the Warning text of a removed API, and defaults and conversions that several kinds share.
// Upstream: apiserver/pkg/endpoints/deprecation/deprecation.go and the removed packages' zz_generated.prerelease-lifecycle.go.
import type { ServedVersion } from '../../kind.ts';
import { type GroupVersion, apiVersionOf } from '../../types.ts';

/** `extensions/v1beta1 Ingress is deprecated in v1.14+, unavailable in v1.22+; use networking.k8s.io/v1 Ingress`. */
export function deprecated(
  gv: GroupVersion,
  kind: string,
  since: string,
  removed: string,
  replacement = '',
): NonNullable<ServedVersion['deprecated']> {
  const advice = replacement === '' ? '' : `; use ${replacement}`;
  const message = `${apiVersionOf(gv)} ${kind} is deprecated in v${since}+, unavailable in v${removed}+${advice}`;
  return { replacement, message };
}

/** An old version of the same shape as the present one. */
export const oldVersion = (
  group: string,
  version: string,
  kind: string,
  since: string,
  removed: string,
  replacement?: string,
): ServedVersion => ({
  group,
  version,
  deprecated: deprecated({ group, version }, kind, since, removed, replacement),
});

interface Workload {
  metadata: { labels?: Record<string, string> };
  spec?: { selector?: unknown; template?: { metadata?: { labels?: Record<string, string> } } };
}

/** Versions before apps/v1beta2 took an absent selector from the template's labels. */
export function selectorFromTemplate(draft: Workload): void {
  const labels = draft.spec?.template?.metadata?.labels;
  if (!labels || !draft.spec) return;
  draft.spec.selector ??= { matchLabels: { ...labels } };
  if (!draft.metadata.labels || Object.keys(draft.metadata.labels).length === 0) draft.metadata.labels = { ...labels };
}
