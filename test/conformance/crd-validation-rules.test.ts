// Upstream's entries on x-kubernetes-validations (test/e2e/apimachinery/crd_validation_rules.go).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, type Cluster, startCluster } from './api.ts';

let cluster: Cluster;
let api: Api;
beforeAll(async () => {
  cluster = await startCluster();
  api = cluster.api;
});
afterAll(() => cluster.close());

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
let count = 0;

/** A definition with rules on its spec, and how to make an object of it. */
function ruled(properties: object, ...rules: object[]): { crd: object; objects: string; object(spec: object): object } {
  const [plural, kind, group] = [`ruled${++count}s`, `Ruled${count}`, 'rules.example.com'];
  const spec = { type: 'object', properties, 'x-kubernetes-validations': rules };
  const openAPIV3Schema = { type: 'object', properties: { spec } };
  return {
    crd: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural, kind },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
      },
    },
    objects: `/apis/${group}/v1/namespaces/default/${plural}`,
    object: (values) => ({ apiVersion: `${group}/v1`, kind, metadata: { name: 'cr-1' }, spec: values }),
  };
}
const integers = { x: { type: 'integer' }, y: { type: 'integer' } };
const refusal = async (sent: Promise<unknown>): Promise<string> =>
  ((await api.failure(sent)) as { message: string }).message;

describe('CustomResourceValidationRules', () => {
  it('create of a custom resource that satisfies the rules, and of one that does not', async () => {
    const { crd, objects, object } = ruled(integers, { rule: 'self.x + self.y > 0' });
    await api.post(CRDS, crd);
    expect(await refusal(api.post(objects, object({ x: 0, y: 0 })))).toContain('failed rule: self.x + self.y > 0');
    await api.post(objects, object({ x: 1, y: 0 }));
  });

  it('create of a definition with a rule that refers to a property that does not exist', async () => {
    const { crd } = ruled(integers, { rule: 'self.z == 100' });
    expect(await refusal(api.post(CRDS, crd))).toContain("undefined field 'z'");
  });

  it('create of a definition with a rule that contains a syntax error', async () => {
    const { crd } = ruled(integers, { rule: 'self = 42' });
    expect(await refusal(api.post(CRDS, crd))).toContain('Syntax error');
  });

  it('create of a definition with a rule that exceeds the estimated cost limit', async () => {
    const x = { type: 'array', items: { type: 'array', items: { type: 'string' } } };
    const { crd } = ruled({ x }, { rule: 'self.x.all(a, a.all(b, b.all(c, true)))' });
    const nested = ruled({ x }, { rule: "self.x.all(a, a.all(b, b.contains('x')))" });
    expect(await refusal(api.post(CRDS, crd))).toContain('cannot be range of a comprehension');
    expect(await refusal(api.post(CRDS, nested.crd))).toContain('exceeds budget by factor of more than 100x');
  });

  it('create of a custom resource that exceeds the runtime cost limit', async () => {
    const x = { type: 'array', items: { type: 'integer' } };
    const rule =
      'self.x.map(i, i * 2).map(i, i * 2).map(i, i * 2).map(i, i * 2).map(i, i * 2).map(i, i * 2).size() > 0';
    const { crd, objects, object } = ruled({ x: { ...x, maxItems: 100_000 } }, { rule });
    await api.post(CRDS, crd);
    const list = Array.from({ length: 50_000 }, (_, i) => i);
    expect(await refusal(api.post(objects, object({ x: list })))).toContain('call cost exceeds limit');
  });

  it('update of a custom resource that does not satisfy a transition rule', async () => {
    const { crd, objects, object } = ruled(integers, { rule: 'self.x == oldSelf.x', message: 'x is immutable' });
    await api.post(CRDS, crd);
    await api.post(objects, object({ x: 1, y: 0 }));
    await api.patch(`${objects}/cr-1`, { spec: { y: 2 } });
    expect(await refusal(api.patch(`${objects}/cr-1`, { spec: { x: 2 } }))).toContain('x is immutable');
  });
});
