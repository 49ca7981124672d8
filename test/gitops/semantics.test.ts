// What a Kustomization's fields and annotations mean, on an in-process API server and real Git; and what is left when
// the loop or the server dies in the middle.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ConfigMaps, CoreEvents, Namespaces } from '../../src/api/resources.ts';
import { silentLogger } from '../../src/client/log.ts';
import { Client } from '../../src/client/rest.ts';
import { runGitOps } from '../../src/gitops/gitops.ts';
import { GitRepositories, type Kustomization, Kustomizations, RECONCILE_AT } from '../../src/gitops/types.ts';
import { eventually, temporaryFolder } from '../support/cli.ts';
import { type TestRepository, createRepository } from '../support/git.ts';
import { type TestServer, startTestServer } from '../support/server.ts';

const namespace = 'default';
let server: TestServer;
let client: Client;
let repository: TestRepository;
const cache = temporaryFolder('cache');
/** True: the API server does not answer the loop. */
let dead: (path: string, method: string, dry: boolean) => boolean = () => false;
let loop: { stop(): Promise<void> };

function startLoop(): { stop(): Promise<void> } {
  const stop = new AbortController();
  const inner = server.client();
  const flaky = new Client(
    (request) => {
      if (dead(request.path, request.method, request.query.has('dryRun')))
        throw new Error('connect ECONNREFUSED 127.0.0.1:6443');
      return inner.handler(request);
    },
    { userAgent: 'gitops' },
  );
  const running = runGitOps({ client: flaky, cacheFolder: cache.path, log: silentLogger, signal: stop.signal });
  return {
    async stop() {
      stop.abort();
      await running;
    },
  };
}

beforeAll(async () => {
  server = await startTestServer({
    authorizer: { name: 'all-but-one', authorize: ({ user }) => ({ allowed: !user.name.endsWith(':powerless') }) },
  });
  client = server.client();
  repository = createRepository();
  repository.push({ 'empty/kustomization.yaml': 'namePrefix: x\n' });
  loop = startLoop();
  await eventually(() =>
    client
      .create(GitRepositories, {
        metadata: { name: 'repo', namespace },
        spec: { url: repository.url, ref: { branch: 'main' }, interval: '1h' },
      })
      .then(() => true),
  );
});
afterAll(async () => {
  await loop.stop();
  await server.close();
  repository.remove();
  cache.remove();
});
afterEach(() => {
  dead = () => false;
});

