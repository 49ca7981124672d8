// `apply --prune` and `diff --prune`: finds, and deletes, what was applied once and is in none of the files now.
// Upstream: kubectl/pkg/cmd/apply/prune.go, kubectl/pkg/cmd/diff/prune.go, kubectl/pkg/util/prune/prune.go.
import { resourcePath, type Unstructured } from '../../api/types.ts';
import { deleteBody } from '../../client/rest.ts';
import type { Mapper, Mapping } from '../builder/mapper.ts';
import type { Cluster } from '../cluster.ts';
import { CliError } from '../errors.ts';
import type { DryRun, Propagation } from '../flags.ts';
import type { Io } from '../io.ts';
import { klog } from '../klog.ts';
import { lastAppliedOf } from '../last-applied.ts';

interface PruneKind {
  group: string;
  version: string;
  kind: string;
}

const defaultKinds = [
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
  'core/v1/Namespace',
  'core/v1/PersistentVolume',
];

/** What --prune-allowlist means, asked of the server; a wrong entry is found before anything is written. */
export async function allowedKinds(mapper: Mapper, allowlist: readonly string[]): Promise<Mapping[]> {
  const found: Mapping[] = [];
  for (const text of allowlist) {
    const { group, version, kind } = parsePruneKind(text);
    const mapping = await mapper.kind(group, version, kind);
    if (!mapping) {
      const where = JSON.stringify(group ? `${group}/${version}` : version);
      throw new CliError(`no matches for kind ${JSON.stringify(kind)} in version ${where}`);
    }
    found.push(mapping);
  }
  return found;
}

function parsePruneKind(text: string): PruneKind {
  const parts = text.split('/');
  if (parts.length !== 3) {
    throw new CliError(`invalid GroupVersionKind format: ${text}, please follow <group/version/kind>`);
  }
  const [group, version, kind] = parts as [string, string, string];
  return { group: group === 'core' ? '' : group, version, kind };
}

/** The kinds that are pruned when none are named; what the server does not have is left out. */
async function defaultMappings(mapper: Mapper, io: Io): Promise<Mapping[]> {
  // Said with and without a namespace, as kubectl 1.32 to 1.34 do.
  klog(
    io,
    'W',
    'prune.go:71',
    'Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the --namespace flag in a future release. To preserve the current behaviour, list the resources you want to target explicitly in the --prune-allowlist flag.',
  );
  const found = await Promise.all(
    defaultKinds.map(parsePruneKind).map(({ group, version, kind }) => mapper.kind(group, version, kind)),
  );
  return found.filter((mapping) => mapping !== undefined);
}

export interface PruneScope {
  /** Empty: the default list. */
  kinds: readonly Mapping[];
  selector: string;
  namespaces: ReadonlySet<string>;
  /** UIDs of what is in the files. */
  visited: ReadonlySet<string>;
}

export interface Leaver {
  mapping: Mapping;
  namespace: string | undefined;
  item: Unstructured;
}

/** What was applied once and is in no file now, kind by kind. */
export async function* leavers(cluster: Cluster, scope: PruneScope): AsyncGenerator<Leaver> {
  const mapper = await cluster.mapper();
  const mappings = scope.kinds.length > 0 ? scope.kinds : await defaultMappings(mapper, cluster.io);
  const places: [Mapping, string | undefined][] = [];
  for (const namespace of scope.namespaces) {
    for (const mapping of mappings) if (mapping.namespaced) places.push([mapping, namespace]);
  }
  for (const mapping of mappings) if (!mapping.namespaced) places.push([mapping, undefined]);
  for (const [mapping, namespace] of places) {
    const list = await cluster.json<{ items?: Unstructured[] }>('GET', resourcePath(mapping, { namespace }), {
      query: { labelSelector: scope.selector || undefined },
    });
    const apiVersion = mapping.group ? `${mapping.group}/${mapping.version}` : mapping.version;
    for (const item of list.items ?? []) {
      if (lastAppliedOf(item) === undefined || scope.visited.has(item.metadata.uid ?? '')) continue;
      yield { mapping, namespace, item: { ...item, apiVersion, kind: mapping.kind } };
    }
  }
}

/** How what left is deleted. */
export interface Pruning {
  dryRun: DryRun;
  propagationPolicy: Propagation;
  gracePeriodSeconds: number;
  report(object: Unstructured, mapping: Mapping): void;
}

export async function deleteLeaver(cluster: Cluster, leaver: Leaver, pruning: Pruning): Promise<void> {
  const { mapping, namespace, item } = leaver;
  if (pruning.dryRun !== 'client') {
    const { gracePeriodSeconds, propagationPolicy } = pruning;
    const body = deleteBody({
      propagationPolicy,
      ...(gracePeriodSeconds >= 0 ? { gracePeriodSeconds } : {}),
      dryRun: pruning.dryRun === 'server',
    });
    await cluster.json('DELETE', resourcePath(mapping, { namespace, name: item.metadata.name }), { body });
  }
  pruning.report(item, mapping);
}

export async function prune(cluster: Cluster, scope: PruneScope, pruning: Pruning): Promise<void> {
  for await (const leaver of leavers(cluster, scope)) await deleteLeaver(cluster, leaver, pruning);
}
