// Acting as others, questions to the authorizer, and what happens when too much is asked at once.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inFlightLimit } from '../../../src/server/apiserver/chain/in-flight.ts';
import type { RequestContext } from '../../../src/server/apiserver/context.ts';
import type { Attributes } from '../../../src/server/auth/types.ts';
import type { Response, User } from '../../../src/wire/http.ts';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
let asked: Attributes[];
let refused: (attributes: Attributes) => boolean;
beforeEach(async () => {
  asked = [];
  refused = () => false;
  server = await startTestServer({
    authenticate: async () => ({ name: 'me', groups: ['system:authenticated'] }),
    authorizer: {
      name: 'test',
      authorize(attributes) {
        asked.push(attributes);
        return refused(attributes) ? { allowed: false, reason: 'because' } : { allowed: true };
      },
    },
  });
  asked = [];
});
afterEach(() => server.close());

const who = async (headers: Record<string, string | string[]>) => {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const answer = await raw(server, 'POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body, headers });
  const json = answer.json as { status?: { userInfo?: unknown }; message?: string };
  return { code: answer.status, user: json.status?.userInfo, message: json.message };
};

describe('impersonation', () => {
  it('asks for the user, each group, each extra value and the uid', async () => {
    const { user } = await who({
      'impersonate-user': 'jane',
      'impersonate-group': ['a', 'b, system:masters'],
      'impersonate-extra-scopes': ['x', 'y'],
      'impersonate-extra-example.com%2fteam': 'z',
      'impersonate-uid': '1',
    });
    expect(user).toEqual({
      username: 'jane',
      uid: '1',
      groups: ['a', 'b, system:masters', 'system:authenticated'],
      extra: { scopes: ['x', 'y'], 'example.com/team': ['z'] },
    });
    const checks = asked.filter((a) => a.verb === 'impersonate');
    expect(checks.map((a) => [a.group, a.resource, a.subresource, a.name])).toEqual([
      ['', 'users', undefined, 'jane'],
      ['', 'groups', undefined, 'a'],
      ['', 'groups', undefined, 'b, system:masters'],
      ['authentication.k8s.io', 'userextras', 'scopes', 'x'],
      ['authentication.k8s.io', 'userextras', 'scopes', 'y'],
      ['authentication.k8s.io', 'userextras', 'example.com/team', 'z'],
      ['authentication.k8s.io', 'uids', undefined, '1'],
    ]);
  });

  it.each<[string, Record<string, string>, string[]]>([
    ['anonymous', { 'impersonate-user': 'system:anonymous' }, ['system:unauthenticated']],
    [
      'service accounts',
      { 'impersonate-user': 'system:serviceaccount:ns:sa' },
      ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    ],
    [
      'service accounts with groups',
      { 'impersonate-user': 'system:serviceaccount:ns:sa', 'impersonate-group': 'g' },
      ['g', 'system:authenticated'],
    ],
    [
      'unauthenticated users',
      { 'impersonate-user': 'x', 'impersonate-group': 'system:unauthenticated' },
      ['system:unauthenticated'],
    ],
  ])('gives %s their groups', async (_what, headers, groups) => {
    expect((await who(headers)).user).toMatchObject({ groups });
  });

  it.each<[string, Record<string, string>, string, string]>([
    [
      'serviceaccounts',
      { 'impersonate-user': 'system:serviceaccount:ns:sa' },
      'serviceaccounts',
      'serviceaccounts "sa" is forbidden: User "me" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "ns": because',
    ],
    [
      'groups',
      { 'impersonate-user': 'x', 'impersonate-group': 'g' },
      'groups',
      'groups "g" is forbidden: User "me" cannot impersonate resource "groups" in API group "" at the cluster scope: because',
    ],
    [
      'extra values',
      { 'impersonate-user': 'x', 'impersonate-extra-k': 'v' },
      'userextras',
      'userextras.authentication.k8s.io "v" is forbidden: User "me" cannot impersonate resource "userextras/k" in API group "authentication.k8s.io" at the cluster scope: because',
    ],
  ])('is refused for %s', async (_what, headers, resource, message) => {
    refused = (attributes) => attributes.resource === resource;
    expect(await who(headers)).toMatchObject({ code: 403, message });
  });

  it('needs a user', async () => {
    const answer = await who({ 'impersonate-group': 'g' });
    expect(answer).toMatchObject({
      code: 500,
      message: expect.stringContaining('requested [{Group  g    }] without impersonating a user') as string,
    });
  });
});

describe('access reviews', () => {
  const ask = async (kind: string, spec: object, metadata?: object) => {
    const namespaced = kind.startsWith('Local') ? 'namespaces/default/' : '';
    const path = `/apis/authorization.k8s.io/v1/${namespaced}${kind.toLowerCase()}s`;
    const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec, ...(metadata ? { metadata } : {}) };
    const answer = await raw(server, 'POST', path, { body });
    return { code: answer.status, ...(answer.json as { message?: string; status?: object }) };
  };
  const get = { verb: 'get', resource: 'pods' };

  it('answer with the authorizer’s reason', async () => {
    refused = ({ user }) => user.name === 'jane';
    const answer = await ask('SubjectAccessReview', { user: 'jane', groups: ['g'], resourceAttributes: get });
    expect(answer).toMatchObject({ code: 201, status: { allowed: false, reason: 'because' } });
    expect(asked.at(-1)).toMatchObject({ user: { name: 'jane', groups: ['g'] }, verb: 'get', resource: 'pods' });
  });

  it('pass selectors on', async () => {
    const requirements = [
      { key: 'spec.nodeName', operator: 'In', values: ['n,1'] },
      { key: 'x', operator: 'NotIn', values: ['y'] },
      { key: 'x', operator: 'Fancy' },
    ];
    const labelSelector = { requirements: [{ key: 'a', operator: 'Exists' }] };
    const list = { verb: 'list', resource: 'pods', fieldSelector: { requirements }, labelSelector };
    expect((await ask('SelfSubjectAccessReview', { resourceAttributes: list })).code).toBe(201);
    expect(asked.at(-1)?.fieldSelector).toBe('spec.nodeName=n\\,1,x!=y');
    const raw = { ...list, fieldSelector: { rawSelector: 'a=b' } };
    await ask('SelfSubjectAccessReview', { resourceAttributes: raw });
    expect(asked.at(-1)?.fieldSelector).toBe('a=b');
  });

  const at = 'spec.resourceAttributes';
  it.each<[string, object, string, object?]>([
    ['SelfSubjectAccessReview', {}, 'exactly one of nonResourceAttributes or resourceAttributes must be specified'],
    ['SubjectAccessReview', { resourceAttributes: get }, 'at least one of user or group must be specified'],
    [
      'SelfSubjectAccessReview',
      { resourceAttributes: get, nonResourceAttributes: { path: '/' } },
      'cannot be specified in combination with resourceAttributes',
    ],
    ['SelfSubjectAccessReview', { resourceAttributes: get }, 'must be empty', { labels: { a: 'b' } }],
    [
      'LocalSubjectAccessReview',
      { user: 'x', resourceAttributes: { ...get, namespace: 'other' } },
      'spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
    ],
    [
      'LocalSubjectAccessReview',
      { user: 'x', nonResourceAttributes: { path: '/' } },
      'disallowed on this kind of request',
    ],
    [
      'SelfSubjectAccessReview',
      { resourceAttributes: { ...get, fieldSelector: {} } },
      `${at}.fieldSelector.requirements: Required value: when ${at}.fieldSelector is specified, requirements or rawSelector is required`,
    ],
    [
      'SelfSubjectAccessReview',
      {
        resourceAttributes: {
          ...get,
          labelSelector: { rawSelector: 'a', requirements: [{ key: 'a', operator: 'Exists' }] },
        },
      },
      `${at}.labelSelector.rawSelector: Invalid value: "a": may not specified at the same time as requirements`,
    ],
    [
      'SelfSubjectAccessReview',
      { resourceAttributes: { ...get, labelSelector: { requirements: [{ key: 'a', operator: 'In' }] } } },
      `${at}.labelSelector.requirements[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
    ],
  ])('%s refuses %j', async (kind, spec, message, metadata) => {
    const answer = await ask(kind, spec, metadata);
    expect(answer.code).toBe(422);
    expect(answer.message).toContain(message);
  });

  it('of tokens need one', async () => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: {} };
    const answer = await raw(server, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', { body });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ message: 'token is required for TokenReview in authentication' });
  });
});

describe('too many requests', () => {
  const filter = inFlightLimit({ reads: 1, writes: 1 });
  const context = (verb: string, more: object = {}, groups: string[] = []): RequestContext => {
    const user: User = { name: 'x', groups };
    return { user, request: {}, info: { isResource: true, verb, subresource: '', ...more } } as never;
  };
  const ok: Response = { status: 200, headers: {} };

  it('are told to come again, reads and writes apart', async () => {
    let finish = (_response: Response): void => undefined;
    const first = filter(context('list'), () => new Promise((resolve) => (finish = resolve)));
    const second = await filter(context('get'), async () => ok);
    expect(second.status).toBe(429);
    expect(second.headers['retry-after']).toBe('1');
    expect(Buffer.from(second.body!.bytes() as Uint8Array).toString()).toBe(
      'Too many requests, please try again later.\n',
    );
    expect((await filter(context('create'), async () => ok)).status).toBe(200);
    expect((await filter(context('watch'), async () => ok)).status).toBe(200);
    expect((await filter(context('create', { subresource: 'exec' }), async () => ok)).status).toBe(200);
    expect((await filter(context('get', {}, ['system:masters']), async () => ok)).status).toBe(200);
    finish(ok);
    expect((await first).status).toBe(200);
    expect((await filter(context('get'), async () => ok)).status).toBe(200);
  });

  it('that fail make room', async () => {
    await expect(filter(context('get'), () => Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect((await filter(context('get'), async () => ok)).status).toBe(200);
  });
});
