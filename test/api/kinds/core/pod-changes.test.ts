// What may change in a pod that exists: by update, in its status, by the subresources; and the warnings.
import { describe, expect, it } from 'vitest';
import pod from '../../../../src/api/kinds/core/pod.ts';
import type { Unstructured } from '../../../../src/api/types.ts';
import { create, update, updateOf, warningsOf } from '../lifecycle.ts';
import { container, podOf } from './pod-document.ts';

const made = (spec: object = {}, metadata: object = {}): Unstructured => create(pod, podOf(spec, metadata)).object;
const changed = (before: object, after: object): string[] => update(pod, made(before), podOf(after)).errors;
const MAY =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
const toleration = { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 };
const nodes = (...matchExpressions: object[]) => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
  },
});
const zone = { key: 'z', operator: 'Exists' };
const gate = { schedulingGates: [{ name: 'g' }] };

describe('an update', () => {
  it.each<[object, object, string[]]>([
    [{}, { containers: [container({ image: 'j:2' })] }, []],
    [
      {},
      { containers: [container({ image: ' j' })] },
      [
        'spec.containers[0].image: Invalid value: " j": must not have leading or trailing whitespace',
        'spec.containers[0].image: Invalid value: " j": must not have leading or trailing whitespace',
      ],
    ],
    [
      {},
      { containers: [container({ image: 'j' })] },
      [
        `spec: Forbidden: ${MAY}\n- spec.containers[0].imagePullPolicy: "IfNotPresent"\n+ spec.containers[0].imagePullPolicy: "Always"\n`,
      ],
    ],
    [
      {},
      { containers: [container(), container({ name: 'd' })] },
      ['spec.containers: Forbidden: pod updates may not add or remove containers'],
    ],
    [
      {},
      { initContainers: [container({ name: 'd' })] },
      ['spec.initContainers: Forbidden: pod updates may not add or remove containers'],
    ],
    [{}, { activeDeadlineSeconds: 5 }, []],
    [{ activeDeadlineSeconds: 5 }, { activeDeadlineSeconds: 4 }, []],
    [
      { activeDeadlineSeconds: 5 },
      { activeDeadlineSeconds: 6 },
      ['spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value'],
    ],
    [
      { activeDeadlineSeconds: 5 },
      {},
      ['spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value'],
    ],
    [{}, { tolerations: [toleration] }, []],
    [{ tolerations: [toleration] }, { tolerations: [{ ...toleration, tolerationSeconds: 9 }] }, []],
    [
      { tolerations: [toleration] },
      {},
      ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds'],
    ],
    [{ terminationGracePeriodSeconds: -1 }, { terminationGracePeriodSeconds: 1 }, []],
    [
      {},
      { terminationGracePeriodSeconds: 1 },
      [`spec: Forbidden: ${MAY}\n- spec.terminationGracePeriodSeconds: 30\n+ spec.terminationGracePeriodSeconds: 1\n`],
    ],
    [gate, {}, []],
    [
      {},
      gate,
      [`spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'`],
    ],
    [gate, { ...gate, nodeSelector: { a: 'b' } }, []],
    [
      { ...gate, nodeSelector: { a: 'b' } },
      { ...gate, nodeSelector: { a: 'c' } },
      [
        'spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
      ],
    ],
    [gate, { ...gate, ...nodes(zone) }, []],
    [{ ...gate, ...nodes(zone) }, { ...gate, ...nodes(zone, { key: 'y', operator: 'Exists' }) }, []],
    [
      { ...gate, ...nodes(zone) },
      { ...gate, ...nodes({ key: 'y', operator: 'Exists' }) },
      [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]: Invalid value: {"MatchExpressions":[{"Key":"y","Operator":"Exists","Values":null}],"MatchFields":null}: only additions are allowed (no mutations or deletions)',
      ],
    ],
    [
      { ...gate, ...nodes(zone) },
      gate,
      [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Invalid value: null: no additions/deletions to non-empty NodeSelectorTerms list are allowed',
      ],
    ],
  ])('from %j to %j', (before, after, expected) => expect(changed(before, after)).toEqual(expected));

  it('keeps annotations that are a promise', () => {
    const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } };
    const spec = { nodeName: 'n' };
    expect(update(pod, made(spec, mirror), podOf(spec)).errors).toEqual([
      'metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not remove or update mirror pod annotation',
    ]);
    expect(update(pod, made(spec), podOf(spec, mirror)).errors).toEqual([
      'metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation',
    ]);
    const armor = { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } };
    expect(update(pod, made({}), podOf({}, armor)).errors).toEqual([
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Forbidden: may not add AppArmor annotations',
    ]);
  });
});

