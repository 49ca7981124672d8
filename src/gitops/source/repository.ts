// The GitRepository loop: asks the remote at each interval (a local one at each push), fetches what is new, says so in
// status. Upstream: source-controller internal/controller/gitrepository_controller.go.
import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDuration } from '../../api/duration.ts';
import { Secrets } from '../../api/resources.ts';
import { splitKey } from '../../api/types.ts';
import { type ControllerContext, type ControllerDefinition, defineController } from '../../client/controller.ts';
import { Artifacts } from '../artifacts.ts';
import { withCondition, withoutCondition } from '../conditions.ts';
import { type Condition, GitRepositories, type GitRepository, RECONCILE_AT } from '../types.ts';
import { type GitCredentials, GitError, type GitSource, fetchTree, remoteHead } from './git.ts';
import { localGitFolder, watchRefs } from './local.ts';
import type { FileTree } from './tree.ts';

const DEFAULT_TIMEOUT_MS = 60_000;
/** After a failure, however long the interval. */
const RETRY_MS = 30_000;

export function repositoryController(artifacts: Artifacts, cacheFolder: string): ControllerDefinition<GitRepository> {
  const watches = new Map<string, { url: string; inode: number; stop(): void }>();
  let enqueue: (key: string) => void = () => {};
  const unwatch = (key: string) => {
    watches.get(key)?.stop();
    watches.delete(key);
  };
  const follow = (key: string, url: string) => {
    const folder = localGitFolder(url);
    // A repository that was deleted and made again is another one to the watch.
    const inode = (folder && statSync(join(folder, 'refs'), { throwIfNoEntry: false })?.ino) || 0;
    const known = watches.get(key);
    if (known?.url === url && known.inode === inode) return;
    unwatch(key);
    if (folder) watches.set(key, { url, inode, stop: watchRefs(folder, () => enqueue(key)) });
  };
  return defineController<GitRepository>({
    name: 'gitops-source',
    for: GitRepositories,
    filter: changedByUser,
    attach(context, add) {
      enqueue = add;
      context.signal.addEventListener('abort', () => [...watches.keys()].forEach(unwatch), { once: true });
    },
    async reconcile(context, key) {
      const repository = context.lister(GitRepositories).get(key);
      const { namespace = '', name } = splitKey(key);
      const id = Artifacts.key('GitRepository', namespace, name);
      if (!repository || repository.metadata.deletionTimestamp) {
        unwatch(key);
        artifacts.delete(id);
        await rm(join(cacheFolder, `${namespace}_${name}.git`), { recursive: true, force: true });
        return;
      }
      if (repository.spec.suspend) return unwatch(key);
      follow(key, repository.spec.url);
      return fetchOnce(context, repository, artifacts, id, join(cacheFolder, `${namespace}_${name}.git`));
    },
  });
}

/** Status writes of our own are no reason to look again. */
export function changedByUser(
  object: { metadata: { generation?: number; annotations?: Record<string, string>; deletionTimestamp?: string } },
  old: typeof object | undefined,
): boolean {
  return (
    !old ||
    object === old ||
    object.metadata.generation !== old.metadata.generation ||
    object.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    object.metadata.annotations?.[RECONCILE_AT] !== old.metadata.annotations?.[RECONCILE_AT]
  );
}

async function fetchOnce(
  context: ControllerContext,
  repository: GitRepository,
  artifacts: Artifacts,
  id: string,
  cache: string,
): Promise<{ requeueAfterMs: number } | void> {
  const { spec } = repository;
  const before = artifacts.get(id);
  try {
    const intervalMs = parseDuration(spec.interval);
    const source: GitSource = {
      url: spec.url,
      timeoutMs: spec.timeout ? parseDuration(spec.timeout) : DEFAULT_TIMEOUT_MS,
      signal: context.signal,
      ...(spec.ref ? { ref: spec.ref } : {}),
      ...(spec.ignore === undefined ? {} : { ignore: spec.ignore }),
      ...(spec.secretRef ? { credentials: await readCredentials(context, repository, spec.secretRef.name) } : {}),
    };
    const head = await remoteHead(source);
    let tree = before;
    if (tree?.revision !== head.revision || tree.ignore !== spec.ignore) {
      tree = await fetchTree(source, head, cache, before);
      await report(context, repository, { tree });
      artifacts.set(id, tree);
      const { subject } = tree;
      const short = subject.length > 50 ? `${subject.slice(0, 50)}...` : subject;
      context.events.event(repository, 'Normal', 'NewArtifact', `stored artifact for commit '${short}'`);
    } else await report(context, repository, { tree });
    return { requeueAfterMs: intervalMs };
  } catch (error) {
    if (context.signal.aborted) throw error;
    const failure = error instanceof GitError ? error : undefined;
    const reason = failure?.reason ?? 'GitOperationFailed';
    const message = (error as Error).message;
    const known = repository.status?.conditions?.find((c) => c.type === 'Ready');
    if (known?.message !== message) context.events.event(repository, 'Warning', reason, message);
    await report(context, repository, { failure: { reason, message } });
    if (!isTerminal(reason)) return { requeueAfterMs: RETRY_MS };
  }
}

