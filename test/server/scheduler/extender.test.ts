// HTTP extenders: programs of this test that the scheduler asks over real connections, beside an API server in this process.
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CoreEvents, Nodes, Pods } from '../../../src/api/resources.ts';
import { systemClock } from '../../../src/client/clock.ts';
import { silentLogger } from '../../../src/client/log.ts';
import type { Client } from '../../../src/client/rest.ts';
import { definePlugin } from '../../../src/server/scheduler/framework.ts';
import { readConfiguration, runScheduler } from '../../../src/server/scheduler/run.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { eventually } from '../controllers/cluster.ts';
import { makeNode, makePod } from './objects.ts';

type Body = Record<string, unknown>;
type Verbs = Record<string, (body: Body) => unknown>;

let server: TestServer;
let client: Client;
let stopper: AbortController;
let running: Promise<void>[];
let programs: Server[];

beforeEach(async () => {
  server = await startTestServer();
  client = server.client();
  stopper = new AbortController();
  running = [];
  programs = [];
});
afterEach(async () => {
  stopper.abort();
  await Promise.all(running);
  for (const program of programs) program.closeAllConnections();
  await Promise.all(programs.map((program) => new Promise((resolve) => program.close(resolve))));
  await server.close();
});

/** Answers the URL of a program that knows these verbs; others are 404. */
async function program(verbs: Verbs): Promise<string> {
  const listening = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = verbs[request.url!.replace('/sched/', '')];
      if (!answer) return void response.writeHead(404).end();
      const said = answer(JSON.parse(Buffer.concat(chunks).toString()) as Body);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said));
    });
  });
  programs.push(listening);
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/sched/`;
}

function start(extenders: object[], own: readonly unknown[] = [], profile: object = {}): void {
  const text = JSON.stringify({
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    extenders,
    profiles: [profile],
  });
  const config = { ...readConfiguration(text, own), initialBackoffMs: 10, maxBackoffMs: 50 };
  running.push(runScheduler({ client, clock: systemClock, log: silentLogger, signal: stopper.signal, config }));
}

const create = (...args: Parameters<typeof makePod>) => {
  const { uid: _, ...metadata } = makePod(...args).metadata!;
  return client.create(Pods, { ...makePod(...args), metadata });
};
const get = (name: string) => client.get(Pods, { name, namespace: 'default' });
const nodeOf = (name: string) => eventually(`${name} is bound`, async () => (await get(name)).spec?.nodeName);
const messageOf = (name: string, what: RegExp) =>
  eventually(`${name} hears ${what}`, async () => {
    const condition = (await get(name)).status?.conditions?.find((c) => c.type === 'PodScheduled');
    return condition?.message && what.test(condition.message) && condition.message;
  });
async function nodes(...names: string[]): Promise<void> {
  for (const name of names) await client.create(Nodes, makeNode(name));
}
const namesOf = ({ NodeNames, Nodes: list }: Body): string[] =>
  (NodeNames as string[] | null) ??
  (list as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name);

describe('an extender', () => {
  it('filters nodes that it is sent whole, and says why the others will not do', async () => {
    await nodes('a', 'b', 'c');
    let sent: Body = {};
    const urlPrefix = await program({
      filter: (body) => {
        sent = body;
        const { items } = body['Nodes'] as { items: { metadata: { name: string } }[] };
        return { Nodes: { items: items.filter(({ metadata }) => metadata.name === 'b') }, FailedNodes: { a: 'no' } };
      },
    });
    start([{ urlPrefix, filterVerb: 'filter' }]);
    await create('p');
    expect(await nodeOf('p')).toBe('b');
    expect(sent['NodeNames']).toBeNull();
    expect((sent['Pod'] as { metadata: { name: string } }).metadata.name).toBe('p');
    expect(namesOf(sent).sort()).toEqual(['a', 'b', 'c']);
  });

  it('leaves a pod unschedulable until it agrees; any event asks it again', async () => {
    await nodes('a', 'b');
    let agrees = false;
    const filter = (body: Body) =>
      agrees
        ? { nodenames: namesOf(body) }
        : { NodeNames: [], FailedNodes: { a: 'a is no' }, FailedAndUnresolvableNodes: { b: 'b is never' } };
    start([{ urlPrefix: await program({ filter }), filterVerb: 'filter', nodeCacheCapable: true }]);
    await create('p');
    expect(await messageOf('p', /never/)).toMatch(
      /^0\/2 nodes are available: 1 a is no, 1 b is never\. preemption: 0\/2 nodes are available: /,
    );
    agrees = true;
    await nodes('late');
    expect(await nodeOf('p')).toMatch(/a|b|late/);
  });

  it('scores from 0 to 10 with its weight', async () => {
    await nodes('a', 'b', 'c');
    const prioritize = (body: Body) => namesOf(body).map((Host) => ({ Host, Score: Host === 'c' ? 10 : 0 }));
    const urlPrefix = await program({ prioritize });
    start([{ urlPrefix, prioritizeVerb: 'prioritize', weight: 100, nodeCacheCapable: true }]);
    for (const name of ['p', 'q', 'r']) {
      await create(name);
      expect(await nodeOf(name)).toBe('c');
    }
  });

  it('that is not there fails the pod, unless it may be ignored', async () => {
    await nodes('a');
    const urlPrefix = await program({});
    start([{ urlPrefix, filterVerb: 'filter', prioritizeVerb: 'score', weight: 1 }]);
    await create('p');
    expect(await messageOf('p', /extender/)).toBe(`failed filter with extender at URL ${urlPrefix}filter, code 404`);
    const { items } = await client.list(CoreEvents, { namespace: 'default' });
    expect(items.some(({ reason }) => reason === 'FailedScheduling')).toBe(true);
    stopper.abort();
    await Promise.all(running);
    stopper = new AbortController();
    start([{ urlPrefix, filterVerb: 'filter', bindVerb: 'bind', ignorable: true }]);
    expect(await nodeOf('p')).toBe('a');
  });

  it('is asked only about pods with its resources, which the scheduler may leave to it', async () => {
    await nodes('a', 'b');
    const asked: string[] = [];
    const filter = (body: Body) => {
      asked.push((body['Pod'] as { metadata: { name: string } }).metadata.name);
      return { NodeNames: ['b'] };
    };
    const urlPrefix = await program({ filter });
    const managedResources = [{ name: 'example.org/gpu', ignoredByScheduler: true }];
    start([{ urlPrefix, filterVerb: 'filter', nodeCacheCapable: true, managedResources }]);
    await create('plain');
    await nodeOf('plain');
    const resources = { requests: { 'example.org/gpu': '1' }, limits: { 'example.org/gpu': '1' } };
    await create('managed', { spec: { containers: [{ name: 'c', image: 'app:1', resources }] } });
    expect(await nodeOf('managed')).toBe('b');
    expect(asked).toEqual(['managed']);
  });

  it('binds instead of the scheduler', async () => {
    await nodes('a');
    let said: Body = {};
    const bind = (body: Body) => {
      said = body;
      const { PodName: name, PodNamespace: namespace, PodUID: uid, Node: node } = body as Record<string, string>;
      const metadata = { name: name!, namespace: namespace!, uid: uid! };
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata, target: { kind: 'Node', name: node } };
      void client.create(Pods, binding as never, { namespace: namespace!, name: name!, subresource: 'binding' });
      return {};
    };
    start([{ urlPrefix: await program({ bind }), bindVerb: 'bind' }]);
    const { metadata } = await create('p');
    expect(await nodeOf('p')).toBe('a');
    expect(said).toEqual({ PodName: 'p', PodNamespace: 'default', PodUID: metadata!.uid, Node: 'a' });
  });

  it('whose binding fails costs the pod an attempt', async () => {
    await nodes('a');
    start([{ urlPrefix: await program({ bind: () => ({ Error: 'not today' }) }), bindVerb: 'bind' }]);
    await create('p');
    expect(await messageOf('p', /./)).toBe('binding rejected: not today');
  });
});

describe('preemption with an extender', () => {
  const full = { requests: { cpu: '4' }, spec: { terminationGracePeriodSeconds: 0 } };
  const important = { ...full, spec: { ...full.spec, priority: 10 } };

  it('takes the victims that it chooses', async () => {
    await nodes('a', 'b');
    const preempt = (body: Body) => ({
      NodeNameToMetaVictims: { b: (body['NodeNameToMetaVictims'] as Record<string, unknown>)['b'] },
    });
    start([{ urlPrefix: await program({ preempt }), preemptVerb: 'preempt', nodeCacheCapable: true }]);
    for (const name of ['x', 'y']) await create(name, full);
    const onB = (await nodeOf('x')) === 'b' ? 'x' : 'y';
    await nodeOf('y');
    await create('p', important);
    expect(await nodeOf('p')).toBe('b');
    await expect(get(onB)).rejects.toThrow('not found');
  });

  it('evicts nobody when it agrees to no node', async () => {
    await nodes('a');
    start([{ urlPrefix: await program({ preempt: () => ({ NodeNameToMetaVictims: {} }) }), preemptVerb: 'preempt' }]);
    await create('x', full);
    await nodeOf('x');
    await create('p', important);
    expect(await messageOf('p', /preemption/)).toBe(
      '0/1 nodes are available: 1 Insufficient cpu. preemption: no candidate node for preemption',
    );
    expect((await get('x')).metadata?.deletionTimestamp).toBeUndefined();
  });
});

describe('the configuration of extenders', () => {
  const wrong = (extenders: object[]): string => {
    try {
      start(extenders);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };

  it('is checked as upstream checks it', () => {
    const urlPrefix = 'http://127.0.0.1:1/';
    expect(wrong([{ urlPrefix, prioritizeVerb: 'p' }])).toBe(
      'extenders[0].weight: Invalid value: 0: must have a positive weight applied to it',
    );
    expect(
      wrong([
        { urlPrefix, bindVerb: 'bind' },
        { urlPrefix, bindVerb: 'bind' },
      ]),
    ).toBe('extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind');
    const managedResources = [{ name: 'example.org/gpu' }, { name: 'example.org/gpu' }, { name: 'cpu' }];
    expect(wrong([{ urlPrefix, managedResources }]).split('\n')).toEqual([
      'extenders[0].managedResources[1].name: Invalid value: "example.org/gpu": duplicate extender managed resource name',
      'extenders[0].managedResources[2].name: Invalid value: "cpu": is an invalid extended resource name',
    ]);
    expect(wrong([{ urlPrefix: 'localhost', httpTimeout: 'soon' }])).toContain('extenders[0].httpTimeout: ');
    expect(wrong([{ urlPrefix: 'localhost' }])).toContain('extenders[0].urlPrefix: Invalid value: "localhost"');
    expect(wrong([{ urlPrefix, tlsConfig: { caFile: '/none' } }])).toContain('extenders[0].tlsConfig: ');
  });
});

describe('a pod that waits before it is bound', () => {
  it('keeps no other from being bound, however many wait', async () => {
    await client.create(Nodes, makeNode('a', { allocatable: { pods: '1000' } }));
    let waiting = 0;
    const waits = definePlugin({
      name: 'Waits',
      preBind: (pod, _node, { signal }) => {
        if (!pod.labels['slow']) return Promise.resolve();
        waiting++;
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
      },
    });
    start([], [waits], { plugins: { preBind: { enabled: [{ name: 'Waits' }] } } });
    const slow = Array.from({ length: 520 }, (_, i) => create(`slow-${i}`, { labels: { slow: 'true' } }));
    await Promise.all(slow);
    await eventually('all wait', () => Promise.resolve(waiting === 520));
    await create('quick');
    expect(await nodeOf('quick')).toBe('a');
  });
});
