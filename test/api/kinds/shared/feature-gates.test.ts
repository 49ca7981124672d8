// What is forgotten on write since its feature is off in 1.34, and what is kept since it was there before.
import { describe, expect, it } from 'vitest';
import type { AnyKind } from '../../../../src/api/kind.ts';
import deployment from '../../../../src/api/kinds/apps/deployment.ts';
import statefulset from '../../../../src/api/kinds/apps/statefulset.ts';
import hpa from '../../../../src/api/kinds/autoscaling/horizontalpodautoscaler.ts';
import cronjob from '../../../../src/api/kinds/batch/cronjob.ts';
import lease from '../../../../src/api/kinds/coordination/lease.ts';
import pod from '../../../../src/api/kinds/core/pod.ts';
import deviceclass from '../../../../src/api/kinds/resource/deviceclass.ts';
import claim from '../../../../src/api/kinds/resource/resourceclaim.ts';
import slice from '../../../../src/api/kinds/resource/resourceslice.ts';
import csidriver from '../../../../src/api/kinds/storage/csidriver.ts';
import attachment from '../../../../src/api/kinds/storage/volumeattachment.ts';
import { dropper } from '../../../../src/api/kinds/shared/feature-gates.ts';
import { dropPodSpec } from '../../../../src/api/kinds/shared/pod-disabled.ts';
import type { PodSpec } from '../../../../src/api/kinds/shared/pod-types.ts';
import type { KubeObject, Unstructured } from '../../../../src/api/types.ts';
import { create, update } from '../lifecycle.ts';

/** What is left of a spec. */
function left(spec: object, old?: object): object {
  const draft = structuredClone(spec) as PodSpec;
  dropPodSpec(draft, old as PodSpec | undefined);
  return draft;
}

const containers = (extra: object) => ({ containers: [{ name: 'a', ...extra }] });
const source = (extra: object) => ({ volumes: [{ name: 'v', projected: { sources: [extra] } }] });
const env = (valueFrom: object) => containers({ env: [{ name: 'E', valueFrom }] });
const file = { fileKeyRef: { volumeName: 'v', path: 'p', key: 'k' } };

describe('a pod', () => {
  it.each<[string, object, object]>([
    ['hostnameOverride', { hostnameOverride: 'h', hostname: 'a' }, { hostname: 'a' }],
    ['fileKeyRef', env(file), env({})],
    [
      'restart rules',
      {
        ...containers({ restartPolicy: 'Always', restartPolicyRules: [{ action: 'Restart' }] }),
        initContainers: [
          { name: 'b', restartPolicy: 'Always' },
          { name: 'c', restartPolicy: 'Never' },
        ],
        ephemeralContainers: [{ name: 'd', restartPolicy: 'Never' }],
      },
      {
        ...containers({}),
        initContainers: [{ name: 'b', restartPolicy: 'Always' }, { name: 'c' }],
        ephemeralContainers: [{ name: 'd' }],
      },
    ],
    ['the only part of a lifecycle', containers({ lifecycle: { stopSignal: 'SIGINT' } }), containers({})],
    [
      'one part of a lifecycle',
      containers({ lifecycle: { stopSignal: 'SIGINT', preStop: { sleep: { seconds: 1 } } } }),
      containers({ lifecycle: { preStop: { sleep: { seconds: 1 } } } }),
    ],
    ['trust bundles', source({ clusterTrustBundle: { path: 'p' } }), source({})],
    ['pod certificates', source({ podCertificate: { signerName: 's' } }), source({})],
    [
      'volumes of images, with their mounts',
      {
        ...containers({ volumeMounts: [{ name: 'i', mountPath: '/i' }] }),
        volumes: [{ name: 'i', image: { reference: 'r' } }],
      },
      containers({}),
    ],
    [
      'volumes of images beside others',
      {
        initContainers: [
          {
            name: 'a',
            volumeMounts: [
              { name: 'i', mountPath: '/i' },
              { name: 'e', mountPath: '/e' },
            ],
          },
        ],
        volumes: [
          { name: 'i', image: { reference: 'r' } },
          { name: 'e', emptyDir: {} },
        ],
      },
      {
        initContainers: [{ name: 'a', volumeMounts: [{ name: 'e', mountPath: '/e' }] }],
        volumes: [{ name: 'e', emptyDir: {} }],
      },
    ],
  ])('loses %s, and keeps what it had', (_what, spec, expected) => {
    expect(left(spec)).toEqual(expected);
    expect(left(spec, containers({}))).toEqual(expected);
    expect(left(spec, spec)).toEqual(spec);
  });

  it('that uses one feature gets no other by it', () => {
    const both = { hostnameOverride: 'h', ...env(file) };
    expect(left(both, { hostnameOverride: 'x' })).toEqual({ hostnameOverride: 'h', ...env({}) });
  });

  it('keeps an init container that always restarts, which is no use of restart rules', () => {
    const sidecar = { initContainers: [{ name: 'b', restartPolicy: 'Always' }] };
    expect(left(containers({ restartPolicy: 'Never' }), sidecar)).toEqual(containers({}));
  });

  it('is not told of resources it has no right to', () => {
    const old = create(pod, { metadata: { name: 'p' }, spec: containers({ image: 'i' }) }).object;
    const draft = structuredClone(old);
    draft['status'] = {
      extendedResourceClaimStatus: { resourceClaimName: 'c' },
      containerStatuses: [{ name: 'a', allocatedResourcesStatus: [{ name: 'x' }] }],
    };
    pod.prepareStatus!(draft as never, old as never, '');
    expect(draft['status']).toEqual({ containerStatuses: [{ name: 'a' }], qosClass: 'BestEffort' });
  });
});

