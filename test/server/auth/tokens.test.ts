// Tokens of service accounts over a whole server: asked for, bound, kept in Secrets, and refused when what they hang
// on is gone.
import type { Secret } from 'kubernetes-types/core/v1.js';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pods, Secrets, ServiceAccounts } from '../../../src/api/resources.ts';
import { isNotFound } from '../../../src/api/status.ts';
import type { Client } from '../../../src/client/rest.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';
import type { Handler } from '../../../src/wire/http.ts';
import { raw } from '../../support/raw.ts';
import { eventually } from '../controllers/cluster.ts';

const namespace = 'default';
const ISSUER = 'https://kubernetes.default.svc.cluster.local';
let server: RunningServer;
let client: Client;
beforeAll(async () => {
  server = await startServer({ listen: false, components: ['controllers'] });
  client = server.client();
  await client.create(ServiceAccounts, { metadata: { name: 'robot', namespace } });
  await eventually('the default account', async () => client.get(ServiceAccounts, { name: 'default', namespace }));
});
afterAll(() => server.close());

/** As an administrator in this process. */
const admin: Handler = (request) => client.handler(request);

async function request(account: string, spec: object, metadata?: object) {
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec,
    ...(metadata ? { metadata } : {}),
  };
  const path = `/api/v1/namespaces/default/serviceaccounts/${account}/token`;
  const answer = await raw({ handler: admin }, 'POST', path, { body });
  const json = answer.json as {
    message?: string;
    reason?: string;
    status: { token: string; expirationTimestamp: string };
    spec: object;
  };
  return { code: answer.status, ...json };
}

async function review(token: string, audiences?: string[]) {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } };
  const answer = await raw({ handler: admin }, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', { body });
  return (answer.json as { status: { authenticated?: boolean; error?: string; user: object; audiences?: string[] } })
    .status;
}

/** The status of a request with this token; who it is may always be asked. */
async function useToken(token: string): Promise<number> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const headers = { authorization: `Bearer ${token}` };
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  return (await raw(server, 'POST', path, { body, headers })).status;
}

const makePod = (name: string, serviceAccountName = 'robot') =>
  client.create(Pods, {
    metadata: { name, namespace },
    spec: { serviceAccountName, nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  });

describe('asked for', () => {
  it('are for the API server and an hour, unless more is said', async () => {
    const answer = await request('robot', {});
    expect(answer.code).toBe(201);
    expect(answer.spec).toMatchObject({ audiences: [ISSUER], expirationSeconds: 3600 });
    expect(await useToken(answer.status.token)).toBe(201);
    // As old clients write what they leave out.
    const nulls = await request('robot', { audiences: null, expirationSeconds: null, boundObjectRef: null });
    expect(nulls.spec).toEqual(answer.spec);
    const other = await request('robot', { audiences: ['vault'], expirationSeconds: 600 });
    expect(await useToken(other.status.token)).toBe(401);
    expect(await review(other.status.token, ['vault', 'x'])).toMatchObject({
      authenticated: true,
      audiences: ['vault'],
    });
    expect((await review(other.status.token)).authenticated).toBeUndefined();
  });

  it.each<[string, object, object | undefined, number, string]>([
    ['too short', { expirationSeconds: 599 }, undefined, 422, 'may not specify a duration less than 10 minutes'],
    [
      'too long',
      { expirationSeconds: 2 ** 32 + 1 },
      undefined,
      422,
      'may not specify a duration larger than 2^32 seconds',
    ],
    [
      'for another',
      {},
      { name: 'other' },
      422,
      'metadata.name: Invalid value: "other": must match the service account name',
    ],
    [
      'bound to what cannot be',
      { boundObjectRef: { kind: 'ConfigMap', apiVersion: 'v1', name: 'x' } },
      undefined,
      400,
      'cannot bind token to object of type /v1, Kind=ConfigMap',
    ],
    [
      'bound to what is not there',
      { boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'x' } },
      undefined,
      404,
      'secrets "x" not found',
    ],
  ])('are refused when they are %s', async (_what, spec, metadata, code, message) => {
    const answer = await request('robot', spec, metadata);
    expect(answer.code).toBe(code);
    expect(answer.message).toContain(message);
  });

  it('live and die with the pod that they are bound to', async () => {
    const pod = await makePod('p');
    const reference = { kind: 'Pod', apiVersion: 'v1', name: 'p' };
    const wrong = await request('default', { boundObjectRef: reference });
    expect(wrong.message).toBe(
      'cannot bind token for serviceaccount "default" to pod running with different serviceaccount name.',
    );
    const stale = await request('robot', { boundObjectRef: { ...reference, uid: 'old' } });
    expect(stale).toMatchObject({
      code: 409,
      message: expect.stringContaining('(old) does not match the UID') as string,
    });
    const { status } = await request('robot', { boundObjectRef: { ...reference, uid: pod.metadata!.uid } });
    expect(decodeJwt(status.token)['kubernetes.io']).toMatchObject({
      pod: { name: 'p', uid: pod.metadata!.uid },
      node: { name: 'n' },
    });
    expect(await useToken(status.token)).toBe(201);
    await client.delete(Pods, { name: 'p', namespace }, { gracePeriodSeconds: 0 });
    expect(await useToken(status.token)).toBe(401);
  });

  it('last a year when they are those that every pod gets, for clients that never read them again', async () => {
    await makePod('mounted');
    const reference = { kind: 'Pod', apiVersion: 'v1', name: 'mounted' };
    const { status } = await request('robot', { boundObjectRef: reference, expirationSeconds: 3607 });
    const claims = decodeJwt(status.token) as { exp: number; iat: number; 'kubernetes.io': { warnafter: number } };
    expect(claims.exp - claims.iat).toBe(365 * 24 * 3600);
    expect(claims['kubernetes.io'].warnafter - claims.iat).toBe(3607);
    expect(Math.abs(Date.parse(status.expirationTimestamp) / 1000 - claims['kubernetes.io'].warnafter)).toBeLessThan(2);
  });
});

