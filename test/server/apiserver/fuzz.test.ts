// Requests that nobody should send: every one gets an answer below 500, failures a Status, nothing leaks into
// Object.prototype, and the server goes on. Runs for a bounded number of requests; FUZZ_REQUESTS makes it longer,
// FUZZ_SEED repeats a run. That no bug was reported is checked when the server closes.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { type RawAnswer, raw } from '../../support/raw.ts';
import { METHODS, SEGMENTS, PATHS, NAMES, VALUES, TYPES, HEADERS, HEADER_VALUES, SCALARS, KEYS } from './fuzz-words.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const seed = Number(process.env['FUZZ_SEED'] ?? 1);
const requests = Number(process.env['FUZZ_REQUESTS'] ?? 1_500);
let state = seed;
/** xorshift32: the same requests for the same seed. */
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;

function value(depth: number): unknown {
  if (depth === 0 || random(4) === 0) return structuredClone(pick(SCALARS));
  if (random(3) === 0) return Array.from({ length: random(3) }, () => value(depth - 1));
  const object: Record<string, unknown> = {};
  for (let i = random(6); i > 0; i--) object[pick(KEYS)] = value(depth - 1);
  return object;
}

const pod = {
  containers: [
    {
      name: 'c',
      image: 'i',
      ports: [{ containerPort: 80 }],
      env: [{ name: 'A', value: 'b' }],
      resources: { limits: { cpu: '1' } },
      livenessProbe: { httpGet: { port: 80 } },
      volumeMounts: [{ name: 'v', mountPath: '/v' }],
    },
  ],
  volumes: [{ name: 'v', configMap: { name: 'x' } }],
  tolerations: [{ key: 'k', operator: 'Exists' }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }],
      },
    },
  },
};
const property = { type: 'object', properties: { a: { type: 'string', pattern: '^a' } }, required: ['a'] };
const VALID: Record<string, object> = {
  '/api/v1/namespaces/default/pods': {
    metadata: {
      generateName: 'p-',
      labels: { a: 'b' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'u' }],
    },
    spec: pod,
  },
  '/apis/apps/v1/namespaces/default/deployments': {
    metadata: { generateName: 'd-' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { a: 'b' } },
      strategy: { rollingUpdate: { maxSurge: '10%' } },
      template: { metadata: { labels: { a: 'b' } }, spec: pod },
    },
  },
  '/api/v1/namespaces/default/services': {
    metadata: { generateName: 's-' },
    spec: {
      type: 'NodePort',
      selector: { a: 'b' },
      ports: [{ port: 80, targetPort: 'x' }],
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } },
    },
  },
  '/api/v1/namespaces/default/configmaps': {
    metadata: { generateName: 'c-', annotations: { a: 'b' } },
    data: { a: 'b' },
    binaryData: { c: 'eA==' },
  },
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions': {
    metadata: { name: 'as.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { plural: 'as', kind: 'A', shortNames: ['x'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: property },
          subresources: { scale: { specReplicasPath: '.spec.a', statusReplicasPath: '.status.a' } },
          additionalPrinterColumns: [{ name: 'n', type: 'date', jsonPath: '.a[?(@.b=="c")]' }],
        },
      ],
    },
  },
  '/apis/example.com/v1/as': { metadata: { generateName: 'x-' }, a: 'abc' },
  '/apis/rbac.authorization.k8s.io/v1/clusterroles': {
    metadata: { generateName: 'r-' },
    rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
  },
  '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices': {
    metadata: { generateName: 'e-' },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
    ports: [{ port: 80 }],
  },
  '/api/v1/namespaces/default/events': {
    metadata: { generateName: 'v-' },
    involvedObject: { kind: 'Pod', name: 'a', namespace: 'default' },
    reason: 'r',
  },
  '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations': {
    metadata: { generateName: 'w-' },
    webhooks: [
      {
        name: 'a.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        // Nobody's: what is fuzzed here is the configuration, and no request of this test may go to it.
        rules: [{ operations: ['CREATE'], apiGroups: ['none.example.com'], apiVersions: ['v1'], resources: ['nones'] }],
        clientConfig: { url: 'https://127.0.0.1:1/a', caBundle: 'eA==' },
        matchConditions: [{ name: 'c', expression: 'object.metadata.name == "x"' }],
        namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] },
        failurePolicy: 'Ignore',
        timeoutSeconds: 1,
      },
    ],
  },
  '/apis/apiregistration.k8s.io/v1/apiservices': {
    metadata: { name: 'v1.far.example.com' },
    spec: {
      group: 'far.example.com',
      version: 'v1',
      groupPriorityMinimum: 100,
      versionPriority: 10,
      service: { namespace: 'default', name: 'far', port: 443 },
      insecureSkipTLSVerify: true,
    },
  },
  '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies': {
    metadata: { generateName: 'p-' },
    spec: {
      matchConstraints: {
        resourceRules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
      },
      validations: [{ expression: 'object.spec.replicas < 5', messageExpression: '"no"' }],
      variables: [{ name: 'v', expression: 'object.metadata' }],
    },
  },
  '/apis/networking.k8s.io/v1/namespaces/default/ingresses': {
    metadata: { generateName: 'i-' },
    spec: {
      tls: [{ hosts: ['a.example.com'], secretName: 's' }],
      rules: [
        {
          host: 'a.example.com',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }],
          },
        },
      ],
    },
  },
  '/api/v1/nodes': {
    metadata: { generateName: 'n-' },
    spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] },
    status: { addresses: [{ type: 'InternalIP', address: '1.2.3.4' }] },
  },
};

