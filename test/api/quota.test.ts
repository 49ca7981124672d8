// What objects count for in quotas, by kind and by scope.
import type { Pod, ResourceQuota } from 'kubernetes-types/core/v1.js';
import { describe, expect, it } from 'vitest';
import { formatAmount, isInScope, unspecified, usageOf } from '../../src/api/quota.ts';
import type { KubeObject } from '../../src/api/types.ts';

const pods = { group: '', plural: 'pods' };
const claims = { group: '', plural: 'persistentvolumeclaims' };
const usage = (type: { group: string; plural: string }, object: object): Record<string, string> =>
  Object.fromEntries([...usageOf(type, object as KubeObject)].map(([k, v]) => [k, formatAmount(v, '1')]));

type Resources = { requests?: Record<string, string>; limits?: Record<string, string> };
const container = (name: string, resources: Resources, more: object = {}) => ({ name, image: 'i', resources, ...more });

describe('usage', () => {
  it('of pods: containers together, or the greediest init container beside the sidecars before it', () => {
    const spec = {
      containers: [container('a', { requests: { cpu: '1' } }), container('b', { requests: { cpu: '1' } })],
      initContainers: [
        container('side', { requests: { cpu: '1' } }, { restartPolicy: 'Always' }),
        container('init', {
          requests: { cpu: '4', 'example.com/gpu': '2' },
          limits: { memory: '1', 'example.com/gpu': '2' },
        }),
      ],
      overhead: { cpu: '500m' },
    };
    expect(usage(pods, { spec })).toEqual({
      'count/pods': '1',
      pods: '1',
      cpu: '5500m',
      'requests.cpu': '5500m',
      'requests.example.com/gpu': '2',
      'limits.memory': '1',
    });
  });

  it('of pods that say it for all their containers', () => {
    const spec = {
      containers: [container('a', { requests: { cpu: '1', 'ephemeral-storage': '1' } })],
      resources: { requests: { cpu: '3' } },
    };
    expect(usage(pods, { spec })).toMatchObject({ 'requests.cpu': '3', 'requests.ephemeral-storage': '1' });
  });

  it('of pods that ended is their being there', () => {
    expect(usage(pods, { spec: { containers: [] }, status: { phase: 'Failed' } })).toEqual({ 'count/pods': '1' });
  });

  it('of services', () => {
    const type = { group: '', plural: 'services' };
    const ports = [{ port: 1, nodePort: 30000 }, { port: 2 }];
    expect(usage(type, { spec: { type: 'LoadBalancer', ports } })).toEqual({
      'count/services': '1',
      services: '1',
      'services.loadbalancers': '1',
      'services.nodeports': '2',
    });
    const explicit = usage(type, { spec: { type: 'LoadBalancer', ports, allocateLoadBalancerNodePorts: false } });
    expect(explicit['services.nodeports']).toBe('1');
    expect(usage(type, { spec: { type: 'ClusterIP', ports } })['services.nodeports']).toBeUndefined();
  });

  it('of claims, also by class, and what a growth that was taken back may have cost', () => {
    const spec = { storageClassName: 'gold', resources: { requests: { storage: '5' } } };
    const status = { allocatedResources: { storage: '8' } };
    expect(usage(claims, { spec, status })).toEqual({
      'count/persistentvolumeclaims': '1',
      persistentvolumeclaims: '1',
      'requests.storage': '8',
      'gold.storageclass.storage.k8s.io/requests.storage': '8',
      'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
    });
    const fraction = { resources: { requests: { storage: '1001m' } } };
    expect(usage(claims, { spec: fraction })['requests.storage']).toBe('2');
  });
});

describe('scopes', () => {
  const quota = (spec: object): ResourceQuota => ({ spec }) as ResourceQuota;
  const byName = (scopeName: string, operator: string, values?: string[]): ResourceQuota =>
    quota({ scopeSelector: { matchExpressions: [{ scopeName, operator, ...(values ? { values } : {}) }] } });
  const pod = (spec: object): KubeObject => ({ spec: { containers: [container('c', {})], ...spec } }) as never;
  const affinity = (term: object) => ({
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
  });

  it.each<[string, ResourceQuota, object, boolean]>([
    ['none', quota({}), {}, true],
    ['Terminating', quota({ scopes: ['Terminating'] }), { activeDeadlineSeconds: 0 }, true],
    ['not Terminating', quota({ scopes: ['Terminating'] }), {}, false],
    ['NotTerminating', quota({ scopes: ['NotTerminating'] }), {}, true],
    ['BestEffort', quota({ scopes: ['BestEffort'] }), {}, true],
    ['a class', byName('PriorityClass', 'In', ['high']), { priorityClassName: 'high' }, true],
    ['another class', byName('PriorityClass', 'In', ['high']), { priorityClassName: 'low' }, false],
    ['no class, where one is refused', byName('PriorityClass', 'NotIn', ['high']), {}, true],
    ['any class', byName('PriorityClass', 'Exists'), { priorityClassName: 'low' }, true],
    ['no class', byName('PriorityClass', 'DoesNotExist'), { priorityClassName: 'low' }, false],
    ['own namespace', byName('CrossNamespacePodAffinity', 'Exists'), affinity({}), false],
    ['others by name', byName('CrossNamespacePodAffinity', 'Exists'), affinity({ namespaces: ['x'] }), true],
    ['others by label', byName('CrossNamespacePodAffinity', 'Exists'), affinity({ namespaceSelector: {} }), true],
  ])('%s', (_what, of, spec, wanted) => {
    expect(isInScope(of, pods, pod(spec))).toBe(wanted);
  });

  it('count claims by their volume attributes class, and nothing else', () => {
    const gold = byName('VolumeAttributesClass', 'In', ['gold']);
    const claim = (spec: object, status: object = {}): KubeObject => ({ spec, status }) as KubeObject;
    expect(isInScope(gold, claims, claim({ volumeAttributesClassName: 'gold' }))).toBe(true);
    expect(isInScope(gold, claims, claim({}, { currentVolumeAttributesClassName: 'gold' }))).toBe(true);
    expect(isInScope(gold, claims, claim({}))).toBe(false);
    expect(isInScope(quota({ scopes: ['BestEffort'] }), claims, claim({}))).toBe(false);
    expect(isInScope(gold, { group: '', plural: 'configmaps' }, {})).toBe(false);
  });
});

describe('what must be said', () => {
  const quota = { spec: { hard: { cpu: '1', 'limits.memory': '1', pods: '1' } } } as ResourceQuota;

  it('names the containers that are silent', () => {
    const spec = { containers: [container('b', {}), container('a', { requests: { cpu: '1' } })] };
    expect(unspecified(quota, { spec } as Pod)).toBe('must specify cpu for: b; limits.memory for: a,b');
  });

  it('may be said for the whole pod', () => {
    const spec = { containers: [container('b', {})], resources: { requests: { cpu: '1' } } };
    expect(unspecified(quota, { spec } as Pod)).toBeUndefined();
  });
});