describe('labels of a pod in its own selectors', () => {
  it('are merged when it is made', () => {
    const term = {
      topologyKey: 'z',
      labelSelector: { matchLabels: { a: 'b' } },
      matchLabelKeys: ['v', 'none'],
      mismatchLabelKeys: ['t'],
    };
    const constraint = {
      maxSkew: 1,
      topologyKey: 'z',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: {},
      matchLabelKeys: ['v'],
    };
    const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
    const { object, errors } = create(
      pod,
      podOf({ affinity, topologySpreadConstraints: [constraint] }, { labels: { v: '1', t: '2' } }),
    );
    expect(errors).toEqual([]);
    expect(object['spec']).toMatchObject({
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              labelSelector: {
                matchExpressions: [
                  { key: 'v', operator: 'In', values: ['1'] },
                  { key: 't', operator: 'NotIn', values: ['2'] },
                ],
              },
            },
          ],
        },
      },
      topologySpreadConstraints: [
        { labelSelector: { matchExpressions: [{ key: 'v', operator: 'In', values: ['1'] }] } },
      ],
    });
    const twice = { ...constraint, labelSelector: { matchLabels: { v: '1' } } };
    expect(create(pod, podOf({ topologySpreadConstraints: [twice] }, { labels: { v: '1' } })).errors).toEqual([
      'spec.topologySpreadConstraints[0].matchLabelKeys[0]: Invalid value: "v": exists in both matchLabelKeys and labelSelector',
    ]);
  });
});

describe('status', () => {
  const ended = { name: 'c', state: { terminated: { exitCode: 0 } } };
  const running = { name: 'c', state: { running: {} } };
  const status = (before: object, after: object, spec: object = {}): string[] => {
    const old = made(spec);
    return updateOf(pod, 'status', { ...old, status: before } as Unstructured, { ...old, status: after });
  };
  it.each<[object, object, object, string[]]>([
    [
      { containerStatuses: [ended] },
      { containerStatuses: [running] },
      { restartPolicy: 'Never' },
      ['status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state'],
    ],
    [{ containerStatuses: [ended] }, { containerStatuses: [running] }, {}, []],
    [
      {},
      { conditions: [{ type: 'a b' }] },
      {},
      [expect.stringMatching(/^metadata\.conditions\[0\]\.Type: Invalid value: "a b"/)] as unknown as string[],
    ],
    [
      { qosClass: 'Burstable' },
      { qosClass: 'Guaranteed' },
      {},
      ['status.qosClass: Invalid value: "Guaranteed": field is immutable'],
    ],
    [
      {},
      { podIPs: [{ ip: 'x' }] },
      {},
      ['status.podIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ],
    [{}, { podIPs: [{ ip: '1.1.1.1' }, { ip: '::1' }] }, {}, []],
    [
      {},
      { podIPs: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }] },
      {},
      [
        'status.podIPs: Invalid value: [{"IP":"1.1.1.1"},{"IP":"1.1.1.1"}]: may specify no more than one IP for each IP family',
        'status.podIPs[1]: Duplicate value: {"IP":"1.1.1.1"}',
      ],
    ],
    [
      {},
      { hostIP: '1.1.1.2', hostIPs: [{ ip: '1.1.1.1' }] },
      {},
      ['status.hostIPs[0].ip: Invalid value: "1.1.1.1": must be equal to `hostIP`'],
    ],
    [
      {},
      { resourceClaimStatuses: [{ name: 'x' }] },
      {},
      [
        'status.resourceClaimStatuses[0].name: Invalid value: "x": must match the name of an entry in `spec.resourceClaims`',
      ],
    ],
    [
      {},
      { containerStatuses: [{ name: 'c', user: { linux: { uid: -1, gid: 0 } } }] },
      {},
      ['status.containerStatuses[0].linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive'],
    ],
    [
      {},
      {
        containerStatuses: [
          { name: 'c', allocatedResourcesStatus: [{ name: 'a/b', resources: [{ resourceID: 'x', health: 'Ill' }] }] },
        ],
      },
      {},
      [
        `status.containerStatuses[0].allocatedResourcesStatus[0].name: Invalid value: "a/b": must match one of the container's resource requests`,
        'status.containerStatuses[0].allocatedResourcesStatus[0].resources[0].health: Unsupported value: "Ill": supported values: "Healthy", "Unhealthy", "Unknown"',
      ],
    ],
  ])('from %j to %j', (before, after, spec, expected) => expect(status(before, after, spec)).toEqual(expected));
});

