// Custom objects: what they must say, what is let pass because it did not change, what rules may ask of the past; and
// what a definition's conditions say. Upstream: apiextensions-apiserver test/integration.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/api/types.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { raw } from '../../support/raw.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const OBJECTS = '/apis/example.com/v1/namespaces/default/gadgets';
type Answer = { code: number; message: string; json: JsonObject & Record<string, never>; warnings: string };

async function ask(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
  const { status, json, headers: answered } = await raw(server, method, path, { ...(body ? { body } : {}), headers });
  const given = json as { message?: string };
  return {
    code: status,
    message: given.message ?? '',
    json: json as never,
    warnings: String(answered['warning'] ?? ''),
  };
}

const definition = (properties: object, more: object = {}, names: object = {}, top: object = {}): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${(names as { plural?: string }).plural ?? 'gadgets'}.example.com` },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'gadgets', kind: 'Gadget', ...names },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties, ...more } }, ...top },
        },
        subresources: { status: {}, scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } },
        additionalPrinterColumns: [{ name: 'When', type: 'date', jsonPath: '.spec.when' }],
      },
    ],
  },
});
const define = async (...parameters: Parameters<typeof definition>): Promise<void> => {
  const { code, message } = await ask('POST', CRDS, definition(...parameters));
  expect([code, message]).toEqual([201, '']);
};
/** Changes the definition as its owner would. */
async function redefine(...parameters: Parameters<typeof definition>): Promise<void> {
  const now = await ask('GET', `${CRDS}/gadgets.example.com`);
  const next = definition(...parameters) as { metadata: object };
  const metadata = {
    ...next.metadata,
    resourceVersion: (now.json as never as { metadata: { resourceVersion: string } }).metadata.resourceVersion,
  };
  const { code, message } = await ask('PUT', `${CRDS}/gadgets.example.com`, { ...next, metadata });
  expect([code, message]).toEqual([200, '']);
}
const gadget = (spec: object, more: object = {}): object => ({
  apiVersion: 'example.com/v1',
  kind: 'Gadget',
  metadata: { name: 'a', ...more },
  spec,
});
const merge = (patch: object): Promise<Answer> =>
  ask('PATCH', `${OBJECTS}/a`, patch, { 'content-type': 'application/merge-patch+json' });

describe('an object', () => {
  it('must say its kind and version', async () => {
    await define({ n: { type: 'integer' } });
    const without = await ask('POST', OBJECTS, { apiVersion: 'example.com/v1', metadata: { name: 'a' } });
    expect([without.code, without.message]).toEqual([
      400,
      `the object provided is unrecognized (must be of type Gadget): Object 'Kind' is missing in '{"apiVersion":"example.com/v1","metadata":{"name":"a"}}' ({"apiVersion":"example.com/v1" ...)`,
    ]);
    const versionless = await ask('POST', OBJECTS, { kind: 'Gadget', metadata: { name: 'a' } });
    expect([versionless.code, versionless.message]).toEqual([
      400,
      'the API version in the data () does not match the expected API version (example.com/v1)',
    ]);
    const other = await ask('POST', OBJECTS, { ...gadget({}), kind: 'Other' });
    expect([other.code, other.message]).toEqual([
      422,
      'Other.example.com "a" is invalid: kind: Invalid value: "Other": must be Gadget',
    ]);
  });

  it('has replicas that a scale can say', async () => {
    await define({ n: { 'x-kubernetes-preserve-unknown-fields': true } });
    expect((await ask('POST', OBJECTS, gadget({ n: 'x' }))).message).toContain(
      '.spec.n: Invalid value: 0: .spec.n accessor error: x is of the type string, expected int64',
    );
    expect((await ask('POST', OBJECTS, gadget({ n: -1 }))).message).toContain(
      '.spec.n: Invalid value: -1: should be a non-negative integer',
    );
  });

  it('is warned of finalizers that may clash', async () => {
    await define({});
    const { warnings } = await ask('POST', OBJECTS, gadget({}, { finalizers: ['mine'] }));
    expect(warnings).toContain('prefer a domain-qualified finalizer name to avoid accidental conflicts');
  });

  it('shows a date that is none as invalid', async () => {
    await define({ when: { type: 'string' } });
    await ask('POST', OBJECTS, gadget({ when: 'soon' }));
    const table = await ask('GET', OBJECTS, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    expect(table.json['rows']).toMatchObject([{ cells: ['a', '<invalid>'] }]);
  });

  it('may hold others, which are named and typed as whole ones', async () => {
    await define({
      inner: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    });
    const { message } = await ask('POST', OBJECTS, gadget({ inner: { kind: '!', metadata: {} } }));
    expect(message).toContain('spec.inner.apiVersion: Required value');
    expect(message).toContain('spec.inner.kind: Invalid value: "!": may have mixed case, but should otherwise match');
  });
});

describe('what was accepted once', () => {
  it('passes as long as it does not change', async () => {
    await define({ n: { type: 'integer' }, s: { type: 'string' } });
    await ask('POST', OBJECTS, gadget({ n: 50, s: 'x' }));
    await redefine({
      n: { type: 'integer', maximum: 10 },
      s: { type: 'string', 'x-kubernetes-validations': [{ rule: "self == 'y'" }] },
    });
    expect((await merge({ metadata: { labels: { a: 'b' } } })).code).toBe(200);
    expect((await merge({ spec: { n: 60 } })).message).toContain(
      'spec.n: Invalid value: 60: spec.n in body should be less than or equal to 10',
    );
    expect((await merge({ spec: { n: 5 } })).code).toBe(200);
    expect((await merge({ spec: { s: 'z' } })).message).toContain(
      'spec.s: Invalid value: "string": failed rule: self == \'y\'',
    );
  });

  it('may have duplicates where a list became a set', async () => {
    await define({ l: { type: 'array', items: { type: 'string' } }, n: { type: 'integer' } });
    await ask('POST', OBJECTS, gadget({ l: ['a', 'a'] }));
    const set = { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' };
    await redefine({ l: set, n: { type: 'integer' } });
    expect((await merge({ spec: { n: 1 } })).code).toBe(200);
    expect((await merge({ spec: { l: ['a'] } })).code).toBe(200);
    expect((await merge({ spec: { l: ['b', 'b'] } })).message).toContain('spec.l[1]: Duplicate value: "b"');
  });
});

describe('rules', () => {
  it('may ask what was there before', async () => {
    const rules = { 'x-kubernetes-validations': [{ rule: 'self >= oldSelf', message: 'may not shrink' }] };
    await define({ n: { type: 'integer', ...rules } });
    expect((await ask('POST', OBJECTS, gadget({ n: 3 }))).code).toBe(201);
    expect((await merge({ spec: { n: 2 } })).message).toContain('spec.n: Invalid value: "integer": may not shrink');
    expect((await merge({ spec: { n: 4 } })).code).toBe(200);
  });

  it('may ask even when nothing was', async () => {
    const rule = 'oldSelf.hasValue() ? self >= oldSelf.value() : self == 1';
    await define({ n: { type: 'integer', 'x-kubernetes-validations': [{ rule, optionalOldSelf: true }] } });
    expect((await ask('POST', OBJECTS, gadget({ n: 3 }))).code).toBe(422);
    expect((await ask('POST', OBJECTS, gadget({ n: 1 }))).code).toBe(201);
    expect((await merge({ spec: { n: 0 } })).code).toBe(422);
  });

  it('say why and where', async () => {
    const rule = {
      rule: 'self.n < 10',
      messageExpression: "self.n > 10 ? 'n is above ' + '10' : 'n is 10'",
      reason: 'FieldValueForbidden',
      fieldPath: '.n',
    };
    await define({ n: { type: 'integer' } }, { 'x-kubernetes-validations': [rule] });
    const { message, json } = await ask('POST', OBJECTS, gadget({ n: 11 }));
    expect(message).toBe('Gadget.example.com "a" is invalid: spec.n: Forbidden: n is above 10');
    expect(json['details']).toMatchObject({ causes: [{ reason: 'FieldValueForbidden', field: 'spec.n' }] });
  });

  it('see the name of the object', async () => {
    await define({}, {}, {}, { 'x-kubernetes-validations': [{ rule: "self.metadata.name.startsWith('g')" }] });
    expect((await ask('POST', OBJECTS, gadget({}))).message).toBe(
      `Gadget.example.com "a" is invalid: <nil>: Invalid value: "object": failed rule: self.metadata.name.startsWith('g')`,
    );
    expect((await ask('POST', OBJECTS, gadget({}, { name: 'good' }))).code).toBe(201);
  });

  it('do not run on what is of the wrong type', async () => {
    await define({ n: { type: 'integer' } }, { 'x-kubernetes-validations': [{ rule: 'self.n < 10' }] });
    const { message } = await ask('POST', OBJECTS, gadget({ n: 'x' }));
    expect(message).toContain('spec.n in body must be of type integer: "string"');
    expect(message).toContain(
      '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid',
    );
  });

  it('end where their budget does', async () => {
    const list = { type: 'array', maxItems: 100, items: { type: 'integer' } };
    const each = { rule: 'self.l.all(a, self.l.all(b, a + b >= 0))' };
    await define({ l: list }, { 'x-kubernetes-validations': Array.from({ length: 150 }, () => each) });
    const { code, message } = await ask('POST', OBJECTS, gadget({ l: Array.from({ length: 100 }, (_, i) => i) }));
    expect(code).toBe(422);
    expect(message).toContain(
      'validation failed due to running out of cost budget, no further validation rules will be run',
    );
  });
});

type Conditions = { status: { conditions: { type: string; status: string; reason: string }[]; acceptedNames: object } };
const conditions = async (name: string): Promise<Conditions> =>
  (await ask('GET', `${CRDS}/${name}`)).json as never as Conditions;
const until = async <T>(read: () => Promise<T>, good: (value: T) => boolean): Promise<T> => {
  for (let i = 0; ; i++) {
    const value = await read();
    if (good(value)) return value;
    if (i > 400) throw new Error(`still ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('a definition', () => {
  it('gets names that another gives up', async () => {
    await define({}, {}, { shortNames: ['gd'] });
    await define({}, {}, { plural: 'others', kind: 'Gadget', shortNames: ['gd'] });
    const before = await conditions('others.example.com');
    expect(before.status.conditions).toMatchObject([
      { type: 'NamesAccepted', status: 'False', reason: 'ListKindConflict' },
      { type: 'Established', status: 'False', reason: 'NotAccepted' },
    ]);
    expect(before.status.acceptedNames).toMatchObject({ plural: 'others', kind: '' });
    await ask('DELETE', `${CRDS}/gadgets.example.com`);
    const after = await until(
      () => conditions('others.example.com'),
      ({ status }) => status.conditions.every((c) => c.status === 'True'),
    );
    expect(after.status.acceptedNames).toMatchObject({ kind: 'Gadget', shortNames: ['gd'] });
    expect((await ask('GET', '/apis/example.com/v1/namespaces/default/others')).code).toBe(200);
  });

  it('says that its objects are being deleted', async () => {
    await define({});
    await ask('POST', OBJECTS, gadget({}, { finalizers: ['example.com/hold'] }));
    await ask('DELETE', `${CRDS}/gadgets.example.com`);
    await until(
      () => conditions('gadgets.example.com'),
      ({ status }) =>
        status.conditions.some((c) => c.type === 'Terminating' && c.reason === 'InstanceDeletionInProgress'),
    );
    expect(await ask('POST', OBJECTS, gadget({}, { name: 'b' }))).toMatchObject({
      code: 405,
      message: 'create not allowed while custom resource definition is terminating',
    });
    await merge({ metadata: { finalizers: null } });
    await until(
      () => ask('GET', `${CRDS}/gadgets.example.com`),
      ({ code }) => code === 404,
    );
  });

  it('of a group of Kubernetes says who approved it', async () => {
    const made = definition({}) as { metadata: object; spec: object };
    const { json } = await ask('POST', CRDS, {
      ...made,
      metadata: { name: 'gadgets.x.k8s.io', annotations: { 'api-approved.kubernetes.io': 'unapproved, a test' } },
      spec: { ...made.spec, group: 'x.k8s.io' },
    });
    expect((json as never as Conditions).status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'KubernetesAPIApprovalPolicyConformant',
        status: 'False',
        reason: 'UnapprovedAnnotation',
        message: 'not approved: "unapproved, a test"',
      }),
    );
  });
});

