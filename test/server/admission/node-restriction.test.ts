// What a node may write when roles let it do everything: upstream's Test_nodePlugin_Admit and its sisters
// (plugin/pkg/admission/noderestriction/admission_test.go) and the audiences of test/integration/auth/node_test.go, asked of
// a whole API server.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StatusError } from '../../../src/api/status.ts';
import type { Unstructured } from '../../../src/api/types.ts';
import { loadX509 } from '../../../src/server/pki/issue.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';
import { Api } from '../../conformance/api.ts';

let server: RunningServer;
let admin: Api;
let mine: Api;
let nodeUid: string;
const NS = '/api/v1/namespaces/ns';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const MIRROR = 'kubernetes.io/config.mirror';
const user = (name: string) => ({ name, groups: ['system:nodes', 'system:authenticated'] });

beforeAll(async () => {
  server = await startServer({ listen: false, components: ['apiserver'] });
  admin = new Api(server.client());
  mine = new Api(server.client(user('system:node:mynode')));
  await admin.post('/api/v1/namespaces', { metadata: { name: 'ns' } });
  for (const name of ['default', 'mysa']) await admin.post(`${NS}/serviceaccounts`, { metadata: { name } });
  // Everything but the verb that lets nodes have tokens for whom they like.
  const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
  await admin.post(`${RBAC}/clusterroles`, {
    metadata: { name: 'all' },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs }],
  });
  await admin.post(
    `${RBAC}/clusterrolebindings`,
    binding('all', 'ClusterRole', { kind: 'Group', name: 'system:nodes' }),
  );
  nodeUid = (await mine.post('/api/v1/nodes', { metadata: { name: 'mynode' } })).metadata.uid as string;
  await admin.post('/api/v1/nodes', { metadata: { name: 'othernode' } });
});
afterAll(() => server.close());

const binding = (name: string, kind: string, subject: object) => ({
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', ...subject }],
});

/** What is said of it; undefined when it is done. */
async function refusal(asking: Promise<unknown>): Promise<string | undefined> {
  const error = await asking.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (error !== undefined && !(error instanceof StatusError)) throw error as Error;
  return error?.message;
}
const expectRefusal = async (asking: Promise<unknown>, wanted: string | undefined): Promise<void> => {
  const found = await refusal(asking);
  if (wanted === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(wanted);
};

type Where = 'mynode' | 'othernode' | undefined;
const owner = (more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Node',
  name: 'mynode',
  uid: nodeUid,
  controller: true,
  ...more,
});
const podOf = (name: string, nodeName: Where, mirror: boolean, spec: object = {}, metadata: object = {}) => ({
  metadata: {
    name,
    ...(mirror ? { annotations: { [MIRROR]: 'hash' }, ownerReferences: [owner()] } : {}),
    ...metadata,
  },
  spec: { ...(nodeName ? { nodeName } : {}), containers: [{ name: 'c', image: 'i' }], ...spec },
});

