// What is made of custom objects when they are read, by definitions that change under them and by versions that they were
// not written through; and what their definitions' versions, scopes and streams tell clients. The cases follow
// apiextensions-apiserver test/integration of 1.34 (defaulting, pruning, objectmeta, change, scope, subresources).
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ResourceType } from '../../../../src/api/types.ts';
import { raw } from '../../../support/raw.ts';
import { type TestServer, startTestServer } from '../../../support/server.ts';

let server: TestServer;
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const NAME = 'foos.tests.example.com';
const at = (version: string, rest = ''): string => `/apis/tests.example.com/${version}/foos${rest}`;
const MERGE = { 'content-type': 'application/merge-patch+json' };

interface Answer {
  code: number;
  warnings: string;
  json: Record<string, never> & { message: string; spec: object; status: object };
}
async function ask(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
  const { status, json, headers: answered } = await raw(server, method, path, { ...(body ? { body } : {}), headers });
  return { code: status, json: json as Answer['json'], warnings: String(answered['warning'] ?? '') };
}

const Foos: ResourceType<never> = {
  group: 'tests.example.com',
  version: 'v1',
  kind: 'Foo',
  plural: 'foos',
  namespaced: false,
};
const text = { type: 'string' };
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });
const version = (name: string, spec: object, more: object = {}) => ({
  name,
  served: true,
  storage: false,
  subresources: { status: {}, scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } },
  schema: { openAPIV3Schema: object({ spec: object(spec), status: object(spec) }) },
  ...more,
});
const define = async (scope: string, ...versions: object[]): Promise<void> => {
  const names = { plural: 'foos', kind: 'Foo' };
  const spec = { group: 'tests.example.com', scope, names, versions };
  const head = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: NAME } };
  const { code, json } = await ask('POST', CRDS, { ...head, spec });
  expect([code, json.message]).toEqual([201, undefined]);
};
const redefine = async (...versions: object[]): Promise<void> => {
  expect((await ask('PATCH', `${CRDS}/${NAME}`, { spec: { versions } }, MERGE)).code).toBe(200);
};
const foo = (version: string, more: object = {}) => ({
  apiVersion: `tests.example.com/${version}`,
  kind: 'Foo',
  metadata: { name: 'foo' },
  ...more,
});

beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const withDefault = (value: string) => ({ ...text, default: value });
const STORED = { storage: true, served: false };
const n = { type: 'integer' };

describe('defaults', () => {
  const served = (spec: object) => version('v1beta1', { n, ...spec });
  const stored = (spec: object) => version('v1beta2', { n, ...spec }, STORED);

  it('of the stored version are for readers, of the served one for writers', async () => {
    const [a, b] = [
      { a: text, b: withDefault('B') },
      { a: withDefault('A'), b: text },
    ];
    await define('Cluster', served(a), stored(b));
    const made = await ask('POST', at('v1beta1'), foo('v1beta1', { spec: {} }));
    expect(made.json.spec).toEqual({ a: 'A', b: 'B' });
    // A's default goes, and nobody had written it; B's was written.
    await redefine(served(a), stored({ a: text, b: text }));
    expect((await ask('GET', at('v1beta1', '/foo'))).json.spec).toEqual({ b: 'B' });
    await redefine(served({ a: withDefault('other'), b: text }), stored({ a: text, b: withDefault('more') }));
    expect((await ask('GET', at('v1beta1', '/foo'))).json.spec).toEqual({ b: 'B' });
    // An update of the status writes its defaults, and no others.
    const status = await ask('PATCH', at('v1beta1', '/foo/status'), { status: {} }, MERGE);
    expect([status.json.spec, status.json.status]).toEqual([{ b: 'B' }, { a: 'other', b: 'more' }]);
  });

  it('may be empty texts, and are written when an update that changes nothing finds new ones', async () => {
    await define('Cluster', version('v1', { n, a: withDefault('') }, { storage: true }));
    const made = await ask('POST', at('v1'), foo('v1', { spec: {} }));
    expect(made.json.spec).toEqual({ a: '' });
    await redefine(version('v1', { n, a: text, c: withDefault('C') }, { storage: true }));
    await ask('PUT', at('v1', '/foo'), made.json);
    await redefine(version('v1', { n, a: text, c: text }, { storage: true }));
    expect((await ask('GET', at('v1', '/foo'))).json.spec).toEqual({ a: '', c: 'C' });
  });

  it('may hold metadata that is not: it goes when they are used', async () => {
    const embedded = object({ kept: text }, { 'x-kubernetes-embedded-resource': true });
    const value = { apiVersion: 'v1', kind: 'Bar', metadata: { name: 'bar', unknown: 1 } };
    await define('Cluster', version('v1', { n, inner: { ...embedded, default: value } }, { storage: true }));
    const { json } = await ask('POST', at('v1'), foo('v1', { spec: {} }));
    expect(json.spec).toEqual({ inner: { ...value, metadata: { name: 'bar' } } });
  });
});

