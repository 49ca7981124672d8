// `apply --prune --applyset`: the cases of upstream's TestApplySetParentValidation, TestApplySetParentManagement,
// TestApplySetInvalidLiveParent, TestApplySet_ClusterScopedCustomResourceParent, TestApplyWithPruneV2,
// TestApplySetUpdateConflictsAreRetried and TestApplySetDryRun (kubectl/pkg/cmd/apply/apply_test.go), on a real server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applySetId } from '../../src/cli/apply/applyset.ts';
import { clientVersion } from '../../src/cli/version-info.ts';
import { type CliResult, runCli } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const ID = 'applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1';
const tooling = `kubectl/${clientVersion.gitVersion}`;

let server: TestServer;
let cwd: string;
beforeEach(async () => {
  server = await startTestServer();
  cwd = mkdtempSync(join(tmpdir(), 'applyset-'));
  for (const name of ['test', 'other']) await cli(`create namespace ${name}`);
  file('rc.yaml', object('v1', 'ReplicationController', 'test-rc', { selector: { a: 'b' }, template: podTemplate }));
  file('svc.yaml', object('v1', 'Service', 'test-service', { ports: [{ port: 80 }] }));
});
afterEach(async () => {
  rmSync(cwd, { recursive: true, force: true });
  await server.close();
});

const podTemplate = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const object = (apiVersion: string, kind: string, name: string, spec?: object, metadata?: object): string =>
  JSON.stringify({ apiVersion, kind, metadata: { name, ...metadata }, ...(spec ? { spec } : {}) });
const file = (name: string, text: string): void => writeFileSync(join(cwd, name), text);
const cli = (line: string, stdin?: string): Promise<CliResult> =>
  runCli(line.split(' '), { server, cwd, ...(stdin === undefined ? {} : { stdin }) });
const apply = (line: string): Promise<CliResult> => cli(`apply --prune -n test --applyset=my-set ${line}`);
const metadataOf = async (what: string, ns = 'test'): Promise<{ labels?: object; annotations?: object }> =>
  JSON.parse((await cli(`get ${what} -n ${ns} -o jsonpath={.metadata}`)).stdout) as object;
const kinds = async (): Promise<string> =>
  ((await metadataOf('secret my-set')).annotations as Record<string, string>)[
    'applyset.kubernetes.io/contains-group-kinds'
  ]!;

describe('the parent', () => {
  it.each([
    ['doesnotexist/x', 'invalid parent reference "doesnotexist/x": no matches for /, Resource=doesnotexist'],
    ['secret/', 'invalid parent reference "secret/": name cannot be blank'],
    ['namespaces/x', 'resource "/v1, Resource=namespaces" is not permitted as an ApplySet parent'],
    [
      'priorityclasses.scheduling.k8s.io/x',
      'resource "scheduling.k8s.io/v1, Resource=priorityclasses" is not permitted as an ApplySet parent',
    ],
    ['mysecret', 'namespace is required to use namespace-scoped ApplySet'],
  ])('%s is refused', async (reference, message) => {
    const { code, stdout, stderr } = await cli(`apply --prune --applyset=${reference} -f svc.yaml`);
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: `error: ${message}\n` });
  });

  it('is refused for two reasons at once', async () => {
    expect((await cli('apply --prune --applyset=deployments.apps/x -f svc.yaml')).stderr).toBe(
      'namespace is required to use namespace-scoped ApplySet\nresource "apps/v1, Resource=deployments" is not permitted as an ApplySet parent\n',
    );
  });

  it.each(['configmap/p', 'secrets/p', 'p'])('%s may be one', async (reference) => {
    expect((await cli(`apply --prune -n test --applyset=${reference} -f svc.yaml`)).code).toBe(0);
    const what = reference.startsWith('configmap') ? 'configmap p' : 'secret p';
    const kind = reference.startsWith('configmap') ? 'ConfigMap' : 'Secret';
    const id = applySetId({ name: 'p', namespace: 'test', kind, group: '' });
    expect((await metadataOf(what)).labels).toEqual({ 'applyset.kubernetes.io/id': id });
  });

  it.each([
    ['--applyset=x', '--applyset requires --prune'],
    ['--applyset=x --prune --all', '--all is incompatible with --applyset'],
    ['--applyset=x --prune -l a=b', '--selector is incompatible with --applyset'],
    ['--applyset=x --prune --prune-allowlist=core/v1/Secret', '--prune-allowlist is incompatible with --applyset'],
    ['--applyset=x --prune --force', '--force cannot be used with --prune'],
  ])('%s does not go', async (line, message) => {
    expect((await cli(`apply -n test -f svc.yaml ${line}`)).stderr).toBe(`error: ${message}\n`);
  });
});

