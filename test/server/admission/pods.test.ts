// What admission does to pods and nodes, over the whole server with the memory store.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Namespaces, Nodes, Pods, Secrets, ServiceAccounts } from '../../../src/api/resources.ts';
import type { Client } from '../../../src/client/rest.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';

let server: RunningServer;
let client: Client;
beforeAll(async () => {
  server = await startServer({ listen: false, components: ['apiserver'] });
  client = server.client();
  await client.create(Namespaces, { metadata: { name: 'a' } });
  await client.create(ServiceAccounts, { metadata: { namespace: 'a', name: 'default' } });
});
afterAll(() => server.close());

const pod = (name: string, spec: Partial<NonNullable<Pod['spec']>> = {}, metadata: object = {}): Pod => ({
  metadata: { namespace: 'a', name, ...metadata },
  spec: { containers: [{ name: 'c', image: 'x' }], ...spec },
});
const create = (...args: Parameters<typeof pod>): Promise<Pod> => client.create(Pods, pod(...args));

describe('a pod', () => {
  it('gets the default service account and its token, CA and namespace', async () => {
    const { spec } = await create('plain');
    expect(spec).toMatchObject({ serviceAccountName: 'default', serviceAccount: 'default' });
    const volume = spec!.volumes![0]!;
    expect(volume.name).toMatch(/^kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(volume.projected).toEqual({
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    });
    expect(spec!.containers[0]!.volumeMounts).toEqual([
      { name: volume.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ]);
  });

  it('gets no token when it or its account declines, or mounts something of its own there', async () => {
    expect((await create('declined', { automountServiceAccountToken: false })).spec!.volumes ?? []).toEqual([]);
    await client.create(ServiceAccounts, {
      metadata: { namespace: 'a', name: 'quiet' },
      automountServiceAccountToken: false,
      imagePullSecrets: [{ name: 'registry' }],
    });
    const quiet = await create('quiet', { serviceAccountName: 'quiet' });
    expect(quiet.spec!.volumes ?? []).toEqual([]);
    expect(quiet.spec!.imagePullSecrets).toEqual([{ name: 'registry' }]);
    const own = await create('own', {
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [
        {
          name: 'c',
          image: 'x',
          volumeMounts: [{ name: 'v', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
        },
      ],
    });
    expect(own.spec!.volumes).toHaveLength(1);
  });

  it('needs a service account that exists', async () => {
    await expect(create('lost', { serviceAccountName: 'nobody' })).rejects.toMatchObject({
      reason: 'Forbidden',
      message: 'pods "lost" is forbidden: error looking up service account a/nobody: serviceaccount "nobody" not found',
    });
  });

  it('waits a moment for the default account of a new namespace', async () => {
    await client.create(Namespaces, { metadata: { name: 'fresh' } });
    const waiting = client.create(Pods, { ...pod('early'), metadata: { namespace: 'fresh', name: 'early' } });
    await client.create(ServiceAccounts, { metadata: { namespace: 'fresh', name: 'default' } });
    expect((await waiting).spec!.serviceAccountName).toBe('default');
  });

  it('stays five minutes on a node that is gone, unless it says otherwise', async () => {
    const toleration = (key: string, tolerationSeconds = 300) => ({
      key: `node.kubernetes.io/${key}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds,
    });
    expect((await create('usual')).spec!.tolerations).toEqual([toleration('not-ready'), toleration('unreachable')]);
    const own = [toleration('not-ready', 7)];
    expect((await create('own-one', { tolerations: own })).spec!.tolerations).toEqual([
      ...own,
      toleration('unreachable'),
    ]);
    const all = [{ operator: 'Exists' }];
    expect((await create('all', { tolerations: all })).spec!.tolerations).toEqual(all);
  });

  it('gets its priority from its class', async () => {
    expect((await create('p0')).spec).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
    const critical = await create('p1', { priorityClassName: 'system-node-critical' });
    expect(critical.spec!.priority).toBe(2_000_001_000);
    await expect(create('p2', { priorityClassName: 'none' })).rejects.toMatchObject({
      message: 'pods "p2" is forbidden: no PriorityClass with name none was found',
    });
    await expect(create('p3', { priority: 5 })).rejects.toMatchObject({
      message:
        'pods "p3" is forbidden: the integer value of priority (5) must not be provided in pod spec; ' +
        'priority admission controller computed 0 from the given PriorityClass name',
    });
  });
});

describe('a namespace', () => {
  it('must exist, and not be on its way out, for objects to be made in it', async () => {
    const make = (namespace: string) => client.create(Secrets, { metadata: { namespace, name: 's' } });
    await expect(make('nowhere')).rejects.toMatchObject({
      reason: 'NotFound',
      message: 'namespaces "nowhere" not found',
    });
    await client.create(Namespaces, { metadata: { name: 'leaving', finalizers: ['example.com/held'] } });
    await client.delete(Namespaces, { name: 'leaving' });
    await expect(make('leaving')).rejects.toMatchObject({
      reason: 'Forbidden',
      message:
        'secrets "s" is forbidden: unable to create new content in namespace leaving because it is being terminated',
      status: { details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] } },
    });
  });

  it.each(['default', 'kube-system', 'kube-public'])('%s cannot be deleted', async (name) => {
    await expect(client.delete(Namespaces, { name })).rejects.toMatchObject({
      reason: 'Forbidden',
      message: `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    });
  });
});

describe('a node', () => {
  const node = (name: string) => ({
    user: { name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] },
    client: server.client({ name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] }),
  });

  it('starts with the taint of one that is not ready', async () => {
    const made = await node('n1').client.create(Nodes, { metadata: { name: 'n1' } });
    expect(made.spec!.taints).toEqual([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]);
  });

  it('writes itself and nobody else, and does not raise its own trust', async () => {
    const { client: n2 } = node('n2');
    await expect(n2.create(Nodes, { metadata: { name: 'other' } })).rejects.toMatchObject({
      message: 'nodes "other" is forbidden: node "n2" is not allowed to modify node "other"',
    });
    await n2.create(Nodes, { metadata: { name: 'n2', labels: { 'kubernetes.io/hostname': 'n2', mine: 'x' } } });
    const label = (labels: object) => n2.patch(Nodes, { name: 'n2' }, 'merge', { metadata: { labels } });
    await label({ 'node.kubernetes.io/x': '1', free: '1' });
    await expect(label({ 'node-restriction.kubernetes.io/team': 'a' })).rejects.toMatchObject({
      message: 'nodes "n2" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/team',
    });
    await expect(n2.patch(Nodes, { name: 'n2' }, 'merge', { spec: { taints: [] } })).rejects.toMatchObject({
      message: 'nodes "n2" is forbidden: node "n2" is not allowed to modify taints',
    });
  });

  it('reports about its own pods, deletes those, and makes only mirror pods', async () => {
    const { client: n1 } = node('n1');
    await create('bound', { nodeName: 'n1' });
    await create('elsewhere', { nodeName: 'n2' });
    const report = (name: string) =>
      n1.patch(Pods, { namespace: 'a', name }, 'merge', { status: { phase: 'Running' } }, { subresource: 'status' });
    await report('bound');
    await expect(report('elsewhere')).rejects.toMatchObject({
      message:
        'pods "elsewhere" is forbidden: node "n1" can only update pod status for pods with spec.nodeName set to itself',
    });
    await expect(n1.delete(Pods, { namespace: 'a', name: 'elsewhere' })).rejects.toMatchObject({
      message: 'pods "elsewhere" is forbidden: node "n1" can only delete pods with spec.nodeName set to itself',
    });
    await n1.delete(Pods, { namespace: 'a', name: 'bound' }, { gracePeriodSeconds: 0 });
    await expect(n1.create(Pods, pod('sneaky', { nodeName: 'n1' }))).rejects.toMatchObject({
      message:
        'pods "sneaky" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
    });
    const { uid } = (await client.get(Nodes, { name: 'n1' })).metadata!;
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: uid!, controller: true };
    const mirror = { annotations: { 'kubernetes.io/config.mirror': 'hash' }, ownerReferences: [owner] };
    const made = await n1.create(Pods, pod('static', { nodeName: 'n1' }, mirror));
    expect(made.spec!.serviceAccountName).toBeUndefined();
  });

  it('reads the secrets of its pods and no others', async () => {
    const { client: n3 } = node('n3');
    for (const name of ['used', 'unused']) await client.create(Secrets, { metadata: { namespace: 'a', name } });
    const read = (name: string) => n3.get(Secrets, { namespace: 'a', name });
    await expect(read('used')).rejects.toMatchObject({ reason: 'Forbidden' });
    await create('user', { nodeName: 'n3', volumes: [{ name: 'v', secret: { secretName: 'used' } }] });
    expect((await read('used')).metadata?.name).toBe('used');
    await expect(read('unused')).rejects.toMatchObject({
      message:
        'secrets "unused" is forbidden: User "system:node:n3" cannot get resource "secrets" in API group "" in the namespace "a": ' +
        "no relationship found between node 'n3' and this object",
    });
  });

  it('gets tokens bound to its pods and no others', async () => {
    const { client: n4 } = node('n4');
    const bound = await create('tokened', { nodeName: 'n4' });
    const ask = (boundObjectRef?: object) =>
      n4.create(
        ServiceAccounts,
        {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { audiences: [], expirationSeconds: 600, boundObjectRef },
        } as never,
        { namespace: 'a', name: 'default', subresource: 'token' },
      );
    const reference = { apiVersion: 'v1', kind: 'Pod', name: 'tokened', uid: bound.metadata?.uid };
    expect(await ask(reference)).toMatchObject({ status: { token: expect.stringMatching(/^ey/) as string } });
    await expect(ask()).rejects.toMatchObject({
      message: 'serviceaccounts "default" is forbidden: node requested token not bound to a pod',
    });
    await expect(ask({ ...reference, uid: undefined })).rejects.toMatchObject({
      message: 'serviceaccounts "default" is forbidden: node requested token with a pod binding without a uid',
    });
    await create('foreign', { nodeName: 'n5' });
    const foreign = await client.get(Pods, { namespace: 'a', name: 'foreign' });
    await expect(ask({ ...reference, name: 'foreign', uid: foreign.metadata?.uid })).rejects.toMatchObject({
      message:
        'serviceaccounts "default" is forbidden: node requested token bound to a pod scheduled on a different node',
    });
  });
});
