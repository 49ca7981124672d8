// `apply --prune`: deletes what was applied once and is in none of the files now. Upstream:
// kubectl/pkg/cmd/apply/prune.go, kubectl/pkg/util/prune/prune.go.
import { resourcePath, type Unstructured } from '../../api/types.ts';
import type { Mapping } from '../builder/mapper.ts';
import type { Cluster } from '../cluster.ts';
import { CliError } from '../errors.ts';
import type { DryRun } from '../flags.ts';
import { lastAppliedOf } from '../last-applied.ts';

interface PruneKind {
  group: string;
  version: string;
  kind: string;
}

const namespacedKinds = [
  'core/v1/ConfigMap',
  'core/v1/Endpoints',
  'core/v1/PersistentVolumeClaim',
  'core/v1/Pod',
  'core/v1/ReplicationController',
  'core/v1/Secret',
  'core/v1/Service',
  'batch/v1/Job',
  'batch/v1/CronJob',
  'networking.k8s.io/v1/Ingress',
  'apps/v1/DaemonSet',
  'apps/v1/Deployment',
  'apps/v1/ReplicaSet',
  'apps/v1/StatefulSet',
];
const clusterKinds = ['core/v1/Namespace', 'core/v1/PersistentVolume'];

export function parsePruneKind(text: string): PruneKind {
  const parts = text.split('/');
  if (parts.length !== 3) {
    throw new CliError(`invalid GroupVersionKind format: ${text}, please follow <group/version/kind>`);
  }
  const [group, version, kind] = parts as [string, string, string];
  return { group: group === 'core' ? '' : group, version, kind };
}

export interface PruneOptions {
  allowlist: readonly string[];
  selector: string;
  namespaces: ReadonlySet<string>;
  /** True: with an explicit namespace the default list leaves cluster-scoped kinds alone. */
  namespaceGiven: boolean;
  visited: ReadonlySet<string>;
  dryRun: DryRun;
  propagationPolicy: string;
  gracePeriodSeconds: number;
  report(object: Unstructured, mapping: Mapping): void;
}

export async function prune(cluster: Cluster, options: PruneOptions): Promise<void> {
  const defaults = options.namespaceGiven ? namespacedKinds : [...namespacedKinds, ...clusterKinds];
  const wanted = (options.allowlist.length > 0 ? options.allowlist : defaults).map(parsePruneKind);
  const mapper = await cluster.mapper();
  const mappings: Mapping[] = [];
  for (const { group, version, kind } of wanted) {
    const mapping = await mapper.kind(group, version, kind);
    if (mapping) mappings.push(mapping);
    else if (options.allowlist.length > 0) {
      throw new CliError(
        `error retrieving RESTMappings to prune: no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(group ? `${group}/${version}` : version)}`,
      );
    }
  }
  for (const namespace of options.namespaces) {
    for (const mapping of mappings) if (mapping.namespaced) await pruneKind(cluster, mapping, namespace, options);
  }
  for (const mapping of mappings) if (!mapping.namespaced) await pruneKind(cluster, mapping, undefined, options);
}

async function pruneKind(
  cluster: Cluster,
  mapping: Mapping,
  namespace: string | undefined,
  options: PruneOptions,
): Promise<void> {
  const list = await cluster.json<{ items?: Unstructured[] }>('GET', resourcePath(mapping, { namespace }), {
    query: { labelSelector: options.selector || undefined },
  });
  for (const item of list.items ?? []) {
    if (lastAppliedOf(item) === undefined || options.visited.has(item.metadata.uid ?? '')) continue;
    if (options.dryRun !== 'client') {
      const { gracePeriodSeconds, propagationPolicy } = options;
      await cluster.json('DELETE', resourcePath(mapping, { namespace, name: item.metadata.name }), {
        body: {
          kind: 'DeleteOptions',
          apiVersion: 'v1',
          propagationPolicy,
          ...(gracePeriodSeconds >= 0 ? { gracePeriodSeconds } : {}),
        },
        query: options.dryRun === 'server' ? { dryRun: 'All' } : {},
      });
    }
    const apiVersion = mapping.group ? `${mapping.group}/${mapping.version}` : mapping.version;
    options.report({ ...item, apiVersion, kind: mapping.kind }, mapping);
  }
}
