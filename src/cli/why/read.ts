// The reads of `why`: refusals and absences are answers here, not failures.
import type { Event } from 'kubernetes-types/core/v1.js';
import { isNotFound } from '../../api/status.ts';
import type { Unstructured } from '../../api/types.ts';
import type { Cluster } from '../cluster.ts';
import { core, lastSeen, type WhyContext } from './finding.ts';

export function whyContext(cluster: Cluster, nowMs: number): WhyContext {
  const context: WhyContext = {
    cluster,
    nowMs,
    async read<T>(path: string, query = {}) {
      return cluster.json<T>('GET', path, { query }).catch(() => undefined);
    },
    async text(path, query = {}) {
      const headers = { accept: 'application/json, */*' };
      return cluster.text('GET', path, { query, headers }).catch(() => undefined);
    },
    async isAbsent(path) {
      return cluster.json('GET', path).then(() => false, isNotFound);
    },
    async warnings(object: Unstructured) {
      const { namespace = 'default', uid = '', name = '' } = object.metadata;
      const fieldSelector = `involvedObject.name=${name},involvedObject.uid=${uid},type=Warning`;
      const list = await context.read<{ items?: Event[] }>(core(namespace, 'events'), { fieldSelector });
      return (list?.items ?? []).sort((a, b) => lastSeen(b) - lastSeen(a));
    },
  };
  return context;
}
