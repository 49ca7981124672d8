// Upstream's integration tests of access, asked of a whole server: test/integration/auth/svcaccttoken_test.go, rbac_test.go,
// node_test.go, accessreview_test.go, bootstraptoken_test.go and the impersonation of auth_test.go; test/e2e/auth/
// node_authz.go.
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raw } from '../support/raw.ts';
import { Api, type Cluster, type Doc, pod, startCluster } from './api.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const AUTHENTICATION = '/apis/authentication.k8s.io/v1';
let cluster: Cluster;
let api: Api;
let name: string;
let ns: string;
beforeAll(async () => {
  cluster = await startCluster();
  api = cluster.api;
  name = await cluster.namespace();
  ns = `/api/v1/namespaces/${name}`;
});
afterAll(() => cluster.close());

const known = (user: string, ...groups: string[]): Api =>
  cluster.as({ name: user, groups: [...groups, 'system:authenticated'] });
/** The code that a request ends with; 200 for all that succeed. */
const code = (asking: Promise<unknown>): Promise<number> =>
  asking.then(
    () => 200,
    (error: { code: number }) => error.code,
  );
const bind = async (role: string, rules: object[], user: string, namespace?: string): Promise<void> => {
  await api.post(`${RBAC}/clusterroles`, { metadata: { name: role }, rules }).catch((error: { code: number }) => {
    if (error.code !== 409) throw error;
  });
  const where =
    namespace === undefined ? `${RBAC}/clusterrolebindings` : `${RBAC}/namespaces/${namespace}/rolebindings`;
  await api.post(where, {
    metadata: { name: `${role}-${user}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  });
};

describe('tokens of service accounts (svcaccttoken_test.go)', () => {
  const account = () => `${ns}/serviceaccounts/test-svcacct`;
  const request = (body: object = {}): Promise<Doc> => api.post(`${account()}/token`, { spec: {}, ...body });
  const review = async (token: string): Promise<Doc> =>
    (await api.post(`${AUTHENTICATION}/tokenreviews`, { spec: { token } }))['status'] as Doc;
  const claims = (tokenRequest: Doc): Record<string, unknown> =>
    decodeJwt(tokenRequest['status'].token as string)['kubernetes.io'] as Record<string, unknown>;
  const bound = (kind: string, object: string, uid?: string) => ({
    spec: { boundObjectRef: { kind, apiVersion: 'v1', name: object, ...(uid ? { uid } : {}) } },
  });
  let made: Doc;
  beforeAll(async () => {
    made = await api.post(`${ns}/serviceaccounts`, { metadata: { name: 'test-svcacct' } });
  });

  it('are for the account that the request names, if it names one', async () => {
    expect(await code(api.post(`${ns}/serviceaccounts/nobody/token`, { spec: {} }))).toBe(404);
    const refused = async (metadata: object) => (await api.failure(request({ metadata }))).message;
    expect(await refused({ name: 'invalid-name' })).toContain('must match the service account name if specified');
    expect(await refused({ namespace: 'invalid' })).toContain('does not match the namespace sent on the request');
    expect(await refused({ uid: 'wrong-uid-12345' })).toBe(
      'Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "test-svcacct": the UID in the token request ' +
        `(wrong-uid-12345) does not match the UID of the service account (${made.metadata.uid})`,
    );
    const good = await request({ metadata: { uid: made.metadata.uid } });
    expect(good.metadata).toMatchObject({ name: 'test-svcacct', namespace: name, uid: made.metadata.uid });
    expect(good.metadata.creationTimestamp).toMatch(/^\d{4}-/);
    expect(claims(good)).toEqual({
      namespace: name,
      serviceaccount: { name: 'test-svcacct', uid: made.metadata.uid },
    });
    const { user } = await review(good['status'].token as string);
    expect(Object.keys(user.extra as object)).toEqual(['authentication.kubernetes.io/credential-id']);
  });

  const withAccount = (nodeName?: string) =>
    pod('test-pod', {}, { serviceAccountName: 'test-svcacct', ...(nodeName ? { nodeName } : {}) });
  it.each<[string, string | undefined, boolean]>([
    ['no node', undefined, false],
    ['a node that nobody knows', 'ghost-node', false],
    ['a node', 'test-node', true],
  ])('are bound to a pod on %s, and die with it', async (_what, nodeName, exists) => {
    expect(await code(request(bound('Pod', 'test-pod')))).toBe(404);
    const node = exists ? await api.post('/api/v1/nodes', { metadata: { name: nodeName } }) : undefined;
    const { metadata } = await api.post(`${ns}/pods`, withAccount(nodeName));
    expect(await code(request(bound('Pod', 'test-pod', 'wrong')))).toBe(409);
    await request(bound('Pod', 'test-pod', metadata.uid as string));
    const asked = await request(bound('Pod', 'test-pod'));
    const ofNode = nodeName ? { node: { name: nodeName, ...(node ? { uid: node.metadata.uid } : {}) } } : {};
    expect(claims(asked)).toMatchObject({ pod: { name: 'test-pod', uid: metadata.uid }, ...ofNode });
    expect(Object.keys(claims(asked)).includes('node')).toBe(nodeName !== undefined);
    const { user } = await review(asked['status'].token as string);
    const { 'authentication.kubernetes.io/credential-id': _id, ...extra } = user.extra as Record<string, string[]>;
    expect(extra).toEqual({
      'authentication.kubernetes.io/pod-name': ['test-pod'],
      'authentication.kubernetes.io/pod-uid': [metadata.uid],
      ...(nodeName ? { 'authentication.kubernetes.io/node-name': [nodeName] } : {}),
      ...(node ? { 'authentication.kubernetes.io/node-uid': [node.metadata.uid] } : {}),
    });
    const gone = async () => (await review(asked['status'].token as string)).error as string | undefined;
    await api.del(`${ns}/pods/test-pod`, { gracePeriodSeconds: 0 });
    expect(await gone()).toBe('service account token has been invalidated');
    const again = await api.post(`${ns}/pods`, withAccount(nodeName));
    expect(await gone()).toBe(
      `pod UID (${again.metadata.uid}) does not match service account pod ref claim (${metadata.uid})`,
    );
    await api.del(`${ns}/pods/test-pod`, { gracePeriodSeconds: 0 });
    if (exists) await api.del(`/api/v1/nodes/${nodeName}`);
  });

  it.each<[string, string]>([
    ['Secret', 'secrets'],
    ['Node', 'nodes'],
  ])('are bound to a %s, and die with it', async (kind, plural) => {
    const path = kind === 'Node' ? '/api/v1/nodes' : `${ns}/${plural}`;
    const called = `test-${kind.toLowerCase()}-bound`;
    expect(await code(request(bound(kind, called)))).toBe(404);
    const { metadata } = await api.post(path, { metadata: { name: called } });
    const wrong = await api.failure(request(bound(kind, called, 'wrong')));
    expect([wrong.code, wrong.message]).toEqual([
      409,
      `Operation cannot be fulfilled on ${kind} "${called}": the UID in the bound object reference (wrong) does not match ` +
        'the UID in record. The object might have been deleted and then recreated',
    ]);
    const asked = await request(bound(kind, called));
    expect(claims(asked)).toMatchObject({ [kind.toLowerCase()]: { name: called, uid: metadata.uid } });
    const token = asked['status'].token as string;
    expect((await review(token)).authenticated).toBe(true);
    await api.del(`${path}/${called}`);
    expect((await review(token)).error).toBe('service account token has been invalidated');
    await api.post(path, { metadata: { name: called } });
    expect((await review(token)).error).toContain(`does not match service account ${kind.toLowerCase()} ref claim`);
  });

  it('are not bound to other kinds, nor to pods of other accounts', async () => {
    const refused = async (spec: object) => (await api.failure(request(spec))).message;
    const deployment = { boundObjectRef: { kind: 'Deployment', apiVersion: 'apps/v1', name: 'x' } };
    expect(await refused({ spec: deployment })).toBe('cannot bind token to object of type apps/v1, Kind=Deployment');
    await api.post(`${ns}/pods`, pod('other-pod'));
    expect(await refused(bound('Pod', 'other-pod', 'wrong'))).toBe(
      'cannot bind token for serviceaccount "test-svcacct" to pod running with different serviceaccount name.',
    );
  });

  it('of pods live a year when they ask for an hour and seven seconds of the API, and say an hour', async () => {
    await api.post(`${ns}/pods`, pod('year', {}, { serviceAccountName: 'test-svcacct' }));
    const asked = (more: object) =>
      request({ spec: { ...bound('Pod', 'year').spec, expirationSeconds: 3607, ...more } });
    const year = await asked({});
    const { exp, iat } = decodeJwt(year['status'].token as string);
    expect(exp! - iat!).toBe(365 * 24 * 3600);
    expect((claims(year)['warnafter'] as number) - iat!).toBe(3607);
    expect(Date.parse(year['status'].expirationTimestamp as string) / 1000 - iat!).toBe(3607);
    const other = await asked({ audiences: ['not-the-api', 'https://kubernetes.default.svc.cluster.local'] });
    const short = decodeJwt(other['status'].token as string);
    expect(short.exp! - short.iat!).toBe(3607);
    expect(claims(other)['warnafter']).toBeUndefined();
  });

  it('for others are not the API’s; the keys that verify them may be kept for an hour', async () => {
    const asked = await request({ spec: { audiences: ['not-the-api'] } });
    const token = asked['status'].token as string;
    expect((await review(token)).authenticated ?? false).toBe(false);
    const { status } = await api.post(`${AUTHENTICATION}/tokenreviews`, {
      spec: { token, audiences: ['not-the-api'] },
    });
    expect(status).toMatchObject({ authenticated: true, audiences: ['not-the-api'] });
    for (const [path, type] of [
      ['/.well-known/openid-configuration', 'application/json'],
      ['/openid/v1/jwks', 'application/jwk-set+json'],
    ] as const) {
      const { headers } = await api.client.request('GET', path);
      expect([headers['content-type'], headers['cache-control']]).toEqual([type, 'public, max-age=3600']);
    }
  });
});

describe('roles (rbac_test.go)', () => {
  const job = (called: string) => ({
    metadata: { name: called },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'pi', image: 'perl' }] } } },
  });

  it('TestRBAC: by verb, everywhere or in a namespace', async () => {
    const [here, there] = [await cluster.namespace(), await cluster.namespace()];
    await bind('read-pods', [{ verbs: ['list', 'get', 'watch'], apiGroups: [''], resources: ['pods'] }], 'pod-reader');
    await api.post(`/api/v1/namespaces/${here}/pods`, pod('a'));
    const bob = known('bob');
    expect(await code(bob.get('/api/v1/pods'))).toBe(403);
    expect(await code(bob.get(`/api/v1/namespaces/${here}/pods/a`))).toBe(403);
    const reader = known('pod-reader');
    expect(await code(reader.get('/api/v1/pods'))).toBe(200);
    expect(await code(reader.post(`/api/v1/namespaces/${here}/pods`, pod('b')))).toBe(403);

    const write = [{ verbs: ['*'], apiGroups: ['batch'], resources: ['*'] }];
    await bind('write-jobs', write, 'job-writer');
    await bind('write-jobs', write, 'job-writer-namespace', here);
    const jobs = (namespace: string) => `/apis/batch/v1/namespaces/${namespace}/jobs`;
    const [everywhere, inside] = [known('job-writer'), known('job-writer-namespace')];
    for (const path of [jobs(there), `${jobs(there)}/pi`]) expect(await code(inside.get(path))).toBe(403);
    expect(await code(inside.post(jobs(there), job('pi')))).toBe(403);
    for (const [writer, namespace] of [
      [everywhere, there],
      [inside, here],
    ] as const) {
      expect(await code(writer.get(jobs(namespace)))).toBe(200);
      expect(await code(writer.get(`${jobs(namespace)}/pi`))).toBe(404);
      expect(await code(writer.post(jobs(namespace), job('pi')))).toBe(200);
      expect(await code(writer.get(`${jobs(namespace)}/pi`))).toBe(200);
    }
  });

  it('who may update or patch, and not create, creates by neither', async () => {
    const rule = (verb: string) => [{ verbs: [verb], apiGroups: [''], resources: ['limitranges'] }];
    await bind('update-limitranges', rule('update'), 'limitrange-updater');
    await bind('patch-limitranges', rule('patch'), 'limitrange-patcher');
    const body = { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'a' }, spec: { limits: [] } };
    const path = `${ns}/limitranges/a`;
    const refused = await api.failure(known('limitrange-updater').put(path, body));
    expect(refused.message).toContain('User "limitrange-updater" cannot create resource "limitranges"');
    const applied = known('limitrange-patcher').patch(`${path}?fieldManager=x`, body, 'apply');
    expect((await api.failure(applied)).message).toContain('cannot create resource "limitranges"');
    expect(await code(api.put(path, body))).toBe(200);
    expect(await code(known('limitrange-updater').put(path, body))).toBe(200);
  });

  it('TestBootstrapping, TestDiscoveryUpgradeBootstrapping: who is nobody learns the version and no more', async () => {
    const nobody = cluster.as({ name: 'system:anonymous', groups: ['system:unauthenticated'] });
    for (const path of ['/healthz', '/livez', '/readyz', '/version'])
      expect(await code(nobody.send('GET', path))).toBe(200);
    for (const path of ['/api', '/apis', '/openapi/v2', '/openid/v1/jwks'])
      expect(await code(nobody.get(path))).toBe(403);
    for (const path of ['/api', '/apis', '/apis/apps/v1']) expect(await code(known('some').get(path))).toBe(200);
    expect((await api.get(`${RBAC}/clusterroles/cluster-admin`)).metadata.labels).toEqual({
      'kubernetes.io/bootstrapping': 'rbac-defaults',
    });
  });
});

describe('reviews (accessreview_test.go)', () => {
  const AUTHORIZATION = '/apis/authorization.k8s.io/v1';
  const list = { verb: 'list', group: '', version: 'v1', resource: 'pods' };
  const local = () => `${AUTHORIZATION}/namespaces/${name}/localsubjectaccessreviews`;

  it('tell of somebody, of whoever asks, and of a namespace', async () => {
    await bind('list-pods', [{ verbs: ['list'], apiGroups: [''], resources: ['pods'] }], 'alice');
    const all = `${AUTHORIZATION}/subjectaccessreviews`;
    const ask = async (user: string) =>
      (await api.post(all, { spec: { resourceAttributes: list, user } }))['status'] as object;
    expect(await ask('alice')).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by ClusterRoleBinding "list-pods-alice" of ClusterRole "list-pods" to User "alice"',
    });
    expect(await ask('dave')).toEqual({ allowed: false });
    const self = async (user: string) =>
      (await known(user).post(`${AUTHORIZATION}/selfsubjectaccessreviews`, { spec: { resourceAttributes: list } }))[
        'status'
      ].allowed as boolean;
    expect([await self('alice'), await self('dave')]).toEqual([true, false]);
    const answer = await api.post(local(), {
      metadata: { namespace: name },
      spec: { resourceAttributes: { ...list, namespace: name }, user: 'alice' },
    });
    expect([answer.metadata.namespace, answer['status'].allowed]).toEqual([name, true]);
  });

  it.each<[string, object, string]>([
    ['nobody', { resourceAttributes: { ...list, namespace: 'x' } }, 'at least one of user or group must be specified'],
    [
      'another namespace',
      { resourceAttributes: { ...list, namespace: 'bar' }, user: 'a' },
      'must match metadata.namespace',
    ],
    ['no namespace', { resourceAttributes: list, user: 'a' }, 'must match metadata.namespace'],
    ['a path', { nonResourceAttributes: { path: '/' }, user: 'a' }, 'disallowed on this kind of request'],
  ])('of a namespace are not about %s', async (_what, spec, message) => {
    const failure = await api.failure(api.post(local(), { metadata: { namespace: name }, spec }));
    expect(failure.message).toContain(message);
  });
});

describe('bootstrap tokens (bootstraptoken_test.go)', () => {
  const fields = { 'token-id': 'token1', 'token-secret': 'validtokensecret', 'usage-bootstrap-authentication': 'true' };
  it.each<[string, object, number]>([
    ['good', {}, 201],
    ['of another secret', { 'token-secret': 'invalidtoksecret' }, 401],
    ['expired', { expiration: '2020-01-01T00:00:00Z' }, 401],
    ['for another use', { 'usage-bootstrap-authentication': 'false' }, 401],
  ])('%s', async (_what, more, expected) => {
    const path = '/api/v1/namespaces/kube-system/secrets';
    await api.post(path, {
      metadata: { name: 'bootstrap-token-token1' },
      type: 'bootstrap.kubernetes.io/token',
      stringData: { ...fields, ...more },
    });
    const answer = await raw(cluster.server, 'POST', `${AUTHENTICATION}/selfsubjectreviews`, {
      headers: { authorization: 'Bearer token1.validtokensecret' },
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    expect(answer.status).toBe(expected);
    if (expected === 201) {
      const groups = ['system:bootstrappers', 'system:authenticated'];
      expect(answer.json).toMatchObject({ status: { userInfo: { username: 'system:bootstrap:token1', groups } } });
    }
    // One that has expired may be gone already.
    await code(api.del(`${path}/bootstrap-token-token1`));
  });
});

describe('impersonation (auth_test.go)', () => {
  const as = (user: string, headers: Record<string, string>) =>
    new Api(cluster.server.client({ name: user, groups: ['system:authenticated'] }), headers);

  it('TestImpersonateIsForbidden, TestImpersonateWithUID', async () => {
    const uids = { apiGroups: ['authentication.k8s.io'], resources: ['uids'], verbs: ['impersonate'] };
    const users = { apiGroups: [''], resources: ['users'], resourceNames: ['bob'], verbs: ['impersonate'] };
    const accounts = { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'] };
    await bind('impersonate-bob', [users], 'carl');
    await bind('impersonate-bob-with-uid', [users, uids], 'dora');
    await bind('impersonate-accounts', [accounts], 'emil', name);
    const who = async (user: string, headers: Record<string, string>) =>
      (await as(user, headers).post(`${AUTHENTICATION}/selfsubjectreviews`, {}))['status'].userInfo as object;
    const bob = { 'impersonate-user': 'bob' };
    expect(await who('carl', bob)).toEqual({ username: 'bob', groups: ['system:authenticated'] });
    expect(await code(who('mallory', bob))).toBe(403);
    expect(await code(who('carl', { 'impersonate-user': 'alice' }))).toBe(403);
    const withUid = { ...bob, 'impersonate-uid': '1234' };
    expect((await api.failure(who('carl', withUid))).message).toBe(
      'uids.authentication.k8s.io "1234" is forbidden: User "carl" cannot impersonate resource "uids" in API group ' +
        '"authentication.k8s.io" at the cluster scope',
    );
    expect(await who('dora', withUid)).toEqual({ username: 'bob', uid: '1234', groups: ['system:authenticated'] });
    const account = (namespace: string) => ({ 'impersonate-user': `system:serviceaccount:${namespace}:default` });
    expect(await who('emil', account(name))).toMatchObject({
      groups: ['system:serviceaccounts', `system:serviceaccounts:${name}`, 'system:authenticated'],
    });
    expect(await code(who('emil', account('default')))).toBe(403);
  });
});

describe('nodes (node_test.go, node_authz.go)', () => {
  it('TestNodeAuthorizer: what pods of a node name, from when they are there', async () => {
    const [node1, node2] = [known('system:node:node1', 'system:nodes'), known('system:node:node2', 'system:nodes')];
    const unknown = known('unknown/system:node:node2', 'system:nodes');
    const volume = '/api/v1/persistentvolumes/mypv';
    const claims = `/apis/resource.k8s.io/v1/namespaces/${name}/resourceclaims`;
    for (const secret of ['mysecret', 'mypvsecret']) await api.post(`${ns}/secrets`, { metadata: { name: secret } });
    await api.post(`${ns}/configmaps`, { metadata: { name: 'myconfigmap' } });
    const size = { accessModes: ['ReadOnlyMany'] };
    await api.post(`${ns}/persistentvolumeclaims`, {
      metadata: { name: 'mypvc' },
      spec: { ...size, resources: { requests: { storage: '1' } }, volumeName: 'mypv', storageClassName: '' },
    });
    await api.post('/api/v1/persistentvolumes', {
      metadata: { name: 'mypv' },
      spec: {
        ...size,
        capacity: { storage: '1' },
        claimRef: { namespace: name, name: 'mypvc' },
        azureFile: { shareName: 'default', secretName: 'mypvsecret' },
      },
    });
    await api.post('/apis/storage.k8s.io/v1/volumeattachments', {
      metadata: { name: 'myattachment' },
      spec: { attacher: 'foo', source: { persistentVolumeName: 'mypv' }, nodeName: 'node2' },
    });
    const wanted = { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } };
    for (const claim of ['mynamedresourceclaim', 'mytemplatizedresourceclaim']) {
      await api.post(claims, { metadata: { name: claim }, spec: wanted });
    }
    const related = [
      `${ns}/secrets/mysecret`,
      `${ns}/secrets/mypvsecret`,
      `${ns}/configmaps/myconfigmap`,
      `${ns}/persistentvolumeclaims/mypvc`,
      volume,
      `${claims}/mynamedresourceclaim`,
    ];
    const template = `${claims}/mytemplatizedresourceclaim`;
    const normal = pod(
      'node2normalpod',
      {},
      {
        nodeName: 'node2',
        automountServiceAccountToken: false,
        volumes: [
          { name: 'secret', secret: { secretName: 'mysecret' } },
          { name: 'cm', configMap: { name: 'myconfigmap' } },
          { name: 'pvc', persistentVolumeClaim: { claimName: 'mypvc' } },
        ],
        resourceClaims: [
          { name: 'namedclaim', resourceClaimName: 'mynamedresourceclaim' },
          { name: 'templateclaim', resourceClaimTemplateName: 'myresourceclaimtemplate' },
        ],
      },
    );
    const pods = `${ns}/pods`;
    const nodes = '/api/v1/nodes';
    const status = { status: { nodeInfo: { machineID: 'm' } } };
    const evict = (who: Api, called: string) =>
      who.post(`${pods}/${called}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: called } });
    const forbidden = async (...asked: Promise<unknown>[]) => {
      expect(await Promise.all(asked.map(code))).toEqual(asked.map(() => 403));
    };
    const reads = (who: Api) => [...related, template].map((path) => who.get(path));

    for (const who of [unknown, node1, node2]) await forbidden(...reads(who), who.get(`${ns}/secrets/nowhere`));
    await forbidden(
      unknown.post(nodes, { metadata: { name: 'node2' } }),
      node1.post(nodes, { metadata: { name: 'node2' } }),
    );
    expect(await code(node1.patch(`${nodes}/node2/status`, status))).toBe(404);
    expect(await code(evict(node1, 'node2normalpod'))).toBe(404);
    await node2.post(nodes, { metadata: { name: 'node2' } });
    await node2.patch(`${nodes}/node2/status`, status);
    await forbidden(
      node1.patch(`${nodes}/node2/status`, status),
      node2.del(`${nodes}/node2`),
      node1.del(`${nodes}/node2`),
    );

    await api.post(pods, normal);
    for (const who of [unknown, node1]) {
      await forbidden(...reads(who), who.patch(`${pods}/node2normalpod/status`, { status: { message: 'x' } }));
      await forbidden(who.del(`${pods}/node2normalpod`), evict(who, 'node2normalpod'));
    }
    for (const path of related) expect(await code(node2.get(path)), path).toBe(200);
    await forbidden(node2.get(template));
    const claim = (called: string | undefined) => ({
      status: {
        resourceClaimStatuses: called === undefined ? null : [{ name: 'templateclaim', resourceClaimName: called }],
      },
    });
    const set = (who: Api, called?: string) => who.patch(`${pods}/node2normalpod/status`, claim(called));
    await forbidden(set(node2, 'mytemplatizedresourceclaim'));
    await set(api, 'mytemplatizedresourceclaim');
    expect(await code(node2.get(template))).toBe(200);
    await forbidden(set(node2));
    await set(api);
    await forbidden(node2.get(template));

    const resized = (storage: string) => ({ status: { capacity: { storage } } });
    const claimStatus = `${ns}/persistentvolumeclaims/mypvc/status`;
    await forbidden(node1.patch(claimStatus, resized('50G')), node2.patch(claimStatus, { status: { phase: 'Lost' } }));
    await node2.patch(claimStatus, resized('51G'));
    const attachment = '/apis/storage.k8s.io/v1/volumeattachments/myattachment';
    await forbidden(node1.get(attachment));
    expect(await code(node2.get(attachment))).toBe(200);
    await node2.del(`${pods}/node2normalpod`, { gracePeriodSeconds: 0 });
    await forbidden(...reads(node2));
  });

  it('own slices of devices, and delete a collection of their own alone', async () => {
    const path = '/apis/resource.k8s.io/v1/resourceslices';
    const slice = (nodeName: string) => ({
      metadata: { name: `slice-${nodeName}` },
      spec: { driver: 'd.example.com', nodeName, pool: { name: nodeName, generation: 1, resourceSliceCount: 1 } },
    });
    const [node1, node2] = [known('system:node:node1', 'system:nodes'), known('system:node:node2', 'system:nodes')];
    await node1.post(path, slice('node1'));
    await node2.post(path, slice('node2'));
    expect(await code(node1.post(path, { ...slice('node2'), metadata: { name: 'x' } }))).toBe(403);
    expect(await code(node1.get(`${path}/slice-node1`))).toBe(200);
    for (const asked of [
      node1.get(`${path}/slice-node2`),
      node1.del(`${path}/slice-node2`),
      node1.get(path),
      node1.del(path),
      node1.del(`${path}?fieldSelector=spec.nodeName%3Dnode2`),
    ]) {
      expect(await code(asked)).toBe(403);
    }
    const own = `${path}?fieldSelector=spec.nodeName%3Dnode1`;
    expect(await node1.items(own)).toHaveLength(1);
    await node1.del(own);
    expect((await api.items(path)).map((left) => left.metadata.name)).toEqual(['slice-node2']);
  });
});