describe('the set', () => {
  it.each(['', ' --server-side'])('knows its kinds, and what leaves it is deleted (apply%s)', async (mode) => {
    const word = mode ? 'serverside-applied' : 'created';
    expect((await apply(`-f rc.yaml${mode}`)).stdout).toBe(`replicationcontroller/test-rc ${word}\n`);
    expect(await metadataOf('secret my-set')).toMatchObject({
      labels: { 'applyset.kubernetes.io/id': ID },
      annotations: {
        'applyset.kubernetes.io/additional-namespaces': '',
        'applyset.kubernetes.io/contains-group-kinds': 'ReplicationController',
        'applyset.kubernetes.io/tooling': tooling,
      },
    });
    await apply(`-f rc.yaml -f svc.yaml${mode}`);
    expect(await kinds()).toBe('ReplicationController,Service');
    expect((await metadataOf('svc test-service')).labels).toEqual({ 'applyset.kubernetes.io/part-of': ID });
    const last = await apply(`-f svc.yaml${mode} -o name`);
    expect(last.stdout).toBe('service/test-service\nreplicationcontroller/test-rc\n');
    expect(await kinds()).toBe('Service');
  });

  it('keeps what could not be pruned', async () => {
    await apply('-f rc.yaml -f svc.yaml');
    const refuse = new Set(['DELETE']);
    const { handler } = server;
    const failing = {
      ...server,
      handler: (request: Parameters<typeof handler>[0]) => {
        if (refuse.has(request.method)) throw new Error('deletes fail');
        return handler(request);
      },
    };
    const line = 'apply --prune -n test --applyset=my-set -f svc.yaml';
    const failed = await runCli(line.split(' '), { server: failing, cwd });
    expect(failed.stdout).toBe('service/test-service unchanged\n');
    expect(failed.stderr).toBe('error: pruning ReplicationController test/test-rc: deletes fail\n');
    expect(await kinds()).toBe('ReplicationController,Service');
    expect((await apply('-f svc.yaml')).stdout).toContain('replicationcontroller/test-rc pruned\n');
  });

  it('reaches into the namespaces of its members, and leaves what is not a member', async () => {
    const named = (name: string, namespace: string): string =>
      object('v1', 'ConfigMap', name, undefined, { namespace });
    const crd = {
      group: 'company.com',
      names: { kind: 'ApplySet', plural: 'applysets', singular: 'applyset' },
      scope: 'Cluster',
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    };
    const labels = { 'applyset.kubernetes.io/is-parent-type': 'true' };
    file(
      'crd.yaml',
      object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'applysets.company.com', crd, { labels }),
    );
    file('a.yaml', `${named('a', 'test')}\n---\n${named('b', 'other')}`);
    file('b.yaml', named('a', 'test'));
    await cli('apply -f crd.yaml');
    await cli('create cm bystander -n other');
    const set = 'apply --prune --applyset=applysets.company.com/my-set';
    await expect
      .poll(async () => (await cli(`${set} -f a.yaml`)).stderr)
      .toBe('error: custom resource ApplySet parents cannot be created automatically\n');
    const id = applySetId({ name: 'my-set', kind: 'ApplySet', group: 'company.com' });
    const annotations = {
      'applyset.kubernetes.io/tooling': 'kubectl/v1.32.0',
      'applyset.kubernetes.io/contains-group-resources': 'secrets',
    };
    const parent = { labels: { 'applyset.kubernetes.io/id': id }, annotations };
    await cli('create -f -', object('company.com/v1', 'ApplySet', 'my-set', undefined, parent));
    expect((await cli(`${set} -f a.yaml`)).stdout).toBe('configmap/a created\nconfigmap/b created\n');
    expect((await metadataOf('applysets my-set')).annotations).toMatchObject({
      'applyset.kubernetes.io/additional-namespaces': 'other,test',
      'applyset.kubernetes.io/contains-group-kinds': 'ConfigMap',
    });
    expect((await cli(`${set} -f b.yaml`)).stdout).toBe('configmap/a unchanged\nconfigmap/b pruned\n');
    expect((await cli('get cm -n other -o name')).stdout).toBe('configmap/bystander\n');
  });

  it('takes the annotations of its parent back from whoever changed them, and says so', async () => {
    await apply('-f svc.yaml');
    await cli('annotate secret my-set -n test applyset.kubernetes.io/contains-group-kinds= --overwrite');
    const { code, stderr } = await apply('-f svc.yaml');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^W\d{4} .* applyset\.go:447\] WARNING: failed to update ApplySet: Apply failed with 1 conflict/,
    );
    expect(await kinds()).toBe('Service');
  });

  it.each(['client', 'server'])('is left as it is by a dry run (%s)', async (mode) => {
    await apply('-f rc.yaml -f svc.yaml');
    const word =
      mode === 'server'
        ? ['unchanged (server dry run)', 'pruned (server dry run)']
        : ['configured (dry run)', 'pruned (dry run)'];
    expect((await apply(`-f svc.yaml --dry-run=${mode}`)).stdout).toBe(
      `service/test-service ${word[0]}\nreplicationcontroller/test-rc ${word[1]}\n`,
    );
    expect((await cli('get rc -n test -o name')).stdout).toBe('replicationcontroller/test-rc\n');
    expect(await kinds()).toBe('ReplicationController,Service');
  });
});

