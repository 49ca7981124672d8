// exec --run-as: what is asked of the server, and of which servers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import type { UpgradeDialer } from '../../src/wire/streams.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await runCli(words('run p --image=x'), { server });
});
afterAll(() => server.close());

const paths: string[] = [];
const dialer: UpgradeDialer = {
  async upgrade(_method, path) {
    paths.push(path);
    throw new Error('no streams here');
  },
};
const exec = (line: string, of = server) => runCli(words(`exec p ${line}`), { server: of, dialer });

describe('exec --run-as', () => {
  it('asks for the user', async () => {
    await exec('--run-as=1000:adm -- id');
    expect(new URL(paths.at(-1)!, 'http://x').searchParams.get('user')).toBe('1000:adm');
    await exec('-- id');
    expect(paths.at(-1)).not.toContain('user=');
  });
  it('refuses what names no user', async () => {
    expect((await exec('--run-as=1:2:3 -- id')).stderr).toBe(
      'error: invalid --run-as "1:2:3": must be USER[:GROUP], each a name or a number of the container\n',
    );
  });
  it('is not sent to servers that would ignore it', async () => {
    const handler: TestServer['handler'] = async (request) =>
      request.path === '/version'
        ? { status: 200, headers: {}, body: { bytes: () => Buffer.from('{"gitVersion":"v1.33.2"}') } }
        : server.handler(request);
    const foreign = Object.assign(Object.create(server) as TestServer, { handler });
    const before = paths.length;
    expect(await exec('--run-as=0 -- id', foreign)).toMatchObject({
      code: 1,
      stderr: "error: --run-as needs a Sampan server: this one (v1.33.2) runs commands as the container's user only\n",
    });
    expect(paths).toHaveLength(before);
  });
});
