// Upstream's entries of sig-auth and sig-instrumentation, and the API half of sig-node's and sig-scheduling's.
import 'reflect-metadata';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Api, type Cluster, type Doc, pod, startCluster } from './api.ts';

let cluster: Cluster;
let api: Api;
let name: string;
let ns: string;
beforeAll(async () => {
  cluster = await startCluster();
  api = cluster.api;
});
beforeEach(async () => {
  name = await cluster.namespace();
  ns = `/api/v1/namespaces/${name}`;
});
afterAll(() => cluster.close());

describe('certificates', () => {
  it('CertificateSigningRequest API', async () => {
    const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const pkcs10 = await Pkcs10CertificateRequestGenerator.create({
      name: 'CN=e2e.example.com',
      keys,
      signingAlgorithm: algorithm,
    });
    const request = Buffer.from(pkcs10.toString('pem')).toString('base64');
    const signerName = `example.com/e2e-${name}`;
    const make = () =>
      api.post(CSRS, {
        metadata: { generateName: 'e2e-example-csr-' },
        spec: {
          request,
          signerName,
          expirationSeconds: 3600,
          usages: ['digital signature', 'key encipherment', 'server auth'],
        },
      });
    await make();
    await make();
    const made = await make();
    const at = `${CSRS}/${made.metadata.name}`;
    expect(await api.get(at)).toMatchObject({
      spec: {
        expirationSeconds: 3600,
        username: 'kubernetes-admin',
        groups: expect.arrayContaining(['system:masters']),
      },
    });
    const selected = `${CSRS}?fieldSelector=spec.signerName%3D${encodeURIComponent(signerName)}`;
    expect(await api.items(selected)).toHaveLength(3);
    const patched = await api.patch(at, { metadata: { annotations: { patched: 'true' } } });
    patched.metadata.annotations.updated = 'true';
    await api.put(at, patched);
    expect(await api.get(`${at}/approval`)).toMatchObject({
      kind: 'CertificateSigningRequest',
      metadata: { uid: made.metadata.uid },
    });
    // Its strategy puts the spec back: nobody owns it.
    expect(JSON.stringify(made.metadata.managedFields ?? [])).not.toContain('f:spec');
    const approval = await api.patch(`${at}/approval`, {
      metadata: { annotations: { patchedapproval: 'true' } },
      status: { conditions: [{ type: 'ApprovalPatch', status: 'True', reason: 'e2e' }] },
    });
    expect(approval['status'].conditions).toMatchObject([{ type: 'ApprovalPatch' }]);
    expect(approval.metadata.annotations).toMatchObject({ patchedapproval: 'true' });
    approval['status'].conditions.push({
      type: 'Approved',
      status: 'True',
      reason: 'E2E',
      message: 'Set from an e2e test',
    });
    expect((await api.put(`${at}/approval`, approval))['status'].conditions).toMatchObject([
      { type: 'ApprovalPatch' },
      { type: 'Approved' },
    ]);
    const certificate = Buffer.from(cluster.server.ca).toString('base64');
    const status = await api.patch(`${at}/status`, {
      metadata: { annotations: { patchedstatus: 'true' } },
      status: { certificate },
    });
    expect(status['status'].certificate).toBe(certificate);
    expect(status.metadata.annotations).toMatchObject({ patchedstatus: 'true' });
    status['status'].conditions.push({
      type: 'StatusUpdate',
      status: 'True',
      reason: 'E2E',
      message: 'Set from an e2e test',
    });
    const issued = await api.put(`${at}/status`, status);
    expect(issued['status'].conditions).toHaveLength(3);
    // Who approves owns the conditions, who issues the certificate; neither owns the other's part.
    const owned = (issued.metadata.managedFields as { subresource?: string; fieldsV1: object }[])
      .map(({ subresource = '', fieldsV1 }) => [subresource, Object.keys((fieldsV1 as never)['f:status'] ?? {})])
      .filter(([subresource]) => subresource !== '')
      .sort();
    expect(owned).toEqual([
      ['approval', ['f:conditions']],
      ['status', ['f:certificate']],
    ]);
    await api.del(at);
    expect(await api.items(selected)).toHaveLength(2);
    await api.del(selected);
    expect(await api.items(selected)).toHaveLength(0);
  });
});

