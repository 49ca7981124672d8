// What somebody can do who has taken over one node: nothing that is not about that node.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigMaps, Nodes, PersistentVolumes, Pods, Secrets, ServiceAccounts } from '../../../src/api/resources.ts';
import { Client } from '../../../src/client/rest.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';
import { inProcess } from '../../../src/client/transport/in-process.ts';
import { raw } from '../../support/raw.ts';

let server: RunningServer;
let admin: Client;
const user = { name: 'system:node:bad', groups: ['system:nodes', 'system:authenticated'] };
const mine = () => inProcess(server.handler, user);
const bad = () => new Client(mine());

beforeAll(async () => {
  server = await startServer({ listen: false, components: ['apiserver'] });
  admin = server.client();
  await admin.create(ServiceAccounts, { metadata: { namespace: 'kube-system', name: 'default' } });
  await bad().create(Nodes, { metadata: { name: 'bad' } });
  for (const name of ['crown-jewels', 'shared']) {
    await admin.create(Secrets, { metadata: { namespace: 'kube-system', name }, stringData: { password: name } });
  }
});
afterAll(() => server.close());

const mirror = async (spec: object, metadata: object = {}) => ({
  metadata: {
    namespace: 'kube-system',
    name: 'mirror',
    annotations: { 'kubernetes.io/config.mirror': 'hash' },
    ownerReferences: [
      {
        apiVersion: 'v1',
        kind: 'Node',
        name: 'bad',
        uid: (await admin.get(Nodes, { name: 'bad' })).metadata!.uid!,
        controller: true,
      },
    ],
    ...metadata,
  },
  spec: { nodeName: 'bad', containers: [{ name: 'c', image: 'i' }], ...spec },
});

describe('mirror pods', () => {
  it('open no secret, config map or claim to the node that writes them', async () => {
    const volumes = (volume: object) => ({ volumes: [{ name: 'v', ...volume }] });
    for (const [spec, what] of [
      [volumes({ secret: { secretName: 'crown-jewels' } }), 'secrets'],
      [volumes({ projected: { sources: [{ secret: { name: 'crown-jewels' } }] } }), 'secrets'],
      [{ imagePullSecrets: [{ name: 'crown-jewels' }] }, 'secrets'],
      [{ containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 'crown-jewels' } }] }] }, 'secrets'],
      [volumes({ configMap: { name: 'kube-root-ca.crt' } }), 'configmaps'],
      [volumes({ persistentVolumeClaim: { claimName: 'c' } }), 'persistentvolumeclaims'],
    ] as const) {
      const why =
        what === 'secrets'
          ? 'a mirror pod may not reference secrets'
          : `node "bad" can not create pods that reference ${what}`;
      await expect(bad().create(Pods, (await mirror(spec)) as never)).rejects.toMatchObject({
        message: `pods "mirror" is forbidden: ${why}`,
      });
    }
    await expect(bad().get(Secrets, { namespace: 'kube-system', name: 'crown-jewels' })).rejects.toMatchObject({
      reason: 'Forbidden',
    });
  });

  it('open nothing even when somebody else made them so', async () => {
    const spec = { volumes: [{ name: 'v', configMap: { name: 'extension-apiserver-authentication' } }] };
    await admin.create(Pods, (await mirror(spec, { name: 'by-admin' })) as never);
    const key = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };
    await expect(bad().get(ConfigMaps, key)).rejects.toMatchObject({ reason: 'Forbidden' });
  });

  it('belong to their node', async () => {
    const quoted = 'pods "mirror" is forbidden: node "bad"';
    await expect(bad().create(Pods, (await mirror({}, { ownerReferences: [] })) as never)).rejects.toMatchObject({
      message: `${quoted} can only create pods with an owner reference set to itself`,
    });
    const wrong = [{ apiVersion: 'v1', kind: 'Node', name: 'bad', uid: 'x', controller: true }];
    await expect(bad().create(Pods, (await mirror({}, { ownerReferences: wrong })) as never)).rejects.toMatchObject({
      message: expect.stringContaining('node bad UID mismatch: expected x got ') as string,
    });
    await bad().create(Pods, (await mirror({})) as never);
  });
});

