// Pods as Docker's create bodies: golden files, because every field of them is a decision.
import type { Container, Pod, Service } from 'kubernetes-types/core/v1.js';
import { describe, expect, test } from 'vitest';
import { type ContainerContext, containerConfig } from '../../../src/node/agent/container-config.ts';
import { sandboxConfig } from '../../../src/node/agent/sandbox-config.ts';
import { expectGolden } from '../support/golden.ts';

const node = { nodeName: 'n1', dataDir: '/data' };
const machine = { memoryCapacityBytes: 8 * 1024 ** 3, lowestOomScore: -1000 };
const service = (name: string, namespace: string, clusterIP: string, port: number, portName?: string): Service => ({
  metadata: { name, namespace },
  spec: { clusterIP, ports: [{ port, ...(portName && { name: portName }) }] },
});

const context: ContainerContext = {
  node,
  machine,
  sandboxId: 'sandbox',
  restartCount: 2,
  image: { reference: 'web:1', user: '' },
  services: [
    service('kubernetes', 'default', '10.96.0.1', 443, 'https'),
    service('my-db', 'shop', '10.96.0.9', 5432),
    service('other', 'elsewhere', '10.96.0.8', 80),
    service('headless', 'shop', 'None', 80),
  ],
  allocatable: { cpu: '4', memory: '8Gi' },
  configMap: (name) => (name === 'config' ? { data: { key: 'value', 'with.dot': 'x', 'not a name': 'y' } } : undefined),
  secret: (name) => (name === 'secret' ? { data: { key: Buffer.from('hidden').toString('base64') } } : undefined),
  mountSource: (mount, subPath) => ({
    path: `/volumes/${mount.name}${subPath === undefined ? '' : `/${subPath}`}`,
    readOnly: mount.name === 'config',
  }),
  files: { hosts: '/pod/etc-hosts', resolvConf: '/pod/resolv.conf', terminationLog: '/pod/log' },
};

const pod = (spec: Partial<NonNullable<Pod['spec']>>): Pod => ({
  metadata: { name: 'web-1', namespace: 'shop', uid: 'u-1', labels: { app: 'web' }, annotations: { a: 'b' } },
  spec: { containers: [], serviceAccountName: 'sa', nodeName: 'n1', ...spec },
  status: { podIP: '10.244.0.5', podIPs: [{ ip: '10.244.0.5' }], hostIP: '192.0.2.1', hostIPs: [{ ip: '192.0.2.1' }] },
});
const config = (
  container: Partial<Container>,
  spec: Partial<NonNullable<Pod['spec']>> = {},
  extra: Partial<ContainerContext> = {},
) => {
  const full: Container = { name: 'web', image: 'web:1', ...container };
  return containerConfig(pod({ ...spec, containers: [full] }), full, { ...context, ...extra });
};
const environment = (container: Partial<Container>, spec: Partial<NonNullable<Pod['spec']>> = {}) =>
  config(container, { enableServiceLinks: false, ...spec }, { services: [] }).Env;

describe('a container', () => {
  test('that says little', () => expectGolden('container-plain', config({})));

  test('that says everything', () =>
    expectGolden(
      'container-full',
      config(
        {
          command: ['/bin/$(NAME)', '$$(NAME)', '$(MISSING)'],
          args: ['--ip=$(IP)'],
          workingDir: '/srv',
          tty: true,
          stdin: true,
          stdinOnce: true,
          env: [
            { name: 'NAME', value: 'tool' },
            { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          ],
          resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { cpu: '1500m', memory: '128Mi' } },
          terminationMessagePath: '/tmp/last-words',
          terminationMessagePolicy: 'FallbackToLogsOnError',
          volumeMounts: [
            { name: 'data', mountPath: '/data/' },
            { name: 'data', mountPath: '/part', subPath: 'a/b', readOnly: true },
            { name: 'data', mountPath: '/mine', subPathExpr: '$(NAME)/logs' },
            { name: 'config', mountPath: '/etc/hosts' },
            { name: 'shared', mountPath: '/shared', mountPropagation: 'Bidirectional' },
          ],
          securityContext: {
            runAsUser: 1000,
            runAsGroup: 2000,
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
            seccompProfile: { type: 'RuntimeDefault' },
          },
        },
        { shareProcessNamespace: true, securityContext: { fsGroup: 3000, supplementalGroups: [4000] } },
      ),
    ));

  test('of a pod in the host’s namespaces', () =>
    expectGolden(
      'container-host',
      config({ securityContext: { privileged: true } }, { hostNetwork: true, hostPID: true, hostIPC: true }),
    ));
});

