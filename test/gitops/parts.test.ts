import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../../src/api/types.ts';
import { fingerprint, takeOver } from '../../src/gitops/apply/fields.ts';
import { formatId, idOf, parseId, stages, stale, union } from '../../src/gitops/apply/inventory.ts';
import { buildManifests } from '../../src/gitops/build/manifests.ts';
import { envsubst } from '../../src/gitops/build/envsubst.ts';
import { substitute } from '../../src/gitops/build/substitute.ts';
import { withCondition } from '../../src/gitops/conditions.ts';
import { resolveLinks } from '../../src/gitops/source/tree.ts';
import type { KustomizationSpec } from '../../src/gitops/types.ts';

const object = (kind: string, name: string, rest: object = {}): Unstructured => ({
  apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1',
  kind,
  metadata: { name, namespace: 'default' },
  ...rest,
});

describe('inventory', () => {
  it('writes ids as Flux does, and reads them back', () => {
    const id = idOf(object('Deployment', 'web'));
    expect(formatId(id)).toBe('default_web_apps_Deployment');
    for (const name of ['web', 'system:node:x', 'a.b-c']) {
      expect(parseId(formatId({ ...id, name })).name).toBe(name);
    }
    expect(formatId({ namespace: '', name: 'x', group: '', kind: 'Namespace' })).toBe('_x__Namespace');
    expect(parseId('_x__Namespace')).toEqual({ namespace: '', name: 'x', group: '', kind: 'Namespace' });
  });
  it('knows what is stale whatever its version', () => {
    const old = [
      { id: 'a', v: 'v1beta1' },
      { id: 'b', v: 'v1' },
    ];
    expect(stale(old, [{ id: 'a', v: 'v1' }])).toEqual([{ id: 'b', v: 'v1' }]);
    expect(union(old, [{ id: 'a', v: 'v1' }])).toEqual([
      { id: 'a', v: 'v1' },
      { id: 'b', v: 'v1' },
    ]);
  });
  it('puts what others need first', () => {
    const kinds = [
      'Deployment',
      'ValidatingWebhookConfiguration',
      'Widget',
      'ConfigMap',
      'Namespace',
      'CustomResourceDefinition',
    ];
    expect(stages(kinds, (k) => k).flat()).toEqual([
      'CustomResourceDefinition', 'Namespace', 'ConfigMap', 'Deployment', 'Widget', 'ValidatingWebhookConfiguration',
    ]); // prettier-ignore
  });
});

describe('fields', () => {
  it('do not see what controllers report', () => {
    const a = object('Deployment', 'web', { spec: { replicas: 1 }, status: { readyReplicas: 0 } });
    const b = { ...a, status: { readyReplicas: 1 }, metadata: { ...a.metadata, resourceVersion: '9', generation: 2 } };
    expect(fingerprint(a)).toBe(fingerprint(b));
    expect(fingerprint(a)).not.toBe(fingerprint({ ...a, spec: { replicas: 2 } }));
  });
  it('take over what was changed by hand, and leave controllers alone', () => {
    const entry = (manager: string, operation: string, fieldsV1: object, subresource?: string) => ({
      manager,
      operation,
      fieldsV1,
      ...(subresource ? { subresource } : {}),
    });
    const live = object('Deployment', 'web');
    live.metadata.managedFields = [
      entry('kustomize-controller', 'Apply', { 'f:spec': { 'f:replicas': {} } }),
      entry('kubectl-edit', 'Update', { 'f:spec': { 'f:paused': {} } }),
      entry('kube-controller-manager', 'Update', { 'f:status': {} }, 'status'),
    ];
    const taken = takeOver(live)!;
    expect(taken.map((e) => e.manager)).toEqual(['kustomize-controller', 'kube-controller-manager']);
    expect(taken[0]!.fieldsV1).toEqual({ 'f:spec': { 'f:replicas': {}, 'f:paused': {} } });
    live.metadata.managedFields = taken;
    expect(takeOver(live)).toBeUndefined();
  });
});