const OPERATIONS = [
  { op: 'test', path: '/metadata/name', value: 'a' },
  { op: 'add', path: '/metadata/labels', value: { a: 'b' } },
  { op: 'copy', from: '/metadata/labels/a', path: '/metadata/labels/b' },
  { op: 'move', from: '/metadata/labels/b', path: '/metadata/labels/c' },
  { op: 'replace', path: '/metadata/generateName', value: 'x-' },
  { op: 'remove', path: '/metadata/labels/c' },
];

/** Puts something else at one to three random places of a valid object. */
function mutated(object: unknown): unknown {
  const copy = structuredClone(object);
  for (let times = random(3); times >= 0; times--) {
    let at = copy as Record<string, unknown>;
    for (;;) {
      const keys = Object.keys(at);
      if (keys.length === 0) break;
      const key = pick(keys);
      const child = at[key];
      if (random(3) > 0 && child !== null && typeof child === 'object') at = child as Record<string, unknown>;
      else {
        if (random(4) === 0) delete at[key];
        else at[random(5) === 0 && !Array.isArray(at) ? pick(KEYS) : key] = value(2);
        break;
      }
    }
  }
  return copy;
}

function body(): string | Uint8Array | undefined {
  const kind = random(10);
  if (kind === 0) return undefined;
  if (kind === 1) return Uint8Array.from({ length: random(60) }, () => random(256));
  if (kind === 2) return 'k8s\0' + 'x'.repeat(random(50));
  const known = { apiVersion: pick(['v1', 'apps/v1', 'x']), kind: pick(['Pod', 'Deployment', 'ConfigMap', 'Service']) };
  const text = JSON.stringify({
    ...(random(2) ? known : {}),
    metadata: random(3) ? { name: 'a' } : value(2),
    ...(value(5) as object),
  });
  return kind === 3 ? text.slice(0, random(text.length + 1)) : text;
}

function path(): string {
  if (random(3) > 0) return pick(PATHS) + (random(4) === 0 ? `/${pick(SEGMENTS)}` : '');
  return '/' + Array.from({ length: random(8) }, () => pick(SEGMENTS)).join('/');
}

/** A bug is answered as InternalError; what upstream answers with 500 on purpose has no reason. */
const fine = ({ status, text }: RawAnswer): boolean =>
  status < 500 ||
  text.includes('without impersonating a user') ||
  // Caches that no longer follow the store say so for every read.
  !(text.includes('"reason":"InternalError"') || text.includes('the watch cache is at revision'));

