// The whole loop on an in-process API server and real Git: what is pushed is applied, pruned, kept, and told.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigMaps, CoreEvents, Namespaces } from '../../src/api/resources.ts';
import { silentLogger } from '../../src/client/log.ts';
import type { Client } from '../../src/client/rest.ts';
import { runGitOps } from '../../src/gitops/gitops.ts';
import {
  GitRepositories,
  type GitRepository,
  type Kustomization,
  Kustomizations,
  RECONCILE_AT,
} from '../../src/gitops/types.ts';
import { eventually, temporaryFolder } from '../support/cli.ts';
import { type TestRepository, createRepository } from '../support/git.ts';
import { type TestServer, startTestServer } from '../support/server.ts';

const namespace = 'default';
const configMap = (name: string, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {key: ${value}}\n`;

let server: TestServer;
let client: Client;
let repository: TestRepository;
const stop = new AbortController();
const cache = temporaryFolder('cache');
let running: Promise<void>;

beforeAll(async () => {
  server = await startTestServer();
  client = server.client();
  repository = createRepository();
  running = runGitOps({ client, cacheFolder: cache.path, log: silentLogger, signal: stop.signal });
});
afterAll(async () => {
  stop.abort();
  await running;
  await server.close();
  repository.remove();
  cache.remove();
});

const source = (url: string): GitRepository => ({
  metadata: { name: 'repo', namespace },
  spec: { url, ref: { branch: 'main' }, interval: '1h' },
});
const kustomization = (name: string, spec: Partial<Kustomization['spec']> = {}): Kustomization => ({
  metadata: { name, namespace },
  spec: { sourceRef: { kind: 'GitRepository', name: 'repo' }, path: './apps', prune: true, interval: '1h', ...spec },
});
const read = (name: string) => client.get(Kustomizations, { name, namespace });
const readyOf = (k: Kustomization) => k.status?.conditions?.find((c) => c.type === 'Ready');
const applied = (name: string, commit: string) =>
  eventually(async () => {
    const k = await read(name);
    return k.status?.lastAppliedRevision === `main@sha1:${commit}` && readyOf(k)?.status === 'True' && k;
  });
const value = async (name: string) => (await client.get(ConfigMaps, { name, namespace })).data?.['key'];
const gone = (name: string) =>
  client.get(ConfigMaps, { name, namespace }).then(
    () => false,
    () => true,
  );

describe('the GitOps loop', () => {
  it('applies a repository, with Flux’s status, labels and inventory', async () => {
    const commit = repository.push({ 'apps/a.yaml': configMap('a', 'one'), 'apps/b.yaml': configMap('b', 'one') });
    await eventually(() => client.create(GitRepositories, source(repository.url)).then(() => true));
    await client.create(Kustomizations, kustomization('apps'));
    const k = await applied('apps', commit);
    expect(readyOf(k)).toMatchObject({
      reason: 'ReconciliationSucceeded',
      message: `Applied revision: main@sha1:${commit}`,
    });
    expect(k.status?.inventory?.entries).toEqual([
      { id: 'default_a__ConfigMap', v: 'v1' },
      { id: 'default_b__ConfigMap', v: 'v1' },
    ]);
    expect(k.metadata.finalizers).toEqual(['finalizers.fluxcd.io']);
    const a = await client.get(ConfigMaps, { name: 'a', namespace });
    expect(a.metadata?.labels).toEqual({
      'kustomize.toolkit.fluxcd.io/name': 'apps',
      'kustomize.toolkit.fluxcd.io/namespace': namespace,
    });
    const repo = await client.get(GitRepositories, { name: 'repo', namespace });
    expect(repo.status?.artifact?.revision).toBe(`main@sha1:${commit}`);
  });

  it('follows a push at once, and prunes what has left', async () => {
    const commit = repository.push({
      'apps/a.yaml': configMap('a', 'two'),
      'apps/b.yaml': undefined,
      'apps/c.yaml': configMap('c', 'new'),
    });
    await applied('apps', commit);
    expect(await value('a')).toBe('two');
    expect(await value('c')).toBe('new');
    expect(await gone('b')).toBe(true);
  });

  it('puts back what was changed or deleted by hand', async () => {
    await client.patch(
      ConfigMaps,
      { name: 'a', namespace },
      'merge',
      { data: { key: 'mine', more: 'x' } },
      { fieldManager: 'kubectl-edit' },
    );
    await client.delete(ConfigMaps, { name: 'c', namespace });
    await eventually(async () => (await value('a')) === 'two' && (await value('c')) === 'new');
    expect((await client.get(ConfigMaps, { name: 'a', namespace })).data).toEqual({ key: 'two' });
  });

  it('leaves the last good state when a commit is broken, and names the file', async () => {
    const broken = repository.push({
      'apps/a.yaml': configMap('a', 'three'),
      'apps/bad.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n bad: 1\n',
    });
    const k = await eventually(async () => {
      const found = await read('apps');
      return readyOf(found)?.reason === 'BuildFailed' && found;
    });
    expect(readyOf(k)?.message).toMatch(/MalformedYAMLError: yaml: line \d+: .* \(in apps\/bad\.yaml\)$/);
    expect(k.status).toMatchObject({ lastAttemptedRevision: `main@sha1:${broken}` });
    expect(await value('a')).toBe('two');
    const events = await client.list(CoreEvents, { namespace });
    expect(
      events.items.some(
        (e) => e.type === 'Warning' && e.reason === 'BuildFailed' && e.message?.includes('apps/bad.yaml'),
      ),
    ).toBe(true);
  });

  it('changes nothing when the server would refuse one object, and names its field', async () => {
    repository.push({
      'apps/a.yaml': configMap('a', 'four'),
      'apps/bad.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndatas: {a: b}\n',
    });
    const k = await eventually(async () => {
      const found = await read('apps');
      return readyOf(found)?.reason === 'ReconciliationFailed' && found;
    });
    expect(readyOf(k)?.message).toMatch(/^ConfigMap\/bad dry-run failed \(.*\) in apps\/bad\.yaml: /);
    expect(readyOf(k)?.message).toContain('.datas: field not declared in schema');
    expect(await value('a')).toBe('two');
    const commit = repository.push({ 'apps/bad.yaml': undefined });
    await applied('apps', commit);
    expect(await value('a')).toBe('four');
  });

  it('does nothing while suspended, and catches up when resumed', async () => {
    const key = { name: 'apps', namespace };
    await client.patch(Kustomizations, key, 'merge', { spec: { suspend: true } });
    const commit = repository.push({ 'apps/a.yaml': configMap('a', 'five') });
    await eventually(async () =>
      (await client.get(GitRepositories, { name: 'repo', namespace })).status?.artifact?.revision.endsWith(commit),
    );
    expect(await value('a')).toBe('four');
    await client.patch(Kustomizations, key, 'merge', { spec: { suspend: false } });
    await applied('apps', commit);
    expect(await value('a')).toBe('five');
  });

  it('answers a request to reconcile', async () => {
    const requested = new Date().toISOString();
    await client.patch(Kustomizations, { name: 'apps', namespace }, 'merge', {
      metadata: { annotations: { [RECONCILE_AT]: requested } },
    });
    await eventually(async () => (await read('apps')).status?.lastHandledReconcileAt === requested);
  });

  it('waits for what it depends on, and goes on when that is ready', async () => {
    await client.create(Kustomizations, kustomization('later', { path: './later', dependsOn: [{ name: 'first' }] }));
    const commit = repository.push({
      'later/l.yaml': configMap('l', 'x'),
      'first/ns.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: made}\n',
    });
    const waiting = await eventually(async () => {
      const found = await read('later');
      return readyOf(found)?.reason === 'DependencyNotReady' && found;
    });
    expect(readyOf(waiting)?.message).toBe(
      'dependency \'default/first\' not found: kustomizations.kustomize.toolkit.fluxcd.io "first" not found',
    );
    await client.create(Kustomizations, kustomization('first', { path: './first' }));
    await applied('later', commit);
    expect((await client.get(Namespaces, { name: 'made' })).metadata?.name).toBe('made');
  });

  it('says which reference or repository is not there', async () => {
    await client.create(GitRepositories, {
      ...source(repository.url),
      metadata: { name: 'no-ref', namespace },
      spec: { ...source(repository.url).spec, ref: { branch: 'gone' } },
    });
    await client.create(GitRepositories, {
      ...source('file:///nowhere.git'),
      metadata: { name: 'no-repo', namespace },
    });
    const message = (name: string) =>
      eventually(async () => {
        const conditions = (await client.get(GitRepositories, { name, namespace })).status?.conditions;
        return conditions?.find((c) => c.type === 'Ready' && c.status === 'False')?.message;
      });
    expect(await message('no-ref')).toContain("unable to resolve 'refs/heads/gone'");
    expect(await message('no-repo')).toContain("unable to clone 'file:///nowhere.git'");
  });

  it('takes its objects along when it is deleted', async () => {
    await client.delete(Kustomizations, { name: 'apps', namespace });
    await eventually(() => gone('a'));
    await eventually(() =>
      read('apps').then(
        () => false,
        () => true,
      ),
    );
  });
});
