// When the claims of a service account token count. The table is upstream's TestValidatePrivateClaims
// (pkg/serviceaccount/claims_test.go), the claims those of TestClaims.
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { Nodes, Pods, Secrets, ServiceAccounts } from '../../../src/api/resources.ts';
import { createAuth } from '../../../src/server/auth/auth.ts';
import { serviceAccountIssuer } from '../../../src/server/auth/service-account-issuer.ts';
import { generateKeys } from '../../../src/server/pki/keys.ts';
import { NEVER_ABORTED } from '../../../src/wire/http.ts';
import { TestCluster } from './cluster.ts';

const issuer = 'https://issuer';
const keys = generateKeys();
const nowSeconds = 1_514_764_800;
type Claims = Parameters<ReturnType<typeof serviceAccountIssuer>['issue']>[0];
type Bound = NonNullable<Claims['boundObject']>;

const issue = (claims: Partial<Claims> = {}, atSeconds = nowSeconds) =>
  serviceAccountIssuer({ issuer, keys, audiences: [issuer], now: () => atSeconds * 1000 }).issue({
    namespace: 'ns',
    serviceAccount: { name: 'saname', uid: 'sauid' },
    expirationSeconds: 3600,
    ...claims,
  });

const KINDS = { ServiceAccount: ServiceAccounts, Secret: Secrets, Pod: Pods, Node: Nodes };
type Kind = keyof typeof KINDS;
interface Stored {
  kind: Kind;
  /** Seconds from now. */
  deleted?: number;
}
const names: Record<Kind, string> = {
  ServiceAccount: 'saname',
  Secret: 'secretname',
  Pod: 'podname',
  Node: 'nodename',
};
const uids: Record<Kind, string> = { ServiceAccount: 'sauid', Secret: 'secretuid', Pod: 'poduid', Node: 'nodeuid' };

/** What is wrong with the token in a cluster of these objects. */
async function complaint(token: string, stored: readonly Stored[]): Promise<unknown> {
  const cluster = new TestCluster();
  const auth = createAuth({ issuer, keys, now: () => nowSeconds * 1000 });
  auth.attach(cluster);
  for (const { kind, deleted } of stored) {
    const metadata = {
      name: names[kind],
      uid: uids[kind],
      ...(kind === 'Node' ? {} : { namespace: 'ns' }),
      ...(deleted === undefined ? {} : { deletionTimestamp: new Date((nowSeconds + deleted) * 1000).toISOString() }),
    };
    cluster.put(KINDS[kind] as typeof Pods, { metadata });
  }
  const asking = auth.authenticate({
    method: 'GET',
    path: '/api',
    query: new URLSearchParams(),
    headers: { authorization: `Bearer ${token}` },
    signal: NEVER_ABORTED,
  });
  return asking.then(
    () => undefined,
    (error: Error) => error.cause,
  );
}

const account: Stored = { kind: 'ServiceAccount' };
const bound = (kind: Bound['kind'], uid = uids[kind]): { boundObject: Bound } => ({
  boundObject: { kind, name: names[kind], uid },
});