describe('ephemeral containers', () => {
  const first = container({ name: 'e' });
  const withThem = (...list: object[]) => {
    const object = made();
    return { ...object, spec: { ...(object['spec'] as object), ephemeralContainers: list } } as Unstructured;
  };
  it('are added, never changed', () => {
    expect(updateOf(pod, 'ephemeralcontainers', withThem(), withThem(first))).toEqual([]);
    expect(updateOf(pod, 'ephemeralcontainers', withThem(first), withThem())).toEqual([
      'spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be removed\n',
    ]);
    expect(updateOf(pod, 'ephemeralcontainers', withThem(first), withThem({ ...first, image: 'x' }))[0]).toContain(
      'existing ephemeral containers "e" may not be changed',
    );
  });
});

describe('resize', () => {
  const withResources = (resources: object, extra: object = {}) =>
    made({ containers: [container({ resources, ...extra })] });
  const both = (cpu: string, memory = '1Gi') => ({ requests: { cpu, memory }, limits: { cpu: '4', memory: '4Gi' } });
  it.each<[object, object, string[]]>([
    [both('1'), both('2'), []],
    [both('1', '2Gi'), both('1', '1Gi'), []],
    [both('1'), { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '4', memory: '2Gi' } }, []],
    [
      both('1'),
      { requests: { cpu: '1' }, limits: { cpu: '4' } },
      [
        'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
        'spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
      ],
    ],
    [
      both('1'),
      both('4', '4Gi'),
      ['spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing'],
    ],
    [
      both('1'),
      { ...both('1'), limits: { cpu: '4', memory: '4Gi', 'ephemeral-storage': '1Gi' } },
      ['spec: Forbidden: only cpu and memory resources are mutable'],
    ],
  ])('from %j to %j', (before, after, expected) => {
    expect(
      updateOf(pod, 'resize', withResources(before), { ...withResources(after), status: { qosClass: 'Burstable' } }),
    ).toEqual(expected);
  });

  it('is not for every pod', () => {
    const mirror = made({ nodeName: 'n' }, { annotations: { 'kubernetes.io/config.mirror': 'x' } });
    expect(updateOf(pod, 'resize', mirror, mirror)).toEqual(['[]: Forbidden: static pods cannot be resized']);
    const windows = made({ os: { name: 'windows' } });
    expect(updateOf(pod, 'resize', windows, windows)).toEqual(['[]: Forbidden: windows pods cannot be resized']);
    const whole = made({ resources: { requests: { cpu: '1' } } });
    expect(updateOf(pod, 'resize', whole, whole)).toEqual([
      '[]: Forbidden: pods with pod-level resources cannot be resized',
    ]);
    const old = { ...made(), status: { containerStatuses: [{ name: 'c', state: { running: {} } }] } } as Unstructured;
    expect(updateOf(pod, 'resize', old, old)).toEqual([
      'spec: Forbidden: Pod running on node without support for resize',
    ]);
  });
});