describe.each<[string, boolean]>([
  ['mirror', true],
  ['normal', false],
])('a %s pod', (_what, mirror) => {
  const itself = 'spec.nodeName set to itself';
  it.each<[string, Where]>([
    ['of its own', 'mynode'],
    ['of another node', 'othernode'],
    ['of no node', undefined],
  ])('%s', async (_where, nodeName) => {
    // There is no mirror pod of no node.
    if (mirror && nodeName === undefined) {
      return expectRefusal(mine.post(`${NS}/pods`, podOf('unbound', undefined, true)), itself);
    }
    const own = nodeName === 'mynode';
    const name = `${mirror ? 'mirror' : 'normal'}-${nodeName ?? 'unbound'}`;
    const path = `${NS}/pods/${name}`;
    const body = podOf(name, nodeName, mirror);
    const creation = mirror ? (own ? undefined : itself) : 'can only create mirror pods';
    await expectRefusal(mine.post(`${NS}/pods`, body), creation);
    if (creation !== undefined) await admin.post(`${NS}/pods`, body);
    const labelled = { metadata: { labels: { a: 'b' } } };
    await expectRefusal(mine.patch(path, labelled), 'forbidden: unexpected operation "UPDATE"');
    const status = { status: { message: 'x' } };
    await expectRefusal(mine.patch(`${path}/status`, status), own ? undefined : itself);
    const labels = own ? 'cannot update labels through pod status' : itself;
    await expectRefusal(mine.patch(`${path}/status`, labelled), labels);
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } };
    await expectRefusal(mine.post(`${path}/eviction`, eviction), own ? undefined : itself);
    if (own) await admin.del(path, { gracePeriodSeconds: 0 }).catch(() => undefined);
    if (own) await admin.post(`${NS}/pods`, body);
    await expectRefusal(mine.del(path, { gracePeriodSeconds: 0 }), own ? undefined : itself);
  });

  it('that is not there is not found', async () => {
    expect((await mine.failure(mine.del(`${NS}/pods/nowhere`))).code).toBe(404);
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'nowhere' } };
    expect((await mine.failure(mine.post(`${NS}/pods/nowhere/eviction`, eviction))).code).toBe(404);
  });
});

it('claims of devices are not the node’s to give a pod', async () => {
  const resourceClaims = [{ name: 'c', resourceClaimTemplateName: 't' }];
  await admin.post(`${NS}/pods`, podOf('claims', 'mynode', false, { resourceClaims }));
  const status = { resourceClaimStatuses: [{ name: 'c', resourceClaimName: 'somebodys' }] };
  const patched = mine.patch(`${NS}/pods/claims/status`, { status });
  await expectRefusal(patched, 'node "mynode" cannot update resource claim statues');
});

describe('mirror pods', () => {
  const create = (spec: object, metadata: object = {}) =>
    mine.post(`${NS}/pods?dryRun=All`, podOf('test', 'mynode', true, spec, metadata));

  it.each<[string, () => object[], string | undefined]>([
    [
      'none',
      () => [],
      'pods "test" is forbidden: node "mynode" can only create pods with an owner reference set to itself',
    ],
    ['their node', () => [owner()], undefined],
    [
      'two',
      () => [owner(), owner({ name: 'other' })],
      'can only create pods with a single owner reference set to itself',
    ],
    ['another name', () => [owner({ name: 'other' })], 'can only create pods with an owner reference set to itself'],
    ['another uid', () => [owner({ uid: 'x' })], `node mynode UID mismatch: expected x got `],
    [
      'another version',
      () => [owner({ apiVersion: 'v2' })],
      'can only create pods with an owner reference set to itself',
    ],
    ['another kind', () => [owner({ kind: 'Pod' })], 'can only create pods with an owner reference set to itself'],
    ['no controller', () => [owner({ controller: undefined })], 'with a controller owner reference set to itself'],
    ['not a controller', () => [owner({ controller: false })], 'with a controller owner reference set to itself'],
    ['a block', () => [owner({ blockOwnerDeletion: true })], 'must not set blockOwnerDeletion on an owner reference'],
  ])('have as owner: %s', async (_what, owners, expected) => {
    await expectRefusal(create({}, { ownerReferences: owners() }), expected);
  });

  it('need their node', async () => {
    const ghost = new Api(server.client(user('system:node:ghost')));
    const body = podOf('test', undefined, true, { nodeName: 'ghost' }, { ownerReferences: [owner({ name: 'ghost' })] });
    await expectRefusal(ghost.post(`${NS}/pods`, body), 'nodes "ghost" not found');
  });

  const volume = (source: object) => ({ volumes: [{ name: 'v', ...source }] });
  it.each<[object, string]>([
    [volume({ configMap: { name: 'x' } }), 'configmaps'],
    [volume({ projected: { sources: [{ configMap: { name: 'x' } }] } }), 'configmaps'],
    [volume({ persistentVolumeClaim: { claimName: 'x' } }), 'persistentvolumeclaims'],
    [{ resourceClaims: [{ name: 'x', resourceClaimName: 'x' }] }, 'resourceclaims'],
    [volume({ projected: { sources: [{ clusterTrustBundle: { name: 'x', path: 'p' } }] } }), 'clustertrustbundles'],
  ])('with %o are refused', async (spec, what) => {
    await expectRefusal(create(spec), `node "mynode" can not create pods that reference ${what}`);
  });
});