describe('kept in a Secret', () => {
  const makeSecret = async (name: string, account: string, uid?: string): Promise<void> => {
    const annotations = {
      'kubernetes.io/service-account.name': account,
      ...(uid ? { 'kubernetes.io/service-account.uid': uid } : {}),
    };
    const type = 'kubernetes.io/service-account-token';
    await client.create(Secrets, { metadata: { name, namespace, annotations }, type });
  };
  const text = (secret: Secret, key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString();
  const filled = (name: string): Promise<Secret> =>
    eventually('it is filled', async () => {
      const secret = await client.get(Secrets, { name, namespace });
      return secret.data?.['token'] ? secret : undefined;
    });
  const goes = (name: string): Promise<boolean> =>
    eventually('it goes', () =>
      client.get(Secrets, { name, namespace }).then(
        () => false,
        (error: unknown) => isNotFound(error),
      ),
    );

  it('they are made by the controller and good until the Secret changes', async () => {
    await makeSecret('kept', 'robot');
    const secret = await filled('kept');
    expect(text(secret, 'namespace')).toBe('default');
    expect(text(secret, 'ca.crt')).toBe(server.ca);
    const account = await client.get(ServiceAccounts, { name: 'robot', namespace });
    expect(secret.metadata?.annotations?.['kubernetes.io/service-account.uid']).toBe(account.metadata?.uid);
    const token = text(secret, 'token');
    expect(await useToken(token)).toBe(201);
    expect(await review(token)).toMatchObject({
      authenticated: true,
      user: { username: 'system:serviceaccount:default:robot', uid: account.metadata?.uid },
      audiences: [ISSUER],
    });
    await client.patch(Secrets, { name: 'kept', namespace }, 'merge', { data: { token: null } });
    await eventually('there is another', async () => {
      const now = text(await client.get(Secrets, { name: 'kept', namespace }), 'token');
      return now !== '';
    });
    await client.delete(Secrets, { name: 'kept', namespace });
    expect(await useToken(token)).toBe(401);
    expect((await review(token)).error).toBe('service account token has been invalidated');
  });

  it('they go with their account, and are not given to one of the same name', async () => {
    await client.create(ServiceAccounts, { metadata: { name: 'short', namespace } });
    await makeSecret('of-short', 'short');
    const token = text(await filled('of-short'), 'token');
    await client.delete(ServiceAccounts, { name: 'short', namespace });
    expect(await goes('of-short')).toBe(true);
    expect(await useToken(token)).toBe(401);
    await makeSecret('of-nobody', 'short');
    expect(await goes('of-nobody')).toBe(true);
    await makeSecret('of-another', 'robot', 'other-uid');
    expect(await goes('of-another')).toBe(true);
  });
});