describe('an object', () => {
  it('loses nulls that may not be and have no default, and fields of objects without any', async () => {
    const properties = { n, a: text, b: { ...text, nullable: true }, c: withDefault('C'), closed: { type: 'object' } };
    await define('Cluster', version('v1', properties, { storage: true }));
    const spec = { a: null, b: null, c: null, closed: { x: 1 } };
    const { json, warnings } = await ask('POST', at('v1'), foo('v1', { spec }));
    expect(json.spec).toEqual({ b: null, c: 'C', closed: {} });
    expect(warnings).toContain('unknown field \\"spec.closed.x\\"');
  });

  it('has embedded objects whose names could stand in a path', async () => {
    const inner = object({}, { 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true });
    await define('Cluster', version('v1', { n, inner }, { storage: true }));
    const metadata = { name: '..', generateName: 'a/', namespace: 'A' };
    const { json } = await ask(
      'POST',
      at('v1'),
      foo('v1', { spec: { inner: { apiVersion: 'v1', kind: 'X', metadata } } }),
    );
    expect(json.message).toContain(`spec.inner.metadata.name: Invalid value: "..": may not be '..'`);
    expect(json.message).toContain(`spec.inner.metadata.generateName: Invalid value: "a/": may not contain '/'`);
    expect(json.message).toContain('spec.inner.metadata.namespace: Invalid value: "A": a lowercase RFC 1123 label');
  });

  it('is found, below it too, only in the scope that it has', async () => {
    await define('Cluster', version('v1', { n }, { storage: true }));
    await ask('POST', at('v1'), foo('v1'));
    const other = '/apis/tests.example.com/v1/namespaces/default/foos';
    for (const path of [`${other}/foo`, `${other}/foo/status`, `${other}/foo/scale`]) {
      for (const method of ['GET', 'PUT', 'DELETE']) expect((await ask(method, path, foo('v1'))).code).toBe(404);
    }
    const strategic = { 'content-type': 'application/strategic-merge-patch+json' };
    for (const rest of ['/foo', '/foo/status', '/foo/scale']) {
      expect((await ask('PATCH', at('v1', rest), { spec: {} }, strategic)).code).toBe(415);
    }
  });
});

describe('an update', () => {
  const named = object({ name: text, v: n }, { required: ['name'] });
  const list = { type: 'array', items: named, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] };

  it('may leave in another order what is too much by a newer rule', async () => {
    await define('Cluster', version('v1', { n, list }, { storage: true }));
    const items = [{ name: 'a', v: 1 }, { name: 'b' }];
    const made = await ask('POST', at('v1'), foo('v1', { spec: { list: items } }));
    await redefine(version('v1', { n, list: { ...list, maxItems: 1 } }, { storage: true }));
    const turned = await ask('PUT', at('v1', '/foo'), { ...made.json, spec: { list: items.toReversed() } });
    expect([turned.code, turned.json.spec]).toEqual([200, { list: items.toReversed() }]);
    const changed = await ask(
      'PATCH',
      at('v1', '/foo'),
      { spec: { list: [{ name: 'a', v: 2 }, { name: 'b' }] } },
      MERGE,
    );
    expect(changed.json.message).toContain('spec.list: Too many: 2: must have at most 1 item');
  });

  it('is held to what the definition demands of apiVersion, in the version that is asked', async () => {
    const apiVersion = { ...text, pattern: '^tests.example.com/v1$' };
    const schema = { openAPIV3Schema: object({ apiVersion, spec: object({ n }) }, { required: ['apiVersion'] }) };
    await define('Cluster', version('v1', { n }), version('v2', { n }, { storage: true }));
    await ask('POST', at('v1'), foo('v1'));
    await redefine(version('v1', { n }, { schema }), version('v2', { n }, { storage: true, schema }));
    expect((await ask('PATCH', at('v1', '/foo'), { spec: { n: 1 } }, MERGE)).code).toBe(200);
    for (const spec of [{ n: 1 }, { n: 2 }]) {
      const { json } = await ask('PATCH', at('v2', '/foo'), { spec }, MERGE);
      expect(json.message).toContain('apiVersion: Invalid value: "tests.example.com/v2"');
    }
    const { json } = await ask('GET', '/openapi/v3/apis/tests.example.com/v1');
    expect(JSON.stringify(json)).not.toContain('^tests.example.com/v1$');
  });
});