describe('a parent that is there already', () => {
  const part = 'ApplySet parent object "secrets./my-set"';
  const kindsKey = 'applyset.kubernetes.io/contains-group-kinds';
  it.each([
    [
      { kinds: undefined },
      `parsing ApplySet annotation on "secrets./my-set": kubectl requires the "${kindsKey}" annotation to be set on all ApplySet parent objects`,
    ],
    [
      { kinds: 'does-not-exist' },
      `parsing ApplySet annotation on "secrets./my-set": could not find mapping for kind in "${kindsKey}" annotation: no matches for kind "does-not-exist" in group ""`,
    ],
    [
      { tooling: undefined },
      `${part} already exists and is missing required annotation "applyset.kubernetes.io/tooling"`,
    ],
    [{ tooling: 'helm/v3' }, `${part} already exists and is managed by tooling "helm" instead of "kubectl"`],
    [{ tooling: 'helm' }, `${part} already exists and is managed by tooling "helm" instead of "kubectl"`],
    [
      { tooling: 'example.com/tool/why/v1' },
      `${part} already exists and is managed by tooling "example.com/tool/why" instead of "kubectl"`,
    ],
    [{ id: undefined }, `${part} exists and does not have required label applyset.kubernetes.io/id`],
    [
      { id: 'else' },
      `${part} exists and has incorrect value for label "applyset.kubernetes.io/id" (got: else, want: ${ID})`,
    ],
  ])('is refused: %o', async (change, message) => {
    const all = { kinds: 'Deployment.apps,Namespace,Secret', tooling: 'kubectl/v1.27.0', id: ID, ...change };
    const annotations = { 'applyset.kubernetes.io/tooling': all.tooling, [kindsKey]: all.kinds };
    const labels = { 'applyset.kubernetes.io/id': all.id };
    const made = await cli('create -n test -f -', object('v1', 'Secret', 'my-set', undefined, { labels, annotations }));
    expect(made.stderr).toBe('');
    expect((await apply('-f svc.yaml --server-side')).stderr).toBe(`error: ${message}\n`);
    expect((await cli('get svc -n test -o name')).stdout).toBe('');
  });

  it('may not be named by a manifest', async () => {
    const labels = { 'applyset.kubernetes.io/part-of': 'x' };
    file('x.yaml', object('v1', 'ConfigMap', 'x', undefined, { labels }));
    expect((await apply('-f x.yaml')).stderr).toBe(
      'error: ApplySet label "applyset.kubernetes.io/part-of" already set in input data\n',
    );
  });
});

describe('diff --prune', () => {
  it('shows what would go, with the secrets masked', async () => {
    const labels = { app: 'x' };
    const secret = {
      ...(JSON.parse(object('v1', 'Secret', 's', undefined, { labels })) as object),
      data: { k: 'c2VjcmV0' },
    };
    file('keep.yaml', object('v1', 'ConfigMap', 'keep', undefined, { labels }));
    file('all.yaml', `${object('v1', 'ConfigMap', 'go', undefined, { labels })}\n---\n${JSON.stringify(secret)}`);
    await cli('apply -f keep.yaml -f all.yaml');
    await cli('create cm never-applied');
    const named = (text: string): string[] => [...text.matchAll(/^--- \S*\/(\S+)/gm)].map((m) => m[1]!);
    const all = await cli('diff --prune -f keep.yaml -l app=x');
    expect(all.code).toBe(1);
    expect(all.stderr).toMatch(/^W\d{4} .* prune\.go:71\] Deprecated: kubectl apply will no longer prune/);
    expect(named(all.stdout)).toEqual(['v1.ConfigMap.default.go', 'v1.Secret.default.s']);
    expect(all.stdout).toContain("-  k: '***'");
    const some = await cli('diff --prune -f keep.yaml -l app=x --prune-allowlist=core/v1/ConfigMap');
    expect([some.stderr, named(some.stdout)]).toEqual(['', ['v1.ConfigMap.default.go']]);
    const none = await cli('diff --prune -f keep.yaml -l app=x --prune-allowlist=apps/v1/Deployment');
    expect(none).toEqual({ code: 0, stdout: '', stderr: '' });
    const wrong = await cli('diff --prune -f keep.yaml --prune-allowlist=core/v1/Boat');
    expect(wrong).toEqual({ code: 2, stdout: '', stderr: 'error: no matches for kind "Boat" in version "v1"\n' });
  });
});