/** Only a change of the object can help. */
const isTerminal = (reason: string): boolean => reason === 'URLInvalid' || reason === 'InvalidReference';

async function readCredentials(
  context: ControllerContext,
  repository: GitRepository,
  name: string,
): Promise<GitCredentials> {
  const namespace = repository.metadata.namespace ?? '';
  try {
    const secret = await context.client.get(Secrets, { namespace, name });
    const entries = Object.entries(secret.data ?? {});
    return Object.fromEntries(entries.map(([k, v]) => [k, Buffer.from(v, 'base64').toString('utf8')]));
  } catch (error) {
    throw new GitError(
      'AuthenticationFailed',
      `failed to get secret '${namespace}/${name}': ${(error as Error).message}`,
    );
  }
}

type Outcome =
  { tree: FileTree; failure?: undefined } | { tree?: undefined; failure: { reason: string; message: string } };

/** Writes status when it says something new. */
async function report(context: ControllerContext, repository: GitRepository, outcome: Outcome): Promise<void> {
  const { status = {}, metadata } = repository;
  const observedGeneration = metadata.generation ?? 0;
  const now = context.clock.now();
  const ready: Omit<Condition, 'lastTransitionTime'> = outcome.tree
    ? {
        type: 'Ready',
        status: 'True',
        reason: 'Succeeded',
        message: `stored artifact for revision '${outcome.tree.revision}'`,
        observedGeneration,
      }
    : { type: 'Ready', status: 'False', ...outcome.failure, observedGeneration };
  let conditions = withCondition(
    withoutCondition(status.conditions, 'Reconciling', 'FetchFailed', 'Stalled'),
    ready,
    now,
  );
  if (outcome.tree) {
    conditions = withCondition(conditions, { ...ready, type: 'ArtifactInStorage' }, now);
  } else {
    conditions = withCondition(conditions, { ...ready, type: 'FetchFailed', status: 'True' }, now);
    if (isTerminal(ready.reason))
      conditions = withCondition(conditions, { ...ready, type: 'Stalled', status: 'True' }, now);
  }
  const artifact = outcome.tree ? artifactOf(repository, outcome.tree, now) : status.artifact;
  const handled = metadata.annotations?.[RECONCILE_AT];
  const next = {
    ...status,
    observedGeneration,
    conditions,
    ...(artifact ? { artifact } : {}),
    ...(handled ? { lastHandledReconcileAt: handled } : {}),
  };
  if (JSON.stringify(next) === JSON.stringify(status)) return;
  const { name = '', namespace } = metadata;
  await context.client.patch(
    GitRepositories,
    { name, namespace },
    'merge',
    { status: next },
    { subresource: 'status' },
  );
}

function artifactOf(
  repository: GitRepository,
  tree: FileTree,
  nowMs: number,
): NonNullable<GitRepository['status']>['artifact'] {
  const known = repository.status?.artifact;
  if (known?.revision === tree.revision && known.digest === tree.digest) return known;
  const { namespace, name } = repository.metadata;
  const commit = tree.revision.slice(tree.revision.lastIndexOf(':') + 1);
  const path = `gitrepository/${namespace}/${name}/${commit}`;
  return {
    path,
    url: repository.spec.url,
    revision: tree.revision,
    digest: tree.digest,
    lastUpdateTime: `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
    size: tree.sizeBytes,
  };
}