it('shows the default of a status, which a new object is stored without', async () => {
  const status = { type: 'object', default: { phase: 'Waiting' }, properties: { phase: { type: 'string' } } };
  const spec = { type: 'object', properties: { n: { type: 'integer' } } };
  await define({}, {}, {}, { properties: { spec, status } });
  const made = await ask('POST', OBJECTS, {
    apiVersion: 'example.com/v1',
    kind: 'Gadget',
    metadata: { name: 'a' },
    status: { phase: 'Mine' },
  });
  expect(made.json['status']).toEqual({ phase: 'Waiting' });
  expect((await ask('GET', `${OBJECTS}/a`)).json['status']).toEqual({ phase: 'Waiting' });
  const { items } = (await ask('GET', OBJECTS)).json as unknown as { items: { status: object }[] };
  expect(items.map((item) => item.status)).toEqual([{ phase: 'Waiting' }]);
  const patch = { 'content-type': 'application/merge-patch+json' };
  const changed = await ask('PATCH', `${OBJECTS}/a/status`, { status: { phase: 'Done' } }, patch);
  expect(changed.json['status']).toEqual({ phase: 'Done' });
});

it('serves a kind whose schema has a number that JavaScript has no number for', async () => {
  const big = 9007199254740993n;
  const crd = JSON.stringify(definition({ n: { type: 'integer', maximum: 1 } })).replace(
    '"maximum":1',
    `"maximum":${big}`,
  );
  const { status } = await raw(server, 'POST', CRDS, { body: crd });
  expect(status).toBe(201);
  expect((await ask('GET', OBJECTS)).code).toBe(200);
});
