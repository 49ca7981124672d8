// Front proxies over real sockets: what they say in headers is believed, over HTTP/1.1 and HTTP/2; what others say is not.
// One server is an extension server of another: it takes what it needs from the other's ConfigMap, as upstream's do.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigMaps } from '../../src/api/resources.ts';
import { hostAddress } from '../../src/server/addresses.ts';
import { type Authority, issueAuthority, issueLeaf } from '../../src/server/pki/issue.ts';
import { generateKeys, privateKeyPem, publicKeyDer } from '../../src/server/pki/keys.ts';
import { type RunningServer, StartupError, startServer } from '../../src/server/server.ts';

let folder: string;
let server: RunningServer;
let outside: Authority;
interface Credential {
  cert: string;
  key: string;
}
const proxy: Record<string, Credential> = {};
const TRUST = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };
const WHO = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const BODY = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });

async function issue(authority: Authority, commonName: string): Promise<Credential> {
  const keys = generateKeys();
  const cert = await issueLeaf(authority, {
    subject: { commonName },
    publicKey: publicKeyDer(keys.publicKey),
    usages: ['digital signature', 'client auth'],
  });
  return { cert, key: privateKeyPem(keys.privateKey) };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sampan-proxy-'));
  outside = await issueAuthority('outside', generateKeys());
  writeFileSync(join(folder, 'outside.crt'), outside.certificate);
  server = await startServer({
    dataDir: join(folder, 'data'),
    store: 'memory',
    listen: { host: '127.0.0.1', port: 0 },
    components: [],
    requestHeader: {
      clientCaFile: join(folder, 'outside.crt'),
      allowedNames: ['sso'],
      usernameHeaders: ['X-Remote-User', 'X-Forwarded-User'],
    },
  });
  const pem = (name: string): Credential => ({
    cert: readFileSync(join(folder, 'data/pki', `${name}.crt`), 'utf8'),
    key: readFileSync(join(folder, 'data/pki', `${name}.key`), 'utf8'),
  });
  proxy['own'] = pem('front-proxy-client');
  proxy['admin'] = pem('admin');
  proxy['sso'] = await issue(outside, 'sso');
  proxy['other'] = await issue(outside, 'other');
  proxy['stranger'] = await issue(await issueAuthority('stranger', generateKeys()), 'sso');
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const target = (name: string) => ({ ca: server.ca, ...proxy[name] });
type Lines = Record<string, string | string[]>;
interface Answer {
  code: number;
  user: { username: string; uid?: string; groups?: string[]; extra?: object };
}
const answerOf = (code: number, body: string): Answer => {
  if (!body.startsWith('{')) throw new Error(body);
  const { status } = JSON.parse(body) as { status: { userInfo: Answer['user'] } };
  return { code, user: status.userInfo };
};

function over1(name: string, headers: Lines, path = WHO): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = https.request(
      {
        host: '127.0.0.1',
        port: server.port,
        method: 'POST',
        path,
        agent: false,
        ...target(name),
        headers: { 'content-type': 'application/json', ...headers },
      },
      (response) =>
        void text(response)
          .then((body) => resolve(answerOf(response.statusCode!, body)))
          .catch(reject),
    );
    outgoing.on('error', reject);
    // As text it would take the headers along in its own encoding.
    outgoing.end(Buffer.from(BODY));
  });
}

async function over2(name: string, headers: Lines): Promise<Answer> {
  const session = http2.connect(server.url!, target(name));
  try {
    const stream = session.request({ ':method': 'POST', ':path': WHO, 'content-type': 'application/json', ...headers });
    let code = 0;
    stream.on('response', (head) => (code = Number(head[':status'])));
    stream.end(BODY);
    const body = await text(stream);
    return answerOf(code, body);
  } finally {
    session.close();
  }
}

const bytes = (value: string): string => Buffer.from(value, 'utf8').toString('latin1');
const jane = {
  'X-Remote-User': bytes('jané'),
  'X-Remote-Uid': 'u1',
  'X-Remote-Group': ['dev', 'ops, system:masters'],
  'X-Remote-Extra-Example.com%2Fteam': ['a', 'b'],
};

describe.each([
  ['HTTP/1.1', over1],
  ['HTTP/2', over2],
])('over %s', (_protocol, ask) => {
  it.each(['own', 'sso'])('the front proxy %s says who asks', async (name) => {
    expect(await ask(name, jane)).toEqual({
      code: 201,
      user: {
        username: 'jané',
        uid: 'u1',
        groups: ['dev', 'ops, system:masters', 'system:authenticated'],
        extra: { 'example.com/team': ['a', 'b'] },
      },
    });
  });

  it('by any of the headers that it was told to use', async () => {
    expect((await ask('sso', { 'X-Forwarded-User': 'joe' })).user.username).toBe('joe');
  });

  it('nobody else does', async () => {
    expect((await ask('admin', jane)).user.username).toBe('kubernetes-admin');
    for (const name of ['other', 'stranger']) expect((await ask(name, jane)).code, name).toBe(401);
    expect((await ask('own', {})).code).toBe(401);
  });

  it('who may impersonate is told apart from whom', async () => {
    const as = { 'Impersonate-User': bytes('bjørn'), 'Impersonate-Group': ['x', 'y, z'] };
    const { user } = await ask('own', { 'X-Remote-User': 'root', 'X-Remote-Group': 'system:masters', ...as });
    expect(user).toEqual({ username: 'bjørn', groups: ['x', 'y, z', 'system:authenticated'] });
  });
});