const template = { metadata: { labels: { a: 'b' } }, spec: { ...containers({ image: 'i' }), hostnameOverride: 'h' } };
const workload = { selector: { matchLabels: { a: 'b' } }, template };
const device = (extra: object) => ({
  driver: 'a.b',
  pool: { name: 'p', resourceSliceCount: 1 },
  allNodes: true,
  devices: [{ name: 'd', ...extra }],
});
const exactly = (extra: object) => ({
  devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c', ...extra } }] },
});

it.each<[AnyKind, object, string]>([
  [deployment, workload, 'template.spec.hostnameOverride'],
  [statefulset, workload, 'template.spec.hostnameOverride'],
  [
    statefulset,
    { ...workload, updateStrategy: { rollingUpdate: { maxUnavailable: 2 } } },
    'updateStrategy.rollingUpdate.maxUnavailable',
  ],
  [
    cronjob,
    { schedule: '@daily', jobTemplate: { spec: { template } } },
    'jobTemplate.spec.template.spec.hostnameOverride',
  ],
  [
    hpa,
    { maxReplicas: 1, scaleTargetRef: {}, behavior: { scaleDown: { tolerance: '1' } } },
    'behavior.scaleDown.tolerance',
  ],
  [lease, { strategy: 'OldestEmulationVersion' }, 'strategy'],
  [lease, { preferredHolder: 'h' }, 'preferredHolder'],
  [csidriver, { nodeAllocatableUpdatePeriodSeconds: 10 }, 'nodeAllocatableUpdatePeriodSeconds'],
  [deviceclass, { extendedResourceName: 'a/b' }, 'extendedResourceName'],
  [claim, exactly({ capacity: { requests: { a: '1' } } }), 'devices.requests.0.exactly.capacity'],
  [slice, device({ taints: [{ key: 'k' }] }), 'devices.0.taints'],
  [slice, device({ consumesCounters: [{}] }), 'devices.0.consumesCounters'],
  [slice, device({ bindsToNode: true }), 'devices.0.bindsToNode'],
  [slice, device({ capacity: { c: { value: '1', requestPolicy: {} } } }), 'devices.0.capacity.c.requestPolicy'],
])('a $kind loses what is off', (kind, spec, path) => {
  const document = { metadata: { name: 'x' }, spec };
  const at = (object: unknown): unknown =>
    path.split('.').reduce((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
  const made = create(kind, document).object;
  expect(at(made['spec'])).toBeUndefined();
  expect(at(update(kind, made, document).object['spec'])).toBeUndefined();
  const before = { ...made, spec } as KubeObject;
  expect(at(update(kind, before, document).object['spec'])).toEqual(at(spec));
});

it('errors of an attachment have no code, each by itself', () => {
  const status = { attachError: { message: 'a', errorCode: 1 }, detachError: { message: 'd', errorCode: 2 } };
  const draft = { metadata: {}, status: structuredClone(status) } as unknown as Unstructured;
  attachment.prepareStatus!(draft as never, { status: { detachError: { errorCode: 3 } } } as never, '');
  expect(draft['status']).toEqual({ attachError: { message: 'a' }, detachError: status.detachError });
});

it('what was said of a device goes with its allocation', () => {
  const one = { driver: 'a', pool: 'p', device: '1' };
  const other = { ...one, device: '2' };
  const draft = { metadata: {}, status: { devices: [one, other] } } as unknown as Unstructured;
  const old = { status: { allocation: { devices: { results: [one] } } } };
  claim.prepareStatus!(draft as never, old as never, '');
  expect(draft['status']).toEqual({ devices: [other] });
});

it('leaves alone what has none of the fields, and what is nothing', () => {
  const drop = dropper([{ gate: 'G', stage: 'alpha', fields: ['a.b[*].c'] }]);
  const frozen = Object.freeze({ a: Object.freeze({ b: null }) });
  drop(frozen);
  drop(undefined, frozen);
  expect(frozen).toEqual({ a: { b: null } });
});
