// LimitRanges: what is filled in and what is refused, over the whole server.
import type { Container, LimitRange } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Namespaces, Pods, ServiceAccounts } from '../../../src/api/resources.ts';
import type { ResourceType } from '../../../src/api/types.ts';
import type { Client } from '../../../src/client/rest.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';

const LimitRanges: ResourceType<LimitRange> = {
  group: '',
  version: 'v1',
  plural: 'limitranges',
  kind: 'LimitRange',
  namespaced: true,
};
let server: RunningServer;
let client: Client;
beforeAll(async () => {
  server = await startServer({ listen: false, components: [] });
  client = server.client();
});
afterAll(() => server.close());

async function namespace(name: string, limits: NonNullable<LimitRange['spec']>['limits']): Promise<void> {
  await client.create(Namespaces, { metadata: { name } });
  await client.create(ServiceAccounts, { metadata: { namespace: name, name: 'default' } });
  await client.create(LimitRanges, { metadata: { namespace: name, name: 'limits' }, spec: { limits } });
}
const create = (namespaceName: string, name: string, ...containers: Partial<Container>[]) =>
  client.create(Pods, {
    metadata: { namespace: namespaceName, name },
    spec: { containers: containers.map((c, i) => ({ name: `c${i}`, image: 'x', ...c })) },
  });

describe('a LimitRange', () => {
  it('fills in what containers do not say, and says so', async () => {
    await namespace('defaults', [
      { type: 'Container', default: { cpu: '500m', memory: '1Gi' }, defaultRequest: { cpu: '100m' } },
    ]);
    const pod = await create('defaults', 'p', {}, { resources: { limits: { cpu: '2' }, requests: { cpu: '1' } } });
    expect(pod.spec!.containers[0]!.resources).toEqual({
      limits: { cpu: '500m', memory: '1Gi' },
      requests: { cpu: '100m', memory: '1Gi' },
    });
    expect(pod.spec!.containers[1]!.resources?.limits).toEqual({ cpu: '2', memory: '1Gi' });
    expect(pod.metadata!.annotations!['kubernetes.io/limit-ranger']).toContain('LimitRanger plugin set: cpu');
  });

  it('bounds containers and whole pods', async () => {
    await namespace('bounds', [
      { type: 'Container', min: { memory: '100Mi' }, max: { memory: '1Gi' } },
      { type: 'Pod', max: { memory: '1536Mi' } },
    ]);
    const memory = (limit: string, request = limit): Partial<Container> => ({
      resources: { limits: { memory: limit }, requests: { memory: request } },
    });
    await create('bounds', 'fits', memory('1Gi'));
    await expect(create('bounds', 'big', memory('2Gi'))).rejects.toMatchObject({
      reason: 'Forbidden',
      message:
        'pods "big" is forbidden: [maximum memory usage per Container is 1Gi, but limit is 2Gi, ' +
        'maximum memory usage per Pod is 1536Mi, but limit is 2Gi]',
    });
    await expect(create('bounds', 'small', memory('1Gi', '50Mi'))).rejects.toMatchObject({
      message: 'pods "small" is forbidden: minimum memory usage per Container is 100Mi, but request is 50Mi',
    });
    await expect(create('bounds', 'sum', memory('1Gi'), memory('1Gi'))).rejects.toMatchObject({
      message: 'pods "sum" is forbidden: maximum memory usage per Pod is 1536Mi, but limit is 2Gi',
    });
  });

  it('bounds how far a limit may lie above its request', async () => {
    await namespace('ratio', [{ type: 'Container', maxLimitRequestRatio: { cpu: '2' } }]);
    const cpu = (limits: string, requests: string) => ({
      resources: { limits: { cpu: limits }, requests: { cpu: requests } },
    });
    await create('ratio', 'ok', cpu('2', '1'));
    await expect(create('ratio', 'no', cpu('3', '1'))).rejects.toMatchObject({
      message:
        'pods "no" is forbidden: cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
    });
  });
});