describe('service accounts', () => {
  const account = () => ({
    name: `system:serviceaccount:${name}:sa`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${name}`, 'system:authenticated'],
  });

  it('ServiceAccount, update a ServiceAccount; RootCA ConfigMap test', async () => {
    const at = `${ns}/serviceaccounts/default`;
    const current = await api.get(at);
    current['automountServiceAccountToken'] = true;
    expect((await api.put(at, current))['automountServiceAccountToken']).toBe(true);
    await api.del(at);
    await api.until(
      () => api.get(at).catch(() => undefined),
      (o) => o !== undefined && o.metadata.uid !== current.metadata.uid,
    );
    const root = `${ns}/configmaps/kube-root-ca.crt`;
    const map = await api.until(
      () => api.get(root).catch(() => undefined),
      (o) => o !== undefined,
    );
    expect(map!['data']['ca.crt']).toContain('BEGIN CERTIFICATE');
    await api.del(root);
    await api.until(
      () => api.get(root).catch(() => undefined),
      (o) => o?.['data']?.['ca.crt'] !== undefined,
    );
    await api.patch(root, { data: { 'ca.crt': '' } });
    await api.until(
      () => api.get(root),
      (o) => o['data']['ca.crt'].includes('BEGIN CERTIFICATE'),
    );
  });

  it('Service account tokens auto mount optionally', async () => {
    for (const [account, mount] of [
      ['default', undefined],
      ['mount', true],
      ['nomount', false],
    ] as const) {
      if (account !== 'default')
        await api.post(`${ns}/serviceaccounts`, { metadata: { name: account }, automountServiceAccountToken: mount });
    }
    const cases: [string, string, boolean | undefined, boolean][] = [
      ['a', 'default', undefined, true],
      ['b', 'mount', undefined, true],
      ['c', 'nomount', undefined, false],
      ['d', 'default', true, true],
      ['e', 'mount', true, true],
      ['f', 'nomount', true, true],
      ['g', 'default', false, false],
      ['h', 'mount', false, false],
      ['i', 'nomount', false, false],
    ];
    for (const [n, serviceAccountName, automountServiceAccountToken, mounted] of cases) {
      const made = await api.post(
        `${ns}/pods`,
        pod(
          n,
          {},
          {
            schedulerName: 'nobody',
            serviceAccountName,
            ...(automountServiceAccountToken === undefined ? {} : { automountServiceAccountToken }),
          },
        ),
      );
      const mounts = made['spec'].containers[0].volumeMounts ?? [];
      expect(
        mounts.some((m: Doc) => m['mountPath'] === '/var/run/secrets/kubernetes.io/serviceaccount'),
        n,
      ).toBe(mounted);
    }
    const projected = (await api.get(`${ns}/pods/a`))['spec'].volumes[0].projected;
    expect(projected).toMatchObject({
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt' } },
        { downwardAPI: { items: [{ path: 'namespace' }] } },
      ],
    });
  });

  it('TokenRequest and TokenReview: a token that works, is bound, and dies with what it is bound to', async () => {
    await api.post(`${ns}/serviceaccounts`, { metadata: { name: 'sa' } });
    const bound = await api
      .post(`${ns}/configmaps`, { metadata: { name: 'no' } })
      .then(() => api.post(`${ns}/secrets`, { metadata: { name: 'bound' } }));
    const request = (spec: object) =>
      api.post(`${ns}/serviceaccounts/sa/token`, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec,
      });
    const { status, spec } = await request({
      expirationSeconds: 600,
      boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'bound', uid: bound.metadata.uid },
    });
    expect(spec).toMatchObject({ expirationSeconds: 600, audiences: ['https://kubernetes.default.svc.cluster.local'] });
    const review = (token: string, audiences?: string[]) =>
      api.post('/apis/authentication.k8s.io/v1/tokenreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, ...(audiences ? { audiences } : {}) },
      });
    const token = (status as Doc)['token'] as string;
    expect((await review(token))['status']).toMatchObject({
      authenticated: true,
      user: {
        username: `system:serviceaccount:${name}:sa`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${name}`, 'system:authenticated'],
      },
    });
    expect((await review(token, ['other']))['status'].authenticated ?? false).toBe(false);
    await api.del(`${ns}/secrets/bound`);
    expect((await review(token))['status'].authenticated ?? false).toBe(false);
    expect(await api.failure(request({ expirationSeconds: 5 }))).toMatchObject({
      code: 422,
      message: expect.stringContaining('may not specify a duration less than 10 minutes'),
    });
    expect(
      await api.failure(request({ boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'gone' } })),
    ).toMatchObject({ code: 404 });
  });

  it('OIDC Discovery (ServiceAccountIssuerDiscovery)', async () => {
    const reader = cluster.as(account());
    const configuration = await reader.get('/.well-known/openid-configuration');
    expect(configuration).toMatchObject({
      issuer: 'https://kubernetes.default.svc.cluster.local',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
    });
    expect(configuration['jwks_uri']).toMatch(/\/openid\/v1\/jwks$/);
    const { keys } = await reader.get('/openid/v1/jwks');
    expect(keys[0]).toMatchObject({ use: 'sig', kid: expect.any(String) });
  });

  it('SubjectReview, API Operations', async () => {
    await api.post(`${ns}/serviceaccounts`, { metadata: { name: 'sa' } });
    const attributes = { verb: 'list', resource: 'configmaps', version: 'v1', namespace: name };
    const impersonating = new Api(api.client, { 'impersonate-user': account().name });
    const agree = async (allowed: boolean) => {
      expect(
        await impersonating.items(`${ns}/configmaps`).then(
          () => true,
          (error: { code: number }) => error.code !== 403,
        ),
      ).toBe(allowed);
      const spec = { user: account().name, resourceAttributes: attributes };
      for (const path of [
        '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        `/apis/authorization.k8s.io/v1/namespaces/${name}/localsubjectaccessreviews`,
      ]) {
        const kind = path.includes('local') ? 'LocalSubjectAccessReview' : 'SubjectAccessReview';
        const metadata = kind === 'LocalSubjectAccessReview' ? { metadata: { namespace: name } } : {};
        const review = await api.post(path, { apiVersion: 'authorization.k8s.io/v1', kind, ...metadata, spec });
        expect(review['status'].allowed).toBe(allowed);
      }
    };
    await agree(false);
    await api.post(`/apis/rbac.authorization.k8s.io/v1/namespaces/${name}/rolebindings`, {
      metadata: { name: 'v' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', name: 'sa', namespace: name }],
    });
    await agree(true);
    const denied = await api.failure(impersonating.get('/api/v1/nodes'));
    expect(denied.message).toBe(
      `nodes is forbidden: User "${account().name}" cannot list resource "nodes" in API group "" at the cluster scope`,
    );
    expect(
      (
        await impersonating.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'SelfSubjectReview',
        })
      )['status'].userInfo,
    ).toMatchObject({ username: account().name });
    const rules = await impersonating.post('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace: name },
    });
    expect(rules['status'].resourceRules.length).toBeGreaterThan(0);
  });
});

