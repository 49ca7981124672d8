// The annotations by which a Deployment remembers revisions and sizes on its ReplicaSets.
// Upstream: pkg/controller/deployment/util/deployment_util.go. Pure: every function answers the new annotations.
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { DESIRED_REPLICAS, MAX_REPLICAS, maxSurge } from './arithmetic.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
/** Says which revision to go back to. Upstream: DeprecatedRollbackTo. */
export const ROLLBACK_TO = 'deprecated.deployment.rollback.to';
const REVISION_HISTORY_MAX_CHARS = 2000;

/** Annotations of the Deployment that are not copied to its ReplicaSets. */
const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  ROLLBACK_TO,
]);

/** What a Deployment and its sets have in common. */
export const isCopied = (key: string): boolean => !NOT_COPIED.has(key);

export type Annotations = Record<string, string>;

/** An int64, as Go reads it: people write revisions that no double holds. Undefined when it is no number. */
const parsed = (text: string): bigint | undefined => (/^-?\d+$/.test(text) ? BigInt(text) : undefined);

/** 0 when there is none or it is no number. */
export const revisionOf = (object: Deployment | ReplicaSet): bigint =>
  parsed(object.metadata?.annotations?.[REVISION] ?? '') ?? 0n;

export const maxRevision = (sets: readonly ReplicaSet[]): bigint =>
  sets.map(revisionOf).reduce((most, each) => (each > most ? each : most), 0n);

/** How large the set's Deployment wants to be and may become. */
export function sizeAnnotations(deployment: Deployment): Annotations {
  const replicas = deployment.spec?.replicas ?? 1;
  return { [DESIRED_REPLICAS]: String(replicas), [MAX_REPLICAS]: String(replicas + maxSurge(deployment)) };
}

export const hasAnnotations = (rs: ReplicaSet, wanted: Annotations): boolean =>
  Object.entries(wanted).every(([key, value]) => rs.metadata?.annotations?.[key] === value);

/** The earlier revisions of a set that became the newest again; the oldest are dropped when it grows too long. */
function appendHistory(history: string | undefined, revision: string): string | undefined {
  if (!history) return revision.length <= REVISION_HISTORY_MAX_CHARS ? revision : undefined;
  const parts = history.split(',');
  let length = history.length + revision.length + 1;
  let start = 0;
  while (length > REVISION_HISTORY_MAX_CHARS && start < parts.length) length -= (parts[start++]?.length ?? 0) + 1;
  return length <= REVISION_HISTORY_MAX_CHARS ? [...parts.slice(start), revision].join(',') : undefined;
}

/** Annotations of the newest set: the Deployment's, its revision, its sizes when it is new. SetNewReplicaSetAnnotations. */
export function newSetAnnotations(
  deployment: Deployment,
  rs: ReplicaSet,
  revision: bigint,
  exists: boolean,
): { annotations: Annotations; changed: boolean } {
  const annotations: Annotations = { ...rs.metadata?.annotations };
  let changed = false;
  for (const [key, value] of Object.entries(deployment.metadata?.annotations ?? {})) {
    if (!isCopied(key) || annotations[key] === value) continue;
    annotations[key] = value;
    changed = true;
  }
  const old = annotations[REVISION];
  const known = old ? parsed(old) : 0n;
  if (known === undefined) return { annotations, changed: false };
  if (known < revision) {
    annotations[REVISION] = String(revision);
    changed = true;
    const history = old === undefined ? undefined : appendHistory(annotations[REVISION_HISTORY], old);
    if (history !== undefined) annotations[REVISION_HISTORY] = history;
  }
  if (!exists) {
    Object.assign(annotations, sizeAnnotations(deployment));
    changed = true;
  }
  return { annotations, changed };
}
