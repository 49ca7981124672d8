// Upstream's entries on admission webhooks (sig-api-machinery, test/e2e/apimachinery/webhook.go): a whole server, and
// webhooks behind a service.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, type Cluster, type Doc, startCluster } from './api.ts';
import { type ServiceProgram, admissionProgram, serveBehind } from './extension-programs.ts';

let cluster: Cluster;
let api: Api;
let program: ServiceProgram;
beforeAll(async () => {
  cluster = await startCluster();
  api = cluster.api;
  program = await serveBehind(api, 'default', 'e2e-test-webhook', admissionProgram);
});
afterAll(async () => {
  await cluster.close();
  await program.close();
});

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1';
const MAPS = '/api/v1/namespaces/default/configmaps';
let count = 0;

interface Hook {
  name: string;
  path: string;
  resources?: string[];
  group?: string;
  version?: string;
  operations?: string[];
  [more: string]: unknown;
}

function webhook({
  name,
  path,
  resources = ['configmaps'],
  group = '',
  version = 'v1',
  operations = ['CREATE'],
  ...more
}: Hook) {
  return {
    name,
    rules: [{ operations, apiGroups: [group], apiVersions: [version], resources }],
    clientConfig: program.reference(path),
    sideEffects: 'None',
    admissionReviewVersions: ['v1', 'v1beta1'],
    ...more,
  };
}

/** Registers a configuration, runs, and takes it away. */
async function withHooks(
  kind: 'validating' | 'mutating',
  hooks: Hook[],
  run: (path: string) => Promise<void>,
  labels = {},
) {
  const name = `e2e-${++count}`;
  const path = `${CONFIGURATIONS}/${kind}webhookconfigurations`;
  await api.post(path, { metadata: { name, labels }, webhooks: hooks.map(webhook) });
  try {
    await run(`${path}/${name}`);
  } finally {
    await api.del(`${path}/${name}`).catch(() => undefined);
  }
}

const map = (name: string, data: object = {}) => ({ metadata: { name }, data });
const pod = (name: string, container = 'example', labels = {}) => ({
  metadata: { name, labels },
  spec: { containers: [{ name: container, image: 'pause' }] },
});
const unwanted = { 'webhook-e2e-test': 'webhook-disallow' };

