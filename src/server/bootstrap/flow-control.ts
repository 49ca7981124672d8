// The priority levels and flow schemas that every cluster has. The mandatory ones are repaired whatever becomes of
// them; the suggested ones as long as their annotation says that nobody has taken them over.
// Upstream: apiserver/pkg/apis/flowcontrol/bootstrap/default.go, pkg/registry/flowcontrol/{rest,ensurer}.
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PriorityLevelConfiguration,
  ResourcePolicyRule,
  Subject,
} from 'kubernetes-types/flowcontrol/v1.js';
import { isDeepStrictEqual } from 'node:util';
import { isNotFound } from '../../api/status.ts';
import type { KubeObject, ResourceType } from '../../api/types.ts';
import type { Ensurer } from './ensure.ts';

const group = 'flowcontrol.apiserver.k8s.io';
export const FlowSchemas: ResourceType<FlowSchema> = {
  group,
  version: 'v1',
  plural: 'flowschemas',
  kind: 'FlowSchema',
  namespaced: false,
};
export const PriorityLevelConfigurations: ResourceType<PriorityLevelConfiguration> = {
  group,
  version: 'v1',
  plural: 'prioritylevelconfigurations',
  kind: 'PriorityLevelConfiguration',
  namespaced: false,
};

const AUTO_UPDATE = 'apf.kubernetes.io/autoupdate-spec';
const apiVersion = `${group}/v1`;
const metadataOf = (name: string) => ({ name, annotations: { [AUTO_UPDATE]: 'true' } });

type LevelSpec = PriorityLevelConfiguration['spec'];
type Queuing = [queues: number, handSize: number] | undefined;

const level = (name: string, spec: LevelSpec): PriorityLevelConfiguration => ({
  apiVersion,
  kind: 'PriorityLevelConfiguration',
  metadata: metadataOf(name),
  spec,
});

function limited(name: string, shares: number, lendablePercent: number, queuing: Queuing): PriorityLevelConfiguration {
  const [queues = 0, handSize = 0] = queuing ?? [];
  return level(name, {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: shares,
      lendablePercent,
      limitResponse: queuing
        ? { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } }
        : { type: 'Reject' },
    },
  });
}

const LEVELS: readonly PriorityLevelConfiguration[] = [
  level('exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } } as LevelSpec),
  limited('catch-all', 5, 0, undefined),
  limited('system', 30, 33, [64, 6]),
  limited('node-high', 40, 25, [64, 6]),
  limited('leader-election', 10, 0, [16, 4]),
  limited('workload-high', 40, 50, [128, 6]),
  limited('workload-low', 100, 90, [128, 6]),
  limited('global-default', 20, 50, [128, 6]),
];

const groups = (...names: string[]): Subject[] => names.map((name) => ({ kind: 'Group', group: { name } }));
const users = (...names: string[]): Subject[] => names.map((name) => ({ kind: 'User', user: { name } }));
const SYSTEM_ACCOUNTS: Subject = {
  kind: 'ServiceAccount',
  serviceAccount: { name: '*', namespace: 'kube-system' },
};
const EVERYBODY = groups('system:unauthenticated', 'system:authenticated');
const NODES = groups('system:nodes');

function resources(verbs: string[], group: string, names: string[], clusterScope: boolean): ResourcePolicyRule {
  const rule = { verbs, apiGroups: [group], resources: names, namespaces: ['*'] };
  return clusterScope ? { ...rule, clusterScope } : rule;
}
const ANY_RESOURCE = resources(['*'], '*', ['*'], true);
const ANY_PATH: NonResourcePolicyRule = { verbs: ['*'], nonResourceURLs: ['*'] };
const ANYTHING = { resourceRules: [ANY_RESOURCE], nonResourceRules: [ANY_PATH] };

interface Rules {
  resourceRules?: ResourcePolicyRule[];
  nonResourceRules?: NonResourcePolicyRule[];
}

function schema(
  name: string,
  priorityLevel: string,
  matchingPrecedence: number,
  distinguisher: 'ByUser' | 'ByNamespace' | undefined,
  subjects: Subject[],
  rules: Rules = ANYTHING,
): FlowSchema {
  return {
    apiVersion,
    kind: 'FlowSchema',
    metadata: metadataOf(name),
    spec: {
      priorityLevelConfiguration: { name: priorityLevel },
      matchingPrecedence,
      ...(distinguisher ? { distinguisherMethod: { type: distinguisher } } : {}),
      rules: [{ subjects, ...rules }],
    },
  };
}

const LEASES = (verbs: string[]): ResourcePolicyRule => resources(verbs, 'coordination.k8s.io', ['leases'], false);

const SCHEMAS: readonly FlowSchema[] = [
  schema('exempt', 'exempt', 1, undefined, groups('system:masters')),
  schema('catch-all', 'catch-all', 10_000, 'ByUser', EVERYBODY),
  schema('system-nodes', 'system', 500, 'ByUser', NODES),
  schema('system-node-high', 'node-high', 400, 'ByUser', NODES, {
    resourceRules: [resources(['*'], '', ['nodes', 'nodes/status'], true), LEASES(['*'])],
  }),
  schema('probes', 'exempt', 2, undefined, EVERYBODY, {
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
  }),
  schema(
    'system-leader-election',
    'leader-election',
    100,
    'ByUser',
    [...users('system:kube-controller-manager', 'system:kube-scheduler'), SYSTEM_ACCOUNTS],
    { resourceRules: [LEASES(['get', 'create', 'update'])] },
  ),
  schema('kube-controller-manager', 'workload-high', 800, 'ByNamespace', users('system:kube-controller-manager')),
  schema('kube-scheduler', 'workload-high', 800, 'ByNamespace', users('system:kube-scheduler')),
  schema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', [SYSTEM_ACCOUNTS]),
  schema('service-accounts', 'workload-low', 9000, 'ByUser', groups('system:serviceaccounts')),
  schema('global-default', 'global-default', 9900, 'ByUser', EVERYBODY),
];

const MANDATORY = new Set(['exempt', 'catch-all']);

interface Configured extends KubeObject {
  spec?: unknown;
}

async function keep<T extends Configured>(ensure: Ensurer, type: ResourceType<T>, wanted: T): Promise<void> {
  const name = wanted.metadata?.name ?? '';
  await ensure.matches(type, wanted, (stored) => {
    if (!MANDATORY.has(name) && !isOurs(stored)) return undefined;
    const annotated = stored.metadata?.annotations?.[AUTO_UPDATE] === 'true';
    if (annotated && isDeepStrictEqual(stored.spec, wanted.spec)) return undefined;
    const annotations = { ...stored.metadata?.annotations, [AUTO_UPDATE]: 'true' };
    return { ...stored, metadata: { ...stored.metadata, annotations }, spec: wanted.spec };
  });
}

/** Without the annotation an object is its user's once it was changed. Upstream: ensurer/strategy.go, shouldUpdateSpec. */
function isOurs({ metadata }: KubeObject): boolean {
  const said = metadata?.annotations?.[AUTO_UPDATE];
  return said === undefined ? metadata?.generation === 1 : said === 'true';
}

/** Writes what is missing or was changed. */
export async function ensureFlowControl(ensure: Ensurer): Promise<void> {
  try {
    await Promise.all([
      ...LEVELS.map((wanted) => keep(ensure, PriorityLevelConfigurations, wanted)),
      ...SCHEMAS.map((wanted) => keep(ensure, FlowSchemas, wanted)),
    ]);
  } catch (error) {
    if (!isNotFound(error)) throw error; // A server whose kinds were chosen without these.
  }
}