describe('nodes', () => {
  const path = '/api/v1/nodes/mynode';
  const source = (name: string) => ({ configMap: { name, namespace: 'bar', kubeletConfigKey: 'kubelet' } });
  const other = 'node "mynode" is not allowed to modify node "othernode"';

  it('are its own', async () => {
    await expectRefusal(mine.patch('/api/v1/nodes/othernode', { metadata: { labels: { a: 'b' } } }), other);
    await expectRefusal(
      mine.patch('/api/v1/nodes/othernode/status', { status: {}, metadata: { labels: { a: 'b' } } }),
      other,
    );
    await expectRefusal(mine.del('/api/v1/nodes/othernode'), other);
    const nobody = new Api(server.client(user('system:node:')));
    const unknown = 'could not determine node from user "system:node:"';
    await expectRefusal(nobody.patch(path, { metadata: { labels: { a: 'b' } } }), unknown);
  });

  it.each([
    'node-restriction.kubernetes.io/foo',
    'foo.node-restriction.kubernetes.io/foo',
    'other.kubernetes.io/foo',
    'other.k8s.io/foo',
  ])('keep the label %s as it is', async (label) => {
    const metadata = { name: 'newnode', labels: { [label]: 'x', foo: 'x' } };
    const fresh = new Api(server.client(user('system:node:newnode')));
    const setting = `nodes "newnode" is forbidden: node "newnode" is not allowed to set the following labels: ${label}`;
    await expectRefusal(fresh.post('/api/v1/nodes', { metadata }), setting);
    const changed = `nodes "mynode" is forbidden: is not allowed to modify labels: ${label}`;
    await expectRefusal(mine.patch(path, { metadata: { labels: { [label]: 'x' } } }), changed);
    await admin.patch(path, { metadata: { labels: { [label]: 'y' } } });
    await expectRefusal(mine.patch(path, { metadata: { labels: { [label]: 'z' } } }), changed);
    await expectRefusal(mine.patch(path, { metadata: { labels: { [label]: null } } }), changed);
    await admin.patch(path, { metadata: { labels: { [label]: null } } });
  });

  it.each([
    'foo',
    'example.com/foo',
    'kubernetes.io/hostname',
    'failure-domain.beta.kubernetes.io/zone',
    'topology.kubernetes.io/region',
    'node.kubernetes.io/instance-type',
    'kubelet.kubernetes.io/foo',
    'foo.node.kubernetes.io/foo',
  ])('may change the label %s', async (label) => {
    for (const value of ['x', 'y', null]) {
      await expectRefusal(mine.patch(path, { metadata: { labels: { [label]: value } } }), undefined);
    }
  });

  it('keep their taints; a configuration is not theirs to name', async () => {
    const taints = [{ key: 'mykey', value: 'A', effect: 'NoSchedule' }];
    const why = 'node "mynode" is not allowed to modify taints';
    await expectRefusal(mine.patch(path, { spec: { taints } }), why);
    await admin.patch(path, { spec: { taints } });
    await expectRefusal(mine.patch(path, { spec: { taints: null } }), why);
    await expectRefusal(mine.patch(path, { metadata: { labels: { a: 'b' } } }), undefined);
    // Nobody gives a node a configuration that had none: an update is without it before admission sees it.
    await expectRefusal(mine.patch(path, { spec: { configSource: source('a') } }), undefined);
    expect(await admin.get(path)).not.toHaveProperty('spec.configSource');
    const fresh = new Api(server.client(user('system:node:newnode')));
    const created = { metadata: { name: 'newnode' }, spec: { configSource: source('a') } };
    const creating = 'is not allowed to create pods with a non-nil configSource';
    await expectRefusal(fresh.post('/api/v1/nodes', created), creating);
  });
});

