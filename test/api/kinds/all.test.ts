// What holds for every kind file: names and versions that do not clash, rules that survive an empty document, and
// the columns that kubectl prints.
import { describe, expect, it } from 'vitest';
import type { AnyKind } from '../../../src/api/kind.ts';
import kinds from '../../../src/api/kinds/index.gen.ts';
import { createRegistry } from '../../../src/api/registry.ts';
import { definitionNameOf } from '../../../src/api/schema/builtin.ts';
import { columnsOf, tableFor } from '../../../src/api/table.ts';
import { apiVersionOf } from '../../../src/api/types.ts';
import { FieldErrors } from '../../../src/api/validation.ts';
import { create, decode } from './lifecycle.ts';

const all = kinds as readonly AnyKind[];

describe.each(all.map((kind) => [kind.kind, kind] as const))('%s', (_, kind) => {
  it('is stored in a version that it serves, and known to the schemas', () => {
    expect(kind.served.some((s) => apiVersionOf(s) === apiVersionOf(kind.storage))).toBe(true);
    expect(kind.served[0]).toMatchObject({ group: kind.group, version: kind.storage.version });
    const { group, version } = kind.storage;
    expect(definitionNameOf(group, version, kind.kind) ?? kind.served[0]!.schema).toBeDefined();
  });
  it('survives a document with nothing in it, in every version', () => {
    for (const { group, version, convert } of kind.served) {
      const draft = decode(kind, { metadata: { name: 'x', namespace: 'y' } }, group, version);
      const again = structuredClone(draft);
      kind.defaults?.(again);
      expect(again).toEqual(draft);
      expect(() => kind.validate?.(draft, new FieldErrors())).not.toThrow();
      expect(() => kind.warnings?.(draft, undefined)).not.toThrow();
      const back = structuredClone(draft);
      convert?.fromStorage(back);
      expect(tableFor(kind, [draft], { nowMs: 0 }).rows[0]!.cells).toHaveLength(columnsOf(kind).length);
      for (const read of Object.values(kind.selectableFields ?? {})) expect(typeof read(draft)).toBe('string');
    }
    expect(() => create(kind, { metadata: { name: 'x' } })).not.toThrow();
  });
});

it('no two kinds share a place', () => {
  const places = all.flatMap((kind) => kind.served.map((s) => `${apiVersionOf(s)}/${kind.plural}`));
  expect(new Set(places).size).toBe(places.length);
});

it('kubectl get all finds the workloads', () => {
  const names = all.filter((kind) => kind.categories?.includes('all')).map((kind) => kind.plural);
  expect(names.sort()).toEqual([
    'cronjobs',
    'daemonsets',
    'deployments',
    'horizontalpodautoscalers',
    'jobs',
    'pods',
    'replicasets',
    'replicationcontrollers',
    'services',
    'statefulsets',
  ]);
});

it('groups come in the order of discovery', () => {
  const groups = createRegistry(all).groups();
  expect(groups.map((g) => g.group)).toEqual([
    '',
    'apiregistration.k8s.io',
    'events.k8s.io',
    'authentication.k8s.io',
    'apps',
    'authorization.k8s.io',
    'autoscaling',
    'batch',
    'certificates.k8s.io',
    'networking.k8s.io',
    'extensions',
    'policy',
    'rbac.authorization.k8s.io',
    'storage.k8s.io',
    'admissionregistration.k8s.io',
    'apiextensions.k8s.io',
    'scheduling.k8s.io',
    'coordination.k8s.io',
    'node.k8s.io',
    'discovery.k8s.io',
    'flowcontrol.apiserver.k8s.io',
    'resource.k8s.io',
    'metrics.k8s.io',
  ]);
  expect(groups.find((g) => g.group === 'autoscaling')!.preferredVersion).toBe('v2');
});

/** Names as upstream has them; those of wide output behind a slash. */
const COLUMNS: Record<string, string> = {
  Pod: 'Name,Ready,Status,Restarts,Age/IP,Node,Nominated Node,Readiness Gates',
  Node: 'Name,Status,Roles,Age,Version/Internal-IP,External-IP,OS-Image,Kernel-Version,Container-Runtime',
  Service: 'Name,Type,Cluster-IP,External-IP,Port(s),Age/Selector',
  Deployment: 'Name,Ready,Up-to-date,Available,Age/Containers,Images,Selector',
  ReplicaSet: 'Name,Desired,Current,Ready,Age/Containers,Images,Selector',
  DaemonSet: 'Name,Desired,Current,Ready,Up-to-date,Available,Node Selector,Age/Containers,Images,Selector',
  StatefulSet: 'Name,Ready,Age/Containers,Images',
  Job: 'Name,Status,Completions,Duration,Age/Containers,Images,Selector',
  CronJob: 'Name,Schedule,Timezone,Suspend,Active,Last Schedule,Age/Containers,Images,Selector',
  Event: 'Last Seen,Type,Reason,Object,Message/Subobject,Source,First Seen,Count,Name',
  Namespace: 'Name,Status,Age/',
  ConfigMap: 'Name,Data,Age/',
  Secret: 'Name,Type,Data,Age/',
  Role: 'Name,Created At/',
  RoleBinding: 'Name,Role,Age/Users,Groups,ServiceAccounts',
  Ingress: 'Name,Class,Hosts,Address,Ports,Age/',
  PersistentVolumeClaim: 'Name,Status,Volume,Capacity,Access Modes,StorageClass,VolumeAttributesClass,Age/VolumeMode',
  HorizontalPodAutoscaler: 'Name,Reference,Targets,MinPods,MaxPods,Replicas,Age/',
  StorageClass: 'Name,Provisioner,ReclaimPolicy,VolumeBindingMode,AllowVolumeExpansion,Age/',
  CertificateSigningRequest: 'Name,Age,SignerName,Requestor,RequestedDuration,Condition/',
  EndpointSlice: 'Name,AddressType,Ports,Endpoints,Age/',
  CustomResourceDefinition: 'Name,Created At/',
};
it.each(Object.entries(COLUMNS))('columns of %s', (name, expected) => {
  const columns = columnsOf(all.find((kind) => kind.kind === name)!);
  const named = (wide: boolean) => columns.filter((c) => (c.priority === 1) === wide).map((c) => c.name);
  expect(`${named(false).join()}/${named(true).join()}`).toBe(expected);
});
