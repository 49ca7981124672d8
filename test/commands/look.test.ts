// What shows objects in ways that kubectl does not: tree, neat, get --everything, get secret --decode.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseYaml } from '../../src/api/codec/yaml.ts';
import { type CliOptions, runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
const cli = (line: string, options: CliOptions = {}) => runCli(words(line), { server, ...options });
const apply = async (object: object): Promise<void> => {
  const { code, stderr } = await cli('create -f -', { stdin: JSON.stringify(object) });
  expect([code, stderr]).toEqual([0, '']);
};
const uidOf = async (name: string): Promise<string> => (await cli(`get ${name} -o jsonpath={.metadata.uid}`)).stdout;
const owned = async (apiVersion: string, kind: string, name: string, uid: string, rest: object): Promise<void> =>
  apply({
    ...rest,
    metadata: { ...(rest as { metadata: object }).metadata, ownerReferences: [{ apiVersion, kind, name, uid }] },
  });

beforeAll(async () => {
  server = await startTestServer();
  await apply({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'boats.sea.example' },
    spec: {
      group: 'sea.example',
      scope: 'Namespaced',
      names: { plural: 'boats', singular: 'boat', kind: 'Boat' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  });
  await apply({ apiVersion: 'sea.example/v1', kind: 'Boat', metadata: { name: 'junk' } });
  const boat = await uidOf('boat/junk');
  const pod = { containers: [{ name: 'c', image: 'x:1' }] };
  await owned('sea.example/v1', 'Boat', 'junk', boat, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'crew' },
    spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: pod } },
  });
  const deployment = await uidOf('deployment/crew');
  await owned('apps/v1', 'Deployment', 'crew', deployment, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'sailor' },
    spec: pod,
  });
  await owned('apps/v1', 'Deployment', 'crew', deployment, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'chart' },
  });
});
afterAll(() => server.close());

describe('tree', () => {
  it('goes up to the owner and down to all dependents', async () => {
    const { stdout, stderr, code } = await cli('tree pod sailor');
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n').map((l) => l.slice(0, stdout.indexOf('READY')).trimEnd());
    expect(lines).toEqual([
      'NAME',
      'boat.sea.example/junk',
      '└─deployment.apps/crew',
      '  ├─configmap/chart',
      '  └─pod/sailor',
      '',
    ]);
    expect(stdout).toMatch(/└─pod\/sailor +0\/1 +Pending +\d+s +Pod is in the Pending phase/);
  });
  it('begins at the object itself with --owners=false, and is data with -o', async () => {
    const { stdout } = await cli('tree pod/sailor --owners=false -o json');
    expect(JSON.parse(stdout)).toMatchObject([
      { apiVersion: 'v1', kind: 'Pod', name: 'sailor', ready: '0/1', status: 'Pending', children: [] },
    ]);
    expect(parseYaml((await cli('tree boat -o yaml')).stdout)).toMatchObject([
      { kind: 'Boat', children: [{ kind: 'Deployment', children: [{ name: 'chart' }, { name: 'sailor' }] }] },
    ]);
  });
  it('says what is not there', async () => {
    // A name alone is that of what makes pods.
    await cli('create deployment fleet --image=x');
    expect((await cli('tree fleet')).stdout).toContain('deployment.apps/fleet');
    expect((await cli('why fleet')).stdout).toContain('deployment.apps/fleet: ');
    expect(await cli('tree pod nobody')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'Error from server (NotFound): pods "nobody" not found\n',
    });
  });
});

describe('get all --everything', () => {
  it('lists kinds that `all` leaves out, custom ones too', async () => {
    const plain = (await cli('get all -o name')).stdout;
    const { stdout, code } = await cli('get all --everything -o name');
    expect(code).toBe(0);
    expect(stdout).toContain('configmap/chart\n');
    expect(stdout).toContain('boat.sea.example/junk\n');
    expect(plain).not.toContain('configmap');
    expect(stdout).not.toContain('customresourcedefinition');
    expect(stdout.split('\n').filter((l) => l === 'deployment.apps/crew')).toHaveLength(1);
  });
  it('lists what has no namespace with -A, and refuses other types', async () => {
    expect((await cli('get all --everything -A -o name')).stdout).toContain(
      'customresourcedefinition.apiextensions.k8s.io/',
    );
    expect((await cli('get pods --everything')).stderr).toBe('error: --everything goes with `all` alone\n');
  });
});

describe('neat', () => {
  it('leaves what a person would have written, and that makes the same object', async () => {
    const { stdout } = await cli('neat deployment crew');
    expect(parseYaml(stdout)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'crew', namespace: 'default' },
      spec: {
        replicas: 1,
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x:1' }] } },
      },
    });
    const spec = '-o jsonpath={.spec}';
    const before = (await cli(`get deployment crew ${spec}`)).stdout;
    await cli('create namespace again');
    await cli('apply -n again -f -', { stdin: stdout.replace('namespace: default', 'namespace: again') });
    expect((await cli(`get deployment crew -n again ${spec}`)).stdout).toBe(before);
  });
  it('knows services, and reads pipes', async () => {
    await cli('create service clusterip s --tcp=80:80');
    const whole = (await cli('get service s -o yaml')).stdout;
    const neat = (await cli('neat -f -', { stdin: whole })).stdout;
    expect(parseYaml(neat)).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { labels: { app: 's' }, name: 's', namespace: 'default' },
      spec: { ports: [{ name: '80-80', port: 80 }], selector: { app: 's' } },
    });
    expect((await cli('get service s --neat')).stdout).toBe(neat);
    expect(JSON.parse((await cli('get service s --neat -o json')).stdout)).toEqual(parseYaml(neat));
  });
});

describe('get secret --decode', () => {
  it('prints text as text, and bytes not at all', async () => {
    await cli('create secret generic s --from-literal=user=admin --from-literal=note=two');
    await runCli(['patch', 'secret', 's', '-p', '{"data":{"raw":"/wD+"}}'], { server });
    expect((await cli('get secret s --decode')).stdout).toBe(
      'note: two\nraw: <3 bytes that are no text>\nuser: admin\n',
    );
    expect((await cli('get secret s --decode -o jsonpath={.data.user}')).stdout).toBe('admin');
    expect(JSON.parse((await cli('get secret s --decode -o json')).stdout)).toMatchObject({
      data: { raw: '/wD+' },
      stringData: { user: 'admin' },
    });
  });
  it('is for secrets', async () => {
    const page = (await cli('describe secret s --decode')).stdout;
    expect(page).toContain('\nData\n====\n');
    expect(page).toContain('\nuser: admin\n');
    expect((await cli('describe secret s')).stdout).not.toContain('admin');
    expect((await cli('describe cm chart --decode')).stderr).toContain('--decode is for secrets, and configmap/chart');
    expect((await cli('get cm chart --decode')).stderr).toBe(
      'error: --decode is for secrets, and configmap/chart is none\n',
    );
  });
});