const configMap = (name: string, value: string, annotations = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${annotations ? `  annotations: {${annotations}}\n` : ''}data: {key: ${value}}\n`;
const create = (name: string, spec: Partial<Kustomization['spec']> = {}) =>
  client.create(Kustomizations, {
    metadata: { name, namespace },
    spec: {
      sourceRef: { kind: 'GitRepository', name: 'repo' },
      path: `./${name}`,
      prune: true,
      interval: '1h',
      retryInterval: '1s',
      ...spec,
    },
  });
const read = (name: string) => client.get(Kustomizations, { name, namespace });
const condition = (k: Kustomization, type: string) => k.status?.conditions?.find((c) => c.type === type);
const ready = (name: string, commit: string) =>
  eventually(async () => {
    const k = await read(name);
    return k.status?.lastAppliedRevision?.endsWith(commit) && condition(k, 'Ready')?.status === 'True' && k;
  });
const failed = (name: string, reason: string) =>
  eventually(async () => {
    const k = await read(name);
    const found = condition(k, 'Ready');
    return found?.reason === reason && found.message;
  });
const object = (name: string, where = namespace) => client.get(ConfigMaps, { name, namespace: where });
const value = async (name: string, where = namespace) => (await object(name, where)).data?.['key'];
const gone = (name: string) =>
  object(name).then(
    () => false,
    () => true,
  );
const remove = async (name: string) => {
  await client.delete(Kustomizations, { name, namespace });
  await eventually(() =>
    read(name).then(
      () => false,
      () => true,
    ),
  );
};

describe('pruning', () => {
  it('leaves an object that another Kustomization has taken', async () => {
    let commit = repository.push({ 'one/x.yaml': configMap('moved', 'a'), 'two/y.yaml': configMap('y', 'a') });
    await create('one');
    await create('two');
    await ready('one', commit);
    await ready('two', commit);
    commit = repository.push({
      'one/x.yaml': undefined,
      'one/z.yaml': configMap('z', 'a'),
      'two/x.yaml': configMap('moved', 'b'),
    });
    await ready('one', commit);
    await ready('two', commit);
    await eventually(async () => (await value('moved')) === 'b');
    const { labels } = (await object('moved')).metadata!;
    expect(labels?.['kustomize.toolkit.fluxcd.io/name']).toBe('two');
    await remove('one');
    await remove('two');
    expect(await gone('moved')).toBe(true);
  });

  it('spares what is annotated, and everything with deletionPolicy Orphan', async () => {
    const kept = 'kustomize.toolkit.fluxcd.io/prune: disabled';
    let commit = repository.push({
      'spare/a.yaml': configMap('spared', 'a', kept),
      'spare/b.yaml': configMap('b', 'a'),
    });
    await create('spare', { deletionPolicy: 'Orphan' });
    await ready('spare', commit);
    commit = repository.push({ 'spare/a.yaml': undefined });
    expect((await ready('spare', commit)).status?.inventory?.entries.map((e) => e.id)).toEqual([
      'default_b__ConfigMap',
    ]);
    expect(await value('spared')).toBe('a');
    await remove('spare');
    expect(await value('b')).toBe('a');
  });

  it('waits for finalizers when it is told to', async () => {
    const commit = repository.push({ 'slow/a.yaml': configMap('slow', 'a') });
    await create('slow', { deletionPolicy: 'WaitForTermination' });
    await ready('slow', commit);
    const key = { name: 'slow', namespace };
    await client.patch(ConfigMaps, key, 'merge', { metadata: { finalizers: ['example.com/wait'] } });
    await client.delete(Kustomizations, { name: 'slow', namespace });
    await eventually(async () => (await object('slow')).metadata?.deletionTimestamp !== undefined);
    expect((await read('slow')).metadata.finalizers).toEqual(['finalizers.fluxcd.io']);
    await client.patch(ConfigMaps, key, 'merge', { metadata: { finalizers: [] } });
    await eventually(() =>
      read('slow').then(
        () => false,
        () => true,
      ),
    );
  });
});

describe('annotations', () => {
  it('say what is written once, merged, or not at all', async () => {
    const ssa = (mode: string) => `kustomize.toolkit.fluxcd.io/ssa: ${mode}`;
    await client.create(ConfigMaps, { metadata: { name: 'present', namespace }, data: { key: 'mine' } });
    const commit = repository.push({
      'ssa/a.yaml': configMap('present', 'git', ssa('IfNotPresent')),
      'ssa/b.yaml': configMap('absent', 'git', ssa('IfNotPresent')),
      'ssa/c.yaml': configMap('ignored', 'git', ssa('Ignore')),
      'ssa/d.yaml': configMap('merged', 'git', ssa('Merge')),
      'ssa/e.yaml': configMap('off', 'git', 'kustomize.toolkit.fluxcd.io/reconcile: disabled'),
    });
    await create('ssa');
    await ready('ssa', commit);
    expect([await value('present'), await value('absent'), await value('merged')]).toEqual(['mine', 'git', 'git']);
    expect([await gone('ignored'), await gone('off')]).toEqual([true, true]);
    const patch = { data: { mine: 'x' } };
    await client.patch(ConfigMaps, { name: 'merged', namespace }, 'merge', patch, { fieldManager: 'kubectl-edit' });
    await client.patch(Kustomizations, { name: 'ssa', namespace }, 'merge', {
      metadata: { annotations: { [RECONCILE_AT]: 'now' } },
    });
    await eventually(async () => (await read('ssa')).status?.lastHandledReconcileAt === 'now');
    expect((await object('merged')).data).toEqual({ key: 'git', mine: 'x' });
    await remove('ssa');
  });

  it('replaces what may not be changed only when forced', async () => {
    const immutable = (text: string) => `${configMap('fixed', text)}immutable: true\n`;
    let commit = repository.push({ 'fixed/a.yaml': immutable('one') });
    await create('fixed');
    await ready('fixed', commit);
    const { uid } = (await object('fixed')).metadata!;
    commit = repository.push({ 'fixed/a.yaml': immutable('two') });
    expect(await failed('fixed', 'ReconciliationFailed')).toMatch(/^ConfigMap\/fixed dry-run failed \(Invalid\)/);
    await client.patch(Kustomizations, { name: 'fixed', namespace }, 'merge', { spec: { force: true } });
    await ready('fixed', commit);
    expect(await value('fixed')).toBe('two');
    expect((await object('fixed')).metadata!.uid).not.toBe(uid);
    await remove('fixed');
  });
});

describe('a Kustomization', () => {
  it('builds with variables, metadata, and a namespace of its own', async () => {
    await client.create(Namespaces, { metadata: { name: 'elsewhere' } });
    await client.create(ConfigMaps, { metadata: { name: 'vars', namespace }, data: { size: '3', word: 'from-map' } });
    const text =
      `${configMap('built', '${word:=none}')}  size: "\${size}"\n  up: \${word^^}\n  raw: $\${word}\n`.replace(
        'data: {key: ${word:=none}}',
        'data:\n  key: ${word:=none}',
      );
    const commit = repository.push({ 'built/a.yaml': text });
    await create('built', {
      targetNamespace: 'elsewhere',
      commonMetadata: { labels: { team: 'a' } },
      postBuild: {
        substitute: { word: 'inline' },
        substituteFrom: [
          { kind: 'ConfigMap', name: 'vars' },
          { kind: 'Secret', name: 'none', optional: true },
        ],
      },
    });
    // Unquoted, a number is a number: no ConfigMap may hold one. As Flux has it.
    expect(await failed('built', 'ReconciliationFailed')).toContain('ConfigMap/elsewhere/built dry-run failed');
    const fixed = repository.push({ 'built/a.yaml': text.replace('size: "${size}"', 'size: n${size}') });
    await ready('built', fixed);
    const built = await object('built', 'elsewhere');
    expect(built.data).toEqual({ key: 'inline', size: 'n3', up: 'INLINE', raw: '${word}' });
    expect(built.metadata?.labels?.['team']).toBe('a');
    expect(commit).not.toBe(fixed);
    await remove('built');
  });

  it('acts as its service account, with no more than its rights', async () => {
    repository.push({ 'acting/a.yaml': configMap('acting', 'a') });
    await create('acting', { serviceAccountName: 'powerless' });
    expect(await failed('acting', 'ReconciliationFailed')).toContain(
      'User "system:serviceaccount:default:powerless" cannot patch resource "configmaps"',
    );
    await client.delete(Kustomizations, { name: 'acting', namespace });
  });

  it('waits for health, and says what is not healthy', async () => {
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: never}\nspec: {containers: [{name: c, image: i}]}\n';
    const commit = repository.push({ 'health/a.yaml': pod });
    await create('health', { wait: true, timeout: '1s' });
    expect(await failed('health', 'HealthCheckFailed')).toBe(
      "health check failed after 1s: timeout waiting for: [Pod/default/never status: 'InProgress']",
    );
    expect(condition(await read('health'), 'Healthy')).toMatchObject({ status: 'False', reason: 'HealthCheckFailed' });
    await client.patch(
      { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true },
      { name: 'never', namespace },
      'merge',
      { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
      { subresource: 'status' },
    );
    expect(condition(await ready('health', commit), 'Healthy')).toMatchObject({ status: 'True', reason: 'Succeeded' });
    await remove('health');
  });

  it('says what is missing', async () => {
    await create('lost', { path: './lost' });
    expect(await failed('lost', 'ArtifactFailed')).toBe(
      'kustomization path not found: stat lost: no such file or directory',
    );
    await create('sourceless', { sourceRef: { kind: 'GitRepository', name: 'none' } });
    expect(await failed('sourceless', 'ArtifactFailed')).toBe(
      'GitRepository.source.toolkit.fluxcd.io "none" not found',
    );
    await client.patch(Kustomizations, { name: 'lost', namespace }, 'merge', { spec: { timeout: '0s' } });
    expect(await failed('lost', 'InvalidSpec')).toBe('spec.timeout "0s" is not a duration: write 30s, 5m or 1h');
    expect(condition(await read('lost'), 'Stalled')).toMatchObject({ status: 'True', reason: 'InvalidSpec' });
    await client.delete(Kustomizations, { name: 'lost', namespace });
    await client.delete(Kustomizations, { name: 'sourceless', namespace });
  });
});

describe('death', () => {
  it('of the API server in the middle of an apply is made good when it is back', async () => {
    let commit = repository.push(
      Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`many/c${i}.yaml`, configMap(`m${i}`, 'one')])),
    );
    await create('many');
    await ready('many', commit);
    let writes = 0;
    // From the twentieth real write on, nothing answers any more.
    dead = (path, method, dry) => {
      if (method === 'PATCH' && path.includes('/configmaps/m') && !dry) writes++;
      return writes > 20;
    };
    commit = repository.push(
      Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`many/c${i}.yaml`, configMap(`m${i}`, 'two')])),
    );
    await eventually(() => writes > 20);
    dead = () => false;
    await ready('many', commit);
    const values = await Promise.all(Array.from({ length: 40 }, (_, i) => value(`m${i}`)));
    expect(new Set(values)).toEqual(new Set(['two']));
  });

  it('of the loop between apply and status leaves nothing behind', async () => {
    // The new object is written; the status that says so never is.
    let applied = false;
    dead = (path, method, dry) => {
      if (method === 'PATCH' && path.includes('/configmaps/fresh') && !dry) {
        applied = true;
        return false;
      }
      return applied;
    };
    repository.push({ 'many/fresh.yaml': configMap('fresh', 'one') });
    await eventually(async () => applied && !(await gone('fresh')));
    await loop.stop();
    dead = () => false;
    const commit = repository.push({ 'many/fresh.yaml': undefined });
    loop = startLoop();
    await ready('many', commit);
    await eventually(() => gone('fresh'));
    const events = await client.list(CoreEvents, { namespace });
    expect(events.items.some((e) => e.message?.includes('ConfigMap/default/fresh deleted'))).toBe(true);
    await remove('many');
  });
});
