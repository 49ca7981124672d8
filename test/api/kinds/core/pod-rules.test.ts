// What upstream refuses in a pod's spec and annotations beside containers and volumes.
import { describe, expect, it } from 'vitest';
import { container, refusals } from './pod-document.ts';

const spec = (extra: object): string[] => refusals(extra).map((e) => e.replace(/^spec\./, ''));
const ID = 'must be between 0 and 2147483647, inclusive';
const QUALIFIED =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

describe('a pod', () => {
  it.each<[object, string[]]>([
    [{ containers: [] }, ['containers: Required value']],
    [
      { restartPolicy: 'x' },
      ['restartPolicy: Unsupported value: "x": supported values: "Always", "OnFailure", "Never"'],
    ],
    [
      { dnsPolicy: 'x' },
      [
        'dnsPolicy: Unsupported value: "x": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
      ],
    ],
    [
      { activeDeadlineSeconds: 0 },
      ['activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
    ],
    [{ hostname: 'a.b' }, ['hostname: Invalid value: "a.b": must not contain dots']],
    [
      { preemptionPolicy: 'x' },
      ['preemptionPolicy: Unsupported value: "x": supported values: "PreemptLowerPriority", "Never"'],
    ],
    [{ dnsPolicy: 'None' }, ['dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None']],
    [
      { dnsPolicy: 'None', dnsConfig: {} },
      ['dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None'],
    ],
    [
      { dnsConfig: { nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', 'x'] } },
      [
        'dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","x"]: must not have more than 3 nameservers',
        'dnsConfig.nameservers[3]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [{ dnsConfig: { searches: ['_sip._tcp.a.b.', '.'] } }, []],
    [
      { dnsConfig: { searches: ['a_'] } },
      [
        `dnsConfig.searches[0]: Invalid value: "a_": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')`,
      ],
    ],
    [{ dnsConfig: { options: [{}] } }, ['dnsConfig.options[0]: Required value: must not be empty']],
    [
      { readinessGates: [{ conditionType: '' }] },
      [
        'readinessGates[0].conditionType: Invalid value: "": name part must be non-empty',
        `readinessGates[0].conditionType: Invalid value: "": ${QUALIFIED}`,
      ],
    ],
    [{ schedulingGates: [{ name: 'a' }, { name: 'a' }] }, ['schedulingGates[1]: Duplicate value: "a"']],
    [
      { schedulingGates: [{ name: 'a' }], nodeName: 'n' },
      ['nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
    ],
    [{ ephemeralContainers: [container({ name: 'e' })] }, ['ephemeralContainers: Forbidden: cannot be set on create']],
    [
      { hostAliases: [{ ip: 'x', hostnames: ['a'] }] },
      ['hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ],
    [
      { resourceClaims: [{ name: 'a' }] },
      [
        'resourceClaims[0]: Invalid value: {"Name":"a","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
      ],
    ],
    [
      { resourceClaims: [{ name: 'a', resourceClaimName: 'b', resourceClaimTemplateName: 'c' }] },
      [
        'resourceClaims[0]: Invalid value: {"Name":"a","ResourceClaimName":"b","ResourceClaimTemplateName":"c"}: at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified',
      ],
    ],
    [{ overhead: { cpu: '-1' } }, ['overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0']],
    [{ os: { name: '' } }, ['os.name: Required value: cannot be empty']],
    [{ os: { name: 'beos' } }, ['os: Unsupported value: "beos": supported values: "linux", "windows"']],
  ])('%j', (extra, expected) => expect(spec(extra)).toEqual(expected));
});

describe('security', () => {
  const ofPod = (securityContext: object, extra: object = {}) => spec({ securityContext, ...extra });
  it.each<[object, object, string[]]>([
    [
      { fsGroup: -1, runAsUser: -1, runAsGroup: 2147483648, supplementalGroups: [-2] },
      {},
      [
        `fsGroup: Invalid value: -1: ${ID}`,
        `runAsUser: Invalid value: -1: ${ID}`,
        `runAsGroup: Invalid value: 2147483648: ${ID}`,
        `supplementalGroups[0]: Invalid value: -2: ${ID}`,
      ],
    ],
    [
      {},
      { shareProcessNamespace: true, hostPID: true },
      ['shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled'],
    ],
    [
      { fsGroupChangePolicy: 'x' },
      {},
      ['fsGroupChangePolicy: Unsupported value: "x": supported values: "Always", "OnRootMismatch"'],
    ],
    [
      { supplementalGroupsPolicy: 'x' },
      {},
      ['supplementalGroupsPolicy: Unsupported value: "x": supported values: "Merge", "Strict"'],
    ],
    [
      { seLinuxChangePolicy: 'x' },
      {},
      ['seLinuxChangePolicy: Unsupported value: "x": supported values: "MountOption", "Recursive"'],
    ],
    [
      { sysctls: [{ name: 'a', value: '1' }, { name: 'a', value: '1' }, { name: '' }, { name: 'A' }] },
      {},
      [
        'sysctls[1].name: Duplicate value: "a"',
        'sysctls[2].name: Required value',
        'sysctls[3].name: Invalid value: "A": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
      ],
    ],
    [
      { sysctls: [{ name: 'net.ipv4.a', value: '1' }] },
      { hostNetwork: true },
      [`sysctls[0].name: Invalid value: "net.ipv4.a": may not be specified when 'hostNetwork' is true`],
    ],
    [{ seccompProfile: {} }, {}, ['seccompProfile.type: Required value: type is required when seccompProfile is set']],
    [
      { seccompProfile: { type: 'Localhost' } },
      {},
      ['seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost'],
    ],
    [
      { seccompProfile: { type: 'Unconfined', localhostProfile: 'a' } },
      {},
      [
        'seccompProfile.localhostProfile: Invalid value: {"Type":"Unconfined","LocalhostProfile":"a"}: can only be set when seccomp type is Localhost',
      ],
    ],
    [
      { appArmorProfile: { type: 'Localhost', localhostProfile: ' a' } },
      {},
      ['appArmorProfile.localhostProfile: Invalid value: " a": must not be padded with whitespace'],
    ],
    [
      { appArmorProfile: { type: 'Localhost', localhostProfile: 'a'.repeat(4096) } },
      {},
      ['appArmorProfile.localhostProfile: Too long: may not be more than 4095 bytes'],
    ],
    [
      { appArmorProfile: { type: 'x' } },
      {},
      ['appArmorProfile.type: Unsupported value: "x": supported values: "Localhost", "RuntimeDefault", "Unconfined"'],
    ],
    [
      { windowsOptions: { runAsUserName: '', gmsaCredentialSpec: '' } },
      {},
      [
        'windowsOptions.gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string',
        'windowsOptions.runAsUserName: Invalid value: "": runAsUserName cannot be an empty string',
      ],
    ],
    [
      { windowsOptions: { runAsUserName: 'a\\b\\c' } },
      {},
      [
        'windowsOptions.runAsUserName: Invalid value: "a\\\\b\\\\c": runAsUserName cannot contain more than one backslash',
      ],
    ],
    [
      { windowsOptions: { runAsUserName: '...' } },
      {},
      [
        `windowsOptions.runAsUserName: Invalid value: "...": runAsUserName's User cannot contain only periods or spaces`,
      ],
    ],
  ])('of a pod %j %j', (context, extra, expected) => {
    expect(ofPod(context, extra)).toEqual(expected.map((e) => `securityContext.${e}`));
  });

  it('of containers', () => {
    const shown =
      '{"Capabilities":null,"Privileged":true,"SELinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}';
    const securityContext = { privileged: true, allowPrivilegeEscalation: false };
    expect(spec({ containers: [container({ securityContext })] })).toEqual([
      `containers[0].securityContext: Invalid value: ${shown}: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true`,
    ]);
    expect(spec({ containers: [container({ securityContext: { procMount: 'Unmasked' } })] })).toEqual([
      'containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`',
    ]);
  });

  it('of users of its own', () => {
    expect(spec({ hostUsers: false, hostNetwork: true, hostPID: true, hostIPC: true })).toEqual([
      'hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false',
      'HostPID: Forbidden: when `pod.Spec.HostUsers` is false',
      'HostIPC: Forbidden: when `pod.Spec.HostUsers` is false',
    ]);
  });
});

describe('operating systems', () => {
  it('have what is theirs', () => {
    const windowsOptions = { runAsUserName: 'a' };
    expect(spec({ os: { name: 'linux' }, securityContext: { windowsOptions } })).toEqual([
      'securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod',
    ]);
    const why = 'Forbidden: cannot be set for a windows pod';
    const securityContext = {
      seLinuxOptions: {},
      fsGroup: 1,
      runAsUser: 1,
      runAsGroup: 1,
      supplementalGroups: [1],
      sysctls: [],
    };
    const c = { privileged: false, capabilities: {}, procMount: 'Default', readOnlyRootFilesystem: true };
    const windows = {
      os: { name: 'windows' },
      hostUsers: true,
      hostPID: true,
      hostIPC: false,
      shareProcessNamespace: false,
    };
    expect(spec({ ...windows, securityContext, containers: [container({ securityContext: c })] })).toEqual([
      `securityContext.seLinuxOptions: ${why}`,
      `hostUsers: ${why}`,
      `hostPID: ${why}`,
      `securityContext.fsGroup: ${why}`,
      `shareProcessNamespace: ${why}`,
      `securityContext.runAsUser: ${why}`,
      `securityContext.runAsGroup: ${why}`,
      `securityContext.supplementalGroups: ${why}`,
      `containers[0].securityContext.capabilities: ${why}`,
      `containers[0].securityContext.readOnlyRootFilesystem: ${why}`,
      `containers[0].securityContext.privileged: ${why}`,
      `containers[0].securityContext.procMount: ${why}`,
    ]);
  });

  it('share the host process with all or none', () => {
    const host = { securityContext: { windowsOptions: { hostProcess: true } } };
    expect(spec({ containers: [container(host), container({ name: 'd' })] })).toEqual([
      'spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess containers',
      'hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
    ]);
    expect(spec({ hostNetwork: true, containers: [container(host)] })).toEqual([]);
  });
});

describe('scheduling', () => {
  const N = 'affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  const P = 'affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution';
  const node = (...nodeSelectorTerms: object[]) =>
    spec({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } });
  const term = (t: object) =>
    spec({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [t] } } });
  const spread = (c: object) =>
    spec({
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {}, ...c },
      ],
    });

  it.each<[object[], string[]]>([
    [[], [`${N}: Required value: must have at least one node selector term`]],
    [
      [{ matchExpressions: [{ key: 'a', operator: 'In' }] }],
      [`${N}[0].matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`],
    ],
    [
      [{ matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] }],
      [
        `${N}[0].matchExpressions[0].values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`,
      ],
    ],
    [
      [{ matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1', '2'] }] }],
      [
        `${N}[0].matchExpressions[0].values: Required value: must be specified single value when \`operator\` is 'Lt' or 'Gt'`,
      ],
    ],
    [
      [{ matchExpressions: [{ key: 'a', operator: 'x' }] }],
      [`${N}[0].matchExpressions[0].operator: Invalid value: "x": not a valid selector operator`],
    ],
    [
      [{ matchFields: [{ key: 'metadata.uid', operator: 'In', values: ['a'] }] }],
      [`${N}[0].matchFields[0].key: Invalid value: "metadata.uid": not a valid field selector key`],
    ],
    [
      [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a', 'b'] }] }],
      [
        `${N}[0].matchFields[0].values: Required value: must be only one value when \`operator\` is 'In' or 'NotIn' for node field selector`,
      ],
    ],
  ])('nodes %j', (terms, expected) => expect(node(...terms)).toEqual(expected));

  it.each<[object, string[]]>([
    [{ topologyKey: 'z', labelSelector: { matchLabels: { a: 'b' } } }, []],
    [
      { labelSelector: {} },
      [
        `${P}[0].topologyKey: Required value: can not be empty`,
        `${P}[0].topologyKey: Invalid value: "": name part must be non-empty`,
        `${P}[0].topologyKey: Invalid value: "": ${QUALIFIED}`,
      ],
    ],
    [{ topologyKey: 'z', namespaces: ['a.b'] }, [`${P}[0].namespace: Invalid value: "a.b": must not contain dots`]],
    [
      { topologyKey: 'z', matchLabelKeys: ['a'] },
      [`${P}[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`],
    ],
    [
      { topologyKey: 'z', labelSelector: {}, matchLabelKeys: ['a'], mismatchLabelKeys: ['a'] },
      [`${P}[0].matchLabelKeys[0]: Invalid value: "a": exists in both matchLabelKeys and mismatchLabelKeys`],
    ],
    [
      { topologyKey: 'z', labelSelector: { matchExpressions: [{ key: 'a', operator: 'x' }] } },
      [`${P}[0].labelSelector.matchExpressions[0].operator: Invalid value: "x": not a valid selector operator`],
    ],
  ])('pods %j', (t, expected) => expect(term(t)).toEqual(expected));

  it.each<[object, string[]]>([
    [{}, []],
    [{ maxSkew: 0 }, ['maxSkew: Invalid value: 0: must be greater than zero']],
    [{ topologyKey: '' }, ['topologyKey: Required value: can not be empty']],
    [
      { whenUnsatisfiable: 'x', minDomains: 1 },
      [
        'whenUnsatisfiable: Unsupported value: "x": supported values: "DoNotSchedule", "ScheduleAnyway"',
        'minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not x',
      ],
    ],
    [{ minDomains: 0 }, ['minDomains: Invalid value: 0: must be greater than zero']],
    [
      { nodeAffinityPolicy: 'x', nodeTaintsPolicy: 'y' },
      [
        'nodeAffinityPolicy: Unsupported value: "x": supported values: "Honor", "Ignore"',
        'nodeTaintsPolicy: Unsupported value: "y": supported values: "Honor", "Ignore"',
      ],
    ],
    [
      { matchLabelKeys: ['a'], labelSelector: null },
      ['matchLabelKeys: Forbidden: must not be specified when labelSelector is not set'],
    ],
  ])('spread %j', (c, expected) => {
    expect(spread(c)).toEqual(expected.map((e) => `topologySpreadConstraints[0].${e}`));
  });

  it.each<[object, string[]]>([
    [{ operator: 'Exists' }, []],
    [
      {},
      [
        'operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
    [
      { key: 'a', operator: 'Exists', value: 'b' },
      [`operator: Invalid value: "b": value must be empty when \`operator\` is 'Exists'`],
    ],
    [{ key: 'a', operator: 'x' }, ['operator: Unsupported value: "x": supported values: "Equal", "Exists"']],
    [
      { key: 'a', effect: 'x' },
      ['effect: Unsupported value: "x": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'],
    ],
    [
      { key: 'a', effect: 'NoSchedule', tolerationSeconds: 1 },
      [`effect: Invalid value: "NoSchedule": effect must be 'NoExecute' when \`tolerationSeconds\` is set`],
    ],
  ])('toleration %j', (t, expected) => {
    expect(spec({ tolerations: [t] })).toEqual(expected.map((e) => `tolerations[0].${e}`));
  });
});

describe('resources of the whole pod', () => {
  it.each<[object, object, string[]]>([
    [{ requests: { cpu: '2' }, limits: { cpu: '2' } }, { requests: { cpu: '1' } }, []],
    [
      { claims: [], requests: { disk: '1', storage: '1' } },
      {},
      [
        'claims: Forbidden: claims cannot be set for Resources at pod-level',
        'requests[disk]: Invalid value: "disk": must be a standard resource type or fully qualified',
        'requests[storage]: Unsupported value: "storage": supported values: "cpu", "hugepages-", "memory"',
      ],
    ],
    [
      { requests: { cpu: '1' } },
      { requests: { cpu: '1500m' } },
      ['requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 1500m'],
    ],
    [
      { requests: { cpu: '2' }, limits: { cpu: '2' } },
      { limits: { cpu: '3' }, requests: { cpu: '1' } },
      ['containers[0][cpu].limits: Invalid value: "3": must be less than or equal to pod limits of 2'],
    ],
  ])('%j with %j', (resources, own, expected) => {
    expect(spec({ resources, containers: [container({ resources: own })] })).toEqual(
      expected.map((e) => `resources.${e}`),
    );
  });
});

describe('annotations', () => {
  const A = 'metadata.annotations';
  const annotated = (annotations: Record<string, string>, extra: object = {}) => refusals(extra, { annotations });
  it.each<[Record<string, string>, object, string[]]>([
    [
      { 'kubernetes.io/config.mirror': 'x' },
      {},
      [`${A}[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set`],
    ],
    [
      { 'controller.kubernetes.io/pod-deletion-cost': '+1' },
      {},
      [`${A}[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer`],
    ],
    [
      { 'controller.kubernetes.io/pod-deletion-cost': '2147483648' },
      {},
      [`${A}[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "2147483648": must be a 32bit integer`],
    ],
    [
      { 'seccomp.security.alpha.kubernetes.io/pod': 'x' },
      {},
      [`${A}.seccomp.security.alpha.kubernetes.io/pod: Invalid value: "x": must be a valid seccomp profile`],
    ],
    [
      { 'container.apparmor.security.beta.kubernetes.io/x': 'runtime/default' },
      {},
      [`${A}[container.apparmor.security.beta.kubernetes.io/x]: Invalid value: "x": container not found`],
    ],
    [
      { 'container.apparmor.security.beta.kubernetes.io/c': 'x' },
      {},
      [
        `${A}[container.apparmor.security.beta.kubernetes.io/c]: Invalid value: "x": invalid AppArmor profile name: "x"`,
      ],
    ],
    [
      { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' },
      { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
      ['spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match'],
    ],
    [
      { 'container.apparmor.security.beta.kubernetes.io/c': 'localhost/a' },
      { securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'b' } } },
      [
        'spec.containers[0].securityContext.appArmorProfile.localhostProfile: Forbidden: apparmor profile in annotation and field must match',
      ],
    ],
  ])('%j', (annotations, extra, expected) => expect(annotated(annotations, extra)).toEqual(expected));
});