describe('events', () => {
  const body = (n: string, more: object = {}) => ({
    metadata: { name: n, labels: { 'testevent-constant': 'true' } },
    regarding: { namespace: name },
    eventTime: '2026-01-01T00:00:00.123456Z',
    note: 'This is a test event',
    reason: 'Test',
    action: 'Do',
    type: 'Normal',
    reportingController: 'test-controller',
    reportingInstance: 'test-node',
    ...more,
  });
  const events = () => `/apis/events.k8s.io/v1/namespaces/${name}/events`;

  it('New Event resource lifecycle, testing a single event', async () => {
    const made = await api.post(events(), body('e'));
    expect(made).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      note: 'This is a test event',
      eventTime: '2026-01-01T00:00:00.123456Z',
      deprecatedSource: {},
    });
    expect(
      (await api.items('/apis/events.k8s.io/v1/events?labelSelector=testevent-constant%3Dtrue')).some(
        (e) => e.metadata.namespace === name,
      ),
    ).toBe(true);
    // What happened stays; how often it did is what changes.
    const note = { note: 'This is a test event - patched' };
    expect((await api.failure(api.patch(`${events()}/e`, note, 'strategic'))).message).toContain('field is immutable');
    await api.patch(`${ns}/events/e`, { message: note.note }, 'strategic');
    const current = await api.get(`${events()}/e`);
    current['series'] = { count: 100, lastObservedTime: '2026-01-01T00:00:01.000001Z' };
    const updated = await api.put(`${events()}/e`, current);
    expect(updated['series']).toEqual({ count: 100, lastObservedTime: '2026-01-01T00:00:01.000001Z' });
    const core = await api.get(`${ns}/events/e`);
    expect(core).toMatchObject({
      apiVersion: 'v1',
      message: 'This is a test event - patched',
      involvedObject: { namespace: name },
      reportingComponent: 'test-controller',
      series: { count: 100 },
    });
    await api.del(`${events()}/e`);
    expect(await api.items(events())).toEqual([]);
    expect((await api.failure(api.post(events(), body('bad', { action: '' })))).message).toContain(
      'action: Required value',
    );
  });

  it('New Event resource lifecycle, testing a list of events; Event, delete a collection', async () => {
    for (const n of ['test-event-1', 'test-event-2', 'test-event-3'])
      await api.post(events(), body(n, { metadata: { name: n, labels: { 'testevent-set': 'true' } } }));
    const selected = `${events()}?labelSelector=testevent-set%3Dtrue`;
    expect(await api.items(selected)).toHaveLength(3);
    await api.del(selected);
    expect(await api.items(selected)).toHaveLength(0);
  });

  it('Event, manage lifecycle of an Event', async () => {
    const at = `${ns}/events/core`;
    await api.post(`${ns}/events`, {
      metadata: { name: 'core' },
      message: 'm',
      reason: 'Test',
      type: 'Normal',
      count: 1,
      involvedObject: { namespace: name },
    });
    const patched = await api.patch(at, { message: 'This is a test event - patched' });
    expect(patched['message']).toBe('This is a test event - patched');
    patched['series'] = { count: 100, lastObservedTime: '2026-01-01T00:00:01.000001Z' };
    expect((await api.put(at, patched))['series'].count).toBe(100);
    for (const selector of ['involvedObject.namespace', 'reason%3DTest,type%3DNormal,involvedObject.namespace'])
      expect(await api.items(`${ns}/events?fieldSelector=${selector}%3D${name}`)).toHaveLength(1);
    await api.del(at);
  });
});

