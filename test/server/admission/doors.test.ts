// What stops an object at the door of its namespace, and what a service account's pods may use.
import type { LimitRange, Pod } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigMaps, Namespaces, Pods, ServiceAccounts } from '../../../src/api/resources.ts';
import type { ResourceType } from '../../../src/api/types.ts';
import type { Client } from '../../../src/client/rest.ts';
import { admissionChain } from '../../../src/server/admission/chain.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';

const LimitRanges: ResourceType<LimitRange> = {
  group: '',
  version: 'v1',
  plural: 'limitranges',
  kind: 'LimitRange',
  namespaced: true,
};
const namespace = 'default';
let server: RunningServer;
let client: Client;
beforeAll(async () => {
  server = await startServer({ listen: false, components: [] });
  client = server.client();
  await client.create(ServiceAccounts, { metadata: { name: 'default', namespace } });
});
afterAll(() => server.close());

const create = (name: string, spec: Partial<Pod['spec']> = {}, metadata: Pod['metadata'] = {}): Promise<Pod> =>
  client.create(Pods, {
    metadata: { name, namespace, ...metadata },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  });
const message = async (request: Promise<unknown>): Promise<string> => {
  const error = await request.then(
    () => new Error('it was let in'),
    (e: Error) => e,
  );
  return error.message;
};

it('the plug-ins are asked in upstream’s order', () => {
  const names = admissionChain().map((plugin) => plugin.name);
  expect(names[0]).toBe('NamespaceLifecycle');
  expect(names.at(-1)).toBe('ResourceQuota');
  const order = ['LimitRanger', 'ServiceAccount', 'Priority', 'DefaultTolerationSeconds', 'DefaultStorageClass'];
  expect(names.filter((name) => order.includes(name))).toEqual(order);
});

describe('plug-ins that the server was told to leave out', () => {
  it('are not asked', async () => {
    const lax = await startServer({ listen: false, components: [], disableAdmission: ['NamespaceLifecycle'] });
    try {
      const made = await lax.client().create(ConfigMaps, { metadata: { name: 'c', namespace: 'nowhere' } });
      expect(made.metadata?.namespace).toBe('nowhere');
    } finally {
      await lax.close();
    }
  });

  it.each(['Nothing', 'RBACEscalation'])('are known ones: not %s', async (name) => {
    await expect(startServer({ listen: false, disableAdmission: [name] })).rejects.toThrow(
      `disable-admission-plugins plugin "${name}" is unknown`,
    );
  });
});

describe('a namespace', () => {
  it('that is not there is named before anything else is wrong', async () => {
    const invalid = { metadata: { name: 'p', namespace: 'nowhere' }, spec: { containers: [] } };
    await expect(client.create(Pods, invalid)).rejects.toMatchObject({
      reason: 'NotFound',
      message: 'namespaces "nowhere" not found',
    });
  });

  it('that is going takes nothing new, and says why', async () => {
    await client.create(Namespaces, { metadata: { name: 'going' } });
    await client.delete(Namespaces, { name: 'going' });
    const error = client.create(ConfigMaps, { metadata: { generateName: 'late-', namespace: 'going' } });
    await expect(error).rejects.toMatchObject({
      message:
        'configmaps "late-" is forbidden: unable to create new content in namespace going because it is being terminated',
      status: {
        details: {
          causes: [
            {
              reason: 'NamespaceTerminating',
              message: 'namespace going is being terminated',
              field: 'metadata.namespace',
            },
          ],
        },
      },
    });
  });

  it.each(['default', 'kube-system', 'kube-public'])('%s stays', async (name) => {
    expect(await message(client.delete(Namespaces, { name }))).toBe(
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    );
  });
});

describe('a service account that enforces its secrets', () => {
  const suffix = 'is not allowed because service account strict does not reference that';
  const variable = (secret: string) => [{ name: 'X', valueFrom: { secretKeyRef: { name: secret, key: 'k' } } }];
  beforeAll(async () => {
    await client.create(ServiceAccounts, {
      metadata: { name: 'strict', namespace, annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
      secrets: [{ name: 'mine' }],
      imagePullSecrets: [{ name: 'pull' }],
    });
  });
  const strict = (spec: Partial<Pod['spec']>) => create('strict', { serviceAccountName: 'strict', ...spec });

  it('lets pods use those', async () => {
    const volumes = [{ name: 'v', secret: { secretName: 'mine' } }];
    const made = await strict({ volumes, containers: [{ name: 'c', image: 'i', env: variable('mine') }] });
    expect(made.spec?.imagePullSecrets).toEqual([{ name: 'pull' }]);
  });

  it.each<[string, Partial<Pod['spec']>, string]>([
    [
      'a volume',
      { volumes: [{ name: 'v', secret: { secretName: 'other' } }] },
      `volume with secret.secretName="other" ${suffix} secret`,
    ],
    [
      'a variable',
      { containers: [{ name: 'c', image: 'i', env: variable('other') }] },
      `container c with envVar X referencing secret.secretName="other" ${suffix} secret`,
    ],
    [
      'a variable of an init container',
      { initContainers: [{ name: 'first', image: 'i', env: variable('other') }] },
      `init container first with envVar X referencing secret.secretName="other" ${suffix} secret`,
    ],
    [
      'a pull secret',
      { imagePullSecrets: [{ name: 'pull' }, { name: 'other' }] },
      `imagePullSecrets[1].name="other" ${suffix} imagePullSecret`,
    ],
  ])('refuses others in %s', async (_what, spec, why) => {
    expect(await message(strict(spec))).toBe(`pods "strict" is forbidden: ${why}`);
  });
});

describe('mirror pods', () => {
  const annotations = { 'kubernetes.io/config.mirror': 'x' };
  it.each<[Partial<Pod['spec']>, string]>([
    [{ serviceAccountName: 'default' }, 'a mirror pod may not reference service accounts'],
    [{ volumes: [{ name: 'v', secret: { secretName: 's' } }] }, 'a mirror pod may not reference secrets'],
    [
      { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] },
      'a mirror pod may not use ServiceAccountToken volume projections',
    ],
  ])('%j', async (spec, why) => {
    expect(await message(create('m', { nodeName: 'n', ...spec }, { annotations }))).toBe(
      `pods "m" is forbidden: ${why}`,
    );
  });
});

describe('a LimitRange for whole pods', () => {
  it('counts init containers that need more, side cars, and what the pod says itself', async () => {
    await client.create(Namespaces, { metadata: { name: 'whole' } });
    await client.create(ServiceAccounts, { metadata: { namespace: 'whole', name: 'default' } });
    const limits = [{ type: 'Pod', max: { cpu: '2' } }];
    await client.create(LimitRanges, { metadata: { namespace: 'whole', name: 'l' }, spec: { limits } });
    const container = (name: string, cpu: string, more: object = {}) => ({
      name,
      image: 'i',
      resources: { limits: { cpu } },
      ...more,
    });
    const pod = (name: string, spec: object) =>
      client.create(Pods, { metadata: { namespace: 'whole', name }, spec: spec as Pod['spec'] });
    await pod('fits', { containers: [container('a', '1')], initContainers: [container('i', '2')] });
    const sidecar = container('s', '1', { restartPolicy: 'Always' });
    expect(
      await message(pod('init', { containers: [container('a', '1')], initContainers: [container('i', '3')] })),
    ).toBe('pods "init" is forbidden: maximum cpu usage per Pod is 2, but limit is 3');
    const beside = { containers: [container('a', '1500m')], initContainers: [sidecar] };
    expect(await message(pod('beside', beside))).toContain('maximum cpu usage per Pod is 2, but limit is 2500m');
  });
});
