import { describe, expect, it } from 'vitest';
import pod from '../../../src/api/kinds/core/pod.ts';
import type { PodSpec } from '../../../src/api/kinds/shared/pod-types.ts';
import { create, decode, update } from './lifecycle.ts';

const container = (extra: object = {}) => ({ name: 'a', image: 'nginx', ...extra });
const podOf = (spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'default', ...metadata },
  spec: { containers: [container()], ...spec },
});
const one = (extra: object, spec: object = {}) => podOf({ containers: [container(extra)], ...spec });

describe('pod defaults', () => {
  it('are what a real server answers for a plain pod', () => {
    expect(create(pod, podOf()).object).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'default' },
      spec: {
        containers: [
          {
            name: 'a',
            image: 'nginx',
            imagePullPolicy: 'Always',
            resources: {},
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
          },
        ],
        dnsPolicy: 'ClusterFirst',
        enableServiceLinks: true,
        restartPolicy: 'Always',
        schedulerName: 'default-scheduler',
        securityContext: {},
        terminationGracePeriodSeconds: 30,
      },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    });
  });

  it.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.2', 'IfNotPresent'],
    ['reg:5000/nginx', 'Always'],
    ['reg:5000/nginx:1', 'IfNotPresent'],
    ['nginx@sha256:abc', 'IfNotPresent'],
  ])('pull policy of %s is %s', (image, policy) => {
    const { object } = create(pod, one({ image }));
    expect((object['spec'] as { containers: { imagePullPolicy: string }[] }).containers[0]!.imagePullPolicy).toBe(
      policy,
    );
  });

  it('fill requests from limits and make quantities canonical', () => {
    const { object } = create(
      pod,
      one({ resources: { limits: { cpu: 0.5, memory: '1024Mi' }, requests: { cpu: '250m' } } }),
    );
    expect(object).toMatchObject({
      spec: {
        containers: [
          { resources: { limits: { cpu: '500m', memory: '1Gi' }, requests: { cpu: '250m', memory: '1Gi' } } },
        ],
      },
      status: { qosClass: 'Burstable' },
    });
  });

  it('fill probes, volumes, env and host ports', () => {
    const { object, errors } = create(
      pod,
      one(
        {
          livenessProbe: { httpGet: { port: 80 } },
          readinessProbe: { grpc: { port: 1 } },
          ports: [{ containerPort: 80 }],
          env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        },
        {
          hostNetwork: true,
          volumes: [{ name: 'e' }, { name: 'c', configMap: { name: 'c' } }, { name: 'h', hostPath: { path: '/x' } }],
        },
      ),
    );
    expect(errors).toEqual([]);
    expect(object['spec']).toMatchObject({
      containers: [
        {
          livenessProbe: {
            httpGet: { port: 80, path: '/', scheme: 'HTTP' },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          readinessProbe: { grpc: { port: 1, service: '' } },
          ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
          env: [{ valueFrom: { fieldRef: { apiVersion: 'v1' } } }],
        },
      ],
      volumes: [{ emptyDir: {} }, { configMap: { defaultMode: 420 } }, { hostPath: { type: '' } }],
    });
  });

  it('change nothing when applied again', () => {
    const once = decode(
      pod,
      one({ resources: { limits: { cpu: '1000m' } }, ports: [{ containerPort: 1 }] }, { hostNetwork: true }),
    );
    expect(decode(pod, once)).toEqual(once);
  });
});

