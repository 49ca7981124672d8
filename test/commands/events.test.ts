// events --group.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliOptions, runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
const cli = (line: string, options: CliOptions = {}) => runCli(words(line), { server, ...options });
beforeAll(async () => {
  server = await startTestServer();
  const event = (
    name: string,
    type: string,
    reason: string,
    message: string,
    count: number,
    minute: number,
  ): object => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${reason.toLowerCase()}` },
    involvedObject: { kind: 'Pod', apiVersion: 'v1', name, namespace: 'default' },
    type,
    reason,
    message,
    count,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: `2026-01-01T00:0${minute}:00Z`,
    source: { component: 'test' },
  });
  const events = [
    event('a-0', 'Normal', 'Pulled', 'image is there', 90, 9),
    event('a-1', 'Warning', 'BackOff', 'restarting failed container in pod a-1 for the 3. time', 3, 1),
    event('a-2', 'Warning', 'BackOff', 'restarting failed container in pod a-2 for the 7. time', 7, 2),
    event('a-3', 'Warning', 'Unhealthy', 'probe failed', 1, 3),
  ];
  await cli('create -f -', { stdin: events.map((e) => JSON.stringify(e)).join('\n---\n') });
});
afterAll(() => server.close());

describe('events --group', () => {
  it('puts together what is said of several objects, frequent warnings first', async () => {
    const { stdout, code } = await cli('events --group --no-headers');
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/).slice(1))).toEqual([
      ['Warning', 'BackOff', '10', 'Pod/a-1 and 1 more', 'restarting failed container in pod a-2 for the 7. time'],
      ['Warning', 'Unhealthy', '1', 'Pod/a-3', 'probe failed'],
      ['Normal', 'Pulled', '90', 'Pod/a-0', 'image is there'],
      [],
    ]);
  });
  it('is data with -o, and no watch', async () => {
    expect(JSON.parse((await cli('events --group --types=Warning -o json')).stdout)).toMatchObject([
      { reason: 'BackOff', count: 10, objects: ['default/a-1', 'default/a-2'], lastSeen: '2026-01-01T00:02:00Z' },
      { reason: 'Unhealthy' },
    ]);
    expect((await cli('events --group -w')).stderr).toBe('error: --group does not go with --watch\n');
  });
});