describe('leases, storage nodes, slices and claims', () => {
  const LEASES = '/apis/coordination.k8s.io/v1/namespaces';
  const CSI = '/apis/storage.k8s.io/v1/csinodes';
  const SLICES = '/apis/resource.k8s.io/v1/resourceslices';

  it('are those of the node', async () => {
    const elsewhere = 'can only access leases in the "kube-node-lease" system namespace';
    const notSame = 'with the same name as the requesting node';
    await expectRefusal(mine.post(`${LEASES}/ns/leases`, { metadata: { name: 'mynode' } }), elsewhere);
    await expectRefusal(mine.post(`${LEASES}/kube-node-lease/leases`, { metadata: { name: 'foo' } }), notSame);
    await admin.post(`${LEASES}/kube-node-lease/leases`, { metadata: { name: 'foo' } });
    const renewed = { spec: { leaseDurationSeconds: 40 } };
    await expectRefusal(mine.patch(`${LEASES}/kube-node-lease/leases/foo`, renewed), notSame);
    await expectRefusal(mine.del(`${LEASES}/kube-node-lease/leases/foo`), notSame);
    await mine.post(`${LEASES}/kube-node-lease/leases`, { metadata: { name: 'mynode' } });
    await mine.patch(`${LEASES}/kube-node-lease/leases/mynode`, renewed);
    await mine.del(`${LEASES}/kube-node-lease/leases/mynode`);
    await expectRefusal(mine.post(CSI, { metadata: { name: 'foo' }, spec: { drivers: [] } }), notSame);
    await mine.post(CSI, { metadata: { name: 'mynode' }, spec: { drivers: [] } });
    await mine.del(`${CSI}/mynode`);
  });

  it('of devices are the node’s, when made and when gone', async () => {
    const slice = (name: string, nodeName: string) => ({
      metadata: { name },
      spec: { driver: 'd.example.com', nodeName, pool: { name: nodeName, generation: 1, resourceSliceCount: 1 } },
    });
    const same = 'ResourceSlice with the same NodeName as the requesting node';
    await expectRefusal(mine.post(SLICES, slice('theirs', 'othernode')), `can only create ${same}`);
    await admin.post(SLICES, slice('theirs', 'othernode'));
    await expectRefusal(mine.del(`${SLICES}/theirs`), `can only delete ${same}`);
    await mine.post(SLICES, slice('ours', 'mynode'));
    await mine.del(`${SLICES}/ours`);
  });

  it('of volumes change in size alone', async () => {
    await admin.post(`${NS}/persistentvolumeclaims`, {
      metadata: { name: 'foo' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10G' } }, volumeName: 'volume1' },
    });
    const path = `${NS}/persistentvolumeclaims/foo`;
    await expectRefusal(
      mine.patch(path, { metadata: { labels: { a: 'b' } } }),
      'is forbidden: may only update PVC status',
    );
    const size = { status: { capacity: { storage: '10G' }, conditions: [{ type: 'Resizing', status: 'True' }] } };
    await expectRefusal(mine.patch(`${path}/status`, size), undefined);
    await expectRefusal(
      mine.patch(`${path}/status`, { status: { allocatedResources: { storage: '15G' } } }),
      undefined,
    );
    const other = 'node "mynode" is not allowed to update fields other than status.capacity and status.conditions';
    await expectRefusal(mine.patch(`${path}/status`, { status: { phase: 'Lost' } }), other);
  });
});

describe('certificate requests', () => {
  const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests?dryRun=All';
  const requestFor = async (commonName: string): Promise<string> => {
    const { Pkcs10CertificateRequestGenerator } = await loadX509();
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const made = await Pkcs10CertificateRequestGenerator.create({
      name: `CN=${commonName},O=system:nodes`,
      keys,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    });
    return made.toString('pem');
  };
  const serving = 'kubernetes.io/kubelet-serving';
  const own = 'can only create a node CSR with CN=system:node:mynode';
  it.each<[string, string, string[], string | undefined]>([
    ['system:node:mynode', serving, ['digital signature', 'server auth'], undefined],
    [
      'system:node:mynode',
      'kubernetes.io/kube-apiserver-client-kubelet',
      ['digital signature', 'client auth'],
      undefined,
    ],
    ['some-other-identity', 'kubernetes.io/kube-apiserver-client', ['digital signature', 'client auth'], undefined],
    ['system:node:othernode', serving, ['digital signature', 'server auth'], own],
    ['some-other-identity', serving, ['digital signature', 'server auth'], own],
  ])('for %s by %s', async (commonName, signerName, usages, expected) => {
    const request = Buffer.from(await requestFor(commonName)).toString('base64');
    await expectRefusal(mine.post(PATH, { metadata: { name: 'c' }, spec: { request, signerName, usages } }), expected);
  });
});

describe('tokens', () => {
  interface Wanted {
    audiences?: string[];
    account?: string;
    as?: Api;
    uid?: string;
  }
  const ask = async (pod: Unstructured | undefined, { audiences, account = 'mysa', as = mine, uid }: Wanted = {}) => {
    const boundObjectRef = pod && {
      apiVersion: 'v1',
      kind: 'Pod',
      name: pod.metadata.name,
      uid: uid ?? pod.metadata.uid,
    };
    return refusal(
      as.post(`${NS}/serviceaccounts/${account}/token`, {
        spec: { ...(audiences ? { audiences } : {}), ...(boundObjectRef ? { boundObjectRef } : {}) },
      }),
    );
  };
  let count = 0;
  const podWith = (volumes: object[] = [], more: object = {}): Promise<Unstructured> =>
    admin.post(
      `${NS}/pods`,
      podOf(`token-${++count}`, 'mynode', false, {
        serviceAccountName: 'mysa',
        automountServiceAccountToken: false,
        volumes: volumes.map((volume, i) => ({ name: `v${i}`, ...volume })),
        ...more,
      }),
    );
  const projected = (audience?: string) => ({
    projected: { sources: [{ serviceAccountToken: { path: 'token', ...(audience ? { audience } : {}) } }] },
  });
  const not = (audience: string) =>
    `serviceaccounts "mysa" is forbidden: audience ${JSON.stringify(audience)} not found in pod spec volume, ` +
    'system:node:mynode is not authorized to request tokens for this audience';

  it('are of a pod of its own', async () => {
    expect(await ask(undefined)).toContain('node requested token not bound to a pod');
    const pod = await podWith([projected()]);
    expect(await ask(pod, { uid: '' })).toContain('node requested token with a pod binding without a uid');
    expect(await ask(pod, { uid: 'random-uid' })).toContain(
      'the UID in the bound object reference (random-uid) does not match the UID in record. The object might have been ' +
        'deleted and then recreated',
    );
    expect(await ask({ ...pod, metadata: { name: 'nowhere', uid: 'x' } })).toBe('pods "nowhere" not found');
    const other = new Api(server.client(user('system:node:othernode')));
    expect(await ask(pod, { as: other })).toContain(
      'node requested token bound to a pod scheduled on a different node',
    );
    expect(await ask(pod)).toBeUndefined();
  });

  it('are for one audience at most, which the pod names', async () => {
    const pod = await podWith([projected('foo')]);
    expect(await ask(pod, { audiences: ['a', 'b'] })).toContain('node may only request 0 or 1 audiences');
    expect(await ask(pod, { audiences: ['foo'] })).toBeUndefined();
    expect(await ask(pod, { audiences: ['bar'] })).toBe(not('bar'));
    expect(await ask(pod)).toBe(not(''));
    expect(await ask(await podWith([], { automountServiceAccountToken: true }))).toBeUndefined();
  });

  it('are for the audiences of the drivers of its volumes', async () => {
    const driver = 'com.example.csi.mydriver';
    const claim = (name: string, volumeName: string) =>
      admin.post(`${NS}/persistentvolumeclaims`, {
        metadata: { name },
        spec: { accessModes: ['ReadOnlyMany'], resources: { requests: { storage: '1' } }, volumeName },
      });
    const volume = (name: string, claimName: string, source: object) =>
      admin.post('/api/v1/persistentvolumes', {
        metadata: { name },
        spec: {
          accessModes: ['ReadOnlyMany'],
          capacity: { storage: '1' },
          claimRef: { namespace: 'ns', name: claimName },
          ...source,
        },
      });
    const inline = await podWith([{ csi: { driver } }]);
    const claimed = await podWith([{ persistentVolumeClaim: { claimName: 'mypvc' } }]);
    const template = { spec: { accessModes: ['ReadOnlyMany'], resources: { requests: { storage: '1' } } } };
    const ephemeral = await podWith([{ ephemeral: { volumeClaimTemplate: template } }]);
    const migrated = await podWith([{ azureFile: { shareName: 'default', secretName: 's' } }]);
    const error = (what: string) => `error validating audience "foo": ${what}`;
    const foo = { audiences: ['foo'] };
    expect(await ask(inline, foo)).toContain(error(`csidriver.storage.k8s.io "${driver}" not found`));
    expect(await ask(claimed, foo)).toContain(error('persistentvolumeclaim "mypvc" not found'));
    await claim('mypvc', 'mypv');
    expect(await ask(claimed, foo)).toContain(error('persistentvolume "mypv" not found'));
    const csi = { csi: { driver, volumeHandle: 'h' } };
    await volume('mypv', 'mypvc', csi);
    const generated = `${ephemeral.metadata.name}-v0`;
    await claim(generated, 'generated');
    await volume('generated', generated, csi);
    for (const name of [driver, 'file.csi.azure.com']) {
      await admin.post('/apis/storage.k8s.io/v1/csidrivers', {
        metadata: { name },
        spec: { tokenRequests: [{ audience: 'foo' }] },
      });
    }
    for (const pod of [inline, claimed, ephemeral, migrated]) {
      expect(await ask(pod, foo), pod.metadata.name).toBeUndefined();
      expect(await ask(pod, { audiences: ['bar'] }), pod.metadata.name).toBe(not('bar'));
    }
  });

  it('are for what roles let it ask for, each account or all', async () => {
    const pod = await podWith();
    const rule = (resources: string[], resourceNames?: string[]) => ({
      apiGroups: [''],
      resources,
      verbs: ['request-serviceaccounts-token-audience'],
      ...(resourceNames ? { resourceNames } : {}),
    });
    for (const [name, rules, allowed, refused] of [
      ['one', [rule(['audience1'], ['mysa'])], 'audience1', 'audience2'],
      ['another-account', [rule(['audience3'], ['default'])], undefined, 'audience3'],
      ['any-account', [rule(['audience4'])], 'audience4', 'audience2'],
      ['own', [rule([''])], '', 'audience2'],
    ] as const) {
      await admin.post(`${RBAC}/namespaces/ns/roles`, { metadata: { name }, rules });
      const subject = { kind: 'User', name: 'system:node:mynode' };
      await admin.post(`${RBAC}/namespaces/ns/rolebindings`, binding(name, 'Role', subject));
      const asked = (audience: string) => ask(pod, audience === '' ? {} : { audiences: [audience] });
      if (allowed !== undefined) expect(await asked(allowed), name).toBeUndefined();
      expect(await asked(refused), name).toBe(not(refused));
    }
    await admin.del(`${RBAC}/namespaces/ns/rolebindings/one`);
    expect(await ask(pod, { audiences: ['audience1'] })).toBe(not('audience1'));
  });
});
