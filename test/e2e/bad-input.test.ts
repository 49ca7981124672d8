// What bad input gets: one line that says what, where and what to do, exit code 1, no stack, nothing half done. A table
// of command lines against the built CLI and a simulated cluster.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, run, sampan, temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder('bad-input');
const at = (...parts: string[]) => join(folder.path, ...parts);
const dataDir = at('data');
const env = { ...process.env, CI: 'true', KUBECONFIG: at('kubeconfig'), HOME: folder.path };
const cli = (...args: string[]) => run(sampan, args, { env, cwd: folder.path, timeoutMs: 20_000 });
let port = 0;
let closed = 0;
/** Words in capitals stand for what is only known when the suite runs. */
const filled = (text: string) =>
  text
    .replaceAll('TOKEN', () => readFileSync(join(dataDir, 'node.token'), 'utf8').trim())
    .replaceAll('LISTENED', String(port))
    .replaceAll('CLOSED', String(closed))
    .replaceAll('DATA', dataDir)
    .replaceAll('HERE', folder.path);

const typo = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replica: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example/web:1}]}
`;
const broken = `apiVersion: v1
kind: ConfigMap
metadata:
  name: x
 data: {
`;

beforeAll(async () => {
  [port, closed] = [await freePort(), await freePort()];
  writeFileSync(at('typo.yaml'), typo);
  writeFileSync(at('broken.yaml'), broken);
  writeFileSync(at('broken-kubeconfig'), 'clusters: [\n');
  mkdirSync(at('newer'));
  writeFileSync(at('newer/version'), '99\n');
  const up = await cli('up', '--runtime', 'simulated', '--data-dir', dataDir, '--port', String(port));
  expect(up).toMatchObject({ code: 0, stderr: '' });
});
afterAll(async () => {
  await cli('down', '--data-dir', dataDir);
  folder.remove();
});

const refused = 'The connection to the server 127.0.0.1:CLOSED was refused - did you specify the right host or port?\n';
const strict = (verb: string) =>
  `Error from server (BadRequest): error when ${verb} "typo.yaml": Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replica"\n`;
const yaml =
  'error: error parsing broken.yaml: error converting YAML to JSON: yaml: line 4: did not find expected key\n';
const anonymous = '--server https://127.0.0.1:LISTENED --kubeconfig /dev/null --insecure-skip-tls-verify --token wrong';
const unknownFlag = (command: string) => `error: unknown flag: --frob\nSee 'sampan ${command} --help' for usage.\n`;
const server = 'server --listen 127.0.0.1:CLOSED --data-dir HERE/none';
const simulated = 'up --runtime simulated --port CLOSED --data-dir HERE/none';

const table: [commandLine: string, stderr: string][] = [
  // Flags and arguments.
  ...['get', 'up', 'down', 'server', 'node', 'scheduler', 'controller-manager', 'gitops run'].map(
    (c): [string, string] => [`${c} --frob`, unknownFlag(c)],
  ),
  ...['up', 'down', 'server', 'node', 'scheduler', 'controller-manager', 'gitops run'].map((c): [string, string] => [
    `${c} extra`,
    'error: unknown argument "extra"\n',
  ]),
  ['frob', 'error: unknown command "frob" for "sampan"\n'],
  ['up --runtime frob', 'error: invalid --runtime "frob": must be docker or simulated\n'],
  ['up --nodes 0', 'error: invalid --nodes 0: must be between 1 and 100\n'],
  ['up --port 0', 'error: invalid --port 0: must be between 1 and 65535\n'],
  ['up --branch main', 'error: --branch needs --git: say which repository\n'],
  ['server --listen frob', 'error: invalid --listen "frob": must be HOST:PORT, like 127.0.0.1:6443\n'],
  ['server --log-level frob', 'error: invalid --log-level "frob": must be one of debug, info, warn, error\n'],
  [`${server} --store frob`, 'error: invalid --store "frob": must be lmdb, memory, or etcd=URL[,URL]\n'],
  [`${server} --tls-san a..b`, 'error: invalid --tls-san "a..b": must be a host name or an IP address\n'],
  [`${server} --advertise-address frob`, 'error: invalid --advertise-address "frob": must be an IP address\n'],
  ['node', 'error: say which cluster to join: --server and --token, or --kubeconfig\n'],
  ['node --name Bad_Name', 'error: invalid --name "Bad_Name": must be lower case letters, digits, "-" and "."\n'],
  ['node --node-ip frob', 'error: invalid --node-ip "frob": must be an IPv4 address\n'],
  ['node --server frob --token x', 'error: invalid --server "frob": must be a URL, like https://10.0.0.1:6443\n'],
  ['node --runtime simulated --count 0', 'error: invalid --count 0: must be between 1 and 10000\n'],
  // Objects.
  ['get frobs', 'error: the server doesn\'t have a resource type "frobs"\n'],
  ['get pods nope', 'Error from server (NotFound): pods "nope" not found\n'],
  ['apply -f typo.yaml', strict('creating')],
  ['create -f typo.yaml', strict('creating')],
  ['replace -f typo.yaml', strict('replacing')],
  ['apply -f broken.yaml', yaml],
  ['create -f broken.yaml', yaml],
  ['apply -f absent.yaml', 'error: the path "absent.yaml" does not exist\n'],
  // Servers and credentials.
  ['get pods --server https://127.0.0.1:CLOSED', refused],
  ['scheduler --server https://127.0.0.1:CLOSED', refused],
  ['controller-manager --server https://127.0.0.1:CLOSED', refused],
  ['gitops run --data-dir HERE/none --server https://127.0.0.1:CLOSED', refused],
  ['node --runtime simulated --server https://127.0.0.1:CLOSED', refused],
  [`get pods ${anonymous}`, 'error: You must be logged in to the server (Unauthorized)\n'],
  [`scheduler ${anonymous}`, 'error: You must be logged in to the server (Unauthorized)\n'],
  ['get pods --context nope', 'Error in configuration: context was not found for specified context: nope\n'],
  ['get pods --kubeconfig absent', 'error: stat absent: no such file or directory\n'],
  // Data directories and ports.
  [
    'server --listen 127.0.0.1:CLOSED --data-dir HERE/newer',
    'error: the data directory HERE/newer has format 99, made by a newer Sampan, and this one reads format 1; run the newer program or use another directory\n',
  ],
  [
    'server --listen 127.0.0.1:CLOSED --data-dir typo.yaml',
    'error: cannot use the data directory HERE/typo.yaml: it is a file; use another directory\n',
  ],
  [
    'up --runtime simulated --port CLOSED --data-dir typo.yaml/x',
    'error: cannot use the data directory HERE/typo.yaml/x: a part of the path is a file; use another directory\n',
  ],
  [
    'server --data-dir HERE/other --listen 127.0.0.1:LISTENED',
    'error: cannot listen on 127.0.0.1:LISTENED: the address is already in use; stop what uses it, or choose another port\n',
  ],
  ['down --data-dir typo.yaml', 'error: cannot read the data directory HERE/typo.yaml: it is a file\n'],
  // What runs already.
  [
    'up --data-dir DATA --port CLOSED',
    'error: the cluster in DATA runs on port LISTENED, not --port CLOSED; leave the flag out, or run "down" first\n',
  ],
  [
    'up --data-dir DATA --runtime docker',
    'error: the cluster in DATA has simulated nodes, not --runtime docker; leave the flag out, or run "down" first\n',
  ],
  // Git.
  [
    `${simulated} --git frob`,
    'error: invalid --git "frob": must be a folder that exists, or a URL with http://, https://, ssh:// or file://\n',
  ],
  [
    `${simulated} --git HERE`,
    "error: cannot reach the Git repository file://HERE: 'HERE' does not appear to be a git repository; correct --git\n",
  ],
];

describe('bad input', () => {
  it.each(table)('%s', async (commandLine, stderr) => {
    expect(await cli(...filled(commandLine).split(' '))).toEqual({ code: 1, stdout: '', stderr: filled(stderr) });
  });

  it('names the kubeconfig that is broken, and its line', async () => {
    const { code, stderr } = await cli('get', 'pods', '--kubeconfig', 'broken-kubeconfig');
    expect(code).toBe(1);
    expect(stderr).toBe(
      'error: error loading config file "broken-kubeconfig": yaml: line 1: did not find expected node content\n',
    );
  });

  it('refuses a repository that does not answer before anything is started', async () => {
    const url = filled('http://127.0.0.1:CLOSED/x.git');
    const { code, stderr } = await cli(...filled(`${simulated} --git ${url}`).split(' '));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: cannot reach the Git repository http:.*; correct --git\n$/);
    expect(existsSync(at('none'))).toBe(false);
  });

  it('leaves nothing that runs when the control plane cannot start', async () => {
    const { code, stderr } = await cli(
      ...filled('up --runtime simulated --data-dir HERE/taken --port LISTENED').split(' '),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: the control plane stopped: cannot listen on .* already in use.*\n$/);
    expect(existsSync(at('taken/run/server.pid'))).toBe(false);
  });

  it('made nothing of the objects that were refused', async () => {
    expect(await cli('get', 'deployments,configmaps', '-o', 'name')).toMatchObject({
      code: 0,
      stdout: 'configmap/kube-root-ca.crt\n',
    });
  });
});

describe('bad input of a Docker node', () => {
  it('says that root or Docker is not there, and where it looked', async () => {
    const socket = filled('unix://HERE/no-docker.sock');
    const line = `node --name refused --data-dir HERE/node --server https://127.0.0.1:LISTENED --token TOKEN --docker ${socket}`;
    const ran = await cli(...filled(line).split(' '));
    expect(ran).toEqual({
      code: 1,
      stdout: '',
      stderr:
        process.getuid?.() === 0
          ? `error: cannot connect to the Docker daemon at ${socket}: (ENOENT) start Docker, name its socket with --docker, or use --runtime simulated\n`
          : 'error: a Docker node needs root (mounts, network namespaces, iptables): run it with sudo, or use --runtime simulated\n',
    });
  });
});
