// `rolling-update`, on a cluster with controllers and simulated nodes; what is printed is what kubectl 1.17 printed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, runCli, words } from '../cli/run-cli.ts';
import { eventually, startCluster, type TestCluster } from '../server/controllers/cluster.ts';

const DEPRECATED = 'Command "rolling-update" is deprecated, use "rollout" instead\n';
let cluster: TestCluster;
let cwd: string;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 1 });
  cwd = mkdtempSync(join(tmpdir(), 'rolling-'));
});
afterAll(async () => {
  rmSync(cwd, { recursive: true, force: true });
  await cluster.stop();
});
const cli = (line: string): Promise<CliResult> => runCli(words(line), { server: cluster.server, cwd });
const update = (line: string): Promise<CliResult> => cli(`rolling-update ${line} --update-period=50ms`);

const rc = (name: string, image: string, labels: object, replicas?: number): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name, labels: { tier: 'web' } },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: labels,
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } },
    },
  });
const create = async (name: string, labels: object, replicas = 2): Promise<void> => {
  writeFileSync(join(cwd, `${name}.json`), rc(name, 'i:1', labels, replicas));
  expect((await cli(`create -f ${name}.json`)).stderr).toBe('');
  const ready = async (): Promise<boolean> =>
    (await cli(`get rc ${name} -o jsonpath={.status.readyReplicas}`)).stdout === String(replicas);
  await eventually(`${name} is ready`, ready);
};
const field = async (name: string, path: string): Promise<string> =>
  (await cli(`get rc ${name} -o jsonpath={${path}}`)).stdout;

