// The request-header authenticator: what headers say, and of whom they are believed. The table of headers is upstream's
// (apiserver/pkg/authentication/request/headerrequest/requestheader_test.go), that of certificates follows
// TestX509Verifier in request/x509/x509_test.go.
import { describe, expect, it } from 'vitest';
import { createAuth } from '../../../src/server/auth/auth.ts';
import { requestHeaderAuthenticator } from '../../../src/server/auth/authenticators/request-header.ts';
import { ANONYMOUS } from '../../../src/server/auth/types.ts';
import { type Authority, issueAuthority, issueLeaf } from '../../../src/server/pki/issue.ts';
import { generateKeys, publicKeyDer } from '../../../src/server/pki/keys.ts';
import { NEVER_ABORTED, type Request } from '../../../src/wire/http.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const [users, proxies] = await Promise.all([
  issueAuthority('users', generateKeys(), nowMs),
  issueAuthority('proxies', generateKeys(), nowMs),
]);
async function certificate(
  authority: Authority,
  commonName: string,
  usage = 'client auth',
): Promise<NonNullable<Request['peerCertificate']>> {
  const pem = await issueLeaf(authority, {
    subject: { commonName },
    usages: [usage],
    publicKey: publicKeyDer(generateKeys().publicKey),
    nowMs,
    lifetimeMs: 3600_000,
  });
  return { der: Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64'), verified: true };
}

/** As the wire gives them: names lower and joined, and as they were sent. Values are bytes. */
function sent(lines: Record<string, string[]>, peerCertificate?: Request['peerCertificate']): Request {
  const headers: Record<string, string> = {};
  const rawHeaders: string[] = [];
  const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
  for (const [name, values] of Object.entries(lines)) {
    for (const value of values) {
      const key = name.toLowerCase();
      headers[key] = headers[key] === undefined ? bytes(value) : `${headers[key]}, ${bytes(value)}`;
      rawHeaders.push(name, bytes(value));
    }
  }
  return {
    method: 'GET',
    path: '/api',
    query: new URLSearchParams(),
    headers,
    rawHeaders,
    signal: NEVER_ABORTED,
    ...(peerCertificate ? { peerCertificate } : {}),
  };
}

const USER = 'X-Remote-User';
const GROUP = 'X-Remote-Group';
const all = 'system:authenticated';

describe('headers', async () => {
  const peer = await certificate(proxies, 'p');
  interface Names {
    username?: string[];
    uid?: string[];
    group?: string[];
    extraPrefix?: string[];
  }
  const read = (names: Names, lines: Record<string, string[]>) =>
    requestHeaderAuthenticator(
      {
        trust: () => true,
        allowedNames: [],
        headers: { username: [], uid: [], group: [], extraPrefix: [], ...names },
      },
      () => nowMs,
    ).authenticate(sent(lines, peer));

  it.each<[string, Names, Record<string, string[]>, object | undefined]>([
    ['nothing at all', {}, {}, undefined],
    ['no match', { username: [USER] }, {}, undefined],
    ['a match', { username: [USER] }, { [USER]: ['Bob'] }, { name: 'Bob', groups: [all] }],
    [
      'exact names only',
      { username: [USER] },
      { 'Prefixed-X-Remote-User-With-Suffix': ['Bob'], 'X-Remote-User-With-Suffix': ['Bob'] },
      undefined,
    ],
    [
      'the first header whose first value is not empty',
      { username: [USER, 'A-Second-X-Remote-User', 'Another-X-Remote-User'] },
      {
        [USER]: ['', 'First header, second value'],
        'A-Second-X-Remote-User': ['Second header, first value', 'Second header, second value'],
        'Another-X-Remote-User': ['Third header, first value'],
      },
      { name: 'Second header, first value', groups: [all] },
    ],
    ['names in any case', { username: ['x-REMOTE-user'] }, { [USER]: ['Bob'] }, { name: 'Bob', groups: [all] }],
    ['no groups', { username: [USER], group: [GROUP] }, { [USER]: ['Bob'] }, { name: 'Bob', groups: [all] }],
    [
      'all groups, commas and all',
      { username: [USER], group: ['X-Remote-Group-1', 'X-Remote-Group-2'] },
      { [USER]: ['Bob'], 'X-Remote-Group-1': ['one-a', 'one-b, system:masters'], 'X-Remote-Group-2': ['two-a', ''] },
      { name: 'Bob', groups: ['one-a', 'one-b, system:masters', 'two-a', all] },
    ],
    [
      'groups in any case',
      { username: ['X-REMOTE-User'], group: ['X-REMOTE-Group'] },
      { [USER]: ['Bob'], [GROUP]: ['Users'] },
      { name: 'Bob', groups: ['Users', all] },
    ],
    [
      'a uid',
      { username: [USER], uid: ['X-Remote-Uid', 'Y'] },
      { [USER]: ['Bob'], Y: ['u2'], 'x-remote-UID': ['u1'] },
      { name: 'Bob', uid: 'u1', groups: [all] },
    ],
    [
      'extra values by prefix, in any case, in the order of the prefixes',
      { username: [USER], extraPrefix: ['X-Remote-Extra-1-', 'X-Remote-Extra-2-'] },
      {
        [USER]: ['Bob'],
        'X-Remote-extra-1-key1': ['alfa', 'bravo'],
        'X-Remote-Extra-1-Key2': ['charlie', 'delta'],
        'X-Remote-Extra-1-': ['india', 'juliet'],
        'X-Remote-extra-2-': ['kilo', 'lima'],
        'X-Remote-extra-2-Key1': ['echo', 'foxtrot'],
        'X-Remote-Extra-2-key2': ['golf', 'hotel'],
      },
      {
        name: 'Bob',
        groups: [all],
        extra: {
          key1: ['alfa', 'bravo', 'echo', 'foxtrot'],
          key2: ['charlie', 'delta', 'golf', 'hotel'],
          '': ['india', 'juliet', 'kilo', 'lima'],
        },
      },
    ],
    [
      'escaped keys',
      { username: [USER], extraPrefix: ['X-Remote-Extra-'] },
      {
        [USER]: ['Bob'],
        'X-Remote-Extra-Alpha': ['alphabetical'],
        'X-Remote-Extra-Percent%20encoded': ['percent encoded'],
        'X-Remote-Extra-Almost%zzpercent%xxencoded': ['not quite percent encoded'],
        'X-Remote-Extra-Example.com%2fpercent%2520encoded': ['url with double percent encoding'],
        'X-Remote-Extra-Example.com%2F%E4%BB%8A%E6%97%A5%E3%81%AF': ['url with unicode'],
        "X-Remote-Extra-Abc123!#$+.-_*\\^`~|'": ['header key legal characters'],
        'X-Remote-Extra-__proto__': ['a plain key'],
      },
      {
        name: 'Bob',
        groups: [all],
        extra: Object.fromEntries([
          ['alpha', ['alphabetical']],
          ['percent encoded', ['percent encoded']],
          ['almost%zzpercent%xxencoded', ['not quite percent encoded']],
          ['example.com/percent%20encoded', ['url with double percent encoding']],
          ['example.com/今日は', ['url with unicode']],
          ["abc123!#$+.-_*\\^`~|'", ['header key legal characters']],
          ['__proto__', ['a plain key']],
        ]),
      },
    ],
    ['UTF-8', { username: [USER] }, { [USER]: ['Bjørn 今日は'] }, { name: 'Bjørn 今日は', groups: [all] }],
    [
      'membership as it is said',
      { username: [USER], group: [GROUP] },
      { [USER]: ['Bob'], [GROUP]: ['system:unauthenticated'] },
      { name: 'Bob', groups: ['system:unauthenticated'] },
    ],
    [
      'the anonymous user, who is not authenticated',
      { username: [USER], group: [GROUP] },
      { [USER]: ['system:anonymous'] },
      { name: 'system:anonymous', groups: [] },
    ],
  ])('%s', async (_what, names, lines, user) => {
    expect(await read(names, lines)).toEqual(user);
  });
});

describe('who is believed', async () => {
  const auth = (allowedNames: string[]) =>
    createAuth({
      issuer: 'https://x',
      keys: generateKeys(),
      clientCa: users.certificate,
      requestHeader: {
        clientCa: proxies.certificate,
        allowedNames,
        headers: { username: [USER], uid: [], group: [GROUP], extraPrefix: ['X-Remote-Extra-'] },
      },
      now: () => nowMs,
    });
  const says = { [USER]: ['eve'], [GROUP]: ['system:masters'] };
  const ask = (peer: Request['peerCertificate'], lines: Record<string, string[]> = says, allowed = ['proxy']) =>
    auth(allowed).authenticate(sent(lines, peer));
  const why = (request: Promise<unknown>) => request.catch((error: Error) => error.cause);

  it('a front proxy, and nobody without a certificate', async () => {
    expect(await ask(await certificate(proxies, 'proxy'))).toEqual({ name: 'eve', groups: ['system:masters', all] });
    expect(await ask(undefined)).toBe(ANONYMOUS);
  });

  it('not a user, let him be called as the proxy is: he stays who he is', async () => {
    expect(await ask(await certificate(users, 'proxy'))).toMatchObject({ name: 'proxy', groups: [all] });
  });

  it('not another name of the same authority, unless there is no list', async () => {
    const other = await certificate(proxies, 'other');
    expect(await why(ask(other))).toBe('x509: subject with cn=other is not in the allowed list');
    expect(await ask(other, says, [])).toMatchObject({ name: 'eve' });
  });

  it('not a certificate of servers, one out of its time, or one that TLS did not verify', async () => {
    expect(await why(ask(await certificate(proxies, 'proxy', 'server auth')))).toMatch(/incompatible key usage/);
    const unverified = { ...(await certificate(proxies, 'proxy')), verified: false };
    expect(await why(ask(unverified))).toMatch(/unknown authority/);
    const late = await issueLeaf(proxies, {
      subject: { commonName: 'proxy' },
      usages: ['client auth'],
      publicKey: publicKeyDer(generateKeys().publicKey),
      nowMs: nowMs - 7200_000,
      lifetimeMs: 3600_000,
    });
    const der = Buffer.from(late.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    expect(await why(ask({ der, verified: true }))).toMatch(/has expired/);
  });

  it('a front proxy that says nothing is nobody: its name is no user’s', async () => {
    expect(await why(ask(await certificate(proxies, 'proxy'), {}))).toMatch(/unknown authority/);
  });
});
