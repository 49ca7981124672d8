// Default classes, protection of claims and volumes in use, and growth of claims, over the whole server.
import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { Ingress, IngressClass } from 'kubernetes-types/networking/v1.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PersistentVolumeClaims, PersistentVolumes, Pods, StorageClasses } from '../../../src/api/resources.ts';
import { isNotFound } from '../../../src/api/status.ts';
import type { ResourceType } from '../../../src/api/types.ts';
import { systemClock } from '../../../src/client/clock.ts';
import { silentLogger } from '../../../src/client/log.ts';
import { Client } from '../../../src/client/rest.ts';
import { controllerUser, inProcess } from '../../../src/client/transport/in-process.ts';
import { runControllers } from '../../../src/server/controllers/run.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';
import { eventually } from '../controllers/cluster.ts';

function type<T>(group: string, plural: string, kind: string, namespaced: boolean): ResourceType<T> {
  return { group, version: 'v1', plural, kind, namespaced };
}
const IngressClasses = type<IngressClass>('networking.k8s.io', 'ingressclasses', 'IngressClass', false);
const Ingresses = type<Ingress>('networking.k8s.io', 'ingresses', 'Ingress', true);

let server: RunningServer;
let client: Client;
const stopper = new AbortController();
let running: Promise<void>;
beforeAll(async () => {
  server = await startServer({ listen: false, components: ['apiserver'] });
  client = server.client();
  // Of the controllers only those that let go: what binds claims would take back the phases that are written here.
  running = runControllers({
    client: (name) => new Client(inProcess(server.handler, controllerUser(name))),
    clock: systemClock,
    log: silentLogger,
    signal: stopper.signal,
    names: ['service-account', 'pv-protection', 'pvc-protection'],
  });
});
afterAll(async () => {
  stopper.abort();
  await running;
  await server.close();
});

const namespace = 'default';
const storageClass = (name: string, annotations: Record<string, string>, more: object = {}) =>
  client.create(StorageClasses, { metadata: { name, annotations }, provisioner: 'example.com/p', ...more });
const claim = (name: string, more: Partial<PersistentVolumeClaim['spec']> = {}, annotations = {}) =>
  client.create(PersistentVolumeClaims, {
    metadata: { name, namespace, annotations },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...more },
  });
const isGone =
  <T>(of: ResourceType<T>, name: string) =>
  async (): Promise<boolean> => {
    try {
      await client.get(of, { name, ...(of.namespaced ? { namespace } : {}) });
      return false;
    } catch (error) {
      return isNotFound(error);
    }
  };

describe('default classes', () => {
  it('of storage: the newest, unless the claim names one or none', async () => {
    // Every new cluster has one.
    expect((await claim('first')).spec?.storageClassName).toBe('host-path');
    await client.delete(StorageClasses, { name: 'host-path' });
    expect((await claim('before')).spec?.storageClassName).toBeUndefined();
    await storageClass('other', {});
    await storageClass('b', { 'storageclass.kubernetes.io/is-default-class': 'true' });
    await storageClass('a', { 'storageclass.beta.kubernetes.io/is-default-class': 'true' });
    // Made within one second: the first by name.
    expect(['a', 'b']).toContain((await claim('default')).spec?.storageClassName);
    expect((await claim('named', { storageClassName: 'other' })).spec?.storageClassName).toBe('other');
    expect((await claim('none', { storageClassName: '' })).spec?.storageClassName).toBe('');
    const old = await claim('old', {}, { 'volume.beta.kubernetes.io/storage-class': 'other' });
    expect(old.spec?.storageClassName).toBeUndefined();
  });

  it('of ingresses', async () => {
    const isDefault = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
    await client.create(IngressClasses, { metadata: { name: 'x' }, spec: { controller: 'example.com/x' } });
    const metadata = { name: 'main', annotations: isDefault };
    await client.create(IngressClasses, { metadata, spec: { controller: 'example.com/main' } });
    const ingress = (name: string, annotations: Record<string, string>, ingressClassName?: string) =>
      client.create(Ingresses, {
        metadata: { name, namespace, annotations },
        spec: { ingressClassName, defaultBackend: { service: { name: 's', port: { number: 80 } } } },
      });
    expect((await ingress('a', {})).spec?.ingressClassName).toBe('main');
    expect((await ingress('b', {}, 'x')).spec?.ingressClassName).toBe('x');
    const old = await ingress('c', { 'kubernetes.io/ingress.class': 'x' });
    expect(old.spec?.ingressClassName).toBeUndefined();
  });
});

describe('protection', () => {
  it('holds a claim while a pod on a node uses it', async () => {
    expect((await claim('used')).metadata?.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'used' } }];
    const pod = (name: string, nodeName?: string) =>
      client.create(Pods, {
        metadata: { name, namespace },
        spec: { nodeName, containers: [{ name: 'c', image: 'i' }], volumes },
      });
    await pod('unscheduled');
    await pod('user', 'n');
    await client.delete(PersistentVolumeClaims, { name: 'used', namespace });
    const held = await client.get(PersistentVolumeClaims, { name: 'used', namespace });
    expect(held.metadata?.deletionTimestamp).toBeDefined();
    await client.delete(Pods, { name: 'user', namespace }, { gracePeriodSeconds: 0 });
    await eventually('the claim goes', isGone(PersistentVolumeClaims, 'used'));
  });

  it('holds a volume while it is bound', async () => {
    const made = await client.create(PersistentVolumes, {
      metadata: { name: 'v' },
      spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/tmp/v' } },
    });
    expect(made.metadata?.finalizers).toEqual(['kubernetes.io/pv-protection']);
    const phase = (value: string) =>
      client.patch(PersistentVolumes, { name: 'v' }, 'merge', { status: { phase: value } }, { subresource: 'status' });
    await phase('Bound');
    await client.delete(PersistentVolumes, { name: 'v' });
    expect((await client.get(PersistentVolumes, { name: 'v' })).metadata?.deletionTimestamp).toBeDefined();
    await phase('Released');
    await eventually('the volume goes', isGone(PersistentVolumes, 'v'));
  });
});

describe('a claim', () => {
  const grow = (name: string, storage: string) =>
    client.patch(PersistentVolumeClaims, { name, namespace }, 'merge', {
      spec: { resources: { requests: { storage } } },
    });
  const bind = (name: string) =>
    client.patch(
      PersistentVolumeClaims,
      { name, namespace },
      'merge',
      { status: { phase: 'Bound' } },
      { subresource: 'status' },
    );

  it('grows when it is bound and its class can', async () => {
    await storageClass('grows', {}, { allowVolumeExpansion: true });
    await claim('growing', { storageClassName: 'grows', volumeName: 'pv1' });
    await expect(grow('growing', '2Gi')).rejects.toMatchObject({ code: expect.any(Number) as number });
    await bind('growing');
    expect((await grow('growing', '2Gi')).spec?.resources?.requests).toEqual({ storage: '2Gi' });
  });

  it('does not when its class cannot', async () => {
    await storageClass('fixed', {});
    await claim('fixed', { storageClassName: 'fixed', volumeName: 'pv2' });
    await bind('fixed');
    await expect(grow('fixed', '2Gi')).rejects.toMatchObject({
      reason: 'Forbidden',
      message:
        'persistentvolumeclaims "fixed" is forbidden: only dynamically provisioned pvc can be resized and the ' +
        'storageclass that provisions the pvc must support resize',
    });
  });
});
