// Who calls the node and may they: client certificates of the cluster's CA, bearer tokens by TokenReview, permission
// by SubjectAccessReview; answers are remembered for a while. Upstream: cmd/kubelet/app/auth.go, with its cache times.
import { X509Certificate, createHash } from 'node:crypto';
import type { SubjectAccessReview } from 'kubernetes-types/authorization/v1.js';
import { SubjectAccessReviews, TokenReviews } from '../../api/resources.ts';
import type { Client } from '../../client/rest.ts';
import type { Request, User } from '../../wire/http.ts';
import { HttpError } from './answers.ts';
import { nodeAccess } from './attributes.ts';

const TOKEN_MS = 120_000;
const ALLOWED_MS = 300_000;
const DENIED_MS = 30_000;
const MAX_ENTRIES = 2048;
const AUTHENTICATED = 'system:authenticated';

class Expiring<V> {
  private readonly entries = new Map<string, { value: V; untilMs: number }>();
  constructor(private readonly clock: { now(): number }) {}

  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    if (entry && entry.untilMs > this.clock.now()) return entry.value;
    this.entries.delete(key);
    return undefined;
  }

  set(key: string, value: V, lifeMs: number): void {
    const oldest = this.entries.keys().next();
    if (this.entries.size >= MAX_ENTRIES && !oldest.done) this.entries.delete(oldest.value);
    this.entries.set(key, { value, untilMs: this.clock.now() + lifeMs });
  }
}

export class NodeAccessControl {
  private readonly users: Expiring<User>;
  private readonly decisions: Expiring<boolean>;

  constructor(private readonly options: { client: Client; nodeName: string; clock: { now(): number } }) {
    this.users = new Expiring(options.clock);
    this.decisions = new Expiring(options.clock);
  }

  /** Throws HttpError 401 or 403. */
  async check(request: Request): Promise<User> {
    const user = await this.authenticate(request);
    if (!user) throw new HttpError(401, 'Unauthorized');
    const { verb, subresources } = nodeAccess(request.method, request.path);
    for (const subresource of subresources) if (await this.allowed(user, verb, subresource)) return user;
    const names = subresources.join(', ');
    throw new HttpError(403, `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${names}])`);
  }

  private async authenticate(request: Request): Promise<User | undefined> {
    if (request.user) return request.user;
    if (request.peerCertificate?.verified) return certificateUser(request.peerCertificate.der);
    const token = /^Bearer (\S+)$/i.exec(request.headers['authorization'] ?? '')?.[1];
    return token === undefined ? undefined : this.tokenUser(token);
  }

  private async tokenUser(token: string): Promise<User | undefined> {
    const key = createHash('sha256').update(token).digest('hex');
    const known = this.users.get(key);
    if (known) return known;
    const review = await this.options.client.create(TokenReviews, { spec: { token } });
    const { authenticated, user } = review.status ?? {};
    if (!authenticated || !user?.username) return undefined;
    const found: User = {
      name: user.username,
      groups: user.groups ?? [],
      ...(user.uid && { uid: user.uid }),
      ...(user.extra && { extra: user.extra as Record<string, string[]> }),
    };
    this.users.set(key, found, TOKEN_MS);
    return found;
  }

  private async allowed(user: User, verb: string, subresource: string): Promise<boolean> {
    const key = JSON.stringify([user.name, user.groups, user.extra, verb, subresource]);
    const known = this.decisions.get(key);
    if (known !== undefined) return known;
    const { client, nodeName } = this.options;
    const review: SubjectAccessReview = {
      spec: {
        user: user.name,
        groups: [...user.groups],
        ...(user.uid !== undefined && { uid: user.uid }),
        ...(user.extra && { extra: user.extra as Record<string, string[]> }),
        resourceAttributes: { verb, version: 'v1', resource: 'nodes', subresource, name: nodeName },
      },
    };
    const allowed = (await client.create(SubjectAccessReviews, review)).status?.allowed === true;
    this.decisions.set(key, allowed, allowed ? ALLOWED_MS : DENIED_MS);
    return allowed;
  }
}

function certificateUser(der: Uint8Array): User | undefined {
  const { subject } = new X509Certificate(der).toLegacyObject() as unknown as {
    subject: { CN?: string | string[]; O?: string | string[] };
  };
  const list = (value: string | string[] | undefined) => (value === undefined ? [] : [value].flat());
  const [name] = list(subject.CN);
  return name === undefined ? undefined : { name, groups: [...list(subject.O), AUTHENTICATED] };
}
