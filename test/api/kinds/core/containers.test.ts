// What upstream refuses in a pod's containers: names, images, ports, environment, probes, hooks, resources.
import { describe, expect, it } from 'vitest';
import { type Document, container, refusals } from './pod-document.ts';

const C = 'spec.containers[0]';
const refused = (extra: object, spec: object = {}): string[] =>
  refusals({ containers: [container(extra)], ...spec }).map((e) => e.replace(`${C}.`, ''));
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const RANGE = 'must be between 1 and 65535, inclusive';

describe('a container', () => {
  it.each<[object, string[]]>([
    [{}, []],
    [{ name: '' }, ['name: Required value']],
    [{ name: 'a.b' }, ['name: Invalid value: "a.b": must not contain dots']],
    [{ name: 'A' }, [`name: Invalid value: "A": ${LABEL}`]],
    [{ name: 'a'.repeat(64) }, [`name: Invalid value: "${'a'.repeat(64)}": must be no more than 63 characters`]],
    [{ image: '' }, ['image: Required value']],
    [{ image: ' i' }, ['image: Invalid value: " i": must not have leading or trailing whitespace']],
    [
      { imagePullPolicy: 'x' },
      ['imagePullPolicy: Unsupported value: "x": supported values: "Always", "IfNotPresent", "Never"'],
    ],
    [
      { terminationMessagePolicy: 'x' },
      ['terminationMessagePolicy: Unsupported value: "x": supported values: "File", "FallbackToLogsOnError"'],
    ],
    [{ restartPolicy: 'Always' }, ['restartPolicy: Forbidden: may not be set for non-init containers']],
    [
      {
        resizePolicy: [
          { resourceName: 'cpu', restartPolicy: 'NotRequired' },
          { resourceName: 'cpu', restartPolicy: 'x' },
        ],
      },
      [
        'resizePolicy[1]: Duplicate value: "cpu"',
        'resizePolicy: Unsupported value: "x": supported values: "NotRequired", "RestartContainer"',
      ],
    ],
    [
      { resizePolicy: [{ resourceName: '', restartPolicy: '' }] },
      ['resizePolicy: Required value', 'resizePolicy: Required value'],
    ],
    [
      { resizePolicy: [{ resourceName: 'disk', restartPolicy: 'NotRequired' }] },
      ['resizePolicy: Unsupported value: "disk": supported values: "cpu", "memory"'],
    ],
  ])('%j', (extra, expected) => expect(refused(extra)).toEqual(expected));

  it('that never restarts is not restarted to be resized', () => {
    const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
    expect(refused({ resizePolicy }, { restartPolicy: 'Never' })).toEqual([
      `resizePolicy: Invalid value: "RestartContainer": must be 'NotRequired' when \`restartPolicy\` is 'Never'`,
    ]);
  });
});

describe('ports', () => {
  it.each<[object[], string[]]>([
    [[{ containerPort: 80 }], []],
    [[{}], ['ports[0].containerPort: Required value']],
    [[{ containerPort: 65536 }], [`ports[0].containerPort: Invalid value: 65536: ${RANGE}`]],
    [[{ containerPort: -1 }], [`ports[0].containerPort: Invalid value: -1: ${RANGE}`]],
    [[{ containerPort: 80, hostPort: 65536 }], [`ports[0].hostPort: Invalid value: 65536: ${RANGE}`]],
    [
      [{ containerPort: 80, protocol: 'icmp' }],
      ['ports[0].protocol: Unsupported value: "icmp": supported values: "SCTP", "TCP", "UDP"'],
    ],
    [
      [
        { name: 'a', containerPort: 80 },
        { name: 'a', containerPort: 81 },
      ],
      ['ports[1].name: Duplicate value: "a"'],
    ],
    [
      [{ name: 'a'.repeat(16), containerPort: 80 }],
      [`ports[0].name: Invalid value: "${'a'.repeat(16)}": must be no more than 15 characters`],
    ],
    [
      [{ name: '1-1', containerPort: 80 }],
      ['ports[0].name: Invalid value: "1-1": must contain at least one letter (a-z)'],
    ],
    [
      [{ name: 'a--b-', containerPort: 80 }],
      [
        'ports[0].name: Invalid value: "a--b-": must not contain consecutive hyphens',
        'ports[0].name: Invalid value: "a--b-": must not begin or end with a hyphen',
      ],
    ],
    [
      [{ name: 'A_', containerPort: 80 }],
      [
        'ports[0].name: Invalid value: "A_": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        'ports[0].name: Invalid value: "A_": must contain at least one letter (a-z)',
      ],
    ],
    [
      [
        { containerPort: 80, hostPort: 80 },
        { containerPort: 81, hostPort: 80 },
      ],
      ['ports[1].hostPort: Duplicate value: "TCP//80"'],
    ],
    [
      [
        { containerPort: 80, hostPort: 80 },
        { containerPort: 81, hostPort: 80, protocol: 'UDP' },
      ],
      [],
    ],
    [
      [
        { containerPort: 80, hostPort: 80, hostIP: '1.2.3.4' },
        { containerPort: 81, hostPort: 80 },
      ],
      [],
    ],
  ])('%j', (ports, expected) => expect(refused({ ports })).toEqual(expected));

  it('of the host are the same for all of a pod on the host network', () => {
    expect(refused({ ports: [{ containerPort: 80, hostPort: 81 }] }, { hostNetwork: true })).toEqual([
      'ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true',
    ]);
    expect(refused({ ports: [{ containerPort: 80 }] }, { hostNetwork: true })).toEqual([]);
  });
});

