// Credentials: who a request is from, and that a bad credential is never mistaken for none.
import { describe, expect, it } from 'vitest';
import { Nodes, Pods, Secrets, ServiceAccounts } from '../../../src/api/resources.ts';
import type { KubeObject, ResourceType } from '../../../src/api/types.ts';
import { createAuth } from '../../../src/server/auth/auth.ts';
import { tokenFileAuthenticator } from '../../../src/server/auth/authenticators/token-file.ts';
import { ANONYMOUS } from '../../../src/server/auth/types.ts';
import { issueAuthority, issueLeaf, loadX509 } from '../../../src/server/pki/issue.ts';
import { generateKeys, privateKeyPem, publicKeyDer } from '../../../src/server/pki/keys.ts';
import type { Request } from '../../../src/wire/http.ts';
import { TestCluster } from './cluster.ts';

const issuer = 'https://kubernetes.default.svc.cluster.local';
let nowMs = Date.parse('2026-01-01T00:00:00Z');

const authority = await issueAuthority('ca', generateKeys(), nowMs);

function setup() {
  const cluster = new TestCluster();
  const file = tokenFileAuthenticator('/tokens', 'secret,alice,u1,"a,b"\n# a comment\n\nplain,bob,u2\n');
  const auth = createAuth({
    issuer,
    keys: generateKeys(),
    clientCa: authority.certificate,
    tokenAuthenticators: [file],
    now: () => nowMs,
  });
  auth.attach(cluster);
  return { cluster, auth };
}
const request = (extra: Partial<Request>): Request => ({
  method: 'GET',
  path: '/api',
  query: new URLSearchParams(),
  headers: {},
  signal: new AbortController().signal,
  ...extra,
});
const bearer = (token: string): Request => request({ headers: { authorization: `Bearer ${token}` } });
const object = <T extends KubeObject>(_: ResourceType<T>, name: string, namespace?: string, more: object = {}): T =>
  ({ metadata: { name, namespace, uid: `uid-${name}`, ...more } }) as unknown as T;
const denied = { reason: 'Unauthorized', message: 'Unauthorized' };

describe('a request without a credential', () => {
  it('is anonymous; one with rubbish is not', async () => {
    const { auth } = setup();
    expect(await auth.authenticate(request({}))).toBe(ANONYMOUS);
    expect(await auth.authenticate(request({ headers: { authorization: 'Basic eHg6eHg=' } }))).toBe(ANONYMOUS);
    await expect(auth.authenticate(bearer('rubbish'))).rejects.toMatchObject(denied);
    await expect(auth.authenticate(bearer('a.b.c'))).rejects.toMatchObject(denied);
  });
});