describe('a definition', () => {
  it('names the newest version that is not deprecated to those who use one that is', async () => {
    const old = { deprecated: true };
    await define(
      'Cluster',
      version('v1', { n }, { storage: true, ...old }),
      version('v1alpha1', { n }, old),
      version('v2beta1', { n }),
      version('v2beta3', { n }),
    );
    expect((await ask('GET', at('v1alpha1'))).warnings).toContain(
      'tests.example.com/v1alpha1 Foo is deprecated; use tests.example.com/v2beta3 Foo',
    );
    expect((await ask('GET', at('v1'))).warnings).toMatch(/v1 Foo is deprecated"$/);
  });

  it('may call fields as the language calls its words, and rules may do so too', async () => {
    const of = (...rules: string[]) => ({
      ...object({ if: n, namespace: n, true: n }),
      'x-kubernetes-validations': rules.map((rule) => ({ rule })),
    });
    await define(
      'Cluster',
      version('v1', { n, o: of('self.if > 0 || self.__if__ > 1', 'self.__true__ < 5') }, { storage: true }),
    );
    const wrong = await ask('POST', at('v1'), foo('v1', { spec: { o: { if: 0, true: 7 } } }));
    expect(wrong.json.message).toContain('failed rule: self.if > 0 || self.__if__ > 1');
    expect(wrong.json.message).toContain('failed rule: self.__true__ < 5');
    expect((await ask('POST', at('v1'), foo('v1', { spec: { o: { if: 1, true: 1 } } }))).code).toBe(201);
    const { json } = await ask(
      'PATCH',
      `${CRDS}/${NAME}`,
      { spec: { versions: [version('v1', { n, o: of('self.true > 0') }, { storage: true })] } },
      MERGE,
    );
    expect(json.message).toContain("1:6: Syntax error: mismatched input 'true' expecting IDENTIFIER");
  });

  it('has rules for which a null is no field, and embedded objects have what every object has', async () => {
    const rules = [
      '!has(self.o.nothing)',
      "self.o.inner.kind == 'X' && self.o.inner.metadata.name == 'x' && self.o.inner.apiVersion == 'v1'",
      'self.o.list[0] != self.o.list[1] && self.o.list[1] == self.o.list[2]',
      "url(self.o.url).getQuery() == {'a': ['b', 'c']} && url(self.o.url).getEscapedPath() == '/p'",
      "optional.ofNonZeroValue(duration('0s')) == optional.none() && duration('1h2m3s4ms').getMilliseconds() == 3723004",
    ];
    const open = { 'x-kubernetes-preserve-unknown-fields': true };
    const o = object({
      nothing: { ...text, nullable: true },
      inner: object({ v: n }, { 'x-kubernetes-embedded-resource': true }),
      list: { type: 'array', items: object({ known: n }, open) },
      url: text,
    });
    const spec = { ...object({ n, o }), 'x-kubernetes-validations': rules.map((rule) => ({ rule })) };
    const schema = { openAPIV3Schema: object({ spec }) };
    await define('Cluster', version('v1', {}, { storage: true, schema }));
    const value = {
      nothing: null,
      inner: { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' } },
      list: [
        { known: 1, other: 'a' },
        { known: 1, other: 'b' },
        { known: 1, other: 'b' },
      ],
      url: 'https://example.com/p?a=b&a=c#part',
    };
    const { code, json } = await ask('POST', at('v1'), foo('v1', { spec: { o: value } }));
    expect([code, json.message]).toEqual([201, undefined]);
  });

  it('has in the metadata of embedded objects only defaults that metadata may have', async () => {
    const labels = { type: 'object', additionalProperties: text, default: { a: 'x y' } };
    const metadata = object({ name: { ...text, default: 5 }, labels });
    const inner = object({ metadata, kind: withDefault('%') }, { 'x-kubernetes-embedded-resource': true });
    const spec = { group: 'tests.example.com', scope: 'Cluster', names: { plural: 'foos', kind: 'Foo' } };
    const head = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: NAME } };
    const versions = [version('v1', { n, inner }, { storage: true })];
    const { json } = await ask('POST', CRDS, { ...head, spec: { ...spec, versions } });
    for (const why of [
      'name].default: Invalid value: 5: must result in valid metadata: metadata: Invalid value: {"name":5}: json: cannot unmarshal number',
      'labels].default: Invalid value: {"a":"x y"}: must result in valid metadata: metadata.labels: Invalid value: "x y": a valid label',
      '[kind].default: Invalid value: "%": must result in valid metadata: kind: Invalid value: "%": may have mixed case',
    ])
      expect(json.message).toContain(why);
  });

  it('publishes its selectable fields', async () => {
    const selectableFields = [{ jsonPath: '.spec.b' }, { jsonPath: '.spec.a' }];
    await define('Cluster', version('v1', { n, a: text, b: text }, { storage: true, selectableFields }));
    const { json: v3 } = await ask('GET', '/openapi/v3/apis/tests.example.com/v1');
    const { json: v2 } = await ask('GET', '/openapi/v2');
    const fields = { 'x-kubernetes-selectable-fields': [{ fieldPath: 'spec.b' }, { fieldPath: 'spec.a' }] };
    const both = { 'com.example.tests.v1.Foo': fields, 'com.example.tests.v1.FooList': fields };
    expect(v3).toMatchObject({ components: { schemas: both } });
    expect(v2).toMatchObject({ definitions: both });
  });

  it('says in v1beta1 what all versions have alike once, above them', async () => {
    const additionalPrinterColumns = [{ name: 'A', type: 'string', jsonPath: '.spec.a' }];
    const conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'https://example.com/' }, conversionReviewVersions: ['v1'] },
    };
    const more = { additionalPrinterColumns, storage: true };
    await define('Cluster', version('v1', { n }, more), version('v2', { n, a: text }, { additionalPrinterColumns }));
    await ask('PATCH', `${CRDS}/${NAME}`, { spec: { conversion } }, MERGE);
    const path = `/apis/apiextensions.k8s.io/v1beta1/customresourcedefinitions/${NAME}`;
    const { json } = await ask('GET', path);
    expect(json.spec).toMatchObject({
      version: 'v1',
      subresources: { status: {} },
      additionalPrinterColumns: [{ name: 'A', type: 'string', JSONPath: '.spec.a' }],
      versions: [{ name: 'v1', schema: {} }, { name: 'v2' }],
      conversion: {
        strategy: 'Webhook',
        webhookClientConfig: { url: 'https://example.com/' },
        conversionReviewVersions: ['v1'],
      },
    });
    expect(Object.keys((json.spec as { versions: object[] }).versions[0]!)).not.toContain('subresources');
    expect((await ask('PUT', path, json)).code).toBe(200);
    const { spec } = (await ask('GET', `${CRDS}/${NAME}`)).json;
    expect(spec).toMatchObject({ conversion, versions: [more, { additionalPrinterColumns }] });
  });

  it('ends watches when it changes, so that clients come again to what it is now', async () => {
    await define('Cluster', version('v1', { n }, { storage: true }));
    await ask('POST', at('v1'), foo('v1'));
    const watching = server.client().watch(Foos, { resourceVersion: '0' });
    expect((await watching.next()).value).toMatchObject({ type: 'ADDED' });
    await redefine(version('v1', { n, a: text }, { storage: true }));
    expect((await watching.next()).done).toBe(true);
  });

  it('goes with its objects, also when the version in which they are stored is not served', async () => {
    await define('Cluster', version('v1beta1', { n }), version('v1beta2', { n }, STORED));
    await ask('POST', at('v1beta1'), foo('v1beta1'));
    await ask('DELETE', `${CRDS}/${NAME}`);
    await expect.poll(async () => (await ask('GET', `${CRDS}/${NAME}`)).code).toBe(404);
  });
});
