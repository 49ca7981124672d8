// The replica sets of a deployment: which one has its template, which are older, and their revisions.
// Upstream: kubectl/pkg/util/deployment/deployment.go.
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { stringifySorted } from '../../api/codec/json.ts';
import { selectorFromObject } from '../../api/selector.ts';
import type { Cluster } from '../cluster.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
export const TEMPLATE_HASH = 'pod-template-hash';

/** Owned replica sets; without the right to read them there are none. */
export async function ownedReplicaSets(cluster: Cluster, deployment: Deployment): Promise<ReplicaSet[]> {
  const { namespace = '', uid } = deployment.metadata ?? {};
  const list = await cluster.json<{ items?: ReplicaSet[] }>(
    'GET',
    `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/replicasets`,
    { query: { labelSelector: selectorFromObject(deployment.spec?.selector).toString() } },
  );
  return (list.items ?? []).filter((rs) => rs.metadata?.ownerReferences?.some((o) => o.controller && o.uid === uid));
}

export async function splitReplicaSets(
  cluster: Cluster,
  deployment: Deployment,
): Promise<{ older: ReplicaSet[]; newest?: ReplicaSet }> {
  let owned: ReplicaSet[];
  try {
    owned = await ownedReplicaSets(cluster, deployment);
  } catch {
    return { older: [] };
  }
  const created = (rs: ReplicaSet): number => Date.parse(rs.metadata?.creationTimestamp ?? '') || 0;
  const byAge = [...owned].sort(
    (a, b) => created(a) - created(b) || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1),
  );
  const wanted = templateKey(deployment.spec?.template);
  const newest = byAge.find((rs) => templateKey(rs.spec?.template) === wanted);
  return { older: owned.filter((rs) => rs !== newest), ...(newest ? { newest } : {}) };
}

/** Equal for templates that differ only in the hash label. */
export function templateKey(template: PodTemplateSpec | undefined): string {
  const labels = { ...template?.metadata?.labels };
  delete labels[TEMPLATE_HASH];
  return stringifySorted({ ...template, metadata: { ...template?.metadata, creationTimestamp: undefined, labels } });
}

export const revisionOf = (rs: ReplicaSet): number | undefined => {
  const text = rs.metadata?.annotations?.[REVISION];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
};
