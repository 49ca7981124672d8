// The eviction subresource against disruption budgets whose status the test writes.
import type { Pod } from 'kubernetes-types/core/v1.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PodDisruptionBudgets } from '../../../src/api/disruption.ts';
import { Pods } from '../../../src/api/resources.ts';
import { isNotFound, type Status } from '../../../src/api/status.ts';
import type { Handler, User } from '../../../src/wire/http.ts';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const namespace = 'default';
type PodStatus = { phase: string; ready?: boolean };

async function makePod(name: string, { phase, ready = false }: PodStatus): Promise<void> {
  const client = server.client();
  await client.create(Pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: 'web' } },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  });
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  const key = { name, namespace };
  await client.patch(Pods, key, 'merge', { status: { phase, conditions } }, { subresource: 'status' });
}

type Budget = Partial<PodDisruptionBudget['status'] & object> & { policy?: string };

async function makeBudget(name: string, { policy, ...status }: Budget): Promise<void> {
  const client = server.client();
  const spec = { minAvailable: 1, selector: { matchLabels: { app: 'web' } }, unhealthyPodEvictionPolicy: policy };
  const metadata = { name, namespace };
  await client.create(PodDisruptionBudgets, { metadata, spec } as PodDisruptionBudget);
  const zero = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, disruptionsAllowed: 0, observedGeneration: 1 };
  const patch = { status: { ...zero, ...status } };
  await client.patch(PodDisruptionBudgets, metadata, 'merge', patch, { subresource: 'status' });
}

async function evict(name: string, deleteOptions?: object, query = '', user?: User) {
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    ...(deleteOptions ? { deleteOptions } : {}),
  };
  const path = `/api/v1/namespaces/default/pods/${name}/eviction${query}`;
  const handler: Handler = (request) => server.handler(user ? { ...request, user } : request);
  const answer = await raw({ handler }, 'POST', path, { body });
  return { ...answer, body: answer.json as Status };
}

const budget = (name: string) => server.client().get(PodDisruptionBudgets, { name, namespace });
const pod = (name: string): Promise<Pod | undefined> =>
  server
    .client()
    .get(Pods, { name, namespace })
    .catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
const isGoing = async (name: string): Promise<boolean> => {
  const found = await pod(name);
  return !found || found.metadata?.deletionTimestamp !== undefined;
};

describe('with a budget', () => {
  it('takes one disruption off, notes the pod, and the pod says who ends it', async () => {
    await makePod('a', { phase: 'Running', ready: true });
    await makeBudget('b', { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1 });
    const answer = await evict('a');
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ kind: 'Status', status: 'Success', code: 201 });
    const { status } = await budget('b');
    expect(status).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: { a: expect.any(String) as string },
      conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }],
    });
    const evicted = await pod('a');
    expect(evicted?.metadata?.deletionTimestamp).toBeDefined();
    // Nobody owns what the eviction wrote.
    expect(evicted?.metadata?.managedFields?.some(({ subresource }) => subresource === 'eviction')).toBe(false);
    expect(evicted?.status?.conditions?.find((c) => c.type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
    });
  });

  it('is refused when none is left', async () => {
    await makePod('a', { phase: 'Running', ready: true });
    await makeBudget('b', { currentHealthy: 1, desiredHealthy: 1 });
    const answer = await evict('a');
    expect(answer.status).toBe(429);
    expect(answer.headers['retry-after']).toBeUndefined();
    expect(answer.body).toMatchObject({
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: {
        causes: [
          { reason: 'DisruptionBudget', message: 'The disruption budget b needs 1 healthy pods and has 1 currently' },
        ],
      },
    });
    expect(await isGoing('a')).toBe(false);
  });

  it.each<[string, Budget, string]>([
    [
      'a failed count',
      { conditions: [condition('SyncFailed', 'no scale')] },
      'The disruption budget b does not allow evicting pods currently because it failed sync: no scale',
    ],
    [
      'something else',
      { currentHealthy: 2, desiredHealthy: 1, conditions: [condition('Paused', 'by me')] },
      'The disruption budget b does not allow evicting pods currently (Paused): by me',
    ],
    [
      'nothing known',
      { currentHealthy: 2, desiredHealthy: 1 },
      'The disruption budget b does not allow evicting pods currently',
    ],
  ])('says why: %s', async (_what, status, message) => {
    await makePod('a', { phase: 'Running', ready: true });
    await makeBudget('b', status);
    expect((await evict('a')).body.details?.causes?.[0]?.message).toBe(message);
  });

  it('waits for a controller that has not seen the budget yet', async () => {
    await makePod('a', { phase: 'Running', ready: true });
    await makeBudget('b', { disruptionsAllowed: 1, observedGeneration: 0 });
    const answer = await evict('a');
    expect(answer.status).toBe(429);
    expect(answer.headers['retry-after']).toBe('10');
    expect(answer.body.details?.causes?.[0]?.message).toBe(
      'The disruption budget b is still being processed by the server.',
    );
  });

  it('is refused when several budgets select the pod', async () => {
    await makePod('a', { phase: 'Running', ready: true });
    await makeBudget('b', { disruptionsAllowed: 1 });
    await makeBudget('c', { disruptionsAllowed: 1 });
    const answer = await evict('a');
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({
      status: 'Failure',
      code: 500,
      message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    });
    expect(await isGoing('a')).toBe(false);
  });

  it('lets as many go as it allows, however many ask at once', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `p${i}`);
    for (const name of names) await makePod(name, { phase: 'Running', ready: true });
    await makeBudget('b', { disruptionsAllowed: 5, currentHealthy: 12, desiredHealthy: 7 });
    const codes = (await Promise.all(names.map((name) => evict(name)))).map((answer) => answer.status);
    expect(codes.filter((code) => code === 201)).toHaveLength(5);
    expect(codes.filter((code) => code === 429)).toHaveLength(7);
    expect(Object.keys((await budget('b')).status?.disruptedPods ?? {})).toHaveLength(5);
  });

  it('needs no right of the user but the one to evict', async () => {
    const evictor: User = { name: 'evictor', groups: ['system:authenticated'] };
    await server.close();
    server = await startTestServer({
      authorizer: {
        name: 'test',
        authorize: ({ user, subresource }) => ({ allowed: user.name !== 'evictor' || subresource === 'eviction' }),
      },
    });
    await makePod('a', { phase: 'Running', ready: true });
    await makeBudget('b', { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1 });
    expect((await evict('a', undefined, '', evictor)).status).toBe(201);
    expect((await budget('b')).status?.disruptionsAllowed).toBe(0);
    expect(await isGoing('a')).toBe(true);
  });
});

