// Deletes bootstrap tokens that have run out. Upstream: pkg/controller/bootstrap/tokencleaner.go.
import type { Secret } from 'kubernetes-types/core/v1.js';
import { Secrets } from '../../api/resources.ts';
import { isNotFound, isReason } from '../../api/status.ts';
import { splitKey } from '../../api/types.ts';
import { defineController } from '../../client/controller.ts';

const isToken = (secret: Secret): boolean =>
  secret.type === 'bootstrap.kubernetes.io/token' && secret.metadata?.namespace === 'kube-system';

/** In milliseconds since the epoch; Infinity: never; a time that cannot be read is in the past. */
export function tokenExpiry(secret: Secret): number {
  const encoded = secret.data?.['expiration'];
  if (!encoded) return Infinity;
  return Date.parse(Buffer.from(encoded, 'base64').toString('utf8')) || 0;
}

export default defineController({
  name: 'tokencleaner',
  for: Secrets,
  filter: isToken,
  workers: 1,
  async reconcile({ client, lister, clock }, key) {
    const secret = lister(Secrets).get(key);
    if (!secret || !isToken(secret)) return;
    const left = tokenExpiry(secret) - clock.now();
    if (left === Infinity) return;
    if (left > 0) return { requeueAfterMs: left };
    const { uid, resourceVersion } = secret.metadata ?? {};
    try {
      await client.delete(Secrets, splitKey(key), { preconditions: { uid, resourceVersion } });
    } catch (error) {
      // Changed a moment ago: its event brings us back.
      if (!isNotFound(error) && !isReason(error, 'Conflict')) throw error;
    }
  },
});