/** A request that never ends is told by its name, not by the whole test's time running out. */
async function answerTo(what: string, request: Promise<RawAnswer>): Promise<RawAnswer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer: ${what}`)), 30_000);
  });
  return Promise.race([request, late]).finally(() => clearTimeout(timer));
}

it('refuses objects that are almost right, or takes them', async () => {
  for (let i = 0; i < requests; i++) {
    const target = pick(Object.keys(VALID));
    const sent = JSON.stringify(mutated(VALID[target]));
    const answer = await raw(server, 'POST', target, { body: sent });
    expect(fine(answer), `seed ${seed}, request ${i}: ${target} ${sent} → ${answer.text.slice(0, 500)}`).toBe(true);
    const name = (answer.json as { metadata?: { name?: string } } | undefined)?.metadata?.name;
    if (answer.status !== 201 || name === undefined || random(2) > 0) continue;
    const again = `${target}/${encodeURIComponent(name)}`;
    const [method, type] = pick([
      ['PUT', 'application/json'],
      ['PATCH', 'application/merge-patch+json'],
      ['PATCH', 'application/strategic-merge-patch+json'],
      ['PATCH', 'application/apply-patch+yaml'],
      ['PATCH', 'application/json-patch+json'],
    ] as const);
    const changed = JSON.stringify(
      type.includes('json-patch') ? mutated(OPERATIONS) : mutated(random(2) ? answer.json : VALID[target]),
    );
    const second = await raw(server, method, `${again}?fieldManager=x`, {
      body: changed,
      headers: { 'content-type': type },
    });
    expect(
      fine(second),
      `seed ${seed}, request ${i}: ${method} ${type} ${again} ${changed} → ${second.text.slice(0, 500)}`,
    ).toBe(true);
    if (random(3) === 0) await raw(server, 'DELETE', again);
  }
}, 60_000);

it('gets an answer to everything', async () => {
  for (let i = 0; i < requests; i++) {
    const query = new URLSearchParams(
      Array.from({ length: random(4) }, () => [pick(NAMES), pick(VALUES)] as [string, string]),
    );
    const method = pick(METHODS);
    const target = `${path()}?${query}`;
    const headers = {
      'content-type': pick(TYPES),
      accept: pick(['', 'application/json', '*/*', 'application/yaml', 'a/b;q=x', 'Application/X-Sampan-Shared']),
      ...Object.fromEntries(Array.from({ length: random(3) }, () => [pick(HEADERS), pick(HEADER_VALUES)])),
    };
    const sent = body();
    const what = `seed ${seed}, request ${i}: ${method} ${target.slice(0, 200)} ${String(sent).slice(0, 300)}`;
    const request = raw(server, method, target, {
      headers,
      ...(sent === undefined ? {} : { body: sent }),
      // Watches have no end of their own.
      ...(target.includes('watch') ? { signal: AbortSignal.timeout(5) } : {}),
    });
    const answer = await answerTo(what, request);
    expect(fine(answer), `${what} → ${answer.status} ${answer.text.slice(0, 500)}`).toBe(true);
    if (answer.status >= 400 && isJson(answer)) expect(answer.json, what).toMatchObject({ kind: 'Status' });
    expect(unpolluted(), what).toBe(true);
  }
  expect((await raw(server, 'GET', '/api/v1/namespaces/default')).status).toBe(200);
}, 60_000);

const isJson = ({ headers }: RawAnswer): boolean => String(headers['content-type']).startsWith('application/json');
const untouched = JSON.stringify([Object.prototype, Array.prototype].map((p) => Object.getOwnPropertyNames(p)));
const unpolluted = (): boolean =>
  JSON.stringify([Object.prototype, Array.prototype].map((p) => Object.getOwnPropertyNames(p))) === untouched;

it('takes no metadata that is none, by any patch', async () => {
  await raw(server, 'POST', '/api/v1/namespaces/default/configmaps', { body: { metadata: { name: 'm' } } });
  for (const metadata of [true, '', 0, []]) {
    for (const type of ['merge', 'strategic-merge', 'json']) {
      const body = type === 'json' ? [{ op: 'replace', path: '/metadata', value: metadata }] : { metadata };
      const headers = { 'content-type': `application/${type}-patch+json` };
      const answer = await raw(server, 'PATCH', '/api/v1/namespaces/default/configmaps/m', { body, headers });
      expect([type, metadata, answer.status]).toEqual([type, metadata, 400]);
    }
  }
});

it('survives objects of any depth', async () => {
  const definition = {
    ...VALID['/apis/apiextensions.k8s.io/v1/customresourcedefinitions'],
    metadata: { name: 'deeps.example.org' },
    spec: {
      group: 'example.org',
      scope: 'Cluster',
      names: { plural: 'deeps', kind: 'Deep' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
  expect(
    (await raw(server, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body: definition })).status,
  ).toBe(201);
  const path = '/apis/example.org/v1/deeps';
  for (const depth of [50, 400, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 4_000, 6_000, 9_000, 30_000]) {
    for (const [open, close] of [
      ['{"a":', '}'],
      ['[', ']'],
    ] as const) {
      const nested = open.repeat(depth) + '1' + close.repeat(depth);
      const name = `d${depth}${open.length}`;
      const body = `{"apiVersion":"example.org/v1","kind":"Deep","metadata":{"name":"${name}"},"a":${nested}}`;
      const what = `depth ${depth} of ${open}`;
      const answers = [
        await raw(server, 'POST', path, { body }),
        await raw(server, 'GET', `${path}/${name}`, { headers: { accept: 'application/yaml' } }),
        await raw(server, 'GET', `${path}/${name}?pretty=1`),
      ];
      for (const type of ['application/merge-patch+json', 'application/apply-patch+yaml']) {
        const headers = { 'content-type': type };
        answers.push(await raw(server, 'PATCH', `${path}/${name}?fieldManager=x&force=true`, { body, headers }));
      }
      answers.push(await raw(server, 'PUT', `${path}/${name}`, { body }));
      answers.push(
        await raw(server, 'GET', `${path}?watch=1&timeoutSeconds=1&resourceVersion=1`, {
          signal: AbortSignal.timeout(5),
        }),
      );
      answers.push(await raw(server, 'GET', path));
      answers.push(await raw(server, 'DELETE', `${path}/${name}`));
      expect(answers[0]!.status, what).toBe(depth <= 500 ? 201 : 400);
      for (const answer of answers) expect(fine(answer), `${what} → ${answer.text.slice(0, 300)}`).toBe(true);
    }
  }
}, 60_000);