describe('nodes, leases, pods', () => {
  it('lease API should be available', async () => {
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${name}/leases`;
    const made = await api.post(leases, {
      metadata: { name: 'lease' },
      spec: {
        holderIdentity: 'holder',
        leaseDurationSeconds: 30,
        acquireTime: '2026-01-01T00:00:00.123456Z',
        renewTime: '2026-01-01T00:00:05.000000Z',
        leaseTransitions: 0,
      },
    });
    expect(made['spec']).toEqual({
      holderIdentity: 'holder',
      leaseDurationSeconds: 30,
      acquireTime: '2026-01-01T00:00:00.123456Z',
      renewTime: '2026-01-01T00:00:05.000000Z',
      leaseTransitions: 0,
    });
    await api.patch(
      `${leases}/lease`,
      { spec: { holderIdentity: 'holder2', leaseDurationSeconds: 60, renewTime: '2026-01-01T00:00:35.000000Z' } },
      'strategic',
    );
    const stale = await api.get(`${leases}/lease`);
    expect(stale['spec']).toMatchObject({ holderIdentity: 'holder2', leaseTransitions: 0 });
    await api.put(`${leases}/lease`, { ...stale, spec: { ...stale['spec'], leaseTransitions: 1 } });
    expect(await api.failure(api.put(`${leases}/lease`, stale))).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on leases.coordination.k8s.io "lease": the object has been modified; please apply your changes to the latest version and try again',
    });
    await api.del(leases);
    expect(await api.items(leases)).toEqual([]);
    expect(
      (await api.items('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases')).length,
    ).toBeGreaterThanOrEqual(0);
  });

  it('Pods, set the QOS class; Pods, assigned delete', async () => {
    const resources = { cpu: '100m', memory: '100Mi' };
    const made = await api.post(
      `${ns}/pods`,
      pod(
        'qos',
        {},
        {
          schedulerName: 'nobody',
          containers: [{ name: 'c', image: 'x', resources: { limits: resources, requests: resources } }],
        },
      ),
    );
    expect(made['status']).toMatchObject({ phase: 'Pending', qosClass: 'Guaranteed' });
    expect(await api.del(`${ns}/pods/qos`, { gracePeriodSeconds: 30 })).toMatchObject({ kind: 'Pod' });
    await api.gone(`${ns}/pods/qos`);
  });

  it('Pods, ephemeral containers, resize and eviction are subresources', async () => {
    const at = `${ns}/pods/p`;
    await api.post(`${ns}/pods`, pod('p', { labels: { app: 'p' } }, { schedulerName: 'nobody' }));
    const patched = await api.patch(
      `${at}/ephemeralcontainers`,
      { spec: { ephemeralContainers: [{ name: 'debugger', image: 'busybox' }] } },
      'strategic',
    );
    expect(patched['spec'].ephemeralContainers).toMatchObject([
      { name: 'debugger', imagePullPolicy: 'Always', terminationMessagePolicy: 'File' },
    ]);
    const two = await api.get(at);
    two['spec'].ephemeralContainers.push({ name: 'debugger2', image: 'busybox' });
    expect((await api.put(`${at}/ephemeralcontainers`, two))['spec'].ephemeralContainers).toHaveLength(2);
    await api.post(`/apis/policy/v1/namespaces/${name}/poddisruptionbudgets`, {
      metadata: { name: 'b' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'p' } } },
    });
    await api.send('POST', `${at}/eviction`, {
      // As kubectl 1.20 drains; later ones say v1.
      apiVersion: 'policy/v1beta1',
      kind: 'Eviction',
      metadata: { name: 'p', namespace: name },
      deleteOptions: { gracePeriodSeconds: 0 },
    });
    await api.gone(at);
  });

  it('Deployment, completes the scaling of a Deployment subresource', async () => {
    const at = `/apis/apps/v1/namespaces/${name}/deployments/d`;
    await api.post(at.slice(0, -2), {
      metadata: { name: 'd' },
      spec: {
        replicas: 1,
        selector: { matchLabels: { a: 'b' } },
        template: {
          metadata: { labels: { a: 'b' } },
          spec: { schedulerName: 'nobody', containers: [{ name: 'c', image: 'x' }] },
        },
      },
    });
    const scale = await api.get(`${at}/scale`);
    expect(scale).toMatchObject({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'd', namespace: name },
      spec: { replicas: 1 },
      status: { selector: 'a=b' },
    });
    scale['spec'].replicas = 2;
    expect(
      (await api.put(`${at}/scale`, { ...scale, metadata: { ...scale.metadata, resourceVersion: '' } }))['spec']
        .replicas,
    ).toBe(2);
    expect((await api.patch(`${at}/scale`, { spec: { replicas: 4 } }, 'strategic'))['spec'].replicas).toBe(4);
    expect((await api.get(at))['spec'].replicas).toBe(4);
    const table = await new Api(api.client, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }).get(
      `${at}/scale`,
    );
    expect(table['columnDefinitions'].map((c: Doc) => c['name'])).toEqual(['Name', 'Desired', 'Available', 'Age']);
  });
});