describe('a token', () => {
  it.each<[string, readonly Stored[], Partial<Claims>, string | undefined]>([
    ['is good', [account], {}, undefined],
    ['of no account', [], {}, 'serviceaccounts "saname" not found'],
    ['of a secret that is not there', [account], bound('Secret'), 'service account token has been invalidated'],
    ['of a pod that is not there', [account], bound('Pod'), 'service account token has been invalidated'],
    ['of a node that is not there', [account], bound('Node'), 'service account token has been invalidated'],
    [
      'of an older account',
      [account],
      { serviceAccount: { name: 'saname', uid: 'sauidold' } },
      'service account UID (sauid) does not match claim (sauidold)',
    ],
    [
      'of an older secret',
      [account, { kind: 'Secret' }],
      bound('Secret', 'secretuidold'),
      'secret UID (secretuid) does not match service account secret ref claim (secretuidold)',
    ],
    [
      'of an older pod',
      [account, { kind: 'Pod' }],
      bound('Pod', 'poduidold'),
      'pod UID (poduid) does not match service account pod ref claim (poduidold)',
    ],
    [
      'of an older node',
      [account, { kind: 'Node' }],
      bound('Node', 'nodeuidold'),
      'node UID (nodeuid) does not match service account node ref claim (nodeuidold)',
    ],
    [
      'of a pod on a node that is not there any more',
      [account, { kind: 'Pod' }],
      { ...bound('Pod'), node: { name: 'nodename', uid: 'nodeuid' } },
      undefined,
    ],
  ])('%s', async (_what, stored, claims, expected) => {
    expect(await complaint((await issue(claims)).token, stored)).toBe(expected);
  });

  it.each<[number, boolean]>([
    [0, true],
    [-1, true],
    [1, true],
    [-60, true],
    [-61, false],
  ])('of what was deleted %i seconds from now: %s', async (deleted, good) => {
    const gone = 'service account ns/saname has been deleted';
    expect(await complaint((await issue()).token, [{ kind: 'ServiceAccount', deleted }])).toBe(good ? undefined : gone);
    for (const kind of ['Secret', 'Pod', 'Node'] as const) {
      const { token } = await issue(bound(kind));
      const expected = good ? undefined : 'service account token has been invalidated';
      expect(await complaint(token, [account, { kind, deleted }]), kind).toBe(expected);
    }
  });

  it.each<[string, number, string | undefined]>([
    ['made an hour and a minute ago', -3660, undefined],
    ['that has been over for a minute', -3661, 'service account token has expired'],
    ['that begins in a minute', 60, undefined],
    ['that begins later', 61, 'service account token is not valid yet'],
  ])('%s', async (_what, seconds, expected) => {
    expect(await complaint((await issue({}, nowSeconds + seconds)).token, [account])).toBe(expected);
  });
});

describe('the claims', () => {
  const kubernetes = { namespace: 'ns', serviceaccount: { name: 'saname', uid: 'sauid' } };
  it.each<[string, Partial<Claims>, object, readonly string[], number]>([
    ['of a pod', bound('Pod'), { ...kubernetes, pod: { name: 'podname', uid: 'poduid' } }, [issuer], nowSeconds + 3600],
    [
      'of a pod on a node',
      { ...bound('Pod'), node: { name: 'nodename', uid: 'nodeuid' } },
      { ...kubernetes, node: { name: 'nodename', uid: 'nodeuid' }, pod: { name: 'podname', uid: 'poduid' } },
      [issuer],
      nowSeconds + 3600,
    ],
    [
      'of a pod on a node that nobody knows',
      { ...bound('Pod'), node: { name: 'nodename', uid: '' } },
      { ...kubernetes, node: { name: 'nodename' }, pod: { name: 'podname', uid: 'poduid' } },
      [issuer],
      nowSeconds + 3600,
    ],
    [
      'of a secret, for somebody',
      { ...bound('Secret'), audiences: ['1'], expirationSeconds: 100 },
      { ...kubernetes, secret: { name: 'secretname', uid: 'secretuid' } },
      ['1'],
      nowSeconds + 100,
    ],
    [
      'of a node',
      bound('Node'),
      { ...kubernetes, node: { name: 'nodename', uid: 'nodeuid' } },
      [issuer],
      nowSeconds + 3600,
    ],
    ['of nothing, for several', { audiences: ['1', '2'] }, kubernetes, ['1', '2'], nowSeconds + 3600],
    [
      'of one that lives longer than it says',
      { ...bound('Pod'), extendedSeconds: 86_400 },
      { ...kubernetes, pod: { name: 'podname', uid: 'poduid' }, warnafter: nowSeconds + 3600 },
      [issuer],
      nowSeconds + 86_400,
    ],
  ])('%s', async (_what, claims, own, aud, exp) => {
    const { token } = await issue(claims);
    expect(decodeJwt(token)).toEqual({
      aud,
      exp,
      iat: nowSeconds,
      nbf: nowSeconds,
      iss: issuer,
      jti: expect.any(String) as string,
      sub: 'system:serviceaccount:ns:saname',
      'kubernetes.io': own,
    });
  });
});