describe('Admission webhook', () => {
  it('deny create', async () => {
    const hooks = [
      {
        name: 'deny-unwanted-pod-container-name-and-label.k8s.io',
        path: '/pods',
        resources: ['pods'],
        timeoutSeconds: 1,
      },
      {
        name: 'deny-unwanted-configmap-data.k8s.io',
        path: '/configmaps',
        operations: ['CREATE', 'UPDATE', 'DELETE'],
        namespaceSelector: {
          matchExpressions: [{ key: 'skip-webhook-admission', operator: 'NotIn', values: ['yes'] }],
        },
      },
      {
        name: 'fail-open.k8s.io',
        path: '/configmaps',
        failurePolicy: 'Ignore',
        clientConfig: { ...program.reference('/x'), caBundle: undefined },
      },
    ];
    await withHooks('validating', hooks, async () => {
      const denied = await api.failure(
        api.post('/api/v1/namespaces/default/pods', pod('disallowed-pod', 'webhook-disallow', unwanted)),
      );
      expect(denied.message).toContain('the pod contains unwanted container name');
      expect(denied.message).toContain('the pod contains unwanted label');
      const hanging = await api.failure(
        api.post(
          '/api/v1/namespaces/default/pods',
          pod('hanging-pod', 'wait-forever', { 'webhook-e2e-test': 'wait-forever' }),
        ),
      );
      expect(hanging.message).toContain('context deadline exceeded');
      await api.gone('/api/v1/namespaces/default/pods/hanging-pod');
      const text = 'the configmap contains unwanted key and value';
      expect((await api.failure(api.post(MAPS, map('disallowed', unwanted)))).message).toContain(text);
      const allowed = await api.post(MAPS, map('allowed', { admit: 'this' }));
      expect((await api.failure(api.put(`${MAPS}/allowed`, { ...allowed, data: unwanted }))).message).toContain(text);
      expect((await api.failure(api.patch(`${MAPS}/allowed`, { data: unwanted }, 'strategic'))).message).toContain(
        text,
      );
      await api.post('/api/v1/namespaces', {
        metadata: { name: 'exempted', labels: { 'skip-webhook-admission': 'yes' } },
      });
      await api.post('/api/v1/namespaces/exempted/configmaps', map('disallowed', unwanted));
    });
    await api.del(`${MAPS}/allowed`);
  });

  it('deny attach', async () => {
    await api.post('/api/v1/namespaces/default/pods', pod('to-be-attached-pod'));
    const hook = {
      name: 'deny-attaching-pod.k8s.io',
      path: '/pods/attach',
      resources: ['pods/attach'],
      operations: ['CONNECT'],
    };
    await withHooks('validating', [hook], async () => {
      const attach = api.get('/api/v1/namespaces/default/pods/to-be-attached-pod/attach?stdin=true&container=example');
      expect((await api.failure(attach)).message).toContain("attaching to pod 'to-be-attached-pod' is not allowed");
    });
    await api.del('/api/v1/namespaces/default/pods/to-be-attached-pod', { gracePeriodSeconds: 0 });
  });

  it('deny custom resource create, update and delete', async () => {
    const { group, plural, kind, objects } = await define('deny');
    const hook = {
      name: 'deny-unwanted-custom-resource-data.k8s.io',
      path: '/custom-resource',
      group,
      resources: [plural],
      operations: ['CREATE', 'UPDATE', 'DELETE'],
    };
    const document = (data: object) => ({ apiVersion: `${group}/v1`, kind, metadata: { name: 'cr-instance' }, data });
    const text = 'the custom resource contains unwanted data';
    await withHooks('validating', [hook], async (path) => {
      expect((await api.failure(api.post(objects, document(unwanted)))).message).toContain(text);
      await api.post(objects, document({ ok: 'yes' }));
      expect((await api.failure(api.patch(`${objects}/cr-instance`, { data: unwanted }))).message).toContain(text);
      await api.patch(path, [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['DELETE'] }], 'json');
      await api.patch(`${objects}/cr-instance`, { data: unwanted });
      expect((await api.failure(api.del(`${objects}/cr-instance`))).message).toContain(text);
      await api.patch(`${objects}/cr-instance`, { data: { 'webhook-e2e-test': 'webhook-allow' } });
      await api.del(`${objects}/cr-instance`);
    });
  });

  it('fail closed', async () => {
    const hook = {
      name: 'fail-closed.k8s.io',
      path: '/configmaps',
      clientConfig: { ...program.reference('/configmaps'), caBundle: undefined },
      namespaceSelector: { matchLabels: { 'fail-closed-webhook': 'true' } },
    };
    await withHooks('validating', [hook], async () => {
      await api.post('/api/v1/namespaces', {
        metadata: { name: 'fail-closed', labels: { 'fail-closed-webhook': 'true' } },
      });
      const refused = await api.failure(api.post('/api/v1/namespaces/fail-closed/configmaps', map('foo')));
      expect(refused.reason).toBe('InternalError');
      expect(refused.message).toMatch(
        /^Internal error occurred: failed calling webhook "fail-closed.k8s.io": failed to call webhook: Post "https:\/\/e2e-test-webhook.default.svc:8443\/configmaps\?timeout=10s": tls: failed to verify certificate: x509: /,
      );
    });
  });

  it('ordered mutation', async () => {
    const hooks = [1, 2].map((n) => ({
      name: `adding-configmap-data-stage-${n}.k8s.io`,
      path: '/mutating-configmaps',
    }));
    await withHooks('mutating', hooks, async () => {
      const mutated = await api.post(MAPS, map('to-be-mutated', { 'mutation-start': 'yes' }));
      expect(mutated['data']).toEqual({
        'mutation-start': 'yes',
        'mutation-stage-1': 'yes',
        'mutation-stage-2': 'yes',
      });
    });
  });

  it('mutation with defaulting', async () => {
    const hook = { name: 'adding-init-container.k8s.io', path: '/mutating-pods', resources: ['pods'] };
    await withHooks('mutating', [hook], async () => {
      const mutated = await api.post('/api/v1/namespaces/default/pods', pod('webhook-to-be-mutated'));
      expect(mutated['spec'].initContainers).toHaveLength(1);
      expect(mutated['spec'].initContainers[0]).toMatchObject({
        name: 'webhook-added-init-container',
        terminationMessagePolicy: 'File',
      });
    });
  });

  it('admission control not allowed on webhook configuration objects', async () => {
    const everything = {
      path: '/always-deny',
      group: 'admissionregistration.k8s.io',
      version: '*',
      resources: ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'],
      operations: ['DELETE', 'CREATE', 'UPDATE'],
    };
    await withHooks(
      'validating',
      [{ ...everything, name: 'deny-webhook-configuration-deletions.k8s.io' }],
      async () => {
        await withHooks(
          'mutating',
          [{ ...everything, name: 'add-label-to-webhook-configurations.k8s.io' }],
          async () => {
            for (const kind of ['validating', 'mutating'] as const) {
              await withHooks(
                kind,
                [{ name: 'dummy.k8s.io', path: '/configmaps', resources: ['nothing'] }],
                async (path) => {
                  expect((await api.get(path)).metadata.labels ?? {}).toEqual({});
                  await api.del(path);
                  await api.gone(path);
                },
              );
            }
          },
        );
      },
    );
  });

  it('mutate custom resource; mutate custom resource with pruning', async () => {
    const properties = {
      data: {
        type: 'object',
        properties: { 'mutation-start': { type: 'string' }, 'mutation-stage-1': { type: 'string' } },
      },
    };
    for (const [prunes, schema] of [
      [false, undefined],
      [true, { type: 'object', properties }],
    ] as const) {
      const { group, plural, kind, objects } = await define('mutate', schema);
      const hooks = [1, 2].map((n) => ({
        name: `mutate-custom-resource-data-stage-${n}.k8s.io`,
        path: '/mutating-custom-resource',
        group,
        resources: [plural],
      }));
      await withHooks('mutating', hooks, async () => {
        const made = await api.post(objects, {
          apiVersion: `${group}/v1`,
          kind,
          metadata: { name: 'cr' },
          data: { 'mutation-start': 'yes' },
        });
        expect(made['data']).toEqual({
          'mutation-start': 'yes',
          'mutation-stage-1': 'yes',
          ...(prunes ? {} : { 'mutation-stage-2': 'yes' }),
        });
      });
    }
  });

  it('mutate custom resource, multiple stored versions', async () => {
    const { group, plural, kind, objects, at } = await define('stored');
    const hook = {
      name: 'mutate-custom-resource-data-stage-1.k8s.io',
      path: '/mutating-custom-resource',
      group,
      version: '*',
      resources: [plural],
      operations: ['CREATE', 'UPDATE'],
    };
    await withHooks('mutating', [hook], async () => {
      await api.post(objects, { apiVersion: `${group}/v1`, kind, metadata: { name: 'cr' } });
      await api.patch(
        at,
        [
          { op: 'replace', path: '/spec/versions/0/storage', value: false },
          {
            op: 'add',
            path: '/spec/versions/1',
            value: { name: 'v2', served: true, storage: true, schema: { openAPIV3Schema: open } },
          },
        ],
        'json',
      );
      const patched = await api.patch(`${objects.replace('/v1/', '/v2/')}/cr`, { data: { 'mutation-start': 'yes' } });
      expect(patched['data']).toEqual({ 'mutation-start': 'yes', 'mutation-stage-1': 'yes' });
    });
  });

  it('deny custom resource definition', async () => {
    const hook = {
      name: 'deny-crd-with-unwanted-label.k8s.io',
      path: '/crd',
      group: 'apiextensions.k8s.io',
      version: '*',
      resources: ['customresourcedefinitions'],
    };
    await withHooks('validating', [hook], async () => {
      const refused = await api.failure(define('refused', open, { labels: unwanted }));
      expect(refused.message).toContain('the crd contains unwanted label');
    });
  });

  it('honor timeout', async () => {
    const slow = (more: object) => [
      { name: 'allow-configmap-with-delay-webhook.k8s.io', path: '/always-allow-delay-5s', ...more },
    ];
    await withHooks('validating', slow({ timeoutSeconds: 1, failurePolicy: 'Fail' }), async () => {
      expect((await api.failure(api.post(MAPS, map('late-1')))).message).toContain('deadline');
    });
    await withHooks('validating', slow({ timeoutSeconds: 1, failurePolicy: 'Ignore' }), async () => {
      await api.post(MAPS, map('late-2'));
    });
    await withHooks('validating', slow({ timeoutSeconds: 10, failurePolicy: 'Fail' }), async () => {
      await api.post(MAPS, map('late-3'));
    });
    await withHooks('validating', slow({}), async (path) => {
      expect((await api.get(path))['webhooks'][0].timeoutSeconds).toBe(10);
      await api.post(MAPS, map('late-4'));
    });
  });

  it.each([
    ['validating', '/configmaps', 'update validating webhook'],
    ['mutating', '/mutating-configmaps', 'update mutating webhook'],
  ] as const)('%s: %s: %s', async (kind, path, entry) => {
    await withHooks(kind, [{ name: 'updated.k8s.io', path }], async (at) => {
      const acts = async (name: string): Promise<boolean> => {
        const made = await api.post(MAPS, map(name, { ...unwanted, 'mutation-start': 'yes' })).catch(() => undefined);
        return made === undefined || made['data']['mutation-stage-1'] === 'yes';
      };
      expect(await acts(`${kind}-1`), entry).toBe(true);
      const hook = await api.get(at);
      hook['webhooks'][0].rules[0].operations = ['UPDATE'];
      await api.put(at, hook);
      expect(await acts(`${kind}-2`)).toBe(false);
      await api.patch(at, [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }], 'json');
      expect(await acts(`${kind}-3`)).toBe(true);
    });
  });

  it.each([
    ['validating', '/configmaps', 'list validating webhooks'],
    ['mutating', '/mutating-configmaps', 'list mutating webhooks'],
  ] as const)('%s: %s: %s', async (kind, path, entry) => {
    const labels = { 'e2e-list-test-uuid': kind };
    const collection = `${CONFIGURATIONS}/${kind}webhookconfigurations?labelSelector=e2e-list-test-uuid=${kind}`;
    await withHooks(
      kind,
      [{ name: 'one.k8s.io', path }],
      async () => {
        expect(await api.items(collection), entry).toHaveLength(1);
        expect(program.calls.length).toBeGreaterThan(0);
        await api.del(collection);
        expect(await api.items(collection)).toHaveLength(0);
        const made = await api.post(MAPS, map(`listed-${kind}`, { ...unwanted, 'mutation-start': 'yes' }));
        expect(made['data']['mutation-stage-1']).toBeUndefined();
      },
      labels,
    );
  });

  it("mutate everything except 'skip-me' configmaps; create and update with matchConditions", async () => {
    const hook = {
      name: 'adding-configmap-data-stage-1.k8s.io',
      path: '/mutating-configmaps',
      matchConditions: [{ name: 'skip-me', expression: "object.metadata.name != 'skip-me'" }],
    };
    await withHooks('mutating', [hook], async () => {
      const skipped = await api.post(MAPS, map('skip-me', { 'mutation-start': 'yes' }));
      expect(skipped['data']).toEqual({ 'mutation-start': 'yes' });
      const mutated = await api.post(MAPS, map('mutate-me', { 'mutation-start': 'yes' }));
      expect(mutated['data']).toEqual({ 'mutation-start': 'yes', 'mutation-stage-1': 'yes' });
    });
  });

  it.each(['validating', 'mutating'] as const)(
    'reject %s webhook configurations with invalid match conditions',
    async (kind) => {
      const hook = webhook({
        name: 'invalid.k8s.io',
        path: '/x',
        matchConditions: [{ name: 'bad', expression: "object.metadata.name == 'a' &&" }],
      });
      const refused = await api.failure(
        api.post(`${CONFIGURATIONS}/${kind}webhookconfigurations`, { metadata: { name: 'invalid' }, webhooks: [hook] }),
      );
      expect(refused.message).toContain('compilation failed');
    },
  );
});

const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

async function define(name: string, schema: object = open, metadata: object = {}) {
  const n = ++count;
  const [group, plural, kind] = [`${name}${n}.example.com`, `e2es${n}`, `E2e${n}`];
  const at = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.${group}`;
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }];
  await api.post(at.slice(0, at.lastIndexOf('/')), {
    metadata: { name: `${plural}.${group}`, ...metadata },
    spec: { group, scope: 'Cluster', names: { plural, kind }, versions },
  } as unknown as Doc);
  return { group, plural, kind, at, objects: `/apis/${group}/v1/${plural}` };
}
