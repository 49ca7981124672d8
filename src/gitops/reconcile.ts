// One pass over one Kustomization: build, apply, prune, check health. It says how far it got by throwing a Failure with
// Flux's reason; status and events are written by the caller (kustomization.ts).
import { healthOf } from '../api/health/health.ts';
import { type BuiltObject, KustomizeError } from '../api/kustomize/kustomize.ts';
import { ConfigMaps, Secrets } from '../api/resources.ts';
import { isNotFound } from '../api/status.ts';
import { parseApiVersion } from '../api/types.ts';
import type { Client } from '../client/rest.ts';
import { type Applier, type ApplyOptions, type Change, ApplyError } from './apply/applier.ts';
import { inParallel } from './apply/parallel.ts';
import { describeId, entryOf, formatId, idOf, parseId, stale } from './apply/inventory.ts';
import { PathError, buildManifests } from './build/manifests.ts';
import { substitute } from './build/substitute.ts';
import type { FileTree } from './source/tree.ts';
import type { InventoryEntry, Kustomization } from './types.ts';

export type FailureReason =
  | 'ArtifactFailed'
  | 'BuildFailed'
  | 'DependencyNotReady'
  | 'HealthCheckFailed'
  | 'InvalidSpec'
  | 'PruneFailed'
  | 'ReconciliationFailed';

/** Why a pass ended early. */
export class Failure extends Error {
  constructor(
    readonly reason: FailureReason,
    message: string,
    /** Nothing is wrong; something else must come first. */
    readonly waits = false,
  ) {
    super(message);
  }
}

/** The objects that the tree says, variables put in. */
export async function build(client: Client, owner: Kustomization, tree: FileTree): Promise<BuiltObject[]> {
  const built = attempt('kustomize build failed', () => buildManifests(tree, owner.spec));
  const values = owner.spec.postBuild ? await variables(client, owner) : {};
  const substituted = attempt('post build failed for', () => substitute(built, values));
  const { commonMetadata } = owner.spec;
  return commonMetadata
    ? substituted.map((b) => ({ ...b, object: withMetadata(b.object, commonMetadata) }))
    : substituted;
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PathError) throw new Failure('ArtifactFailed', error.message);
    if (!(error instanceof KustomizeError)) throw error;
    const where = error.file && !error.message.includes(error.file) ? ` (in ${error.file})` : '';
    const between = what.endsWith(' for') ? ' ' : ': ';
    throw new Failure('BuildFailed', `${what}${between}${error.message}${where}`);
  }
}

function withMetadata(
  object: BuiltObject['object'],
  common: NonNullable<Kustomization['spec']['commonMetadata']>,
): BuiltObject['object'] {
  const { labels, annotations } = common;
  const metadata = {
    ...object.metadata,
    ...(labels ? { labels: { ...object.metadata.labels, ...labels } } : {}),
    ...(annotations ? { annotations: { ...object.metadata.annotations, ...annotations } } : {}),
  };
  return { ...object, metadata };
}

/** `substituteFrom` in order, then `substitute`, which wins. */
async function variables(client: Client, owner: Kustomization): Promise<Record<string, string>> {
  const { substitute: inline = {}, substituteFrom = [] } = owner.spec.postBuild ?? {};
  const all: Record<string, string> = {};
  const namespace = owner.metadata.namespace ?? '';
  for (const { kind, name, optional } of substituteFrom) {
    const key = { name, namespace };
    try {
      if (kind === 'ConfigMap') Object.assign(all, (await client.get(ConfigMaps, key)).data);
      else {
        const data = (await client.get(Secrets, key)).data ?? {};
        for (const [k, v] of Object.entries(data)) all[k] = Buffer.from(v, 'base64').toString('utf8');
      }
    } catch (error) {
      if (optional && isNotFound(error)) continue;
      throw new Failure(
        'BuildFailed',
        `post build failed: substitute from '${kind}/${name}' error: ${(error as Error).message}`,
      );
    }
  }
  return { ...all, ...inline };
}

/** Applies everything; with `only`, the objects of these inventory ids (others are known to be as written). */
export async function applyBuilt(
  applier: Applier,
  built: readonly BuiltObject[],
  options: ApplyOptions & { only?: ReadonlySet<string> },
): Promise<Change[]> {
  const { only } = options;
  const chosen = only ? built.filter(({ object }) => only.has(idWithin(object, only))) : built;
  try {
    return await applier.applyAll(chosen, options);
  } catch (error) {
    if (error instanceof ApplyError) throw new Failure('ReconciliationFailed', error.message);
    throw error;
  }
}

/** Objects without a namespace get one on the server's side: they are found by the rest of their id. */
function idWithin(object: BuiltObject['object'], ids: ReadonlySet<string>): string {
  const id = idOf(object);
  const exact = formatId(id);
  if (id.namespace || ids.has(exact)) return exact;
  for (const candidate of ids) {
    const other = parseId(candidate);
    if (other.name === id.name && other.kind === id.kind && other.group === id.group) return candidate;
  }
  return exact;
}

export const inventoryOf = (changes: readonly Change[]): InventoryEntry[] =>
  changes.flatMap(({ object }) => (object ? [entryOf(object)] : []));

export async function pruneStale(
  applier: Applier,
  old: readonly InventoryEntry[],
  now: readonly InventoryEntry[],
): Promise<Change[]> {
  try {
    return await applier.prune(stale(old, now));
  } catch (error) {
    throw new Failure('PruneFailed', (error as Error).message);
  }
}

const POLL_MS = 250;

/** Waits until all are healthy. `outdated` ends the wait early: there is something newer to do. */
export async function waitHealthy(
  applier: Applier,
  entries: readonly InventoryEntry[],
  options: { timeoutMs: number; sleep(ms: number): Promise<void>; now(): number; outdated(): boolean },
): Promise<void> {
  const deadline = options.now() + options.timeoutMs;
  let waiting = [...entries];
  for (;;) {
    const checked = await inParallel(waiting, async (entry) => {
      const live = await applier.read(entry);
      return { entry, health: live ? healthOf(live) : { status: 'NotFound' as const, message: 'not found' } };
    });
    const failed = checked.filter(({ health }) => health.status === 'Failed');
    if (failed.length > 0) {
      const list = failed.map(({ entry, health }) => `${describeId(parseId(entry.id))}: ${health.message}`);
      throw new Failure('HealthCheckFailed', `health check failed: ${list.join('; ')}`);
    }
    waiting = checked.filter(({ health }) => health.status !== 'Current').map(({ entry }) => entry);
    if (waiting.length === 0 || options.outdated()) return;
    if (options.now() >= deadline) {
      const list = checked
        .filter(({ health }) => health.status !== 'Current')
        .map(({ entry, health }) => `${describeId(parseId(entry.id))} status: '${health.status}'`);
      const seconds = Math.round(options.timeoutMs / 1000);
      throw new Failure(
        'HealthCheckFailed',
        `health check failed after ${seconds}s: timeout waiting for: [${list.join(', ')}]`,
      );
    }
    await options.sleep(POLL_MS);
  }
}

/** `spec.healthChecks` as inventory entries. */
export const healthChecksOf = (owner: Kustomization): InventoryEntry[] =>
  (owner.spec.healthChecks ?? []).map(({ apiVersion = 'v1', kind, name, namespace }) => {
    const { group, version } = parseApiVersion(apiVersion);
    const id = { group, kind, name, namespace: namespace ?? owner.metadata.namespace ?? '' };
    return { id: formatId(id), v: version };
  });