describe('a sandbox', () => {
  const sandbox = (spec: Partial<NonNullable<Pod['spec']>>) =>
    sandboxConfig(pod(spec), { node, machine, attempt: 1, network: 'sampan-n1', clusterDomain: 'cluster.local' });
  test('of a plain pod', () => expectGolden('sandbox-plain', sandbox({})));
  test('with a name of its own and kernel settings', () =>
    expectGolden(
      'sandbox-named',
      sandbox({
        hostname: 'db-0',
        subdomain: 'db',
        securityContext: { sysctls: [{ name: 'net/ipv4/ip_unprivileged_port_start', value: '0' }] },
      }),
    ));
  test('in the host’s namespaces', () =>
    expectGolden('sandbox-host', sandbox({ hostNetwork: true, hostPID: true, hostIPC: true })));
});

describe('the environment', () => {
  test('takes values from everywhere; env wins over envFrom', () => {
    const env = [
      { name: 'a', value: '1' },
      { name: 'b', value: '$(a)$(key)' },
      { name: 'key', value: 'own' },
      { name: 'c', valueFrom: { configMapKeyRef: { name: 'config', key: 'key' } } },
      { name: 's', valueFrom: { secretKeyRef: { name: 'secret', key: 'key' } } },
      { name: 'gone', valueFrom: { secretKeyRef: { name: 'secret', key: 'absent', optional: true } } },
      { name: 'label', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'cpu', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
      { name: 'mem', valueFrom: { resourceFieldRef: { resource: 'requests.memory', divisor: '1Mi' } } },
      { name: 'empty' },
    ];
    const resources = { requests: { memory: '65Mi' } };
    const envFrom = [{ prefix: 'P_', configMapRef: { name: 'config' } }, { secretRef: { name: 'secret' } }];
    expect(environment({ env, envFrom, resources })).toEqual([
      'P_key=value',
      'P_with.dot=x',
      'a=1',
      'b=1hidden',
      'key=own',
      'c=value',
      's=hidden',
      'label=web',
      'cpu=4',
      'mem=65',
      'empty=',
    ]);
  });

  test('what is missing is an error with upstream’s words, unless it is optional', () => {
    const from = (valueFrom: NonNullable<NonNullable<Container['env']>[number]['valueFrom']>) => () =>
      environment({ env: [{ name: 'x', valueFrom }] });
    expect(from({ configMapKeyRef: { name: 'no', key: 'k' } })).toThrow('configmap "no" not found');
    expect(from({ secretKeyRef: { name: 'no', key: 'k' } })).toThrow('secret "no" not found');
    expect(from({ configMapKeyRef: { name: 'config', key: 'k' } })).toThrow(
      "couldn't find key k in ConfigMap shop/config",
    );
    expect(from({ secretKeyRef: { name: 'secret', key: 'k' } })).toThrow("couldn't find key k in Secret shop/secret");
    expect(() => environment({ envFrom: [{ secretRef: { name: 'no' } }] })).toThrow('secret "no" not found');
    expect(environment({ envFrom: [{ secretRef: { name: 'no', optional: true } }] })).toEqual([]);
  });

  test('a pod that wants no service links gets the API server’s only', () => {
    const { Env } = config({}, { enableServiceLinks: false });
    expect(Env?.filter((line) => line.includes('_SERVICE_HOST'))).toEqual(['KUBERNETES_SERVICE_HOST=10.96.0.1']);
  });
});

describe('runAsNonRoot', () => {
  const user = (reference: string, runAsUser?: number) => () =>
    config(
      { securityContext: { runAsNonRoot: true, ...(runAsUser !== undefined && { runAsUser }) } },
      {},
      { image: { reference: 'web:1', user: reference } },
    );
  test('is judged by the outcome', () => {
    expect(user('')).toThrow('container has runAsNonRoot and image will run as root');
    expect(user('daemon')).toThrow('container has runAsNonRoot and image has non-numeric user (daemon)');
    expect(user('', 0)).toThrow("container's runAsUser breaks non-root policy");
    expect(user('1000:1000')().User).toBeUndefined();
    expect(user('', 5)().User).toBe('5');
  });
});
