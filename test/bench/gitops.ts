// How long a push of one changed file among many manifests takes until it is applied, on an in-process API server and
// real Git. Run it: npx tsx test/bench/gitops.ts [manifests]
import { ConfigMaps } from '../../src/api/resources.ts';
import { silentLogger } from '../../src/client/log.ts';
import { runGitOps } from '../../src/gitops/gitops.ts';
import { GitRepositories, Kustomizations } from '../../src/gitops/types.ts';
import { eventually, temporaryFolder } from '../support/cli.ts';
import { createRepository } from '../support/git.ts';
import { startTestServer } from '../support/server.ts';

const count = Number(process.argv[2] ?? 1000);
const namespace = 'default';
const manifest = (i: number, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c${i}\n  labels:\n    app: bench\ndata:\n  key: ${value}\n  config.yaml: |\n${'    line: of some configuration\n'.repeat(20)}`;

const server = await startTestServer();
const client = server.client();
const repository = createRepository();
const cache = temporaryFolder('cache');
const stop = new AbortController();
const running = runGitOps({ client, cacheFolder: cache.path, log: silentLogger, signal: stop.signal });
const applied = (commit: string) =>
  eventually(
    async () =>
      (await client.get(Kustomizations, { name: 'all', namespace })).status?.lastAppliedRevision ===
      `main@sha1:${commit}`,
    60_000,
  );
const say = (what: string, since: number) =>
  process.stdout.write(`${what}: ${Math.round(performance.now() - since)} ms\n`);

const files = Object.fromEntries(Array.from({ length: count }, (_, i) => [`apps/c${i}.yaml`, manifest(i, 'one')]));
let commit = repository.push(files);
await eventually(() =>
  client
    .create(GitRepositories, {
      metadata: { name: 'repo', namespace },
      spec: { url: repository.url, ref: { branch: 'main' }, interval: '1h' },
    })
    .then(() => true),
);
let start = performance.now();
await client.create(Kustomizations, {
  metadata: { name: 'all', namespace },
  spec: { sourceRef: { kind: 'GitRepository', name: 'repo' }, path: './apps', prune: true, interval: '1h' },
});
await applied(commit);
say(`first apply of ${count} manifests`, start);
for (let round = 0; round < 5; round++) {
  const i = Math.floor(count / 2) + round;
  commit = repository.push({ [`apps/c${i}.yaml`]: manifest(i, `round${round}`) });
  start = performance.now();
  await eventually(
    async () => (await client.get(ConfigMaps, { name: `c${i}`, namespace })).data?.['key'] === `round${round}`,
    60_000,
  );
  say('push of one file, until its object is changed', start);
  await applied(commit);
  say('push of one file, until status says so', start);
}
const before = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, 5000));
const used = process.cpuUsage(before);
process.stdout.write(`processor time of 5 idle seconds: ${Math.round((used.user + used.system) / 1000)} ms\n`);
stop.abort();
await running;
await server.close();
repository.remove();
cache.remove();