it('a watch of one secret by its old path shows that one alone', async () => {
  await admin.create(Pods, {
    metadata: { namespace: 'kube-system', name: 'user' },
    spec: {
      nodeName: 'bad',
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', secret: { secretName: 'shared' } }],
    },
  });
  const seen = await raw(
    { handler: mine() },
    'GET',
    '/api/v1/watch/namespaces/kube-system/secrets/shared?timeoutSeconds=1',
  );
  expect(seen.status).toBe(200);
  expect(seen.text).toContain('"name":"shared"');
  expect(seen.text).not.toContain('crown-jewels');
  const other = await raw({ handler: mine() }, 'GET', '/api/v1/watch/namespaces/kube-system/secrets/crown-jewels');
  expect(other.status).toBe(403);
});

it('does not get rid of itself, and of its taints, by an owner that is gone', async () => {
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'gone' };
  for (const subresource of [undefined, 'status']) {
    const options = subresource ? { subresource } : {};
    const change = { metadata: { ownerReferences: [owner] } };
    await expect(bad().patch(Nodes, { name: 'bad' }, 'merge', change, options)).rejects.toMatchObject({
      message: 'nodes "bad" is forbidden: node "bad" is not allowed to modify ownerReferences',
    });
  }
});

it('sets no label that says what a node is trusted for, by no kind of write', async () => {
  const key = 'example.node-restriction.kubernetes.io/tier';
  for (const type of ['merge', 'strategic', 'apply'] as const) {
    for (const subresource of [undefined, 'status']) {
      const patch = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'bad', labels: { [key]: 'secure' } } };
      const options = { fieldManager: 'x', ...(subresource ? { subresource } : {}) };
      await expect(bad().patch(Nodes, { name: 'bad' }, type, patch, options)).rejects.toMatchObject({
        reason: 'Forbidden',
      });
    }
  }
});

it('lets go of the volumes that it keeps, and changes nothing else about them', async () => {
  const folder = (name: string, node: string) =>
    admin.create(PersistentVolumes, {
      metadata: {
        name,
        labels: { 'sampan.io/node': node },
        annotations: { 'pv.kubernetes.io/provisioned-by': 'sampan.io/host-path' },
        finalizers: ['sampan.io/host-path', 'example.com/other'],
      },
      spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/tmp/v' } },
    });
  const [own, other] = [await folder('own', 'bad'), await folder('other', 'good')];
  const refused = { reason: 'Forbidden' };
  const write = (volume: typeof own, finalizers: string[], path = '/tmp/v') =>
    bad().update(PersistentVolumes, {
      ...volume,
      metadata: { ...volume.metadata, finalizers },
      spec: { ...volume.spec, hostPath: { ...volume.spec?.hostPath, path } },
    });
  await expect(write(other, ['example.com/other'])).rejects.toMatchObject(refused);
  await expect(write(own, ['sampan.io/host-path'])).rejects.toMatchObject(refused);
  await expect(write(own, own.metadata!.finalizers!, '/etc')).rejects.toMatchObject({ code: 422 });
  await expect(bad().list(PersistentVolumes)).rejects.toMatchObject(refused);
  await expect(bad().delete(PersistentVolumes, { name: 'own' })).rejects.toMatchObject(refused);
  const seen = await bad().list(PersistentVolumes, { labelSelector: 'sampan.io/node=bad' });
  expect(seen.items.map((v) => v.metadata?.name)).toEqual(['own']);
  const left = own.metadata!.finalizers!.filter((name) => name !== 'sampan.io/host-path');
  expect((await write(own, left)).metadata?.finalizers).toEqual(left);
});