describe('client certificates', () => {
  const leaf = async (
    usage: string,
    subject: { commonName: string; organizations?: string[] },
  ): Promise<Uint8Array> => {
    const pem = await issueLeaf(authority, {
      subject,
      usages: [usage],
      publicKey: publicKeyDer(generateKeys().publicKey),
      nowMs,
      lifetimeMs: 3600_000,
    });
    return Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  };

  it('name the user by CN and its groups by O', async () => {
    const { auth } = setup();
    const der = await leaf('client auth', { commonName: 'system:node:n, "x"', organizations: ['system:nodes', 'b,c'] });
    const peer = { der, verified: true };
    const user = await auth.authenticate(request({ peerCertificate: peer }));
    expect(user).toMatchObject({ name: 'system:node:n, "x"', groups: ['system:nodes', 'b,c', 'system:authenticated'] });
    expect(await auth.authenticate(request({ peerCertificate: peer }))).toBe(user);
    await expect(auth.authenticate(request({ peerCertificate: { der, verified: false } }))).rejects.toMatchObject(
      denied,
    );
    nowMs += 2 * 3600_000;
    await expect(auth.authenticate(request({ peerCertificate: peer }))).rejects.toMatchObject(denied);
    nowMs -= 2 * 3600_000;
  });

  it.each<[string, string[], string | undefined, string | undefined]>([
    ['none', [], undefined, undefined],
    ['one', ['u-1'], 'u-1', undefined],
    ['two', ['u-1', 'u-2'], undefined, 'expected 1 UID, but found multiple: [u-1 u-2]'],
    ['an empty one', [''], undefined, 'UID cannot be an empty string'],
  ])('say a UID, if they do, by an attribute of their own: %s', async (_what, uids, uid, complaint) => {
    const { auth } = setup();
    const x509 = await loadX509();
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const pkcs8 = Buffer.from(privateKeyPem(authority.keys.privateKey).replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    const attribute = (value: string) => ({ '1.3.6.1.4.1.57683.2': [{ utf8String: value }] });
    const made = await x509.X509CertificateGenerator.create({
      subject: new x509.Name([{ CN: [{ utf8String: 'bob' }] }, ...uids.map(attribute)]).toJSON(),
      issuer: new x509.X509Certificate(authority.certificate).subjectName,
      notBefore: new Date(nowMs - 60_000),
      notAfter: new Date(nowMs + 60_000),
      publicKey: new x509.PublicKey(publicKeyDer(generateKeys().publicKey)),
      signingKey: await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
      signingAlgorithm: { ...algorithm, hash: 'SHA-256' },
    });
    const asking = auth.authenticate(request({ peerCertificate: { der: Buffer.from(made.rawData), verified: true } }));
    if (complaint === undefined) {
      const user = await asking;
      expect([user.name, user.uid]).toEqual(['bob', uid]);
    } else await expect(asking).rejects.toMatchObject({ ...denied, cause: complaint });
  });

  it('of servers are no identity, and a good token counts beside a bad certificate', async () => {
    const { auth } = setup();
    const der = await leaf('server auth', { commonName: 'x' });
    expect(await auth.authenticate(request({ peerCertificate: { der, verified: true } }))).toBe(ANONYMOUS);
    const both = { ...bearer('secret'), peerCertificate: { der, verified: false } };
    expect(await auth.authenticate(both)).toMatchObject({ name: 'alice', groups: ['a', 'b', 'system:authenticated'] });
  });
});

describe('bootstrap tokens', () => {
  const secret = (fields: Record<string, string>, type = 'bootstrap.kubernetes.io/token') => ({
    metadata: { namespace: 'kube-system', name: 'bootstrap-token-abcdef' },
    type,
    data: Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, Buffer.from(v).toString('base64')])),
  });
  const good = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': 'system:bootstrappers:sampan',
  };
  const token = 'abcdef.0123456789abcdef';

  it('name the token and its groups', async () => {
    const { auth, cluster } = setup();
    cluster.put(Secrets, secret(good));
    expect(await auth.authenticate(bearer(token))).toEqual({
      name: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:bootstrappers:sampan', 'system:authenticated'],
    });
    cluster.delete(Secrets, 'kube-system/bootstrap-token-abcdef');
    await expect(auth.authenticate(bearer(token))).rejects.toMatchObject(denied);
  });

  it.each([
    ['another secret', { ...good, 'token-secret': '0123456789abcdee' }],
    ['no use for authentication', { ...good, 'usage-bootstrap-authentication': 'false' }],
    ['an end in the past', { ...good, expiration: '2025-12-31T23:59:59Z' }],
    ['an end that is no time', { ...good, expiration: 'tomorrow' }],
    ['a group outside of system:bootstrappers', { ...good, 'auth-extra-groups': 'system:masters' }],
  ])('with %s are refused', async (_, fields) => {
    const { auth, cluster } = setup();
    cluster.put(Secrets, secret(fields));
    await expect(auth.authenticate(bearer(token))).rejects.toMatchObject(denied);
  });
});

