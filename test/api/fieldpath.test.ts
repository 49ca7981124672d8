import { describe, expect, it } from 'vitest';
import { extractFieldPath, goQuote, podFieldValue } from '../../src/api/fieldpath.ts';

const pod = {
  metadata: { name: 'n', namespace: 'ns', uid: 'u', labels: { b: '2', a: 'x"y' }, annotations: { "it's": 'v' } },
  spec: { nodeName: 'node', serviceAccountName: 'sa' },
  status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], hostIP: '1.1.1.1' },
};

describe('field paths', () => {
  it.each([
    ['metadata.name', 'n'],
    ["metadata.labels['b']", '2'],
    ["metadata.labels['none']", ''],
    ["metadata.annotations['it's']", 'v'],
    ['metadata.labels', 'a="x\\"y"\nb="2"'],
    ['status.podIPs', '10.0.0.1,fd00::1'],
    ['spec.nodeName', 'node'],
  ])('%s', (path, value) => expect(podFieldValue(pod, path)).toBe(value));
  it('refuses what is not exposed', () => {
    expect(() => extractFieldPath(pod, 'spec.x')).toThrow('unsupported fieldPath: spec.x');
    expect(() => extractFieldPath(pod, "spec.x['a']")).toThrow(`fieldPath "spec.x['a']" does not support subscript`);
  });
  it('quotes as Go does', () => expect(goQuote('a\n"\u0001\\')).toBe('"a\\n\\"\\x01\\\\"'));
});