function condition(reason: string, message: string) {
  return { type: 'DisruptionAllowed', status: 'False', reason, message, lastTransitionTime: '2024-01-01T00:00:00Z' };
}

describe('pods that a budget does not hold', () => {
  it.each(['Succeeded', 'Failed', 'Pending'])('%s ones', async (phase) => {
    await makePod('a', { phase });
    await makeBudget('b', {});
    expect((await evict('a')).status).toBe(201);
    expect(await isGoing('a')).toBe(true);
  });

  it.each<[string, Budget, number]>([
    ['when enough others are healthy', { currentHealthy: 1, desiredHealthy: 1 }, 201],
    ['not when too few are', { currentHealthy: 0, desiredHealthy: 1 }, 429],
    ['not when nothing is wanted', { currentHealthy: 0, desiredHealthy: 0 }, 429],
    ['always, if the budget says so', { currentHealthy: 0, desiredHealthy: 1, policy: 'AlwaysAllow' }, 201],
    ['not with the other policy', { currentHealthy: 0, desiredHealthy: 1, policy: 'IfHealthyBudget' }, 429],
  ])('unready ones %s', async (_what, status, code) => {
    await makePod('a', { phase: 'Running' });
    await makeBudget('b', status);
    expect((await evict('a')).status).toBe(code);
    expect(await isGoing('a')).toBe(code === 201);
    expect((await budget('b')).status?.disruptedPods).toBeUndefined();
  });
});

describe('options', () => {
  it('of a dry run change nothing, wherever it is asked for', async () => {
    await makePod('a', { phase: 'Running', ready: true });
    await makeBudget('b', { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1 });
    expect((await evict('a', undefined, '?dryRun=All')).status).toBe(201);
    expect((await evict('a', { dryRun: ['All'] })).status).toBe(201);
    expect((await budget('b')).status?.disruptionsAllowed).toBe(1);
    expect((await pod('a'))?.status?.conditions).toHaveLength(1);
    expect(await isGoing('a')).toBe(false);
  });

  it('with preconditions bind the eviction', async () => {
    await makePod('a', { phase: 'Running', ready: true });
    const wrong = await evict('a', { preconditions: { uid: 'other' } });
    expect(wrong.status).toBe(409);
    expect(wrong.body.message).toContain('the UID in the precondition (other) does not match the UID in record');
    const stale = await evict('a', { preconditions: { resourceVersion: '1' } });
    expect(stale.body.message).toContain('the ResourceVersion in the precondition (1) does not match');
    const { uid, resourceVersion } = (await pod('a'))!.metadata!;
    expect((await evict('a', { preconditions: { uid, resourceVersion } })).status).toBe(201);
  });

  it('with a grace period reach the deletion', async () => {
    await makePod('a', { phase: 'Running', ready: true });
    await evict('a', { gracePeriodSeconds: 7 });
    expect((await pod('a'))?.metadata?.deletionGracePeriodSeconds).toBe(7);
  });

  it('must name the pod of the path', async () => {
    await makePod('a', { phase: 'Running' });
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'b' } };
    const answer = await raw(server, 'POST', '/api/v1/namespaces/default/pods/a/eviction', { body });
    expect(answer.status).toBe(400);
    expect((answer.json as Status).message).toBe('name in URL does not match name in Eviction object');
    expect((await evict('none')).status).toBe(404);
  });
});
