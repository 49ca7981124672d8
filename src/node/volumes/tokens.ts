// Service account tokens for projected volumes: asked of the API server bound to the pod, kept until 80 % of their
// life is over. Upstream: pkg/kubelet/token/token_manager.go (requiresRefresh).
import type { Pod, ServiceAccountTokenProjection } from 'kubernetes-types/core/v1.js';

export interface TokenAnswer {
  token: string;
  expirationTimestamp: string;
}
/** Calls the token subresource of a service account. */
export type RequestToken = (
  namespace: string,
  serviceAccount: string,
  spec: {
    audiences: string[];
    expirationSeconds: number;
    boundObjectRef: { apiVersion: string; kind: string; name: string; uid: string };
  },
) => Promise<TokenAnswer>;

interface Kept {
  answer: TokenAnswer;
  refreshAtMs: number;
  podUid: string;
}

const DEFAULT_EXPIRATION_SECONDS = 3600;
const MAX_AGE_MS = 24 * 3600 * 1000;
const LIFE_FRACTION = 0.8;

export class TokenCache {
  private readonly kept = new Map<string, Kept>();
  constructor(
    private readonly request: RequestToken,
    private readonly clock: { now(): number },
  ) {}

  async get(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string> {
    const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
    const account = pod.spec?.serviceAccountName ?? 'default';
    const key = [uid, account, projection.audience ?? '', projection.expirationSeconds ?? ''].join('/');
    const now = this.clock.now();
    const old = this.kept.get(key);
    if (old && now < old.refreshAtMs) return old.answer.token;
    try {
      const answer = await this.request(namespace, account, {
        audiences: projection.audience ? [projection.audience] : [],
        expirationSeconds: projection.expirationSeconds ?? DEFAULT_EXPIRATION_SECONDS,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      });
      const life = Math.max(0, Date.parse(answer.expirationTimestamp) - now);
      this.kept.set(key, { answer, podUid: uid, refreshAtMs: now + Math.min(MAX_AGE_MS, life * LIFE_FRACTION) });
      return answer.token;
    } catch (error) {
      // An old token that is still valid is better than none.
      if (old && Date.parse(old.answer.expirationTimestamp) > now) return old.answer.token;
      throw error;
    }
  }

  /** When the first token of the pod is due for renewal; undefined when it has none. */
  refreshAtMs(podUid: string): number | undefined {
    let first: number | undefined;
    for (const kept of this.kept.values()) {
      if (kept.podUid === podUid) first = Math.min(first ?? kept.refreshAtMs, kept.refreshAtMs);
    }
    return first;
  }

  forget(podUid: string): void {
    for (const [key, kept] of this.kept) if (kept.podUid === podUid) this.kept.delete(key);
  }
}
