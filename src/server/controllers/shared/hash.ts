// The hashes that name ReplicaSets and ControllerRevisions: FNV over canonical JSON, in letters that spell no words.
// Upstream: ComputeHash in pkg/controller/controller_utils.go, HashControllerRevision in pkg/controller/history. Upstream
// hashes printed Go structs, so its values differ; their form is the same.
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';

/** Upstream's rand.SafeEncodeString: no vowels, no digits that look like letters. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const entries = Object.entries(value)
    .filter(([, v]) => v !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`;
}

function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** `salt` makes another hash of the same value: how a collision is solved. */
export function safeHash(value: unknown, salt = ''): string {
  const digits = String(fnv1a(Buffer.from(canonical(value) + salt)));
  return [...digits].map((digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join('');
}

export const templateHash = (template: PodTemplateSpec, collisionCount: number | undefined): string =>
  safeHash(template, collisionCount === undefined ? '' : `#${collisionCount}`);