describe('environment', () => {
  const field = (fieldPath: string, apiVersion?: string) => ({
    name: 'a',
    valueFrom: { fieldRef: { fieldPath, apiVersion } },
  });
  const ENV =
    '"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"';
  const BYTES = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei';
  const amount = (resource: string, divisor?: string) => ({
    name: 'a',
    valueFrom: { resourceFieldRef: { resource, divisor } },
  });
  it.each<[object, string[]]>([
    [{ name: 'a b/c' }, []],
    [{ name: '' }, ['name: Required value']],
    [
      { name: 'a=b' },
      [
        `name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`,
      ],
    ],
    [field("metadata.labels['a']"), []],
    [field("metadata.annotations['A/B']"), []],
    [field('spec.host'), []],
    [field('status.podIPs'), []],
    [field(''), ['valueFrom.fieldRef.fieldPath: Required value']],
    [
      field('metadata.name', 'v2'),
      [
        'valueFrom.fieldRef.fieldPath: Invalid value: "metadata.name": error converting fieldPath: unsupported pod version: v2',
      ],
    ],
    [
      field('metadata.whoops'),
      [
        'valueFrom.fieldRef.fieldPath: Invalid value: "metadata.whoops": error converting fieldPath: field label not supported: metadata.whoops',
      ],
    ],
    [
      field("metadata.name['a']"),
      [
        `valueFrom.fieldRef.fieldPath: Invalid value: "metadata.name['a']": error converting fieldPath: field label does not support subscript: metadata.name['a']`,
      ],
    ],
    [
      field('metadata.labels'),
      [`valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: ${ENV}`],
    ],
    [
      field('status.phase'),
      [`valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: ${ENV}`],
    ],
    [amount('limits.cpu', '1m'), []],
    [
      amount('limits.cpu', '1Mi'),
      [
        `valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
      ],
    ],
    [
      amount('requests.memory', '1m'),
      [
        `valueFrom.resourceFieldRef.divisor: Invalid value: "requests.memory": only divisor's values ${BYTES} are supported with the memory resource`,
      ],
    ],
    [
      amount('requests.ephemeral-storage', '10'),
      [
        `valueFrom.resourceFieldRef.divisor: Invalid value: "requests.ephemeral-storage": only divisor's values ${BYTES} are supported with the local ephemeral storage resource`,
      ],
    ],
    [
      amount('limits.hugepages-2Mi', '2'),
      [
        `valueFrom.resourceFieldRef.divisor: Invalid value: "limits.hugepages-2Mi": only divisor's values ${BYTES} are supported with the hugepages resource`,
      ],
    ],
    [amount(''), ['valueFrom.resourceFieldRef.resource: Required value']],
    [
      amount('limits.disk'),
      [
        'valueFrom.resourceFieldRef.resource: Unsupported value: "limits.disk": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"',
      ],
    ],
    [
      { name: 'a', valueFrom: {} },
      [
        'valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
      ],
    ],
    [
      { name: 'a', value: 'b', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      ['valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
    ],
    [
      { name: 'a', valueFrom: { secretKeyRef: { name: 's', key: 'k' }, configMapKeyRef: { name: 's', key: 'k' } } },
      ['valueFrom: Invalid value: "": may not have more than one field specified at a time'],
    ],
    [{ name: 'a', valueFrom: { secretKeyRef: { name: 's' } } }, ['valueFrom.secretKeyRef.key: Required value']],
    [
      { name: 'a', valueFrom: { configMapKeyRef: { name: 's', key: '..' } } },
      [`valueFrom.configMapKeyRef.key: Invalid value: "..": must not be '..'`],
    ],
  ])('%j', (env, expected) => {
    expect(refused({ env: [env] })).toEqual(expected.map((e) => `env[0].${e}`));
  });

  it.each<[object, string[]]>([
    [{ configMapRef: { name: 'm' }, prefix: 'p' }, []],
    [{ secretRef: { name: '' } }, ['envFrom[0].secretRef.name: Required value']],
    [
      { configMapRef: { name: 'm' }, prefix: '=' },
      [
        `envFrom[0].prefix: Invalid value: "=": a valid environment variable name must consist only of printable ASCII characters other than '='`,
      ],
    ],
    [{}, ['envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`']],
    [
      { configMapRef: { name: 'm' }, secretRef: { name: 's' } },
      ['envFrom: Invalid value: "": may not have more than one field specified at a time'],
    ],
  ])('from %j', (source, expected) => expect(refused({ envFrom: [source] })).toEqual(expected));
});

describe('probes and hooks', () => {
  const tcp = { tcpSocket: { port: 80 } };
  it.each<[object, string[]]>([
    [
      { livenessProbe: { ...tcp, successThreshold: 2 } },
      ['livenessProbe.successThreshold: Invalid value: 2: must be 1'],
    ],
    [{ startupProbe: { ...tcp, successThreshold: 2 } }, ['startupProbe.successThreshold: Invalid value: 2: must be 1']],
    [{ readinessProbe: { ...tcp, successThreshold: 2 } }, []],
    [
      { readinessProbe: { ...tcp, terminationGracePeriodSeconds: 1 } },
      ['readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes'],
    ],
    [
      { livenessProbe: { ...tcp, terminationGracePeriodSeconds: 0 } },
      ['livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0'],
    ],
    [{ livenessProbe: {} }, ['livenessProbe: Required value: must specify a handler type']],
    [{ livenessProbe: { exec: {} } }, ['livenessProbe.exec.command: Required value']],
    [
      { livenessProbe: { exec: { command: ['a'] }, ...tcp } },
      ['livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type'],
    ],
    [{ livenessProbe: { httpGet: { port: 0 } } }, [`livenessProbe.httpGet.port: Invalid value: 0: ${RANGE}`]],
    [
      { livenessProbe: { httpGet: { port: 'a_b', scheme: 'ftp', httpHeaders: [{ name: 'a b' }] } } },
      [
        'livenessProbe.httpGet.port: Invalid value: "a_b": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        'livenessProbe.httpGet.scheme: Unsupported value: "ftp": supported values: "HTTP", "HTTPS"',
        `livenessProbe.httpGet.httpHeaders: Invalid value: "a b": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')`,
      ],
    ],
    [{ livenessProbe: { grpc: { port: 70000 } } }, [`livenessProbe.grpc.port: Invalid value: 70000: ${RANGE}`]],
    [
      {
        livenessProbe: {
          ...tcp,
          initialDelaySeconds: -1,
          timeoutSeconds: -1,
          periodSeconds: -1,
          failureThreshold: -1,
          successThreshold: -1,
        },
      },
      [
        ...['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'].map(
          (f) => `livenessProbe.${f}: Invalid value: -1: must be greater than or equal to 0`,
        ),
        'livenessProbe.successThreshold: Invalid value: -1: must be 1',
      ],
    ],
    [{ lifecycle: { preStop: {} } }, ['lifecycle.preStop: Required value: must specify a handler type']],
    [
      { lifecycle: { preStop: { sleep: { seconds: 31 } } } },
      [
        'lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)',
      ],
    ],
    [{ lifecycle: { postStart: { sleep: { seconds: 0 } } } }, []],
    [
      { lifecycle: { stopSignal: 'SIGTERM' } },
      ['lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`'],
    ],
  ])('%j', (extra, expected) => expect(refused(extra)).toEqual(expected));

  it('a signal is one of the system', () => {
    const lifecycle = { stopSignal: 'SIGRTMIN+3' };
    expect(refused({ lifecycle }, { os: { name: 'linux' } })).toEqual([]);
    expect(refused({ lifecycle }, { os: { name: 'windows' } })).toEqual([
      'lifecycle.stopSignal: Unsupported value: "SIGRTMIN+3": supported values: "SIGKILL", "SIGTERM"',
    ]);
  });
});

describe('init containers', () => {
  const init = (...list: object[]) =>
    refusals({ initContainers: list.map((extra, i) => container({ name: `i${i}`, ...extra })) });
  const I = 'spec.initContainers[0]';
  it.each<[object[], string[]]>([
    [[{ restartPolicy: 'Always', livenessProbe: { tcpSocket: { port: 1 } } }], []],
    [[{ restartPolicy: 'Never' }], [`${I}.restartPolicy: Unsupported value: "Never": supported values: "Always"`]],
    [[{ name: 'c' }], [`${I}.name: Duplicate value: "c"`]],
    [
      [{ lifecycle: {}, livenessProbe: {}, readinessProbe: {}, startupProbe: {} }],
      ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'].map(
        (f) => `${I}.${f}: Forbidden: may not be set for init containers without restartPolicy=Always`,
      ),
    ],
    [[{ ports: [{ containerPort: 1, hostPort: 2 }] }, { ports: [{ containerPort: 1, hostPort: 2 }] }], []],
  ])('%j', (list, expected) => expect(init(...list)).toEqual(expected));
});

describe('resources', () => {
  const [limits, requests] = ['resources.limits', 'resources.requests'];
  it.each<[Document, string[]]>([
    [{ limits: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi', 'example.com/gpu': '1' } }, []],
    [
      { limits: { disk: '1' } },
      [
        `${limits}[disk]: Invalid value: "disk": must be a standard resource type or fully qualified`,
        `${limits}[disk]: Invalid value: "disk": must be a standard resource for containers`,
        `${requests}[disk]: Invalid value: "disk": must be a standard resource type or fully qualified`,
        `${requests}[disk]: Invalid value: "disk": must be a standard resource for containers`,
      ],
    ],
    [
      { limits: { cpu: '-1' }, requests: { cpu: '-2' } },
      [
        `${limits}[cpu]: Invalid value: "-1": must be greater than or equal to 0`,
        `${requests}[cpu]: Invalid value: "-2": must be greater than or equal to 0`,
      ],
    ],
    [
      { limits: { cpu: '1' }, requests: { cpu: '2' } },
      [`${requests}: Invalid value: "2": must be less than or equal to cpu limit of 1`],
    ],
    [
      { limits: { 'a/b': '2' }, requests: { 'a/b': '1' } },
      [`${requests}: Invalid value: "1": must be equal to a/b limit of 2`],
    ],
    [{ requests: { 'a/b': '1' } }, [`${limits}: Required value: Limit must be set for non overcommitable resources`]],
    [
      { limits: { 'a/b': '500m' } },
      [
        `${limits}[a/b]: Invalid value: "500m": must be an integer`,
        `${requests}[a/b]: Invalid value: "500m": must be an integer`,
      ],
    ],
    [{ limits: { 'hugepages-2Mi': '2Mi' } }, ['resources: Forbidden: HugePages require cpu or memory']],
    [
      { limits: { 'hugepages-2Mi': '3Mi', cpu: '1' } },
      [
        `${limits}[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`,
        `${requests}[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`,
      ],
    ],
    [
      { limits: { 'requests.a.com/b': '1' } },
      [
        `${limits}[requests.a.com/b]: Invalid value: "requests.a.com/b": doesn't follow extended resource name standard`,
        `${requests}[requests.a.com/b]: Invalid value: "requests.a.com/b": doesn't follow extended resource name standard`,
      ],
    ],
    [
      { claims: [{ name: 'x' }] },
      ['resources.claims[0]: Not found: "x": must be one of the names in pod.spec.resourceClaims which is empty'],
    ],
  ])('%j', (resources, expected) => {
    const found = refused({ resources });
    expect(found.filter((e) => !e.includes('Limit must') || expected.includes(e))).toEqual(expected);
  });

  it('claims are those of the pod, each once', () => {
    const resourceClaims = [
      { name: 'b', resourceClaimName: 'x' },
      { name: 'a', resourceClaimTemplateName: 'x' },
    ];
    const claims = [
      { name: 'a', request: 'r' },
      { name: 'a' },
      { name: 'c' },
      { name: '' },
      { name: 'b' },
      { name: 'b' },
    ];
    expect(refused({ resources: { claims } }, { resourceClaims })).toEqual([
      'resources.claims[1]: Duplicate value: "a"',
      'resources.claims[2]: Not found: "c": must be one of the names in pod.spec.resourceClaims: a, b',
      'resources.claims[3]: Required value',
      'resources.claims[5]: Duplicate value: "b"',
    ]);
  });
});
