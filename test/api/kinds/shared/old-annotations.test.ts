// Annotations of the alpha and beta years: they count where the manifest has nothing newer, and only when they say
// something.
import { describe, expect, it } from 'vitest';
import type { AnyKind } from '../../../../src/api/kind.ts';
import deployment from '../../../../src/api/kinds/apps/deployment.ts';
import cronJob from '../../../../src/api/kinds/batch/cronjob.ts';
import pod from '../../../../src/api/kinds/core/pod.ts';
import service from '../../../../src/api/kinds/core/service.ts';
import { decode } from '../lifecycle.ts';

const affinity = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }],
    },
  },
};
const toleration = { key: 'dedicated', operator: 'Equal', value: 'x', effect: 'NoSchedule' };
const container = { name: 'c', image: 'i' };

function podSpec(annotations: Record<string, string>, spec: object = {}): Record<string, unknown> {
  const draft = decode(pod as AnyKind, {
    metadata: { name: 'a', namespace: 'b', annotations },
    spec: { containers: [container], ...spec },
  });
  return draft['spec'] as Record<string, unknown>;
}

describe('of pods', () => {
  it.each([
    ['scheduler.alpha.kubernetes.io/affinity', JSON.stringify(affinity), 'affinity', affinity],
    ['scheduler.alpha.kubernetes.io/tolerations', JSON.stringify([toleration]), 'tolerations', [toleration]],
    ['pod.beta.kubernetes.io/hostname', 'web-0', 'hostname', 'web-0'],
    ['pod.beta.kubernetes.io/subdomain', 'web', 'subdomain', 'web'],
  ])('%s', (annotation, text, field, value) => {
    expect(podSpec({ [annotation]: text })[field]).toEqual(value);
  });

  it.each(['pod.beta.kubernetes.io/init-containers', 'pod.alpha.kubernetes.io/init-containers'])(
    '%s, with defaults and without what is unknown',
    (annotation) => {
      const text = JSON.stringify([{ ...container, command: ['true'], nonsense: 1 }]);
      const { initContainers } = podSpec({ [annotation]: text });
      expect(initContainers).toMatchObject([{ name: 'c', command: ['true'], terminationMessagePolicy: 'File' }]);
      expect(initContainers).not.toMatchObject([{ nonsense: 1 }]);
    },
  );

  it('do not count beside the field', () => {
    const text = JSON.stringify([toleration]);
    const own = [{ key: 'mine', operator: 'Exists' }];
    const annotations = { 'scheduler.alpha.kubernetes.io/tolerations': text };
    expect(podSpec(annotations, { tolerations: own })['tolerations']).toEqual(own);
  });

  it.each(['', 'no json', 'null', '"text"', '[]', '{"nodeAffinity":5}', '{"__proto__":{"x":1}}'])(
    'do nothing when they say %j',
    (text) => {
      const found = podSpec({ 'scheduler.alpha.kubernetes.io/affinity': text })['affinity'] ?? {};
      expect(found).toEqual({});
      expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
    },
  );
});

describe('of templates', () => {
  const annotations = { 'scheduler.alpha.kubernetes.io/affinity': JSON.stringify(affinity) };
  const template = { metadata: { annotations, labels: { a: 'b' } }, spec: { containers: [container] } };

  it('count in workloads, old versions too', () => {
    for (const [group, version] of [
      ['apps', 'v1'],
      ['extensions', 'v1beta1'],
    ] as const) {
      const draft = decode(deployment as AnyKind, { metadata: { name: 'a' }, spec: { template } }, group, version);
      expect(draft).toMatchObject({ spec: { template: { spec: { affinity } } } });
    }
  });

  it('count in what makes jobs', () => {
    const spec = { schedule: '* * * * *', jobTemplate: { spec: { template } } };
    const draft = decode(cronJob as AnyKind, { metadata: { name: 'a' }, spec });
    expect(draft).toMatchObject({ spec: { jobTemplate: { spec: { template: { spec: { affinity } } } } } });
  });
});

it('a service may tolerate endpoints that are not ready', () => {
  const annotations = { 'service.alpha.kubernetes.io/tolerate-unready-endpoints': 'true' };
  const publishes = (given: object) => decode(service as AnyKind, { metadata: { name: 'a' }, ...given })['spec'];
  expect(publishes({ metadata: { name: 'a', annotations }, spec: {} })).toMatchObject({
    publishNotReadyAddresses: true,
  });
  const spec = { publishNotReadyAddresses: false };
  expect(publishes({ metadata: { name: 'a', annotations }, spec })).toMatchObject(spec);
  expect(publishes({ spec: {} })).not.toHaveProperty('publishNotReadyAddresses');
});