describe('warnings', () => {
  it.each<[object, object, string[]]>([
    [
      { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
      {},
      ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
    ],
    [
      nodes({ key: 'beta.kubernetes.io/arch', operator: 'Exists' }),
      {},
      [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
      ],
    ],
    [
      {
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'failure-domain.beta.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule' },
        ],
      },
      {},
      [
        'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
        'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
      ],
    ],
    [
      {},
      { 'scheduler.alpha.kubernetes.io/critical-pod': '' },
      [
        'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
      ],
    ],
    [
      {},
      { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' },
      [
        'metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
      ],
    ],
    [
      { volumes: [{ name: 'v', gitRepo: { repository: 'r' } }] },
      {},
      ['spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+'],
    ],
    [{ hostAliases: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }] }, {}, ['spec.hostAliases[1].ip: duplicate ip "1.1.1.1"']],
    [
      { imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}] },
      {},
      ['spec.imagePullSecrets[1].name: duplicate name "a"', 'spec.imagePullSecrets[2].name: invalid empty name ""'],
    ],
    [
      { overhead: { memory: '1500m' } },
      {},
      ['spec.overhead[memory]: fractional byte value "1500m" is invalid, must be an integer'],
    ],
    [
      { containers: [container({ resources: { limits: { memory: '1500m' }, requests: { memory: '1500m' } } })] },
      {},
      [
        'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer',
        'spec.containers[0].resources.requests[memory]: fractional byte value "1500m" is invalid, must be an integer',
      ],
    ],
    [
      {
        containers: [
          container({
            env: [
              { name: 'a', value: '1' },
              { name: 'a', value: '$(a)2' },
              { name: 'a', value: '$(a)' },
              { name: 'a', value: '3' },
            ],
          }),
        ],
      },
      {},
      [
        'spec.containers[0].env[2]: hides previous definition of "a", which may be dropped when using apply',
        'spec.containers[0].env[3]: hides previous definition of "a", which may be dropped when using apply',
      ],
    ],
    [
      {
        containers: [
          container({ ports: [{ containerPort: 80 }] }),
          container({ name: 'd', ports: [{ containerPort: 80 }, { containerPort: 80, hostPort: 8 }] }),
        ],
      },
      {},
      [
        'spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]',
        'spec.containers[1].ports[1]: overlapping port definition with spec.containers[0].ports[0]',
        'spec.containers[1].ports[1]: overlapping port definition with spec.containers[1].ports[0]',
      ],
    ],
    [
      {
        containers: [
          container({
            ports: [
              { containerPort: 80, hostPort: 8, hostIP: '1.1.1.1' },
              { containerPort: 80, hostPort: 8 },
            ],
          }),
        ],
      },
      {},
      ['spec.containers[0].ports[1]: dangerously ambiguous port definition with spec.containers[0].ports[0]'],
    ],
    [
      { containers: [container({ ports: [{ containerPort: 80, hostIP: '1.1.1.1' }] })] },
      {},
      [
        'spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:TCP HostIP:1.1.1.1}',
      ],
    ],
    [
      { terminationGracePeriodSeconds: -1 },
      {},
      ['spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1'],
    ],
    [
      { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z' }] } } },
      {},
      [
        'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod',
      ],
    ],
  ])('%j %j', (spec, annotations, expected) => {
    expect(warningsOf(pod, podOf(spec, { annotations }))).toEqual(expected);
  });
});