describe('pod validation', () => {
  const dns = (value: string) =>
    `Invalid value: ${JSON.stringify(value)}: a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`;
  it.each<[string, object, string[]]>([
    ['no containers', podOf({ containers: [] }), ['spec.containers: Required value']],
    ['no name', one({ name: '' }), ['spec.containers[0].name: Required value']],
    ['bad name', one({ name: 'A_' }), [`spec.containers[0].name: ${dns('A_')}`]],
    ['no image', one({ image: '' }), ['spec.containers[0].image: Required value']],
    [
      'padded image',
      one({ image: ' nginx' }),
      ['spec.containers[0].image: Invalid value: " nginx": must not have leading or trailing whitespace'],
    ],
    [
      'two of a name',
      podOf({ containers: [container(), container()] }),
      ['spec.containers[1].name: Duplicate value: "a"'],
    ],
    ['port 0', one({ ports: [{ containerPort: 0 }] }), ['spec.containers[0].ports[0].containerPort: Required value']],
    [
      'port 70000',
      one({ ports: [{ containerPort: 70000 }] }),
      ['spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
    ],
    [
      'protocol',
      one({ ports: [{ containerPort: 1, protocol: 'X' }] }),
      ['spec.containers[0].ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"'],
    ],
    [
      'mount of nothing',
      one({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
      ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
    ],
    [
      'two sources',
      podOf({ volumes: [{ name: 'v', emptyDir: {}, secret: { secretName: 's' } }] }),
      ['spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'request over limit',
      one({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
    [
      'resource name',
      one({ resources: { limits: { foo: '1' } } }),
      [
        'spec.containers[0].resources.limits[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.limits[foo]: Invalid value: "foo": must be a standard resource for containers',
        'spec.containers[0].resources.requests[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.requests[foo]: Invalid value: "foo": must be a standard resource for containers',
      ],
    ],
    [
      'probe of nothing',
      one({ livenessProbe: {} }),
      ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
    ],
    [
      'liveness threshold',
      one({ livenessProbe: { tcpSocket: { port: 1 }, successThreshold: 2 } }),
      ['spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'],
    ],
    [
      'restart policy',
      podOf({ restartPolicy: 'x' }),
      ['spec.restartPolicy: Unsupported value: "x": supported values: "Always", "OnFailure", "Never"'],
    ],
    [
      'env source',
      one({ env: [{ name: 'A', valueFrom: {} }] }),
      [
        'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
      ],
    ],
    [
      'field path',
      one({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.x' } } }] }),
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.x": error converting fieldPath: field label not supported: spec.x',
      ],
    ],
    [
      'host port',
      podOf({ hostNetwork: true, containers: [container({ ports: [{ containerPort: 80, hostPort: 81 }] })] }),
      [
        'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true',
      ],
    ],
    [
      'ephemeral on create',
      podOf({ ephemeralContainers: [container({ name: 'e' })] }),
      ['spec.ephemeralContainers: Forbidden: cannot be set on create'],
    ],
    [
      'init probe',
      podOf({ initContainers: [container({ name: 'i', livenessProbe: { tcpSocket: { port: 1 } } })] }),
      [
        'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      ],
    ],
    [
      'toleration',
      podOf({ tolerations: [{ operator: 'Equal', value: 'x' }] }),
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
    [
      'dns none',
      podOf({ dnsPolicy: 'None' }),
      ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
    ],
    [
      'affinity',
      podOf({
        affinity: {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { topologyKey: 'z', labelSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
            ],
          },
        },
      }),
      [
        "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
  ])('%s', (_, document, errors) => expect(create(pod, document).errors).toEqual(errors));
});

describe('pod updates', () => {
  const old = create(
    pod,
    one({ image: 'nginx:1' }, { nodeName: 'n', tolerations: [{ key: 'a', operator: 'Exists' }] }),
  ).object;
  const changed = (change: (spec: PodSpec) => void) => {
    const copy = structuredClone(old) as unknown as { spec: PodSpec };
    change(copy.spec);
    return update(pod, old, copy).errors;
  };
  it('may change images and add tolerations', () => {
    expect(changed((spec) => (spec.containers[0]!.image = 'nginx:2'))).toEqual([]);
    expect(changed((spec) => spec.tolerations!.push({ key: 'b', operator: 'Exists' }))).toEqual([]);
  });
  it('may change nothing else', () => {
    const [error] = changed((spec) => (spec.nodeName = 'm'));
    expect(error).toBe(
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n- spec.nodeName: "n"\n+ spec.nodeName: "m"\n',
    );
    expect(changed((spec) => spec.containers.push(container({ name: 'b' })))).toEqual([
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ]);
  });
  it('ends gracefully only where a node runs it', () => {
    const scheduled = old as never;
    expect(pod.gracePeriodSeconds!(scheduled, undefined)).toBe(30);
    expect(pod.gracePeriodSeconds!(scheduled, 5)).toBe(5);
    expect(pod.gracePeriodSeconds!({ ...old, spec: { ...(old['spec'] as object), nodeName: '' } } as never, 5)).toBe(0);
    expect(pod.gracePeriodSeconds!({ ...old, status: { phase: 'Succeeded' } } as never, undefined)).toBe(0);
  });
  it('warns of an environment variable that hides another', () => {
    const document = one({
      env: [
        { name: 'A', value: '1' },
        { name: 'A', value: '2' },
      ],
    });
    expect(pod.warnings!(document as never, undefined)).toEqual([
      'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    ]);
  });
});