describe('build', () => {
  const spec: KustomizationSpec = { sourceRef: { kind: 'GitRepository', name: 'x' }, prune: true, interval: '1m' };
  const tree = (files: Record<string, string>) => ({
    revision: 'main@sha1:1',
    digest: '',
    subject: '',
    sizeBytes: 0,
    files: new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])),
  });
  const pod = (name: string) =>
    `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: c, image: "nginx:1"}]}\n`;

  it('takes every manifest of a plain folder, and nothing else', () => {
    const files = {
      'apps/a.yaml': pod('a'),
      'apps/sub/b.yml': pod('b'),
      'apps/values.yaml': 'replicas: 3\n',
      'other/c.yaml': pod('c'),
      'apps/notes.txt': 'x',
    };
    const built = buildManifests(tree(files), { ...spec, path: './apps' });
    expect(built.map((b) => [b.object.metadata.name, b.origin])).toEqual([
      ['a', 'apps/a.yaml'],
      ['b', 'apps/sub/b.yml'],
    ]);
  });
  it('lays its own settings over the folder’s', () => {
    const files = { 'kustomization.yaml': 'resources: [a.yaml]\nnamePrefix: x-\n', 'a.yaml': pod('a') };
    const [built] = buildManifests(tree(files), {
      ...spec,
      targetNamespace: 'prod',
      namePrefix: 'y-',
      images: [{ name: 'nginx', newTag: '2' }],
    });
    expect(built!.object.metadata).toEqual({ name: 'y-x-a', namespace: 'prod' });
    expect(built!.object['spec']).toMatchObject({ containers: [{ image: 'nginx:2' }] });
  });
  it('names a file that is broken', () => {
    expect(() => buildManifests(tree({ 'a.yaml': 'apiVersion: v1\nkind: Pod\n  x: y: z\n' }), spec)).toThrow(
      /'a\.yaml': MalformedYAMLError: yaml: line 3: /,
    );
  });
  it('stays inside of the repository', () => {
    expect(() => buildManifests(tree({ 'a.yaml': pod('a') }), { ...spec, path: '../..' })).toThrow(
      /outside of the repository/,
    );
    expect(() => buildManifests(tree({ 'a.yaml': pod('a') }), { ...spec, path: './gone' })).toThrow(/path not found/);
    expect(resolveLinks(new Map(), new Map([['a', '../../etc/passwd']])).size).toBe(0);
  });
  it('knows the shell’s forms of variables', () => {
    const variables = new Map([['a', 'one'], ['path', '/x/y/file.tar.gz'], ['empty', '']]); // prettier-ignore
    const cases: [string, string][] = [
      ['${a}-${gone}', 'one-'],
      ['${gone:-d} ${gone:=d} ${empty:-d} ${a:-d} ${gone=d}', 'd d d one d'],
      ['${gone:-${also:-${a}}}', 'one'],
      ['$${a} $a ${#a}', '${a} $a 3'],
      ['${a^} ${a^^} ${a,,}', 'One ONE one'],
      ['${a:1} ${a:0:2} ${a:-2}', 'ne on one'],
      ['${a/n/N} ${path//\\//.} ${a/#o/O} ${a/%e/E}', 'oNe .x.y.file.tar.gz One onE'],
      ['${path##*/} ${path%%.*} ${path%.*} ${path#*/}', 'file.tar.gz /x/y/file /x/y/file.tar x/y/file.tar.gz'],
    ];
    for (const [text, expected] of cases) expect(envsubst(text, variables), text).toBe(expected);
    expect(() => envsubst('${a', variables)).toThrow('missing closing brace');
    expect(() => envsubst('${1}', variables)).toThrow('unable to parse variable name');
  });
  it('puts variables in', () => {
    const built = [
      {
        origin: 'a',
        object: object('ConfigMap', '${name}', {
          data: { a: '${n}', b: '${gone:-else}', c: '$${kept}', d: 'x-${n}' },
          replicas: '${n}',
        }),
      },
    ];
    const [first] = substitute(built, { name: 'web', n: '3' });
    const result = first!.object;
    expect(result.metadata.name).toBe('web');
    expect(result['data']).toEqual({ a: 3, b: 'else', c: '${kept}', d: 'x-3' });
    expect(result['replicas']).toBe(3);
  });
});

describe('conditions', () => {
  it('keep their time while their status stays', () => {
    const one = withCondition([], { type: 'Ready', status: 'True', reason: 'A', message: 'a' }, 1_000_000);
    const two = withCondition(one, { type: 'Ready', status: 'True', reason: 'B', message: 'b' }, 9_000_000);
    expect(two[0]).toMatchObject({ reason: 'B', lastTransitionTime: one[0]!.lastTransitionTime });
    const three = withCondition(two, { type: 'Ready', status: 'False', reason: 'C', message: 'c' }, 9_000_000);
    expect(three[0]!.lastTransitionTime).not.toBe(one[0]!.lastTransitionTime);
  });
});
