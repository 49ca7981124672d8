// Credential plug-ins: shell scripts, asked by a client of a server that wants a token or a certificate.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client } from '../../../src/client/rest.ts';
import { connectionMessage } from '../../../src/cli/connection-message.ts';
import type { ClientConfig, ExecConfig } from '../../../src/client/transport/config.ts';
import { httpsTransport } from '../../../src/client/transport/https.ts';
import { temporaryFolder } from '../../support/cli.ts';
import { type HttpsTestServer, startHttpsServer } from '../../support/https-server.ts';

const folder = temporaryFolder('plugins');
const runs = join(folder.path, 'runs');
let server: HttpsTestServer;
let wanted = 'tok';

beforeAll(async () => {
  server = await startHttpsServer((call) => (response) => {
    const known = call.headers.authorization === `Bearer ${wanted}`;
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' }).end('{"kind":"Status"}');
  });
});
afterAll(async () => {
  folder.remove();
  await server.close();
});
beforeEach(() => {
  wanted = 'tok';
  writeFileSync(runs, '');
});

const version = 'client.authentication.k8s.io/v1';
const credential = (status: object, more: object = {}): string =>
  `echo '${JSON.stringify({ apiVersion: version, kind: 'ExecCredential', status, ...more })}'`;

function plugin(script: string, more: Partial<ExecConfig> = {}): ExecConfig {
  const command = join(folder.path, 'plugin');
  writeFileSync(command, `#!/bin/sh\necho run >> ${runs}\n${script}\n`);
  chmodSync(command, 0o755);
  return { apiVersion: version, command, interactiveMode: 'Never', ...more };
}

const clientFor = (exec: ExecConfig, more: Partial<ClientConfig> = {}): Client => {
  const certificateAuthority = Buffer.from(server.caBundle, 'base64').toString('utf8');
  return new Client(httpsTransport({ server: server.url, certificateAuthority, exec, ...more }).handler);
};
const ask = async (client: Client): Promise<number | string> => {
  try {
    return (await client.request('GET', '/version')).status;
  } catch (error) {
    return connectionMessage(error) ?? (error as Error).message;
  }
};
const countRuns = (): number => readFileSync(runs, 'utf8').split('\n').length - 1;

describe('a credential plug-in', () => {
  it('is run once for requests at the same time, and again after a 401', async () => {
    const script = `count=$(wc -l < ${runs}); ${credential({ token: 'TOKEN' }).replace('TOKEN', "tok'$count'")}`;
    wanted = 'tok1';
    const client = clientFor(plugin(script));
    expect(await Promise.all([ask(client), ask(client), ask(client)])).toEqual([200, 200, 200]);
    expect(countRuns()).toBe(1);
    wanted = 'tok2';
    expect(await ask(client)).toBe(200);
    expect(countRuns()).toBe(2);
  });
  it('is run again when its credential has expired', async () => {
    const client = clientFor(plugin(credential({ token: 'tok', expirationTimestamp: '2020-01-01T00:00:00Z' })));
    expect([await ask(client), await ask(client), countRuns()]).toEqual([200, 200, 2]);
    const later = clientFor(plugin(credential({ token: 'tok', expirationTimestamp: '2999-01-01T00:00:00Z' })));
    expect([await ask(later), await ask(later), countRuns()]).toEqual([200, 200, 3]);
  });
  it('is not asked where something else says who it is', async () => {
    expect(await ask(clientFor(plugin('exit 1'), { token: 'tok' }))).toBe(200);
    expect(countRuns()).toBe(0);
  });
  it('is told of the cluster, and has its own environment', async () => {
    const exec = plugin(
      `echo "$KUBERNETES_EXEC_INFO" > ${folder.path}/info; ${credential({ token: 'X' }).replace('X', "'$MY'")}`,
      {
        env: [{ name: 'MY', value: 'tok' }],
        provideClusterInfo: true,
      },
    );
    expect(await ask(clientFor(exec))).toBe(200);
    expect(JSON.parse(readFileSync(join(folder.path, 'info'), 'utf8'))).toEqual({
      kind: 'ExecCredential',
      apiVersion: version,
      spec: { cluster: { server: server.url, 'certificate-authority-data': server.caBundle }, interactive: false },
    });
  });
  it('may answer YAML', async () => {
    expect(
      await ask(clientFor(plugin(`printf 'apiVersion: ${version}\\nkind: ExecCredential\\nstatus: {token: tok}\\n'`))),
    ).toBe(200);
  });
});

describe('a credential plug-in that fails', () => {
  const shape =
    'Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
  it.each([
    ['exit 3', 'exec: executable PLUGIN failed with exit code 3'],
    ['kill -9 $$', 'exec: executable PLUGIN failed with exit code -1'],
    [
      'echo hello',
      `decoding stdout: couldn't get version/kind; json parse error: json: cannot unmarshal string into ${shape}`,
    ],
    [
      'true',
      `exec plugin is configured to use API version ${version}, plugin returned version client.authentication.k8s.io/__internal`,
    ],
    [
      credential({ token: 'x' }, { kind: 'Pod' }),
      `decoding stdout: no kind "Pod" is registered for version "${version}" in scheme "pkg/client/auth/exec/exec.go:62"`,
    ],
    [
      credential({ token: 'x' }, { apiVersion: `${version}beta1` }),
      `exec plugin is configured to use API version ${version}, plugin returned version ${version}beta1`,
    ],
    [credential({}, { status: undefined }), "exec plugin didn't return a status field"],
    [credential({}), "exec plugin didn't return a token or cert/key pair"],
    [credential({ clientKeyData: 'x' }), 'exec plugin returned only certificate or key, not both'],
    [
      credential({ clientCertificateData: 'x', clientKeyData: 'x' }),
      'failed parsing client key/certificate: tls: failed to find any PEM data in certificate input',
    ],
    [
      credential({ token: 'x', expirationTimestamp: 'now' }),
      'decoding stdout: parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"',
    ],
  ])('%s', async (script, why) => {
    const exec = plugin(script);
    expect(await ask(clientFor(exec))).toBe(
      `Unable to connect to the server: getting credentials: ${why.replace('PLUGIN', exec.command)}`,
    );
  });
  it('is not there, or needs a terminal', async () => {
    const exec = plugin('exit 0', { command: 'no-such-plugin', installHint: 'Install it.' });
    expect(await ask(clientFor(exec))).toMatch(
      /^Unable .*: exec: executable no-such-plugin not found\n\nIt looks[^]*\n\nInstall it\.$/,
    );
    expect(await ask(clientFor(plugin('exit 0', { command: '/no/such' })))).toBe(
      'Unable to connect to the server: getting credentials: exec: fork/exec /no/such: no such file or directory',
    );
    if (process.stdin.isTTY) return;
    expect(await ask(clientFor(plugin(credential({ token: 'tok' }), { interactiveMode: 'Always' })))).toBe(
      'Unable to connect to the server: getting credentials: exec plugin cannot support interactive mode: standard input is not a terminal',
    );
  });
});
