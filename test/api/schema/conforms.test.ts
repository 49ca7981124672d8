// The quick look agrees with the slow ones: what it takes has no problem, no null and no unknown field.
import { describe, expect, it } from 'vitest';
import { builtinSchemas } from '../../../src/api/schema/builtin.ts';
import { checkTypes } from '../../../src/api/schema/check-types.ts';
import { conforms } from '../../../src/api/schema/conforms.ts';
import { pruneUnknown } from '../../../src/api/schema/prune.ts';

const POD = { ref: 'io.k8s.api.core.v1.Pod' };
const pod = () => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', labels: { a: 'b' }, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    containers: [
      {
        name: 'c',
        ports: [{ containerPort: 80 }],
        resources: { limits: { cpu: 1, memory: '1Gi' } },
        livenessProbe: { httpGet: { path: '/', port: 'http' } },
      },
    ],
    terminationGracePeriodSeconds: 30,
    hostNetwork: false,
  },
});
type Path = readonly (string | number)[];

function changed(path: Path, value: unknown): object {
  const object = pod();
  let at = object as unknown as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) at = at[step] as typeof at;
  at[path.at(-1)!] = value;
  return object;
}

describe('a document', () => {
  const test = conforms(POD, builtinSchemas);
  it('that is right conforms', () => expect(test(pod())).toBe(true));

  it.each<[Path, unknown]>([
    [['metadata'], null],
    [['metadata', 'labels', 'a'], 1],
    [['metadata', 'creationTimestamp'], 'yesterday'],
    [['spec', 'containers'], {}],
    [['spec', 'containers', 0], null],
    [['spec', 'containers', 0, 'image'], null],
    [['spec', 'containers', 0, 'imagee'], 'x'],
    [['spec', 'containers', 0, 'ports', 0, 'containerPort'], 2 ** 31],
    [['spec', 'containers', 0, 'ports', 0, 'containerPort'], 1.5],
    [['spec', 'containers', 0, 'resources', 'limits', 'cpu'], '1x'],
    [['spec', 'containers', 0, 'livenessProbe', 'httpGet', 'port'], true],
    [['spec', 'hostNetwork'], 'no'],
    [['spec'], []],
  ])('with %j as %j does not', (path, value) => expect(test(changed(path, value))).toBe(false));

  it('is taken only where the slow ways find nothing', () => {
    // Every value of a pod, replaced by values of all types.
    const paths: Path[] = [];
    const walk = (value: unknown, path: Path): void => {
      if (path.length > 0) paths.push(path);
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value))
        walk(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    };
    walk(pod(), []);
    let taken = 0;
    for (const path of paths) {
      for (const value of ['text', '', '5', 7, -1, 2 ** 40, 0.5, true, null, {}, [], [null], { x: 1 }, { x: null }]) {
        const object = changed(path, value);
        if (!test(object)) continue;
        taken++;
        expect(checkTypes(object, POD, builtinSchemas, 'Pod')).toBeUndefined();
        expect(pruneUnknown(object, POD, builtinSchemas)).toEqual([]);
        expect(JSON.stringify(object)).not.toContain('null');
      }
    }
    expect(taken).toBeGreaterThan(paths.length);
  });
});