describe('rolling-update', () => {
  it('puts a controller of a file in the place of another', async () => {
    await create('v1', { app: 'a', v: '1' });
    writeFileSync(join(cwd, 'v2.json'), rc('v2', 'i:2', { app: 'a', v: '2' }));
    const { code, stdout, stderr } = await update('v1 v2 -f v2.json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: DEPRECATED });
    const lines = stdout.split('\n');
    expect(lines.slice(0, 3)).toEqual([
      'Created v2',
      "Scaling up v2 from 0 to 2, scaling down v1 from 2 to 0 (keep 2 pods available, don't exceed 3 pods)",
      'Scaling v2 up to 1',
    ]);
    expect(lines.slice(-3)).toEqual([
      'Update succeeded. Deleting v1',
      'replicationcontroller/v2 rolling updated to "v2"',
      '',
    ]);
    expect((await cli('get rc -o name')).stdout).toBe('replicationcontroller/v2\n');
    expect(await field('v2', '.metadata.annotations')).toBe('');
    expect(await field('v2', '.status.readyReplicas')).toBe('2');
    await cli('delete rc v2');
  });

  it('changes the image and keeps the name, the labels and the pods', async () => {
    await create('web', { app: 'w' });
    const { code, stdout } = await update('web --image=i:2');
    expect(code).toBe(0);
    const next = /^Created (web-[0-9a-f]{32})$/m.exec(stdout)![1]!;
    expect(stdout).toContain(`Update succeeded. Deleting old controller: web\nRenaming ${next} to web\n`);
    expect(stdout.endsWith('replicationcontroller/web rolling updated\n')).toBe(true);
    expect((await cli('get rc -o name')).stdout).toBe('replicationcontroller/web\n');
    expect(await field('web', '.spec.template.spec.containers[0].image')).toBe('i:2');
    expect(await field('web', '.metadata.labels.tier')).toBe('web');
    expect(await field('web', '.spec.replicas')).toBe('2');
    const images = async (): Promise<boolean> =>
      (await cli('get pods -l app=w -o jsonpath={.items[*].spec.containers[0].image}')).stdout === 'i:2 i:2';
    await eventually('the pods are those of the new image', images);
    await cli('delete rc web');
  });

  it('goes back, and on', async () => {
    await create('old', { app: 'o' });
    // An update whose pods never become ready stands still, and is left in the middle.
    const stuck = await cli('rolling-update old new --image=i:2 --update-period=50ms --dry-run=client');
    expect(stuck.stdout).toBe('Rolling from:\nold\nTo:\nnew\n');
    await cli('annotate rc old kubectl.kubernetes.io/original-replicas=2 kubectl.kubernetes.io/next-controller-id=new');
    const half = JSON.parse(rc('new', 'i:2', { app: 'o', deployment: 'x' }, 1)) as { metadata: object };
    const uid = await field('old', '.metadata.uid');
    const annotations = {
      'kubectl.kubernetes.io/update-source-id': `old:${uid}`,
      'kubectl.kubernetes.io/desired-replicas': '2',
    };
    writeFileSync(join(cwd, 'new.json'), JSON.stringify({ ...half, metadata: { ...half.metadata, annotations } }));
    await cli('create -f new.json');
    expect((await update('old new --image=i:3')).stderr).toContain(
      'error: Found existing in-progress update to image (i:2).\nEither continue in-progress update with --image=i:2 or rollback with --rollback\n',
    );
    await cli(
      'patch rc old --type=merge -p \'{"spec":{"selector":{"app":"o","deployment":"y"},"template":{"metadata":{"labels":{"app":"o","deployment":"y"}}}}}\'',
    );
    const back = await update('old new --rollback');
    expect(back.code).toBe(0);
    expect(back.stdout).toContain('Setting "old" replicas to 2\nContinuing update with existing controller old.\n');
    expect(back.stdout).toContain('Update succeeded. Deleting new\n');
    expect((await cli('get rc -o name')).stdout).toBe('replicationcontroller/old\n');
    expect(await field('old', '.spec.replicas')).toBe('2');
    await cli('delete rc old');
  });

  it.each([
    ['x', 'Must specify --filename or --image for new controller'],
    ['--image=i', 'Must specify the controller to update'],
    ['x --image=i -f y', '--filename and --image can not both be specified'],
    ['x --image=i --rollback', "Don't specify --filename or --image on rollback"],
    ['x --image=i --deployment-label-key=', '--deployment-label-key can not be empty'],
    ['x -f a -f b', 'May only specify a single filename for new controller'],
  ])('%s is a mistake', async (line, message) => {
    expect(await cli(`rolling-update ${line}`)).toEqual({
      code: 1,
      stdout: '',
      stderr: `${DEPRECATED}error: ${message}\nSee 'sampan rolling-update -h' for help and examples\n`,
    });
  });

  it('refuses what cannot be told apart, and what is no controller', async () => {
    await create('one', { app: 'same' }, 1);
    writeFileSync(join(cwd, 'two.json'), rc('two', 'i:2', { app: 'same' }, 1));
    writeFileSync(join(cwd, 'cm.json'), '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}');
    const said = async (line: string): Promise<string> => (await update(line)).stderr.slice(DEPRECATED.length);
    expect(await said('one -f two.json')).toBe(
      'error: two.json must specify a matching key with non-equal value in Selector for one\n',
    );
    expect(await said('one -f one.json')).toBe(
      'error: one.json cannot have the same name as the existing ReplicationController one\n',
    );
    expect(await said('one -f cm.json')).toBe(
      'error: cm.json contains a /v1, Kind=ConfigMap not a ReplicationController\n',
    );
    expect(await said('one --image=i:1')).toBe(
      'error: --image-pull-policy (Always|Never|IfNotPresent) must be provided when --image is the same as existing container image\n',
    );
    expect(await said('one --image=i:2 --container=x')).toBe('error: container x not found in pod\n');
    expect(await said('one --rollback')).toBe('error: Could not find  to rollback.\n');
    expect(await said('nope --image=i')).toMatch(/^error: couldn't find a replication controller with source id == /);
    await cli('delete rc one');
  });

  it('is in no list of commands', async () => {
    expect((await cli('--help')).stdout).not.toContain('rolling-update');
    expect((await cli('__complete rol')).stdout).not.toContain('rolling-update');
    expect((await cli('rolling-update --help')).stdout).toContain('--update-period=1m0s');
  });
});