describe('what extension servers are told', () => {
  it('is both authorities, all names and all headers; what somebody takes out comes back', async () => {
    const client = server.client();
    const { data = {} } = await client.get(ConfigMaps, TRUST);
    expect(data['client-ca-file']).toBe(server.ca);
    expect(data['requestheader-client-ca-file']!.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(JSON.parse(data['requestheader-allowed-names']!)).toEqual(['front-proxy-client', 'sso']);
    expect(JSON.parse(data['requestheader-username-headers']!)).toEqual(['X-Remote-User', 'X-Forwarded-User']);
    const watch = await client.watch(ConfigMaps, { namespace: TRUST.namespace });
    await client.patch(ConfigMaps, TRUST, 'merge', { data: { 'client-ca-file': null, more: 'x' } });
    let last: typeof data = {};
    for await (const event of watch) {
      if (event.object.metadata?.name === TRUST.name) last = (event.object as { data?: typeof data }).data ?? {};
      if (last['client-ca-file'] !== undefined && last['more'] === undefined) break;
    }
    expect(last).toEqual(data);
    await client.delete(ConfigMaps, TRUST);
    await expect
      .poll(() =>
        client.get(ConfigMaps, TRUST).then(
          (map) => map.data,
          () => ({}),
        ),
      )
      .toEqual(data);
  });
});

describe('an extension server', () => {
  it('knows by the ConfigMap whom to believe, and who asks', async () => {
    const host = await hostAddress();
    if (host === undefined) throw new Error('this machine has no address but loopback, which endpoints may not have');
    const client = server.client();
    const { data = {} } = await client.get(ConfigMaps, TRUST);
    const clientCaFile = join(folder, 'requestheader-client-ca-file');
    writeFileSync(clientCaFile, data['requestheader-client-ca-file']!);
    const extension = await startServer({
      store: 'memory',
      listen: { host, port: 0 },
      names: ['who.default.svc'],
      components: [],
      requestHeader: {
        clientCaFile,
        allowedNames: JSON.parse(data['requestheader-allowed-names']!) as string[],
        usernameHeaders: JSON.parse(data['requestheader-username-headers']!) as string[],
      },
    });
    try {
      await client.request('POST', '/api/v1/namespaces/default/services', {
        body: { metadata: { name: 'who' }, spec: { ports: [{ port: 443, targetPort: extension.port }] } },
      });
      await client.request('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
        body: {
          metadata: { name: 'who-1', labels: { 'kubernetes.io/service-name': 'who' } },
          addressType: 'IPv4',
          endpoints: [{ addresses: [host] }],
          ports: [{ name: '', port: extension.port }],
        },
      });
      const services = {
        group: 'apiregistration.k8s.io',
        version: 'v1',
        plural: 'apiservices',
        kind: 'APIService',
        namespaced: false,
      };
      const name = 'v1.authentication.k8s.io';
      const caBundle = Buffer.from(extension.ca).toString('base64');
      const spec = { service: { namespace: 'default', name: 'who' }, caBundle };
      await expect.poll(() => client.patch(services, { name }, 'merge', { spec }).then(() => true, String)).toBe(true);
      const available = async () => {
        const { status } = await client.get<{ status?: { conditions?: { type: string; status: string }[] } }>(
          services,
          { name },
        );
        return status?.conditions?.find((condition) => condition.type === 'Available')?.status;
      };
      await expect.poll(available).toBe('True');
      const asked = { ...jane, 'X-Remote-Extra-K': 'v', 'X-Forwarded-User': 'somebody-else' };
      expect(await over1('own', asked)).toEqual({
        code: 201,
        user: {
          username: 'jané',
          uid: 'u1',
          groups: ['dev', 'ops, system:masters', 'system:authenticated'],
          extra: { 'example.com/team': ['a', 'b'], k: ['v'] },
        },
      });
      await extension.close();
      await expect(over1('own', asked), 'it was not asked').rejects.toThrow(
        /error trying to reach service|unavailable/,
      );
    } finally {
      await extension.close();
    }
  });
});

describe('settings that cannot be', () => {
  const start = (requestHeader: object) =>
    startServer({ listen: false, store: 'memory', components: [], requestHeader });
  it.each([
    [{ clientCaFile: '/nowhere.crt' }, 'cannot read --requestheader-client-ca-file /nowhere.crt: ENOENT'],
    [{ clientCaFile: import.meta.filename }, 'it has no certificates'],
    [{ usernameHeaders: [' '] }, 'empty value in "requestheader-username-headers"'],
    [
      { uidHeaders: ['X-Uid'] },
      '--requestheader-uid-headers is set without specifying the standard X-Remote-Uid header',
    ],
  ])('%o', async (settings, message) => {
    const failure = await start(settings).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(StartupError);
    expect((failure as Error).message).toContain(message);
  });
});