describe('service account tokens', () => {
  async function issued(bound: 'Pod' | 'Node' | undefined, audiences?: string[]) {
    const { auth, cluster } = setup();
    cluster.put(ServiceAccounts, object(ServiceAccounts, 'robot', 'a'));
    cluster.put(Pods, object(Pods, 'p', 'a'));
    cluster.put(Nodes, object(Nodes, 'n'));
    const { token, expirationTimestamp } = await auth.tokens.issue({
      namespace: 'a',
      serviceAccount: { name: 'robot', uid: 'uid-robot' },
      ...(bound === 'Pod'
        ? { boundObject: { kind: bound, name: 'p', uid: 'uid-p' }, node: { name: 'n', uid: 'uid-n' } }
        : {}),
      ...(bound === 'Node' ? { boundObject: { kind: bound, name: 'n', uid: 'uid-n' } } : {}),
      audiences,
      expirationSeconds: 600,
    });
    return { auth, cluster, token, expirationTimestamp };
  }

  it('name the account, its groups and what it is bound to', async () => {
    const { auth, token, expirationTimestamp } = await issued('Pod');
    expect(expirationTimestamp).toBe('2026-01-01T00:10:00Z');
    const user = await auth.authenticate(bearer(token));
    expect(user).toMatchObject({
      name: 'system:serviceaccount:a:robot',
      uid: 'uid-robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'],
      extra: {
        'authentication.kubernetes.io/pod-name': ['p'],
        'authentication.kubernetes.io/pod-uid': ['uid-p'],
        'authentication.kubernetes.io/node-name': ['n'],
        'authentication.kubernetes.io/node-uid': ['uid-n'],
      },
    });
    expect(await auth.authenticate(bearer(token))).toBe(user);
    const websocket = `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}, v4.channel.k8s.io`;
    const headers = { 'sec-websocket-protocol': websocket };
    expect(await auth.authenticate(request({ headers: { ...headers, upgrade: 'websocket' } }))).toBe(user);
    expect(await auth.authenticate(request({ headers }))).toMatchObject({ name: 'system:anonymous' });
  });

  it('end with their time', async () => {
    const { auth, token } = await issued(undefined);
    await auth.authenticate(bearer(token));
    nowMs += 661_000;
    await expect(auth.authenticate(bearer(token))).rejects.toMatchObject(denied);
    nowMs -= 661_000;
  });

  it('end with their account, also when one of the same name comes back', async () => {
    const { auth, cluster, token } = await issued(undefined);
    await auth.authenticate(bearer(token));
    cluster.delete(ServiceAccounts, 'a/robot');
    await expect(auth.authenticate(bearer(token))).rejects.toMatchObject(denied);
    cluster.put(ServiceAccounts, object(ServiceAccounts, 'robot', 'a', { uid: 'another' }));
    await expect(auth.authenticate(bearer(token))).rejects.toMatchObject(denied);
  });

  it('end with the pod or node that they are bound to, a minute after its deletion began', async () => {
    const pod = await issued('Pod');
    const deletionTimestamp = new Date(nowMs).toISOString();
    pod.cluster.put(Pods, object(Pods, 'p', 'a', { deletionTimestamp }));
    await pod.auth.authenticate(bearer(pod.token));
    nowMs += 61_000;
    await expect(pod.auth.authenticate(bearer(pod.token))).rejects.toMatchObject(denied);
    nowMs -= 61_000;
    const node = await issued('Node');
    await node.auth.authenticate(bearer(node.token));
    node.cluster.delete(Nodes, 'n');
    await expect(node.auth.authenticate(bearer(node.token))).rejects.toMatchObject(denied);
  });

  it('for another audience or from another key are refused', async () => {
    const other = await issued(undefined, ['vault']);
    await expect(other.auth.authenticate(bearer(other.token))).rejects.toMatchObject(denied);
    const { auth } = await issued(undefined);
    const stranger = await issued(undefined);
    await expect(auth.authenticate(bearer(stranger.token))).rejects.toMatchObject(denied);
    const [head, , signature] = stranger.token.split('.');
    const forged = Buffer.from(JSON.stringify({ iss: issuer, sub: 'system:serviceaccount:a:robot' })).toString(
      'base64url',
    );
    await expect(auth.authenticate(bearer(`${head}.${forged}.${signature}`))).rejects.toMatchObject(denied);
    const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
    await expect(auth.authenticate(bearer(`${unsigned}.${forged}.`))).rejects.toMatchObject(denied);
  });

  it('are reviewed for the audiences that are asked for', async () => {
    const { auth, token } = await issued('Pod', ['vault', 'bank']);
    const name = 'system:serviceaccount:a:robot';
    expect(await auth.reviewToken(token, ['bank', 'shop'])).toMatchObject({ user: { name }, audiences: ['bank'] });
    await expect(auth.reviewToken(token, ['shop'])).rejects.toMatchObject(denied);
    await expect(auth.reviewToken(token, [])).rejects.toMatchObject(denied);
    const own = await issued(undefined);
    expect(await own.auth.reviewToken(own.token, [])).toMatchObject({ user: { name }, audiences: [issuer] });
    expect(await own.auth.reviewToken('secret', [])).toMatchObject({ user: { name: 'alice' }, audiences: [issuer] });
    await expect(own.auth.reviewToken('secret', ['vault'])).rejects.toMatchObject(denied);
    await expect(own.auth.reviewToken('rubbish', [])).rejects.toMatchObject(denied);
  });
});
