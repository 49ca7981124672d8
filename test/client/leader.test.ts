import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CoreEvents, Leases } from '../../src/api/resources.ts';
import { systemClock } from '../../src/client/clock.ts';
import { createEventRecorder } from '../../src/client/events.ts';
import { runAsLeader } from '../../src/client/leader.ts';
import { silentLogger } from '../../src/client/log.ts';
import { Client } from '../../src/client/rest.ts';
import { eventually } from '../support/cli.ts';
import { type TestServer, startTestServer } from '../support/server.ts';

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server.close());

describe('leader election', () => {
  it('lets one act at a time, and another when the first has gone', async () => {
    const acting: string[] = [];
    const stops = new Map<string, AbortController>();
    const runs = ['a', 'b', 'c'].map((identity) => {
      const stop = new AbortController();
      stops.set(identity, stop);
      const options = {
        client: server.client(),
        namespace: 'kube-system',
        name: 'test',
        identity,
        clock: systemClock,
        log: silentLogger,
        signal: stop.signal,
        leaseMs: 400,
        renewDeadlineMs: 300,
        retryMs: 30,
      };
      return runAsLeader(options, async (reign) => {
        acting.push(identity);
        await new Promise((resolve) => reign.addEventListener('abort', resolve, { once: true }));
        acting.splice(acting.indexOf(identity), 1);
      });
    });
    await eventually(() => acting.length === 1);
    const [first] = acting;
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(acting).toEqual([first]);
    stops.get(first!)!.abort();
    await eventually(() => acting.length === 1 && acting[0] !== first);
    const lease = await server.client().get(Leases, { namespace: 'kube-system', name: 'test' });
    expect(lease.spec).toMatchObject({ holderIdentity: acting[0] });
    expect(lease.spec?.leaseTransitions).toBeGreaterThanOrEqual(1);
    for (const stop of stops.values()) stop.abort();
    await Promise.all(runs);
    expect(acting).toEqual([]);
  });

  it('ends when the server does not answer any more, not when it answers again', async () => {
    const { handler } = server.client();
    const stop = new AbortController();
    let answers = true;
    let ended = false;
    const hung = new Promise<never>((_, reject) => {
      stop.signal.addEventListener('abort', () => reject(new Error('the connection was reset')), { once: true });
    });
    hung.catch(() => undefined);
    const run = runAsLeader(
      {
        client: new Client((request) => (answers ? handler(request) : hung)),
        namespace: 'kube-system',
        name: 'hung',
        identity: 'a',
        clock: systemClock,
        log: silentLogger,
        signal: stop.signal,
        leaseMs: 400,
        renewDeadlineMs: 200,
        retryMs: 30,
      },
      async (reign) => {
        answers = false;
        await new Promise((resolve) => reign.addEventListener('abort', resolve, { once: true }));
        ended = !stop.signal.aborted;
      },
    );
    await eventually(() => ended);
    stop.abort();
    await run;
  });
});

describe('the event recorder', () => {
  const about = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default', uid: 'u' } };
  it('counts what is told again, combines what is similar, and cuts off who talks too much', async () => {
    const client = server.client();
    const recorder = createEventRecorder({
      client,
      source: { component: 'test', host: 'h' },
      clock: systemClock,
      log: silentLogger,
    });
    for (let i = 0; i < 3; i++)
      recorder.event(about, 'Warning', 'BackOff', 'again', { fieldPath: 'spec.containers{c}' });
    await recorder.flush();
    const [event] = (await client.list(CoreEvents, { namespace: 'default' })).items;
    expect(event).toMatchObject({
      count: 3,
      reason: 'BackOff',
      message: 'again',
      type: 'Warning',
      source: { component: 'test', host: 'h' },
      involvedObject: {
        kind: 'Pod',
        name: 'p',
        namespace: 'default',
        uid: 'u',
        apiVersion: 'v1',
        fieldPath: 'spec.containers{c}',
      },
    });
    for (let i = 0; i < 40; i++) recorder.event(about, 'Normal', 'Many', `message ${i}`);
    await recorder.flush();
    const events = (await client.list(CoreEvents, { namespace: 'default' })).items.filter((e) => e.reason === 'Many');
    expect(events.filter((e) => e.message?.startsWith('(combined from similar events): '))).toHaveLength(1);
    expect(events.length).toBe(10);
    expect(events.reduce((n, e) => n + (e.count ?? 0), 0)).toBe(22);
  });
});
