// Histories that are real: a server with its controllers, a stateful set and a daemon set that change, and what the
// rollout commands say of them. Run with our CLI and with kubectl: every expectation is held against both.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startServer } from '../../src/server/server.ts';

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}
type Run = (args: string[], env: Record<string, string>) => Promise<Answer>;

const manifest = (kind: string, image: string, cause: string) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'web', annotations: { 'kubernetes.io/change-cause': cause } },
  spec: {
    ...(kind === 'StatefulSet' ? { serviceName: 'web', replicas: 1 } : {}),
    selector: { matchLabels: { app: kind } },
    template: { metadata: { labels: { app: kind } }, spec: { containers: [{ name: 'c', image }] } },
  },
});

const page = (image: string, kind: string) => `Pod Template:
  Labels:\tapp=${kind}
  Containers:
   c:
    Image:\t${image}
    Port:\t<none>
    Host Port:\t<none>
    Environment:\t<none>
    Mounts:\t<none>
  Volumes:\t<none>
  Node-Selectors:\t<none>
  Tolerations:\t<none>
`;

export async function checkRollouts(run: Run): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rollout-'));
  const server = await startServer({
    dataDir: folder,
    store: 'memory',
    components: ['apiserver', 'controllers'],
    listen: { host: '127.0.0.1', port: 0 },
  });
  const env = { KUBECONFIG: join(folder, 'admin.kubeconfig'), HOME: folder };
  const cli = (...args: string[]) => run(args, env);
  const text = async (...args: string[]) => {
    const { code, stdout, stderr } = await cli(...args);
    expect([code, stderr], args.join(' ')).toEqual([0, '']);
    return stdout;
  };
  const apply = async (kind: string, image: string, cause: string, revision: number) => {
    const file = join(folder, 'set.json');
    writeFileSync(file, JSON.stringify(manifest(kind, image, cause)));
    await text('apply', '-f', file);
    const asked = ['rollout', 'history', `${kind}/web`, `--revision=${revision}`];
    for (let i = 0; (await cli(...asked)).stdout.split('\n')[1] !== 'Pod Template:'; i++) {
      if (i > 100) throw new Error(`no revision ${revision} of ${kind}`);
    }
  };
  try {
    for (const kind of ['StatefulSet', 'DaemonSet']) await checkKind(kind, { cli, text, apply });
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Tools {
  cli(...args: string[]): Promise<Answer>;
  text(...args: string[]): Promise<string>;
  apply(kind: string, image: string, cause: string, revision: number): Promise<void>;
}

async function checkKind(kind: string, { cli, text, apply }: Tools): Promise<void> {
  const [name, set] = [`${kind.toLowerCase()}.apps/web`, `${kind}/web`];
  await apply(kind, 'app:1', 'first', 1);
  expect((await cli('rollout', 'undo', set)).stderr).toMatch('no last revision to roll back to');
  await apply(kind, 'app:2', 'second', 2);
  expect(await text('rollout', 'history', set)).toBe(
    `${name} \nREVISION  CHANGE-CAUSE\n1         first\n2         second\n\n`,
  );
  expect(await text('rollout', 'history', set, '--revision=1')).toBe(
    `${name} with revision #1\n${page('app:1', kind)}\n`,
  );
  const image = '-o=jsonpath={.spec.template.spec.containers[0].image} {.metadata.annotations}';
  expect(await text('rollout', 'history', set, '--revision=1', image)).toMatch(/^app:1 .*"second"/);
  expect((await cli('rollout', 'history', set, '--revision=9')).stderr).toMatch(
    'unable to find the specified revision',
  );
  expect(await text('rollout', 'undo', set, '--dry-run=client')).toBe(
    `${name} will roll back to ${page('app:1', kind)} (dry run)\n`,
  );
  // Before 1.34 kubectl prints an empty creationTimestamp, which servers no longer store: it finds no revision equal.
  const same = 'skipped rollback (current template already matches revision 2)';
  expect([same, 'rolled back'].map((done) => `${name} ${done}\n`)).toContain(
    await text('rollout', 'undo', set, '--to-revision=2'),
  );
  expect(await text('rollout', 'undo', set, '--dry-run=server')).toBe(`${name} rolled back (server dry run)\n`);
  expect(await text('get', set, '-o=jsonpath={.spec.template.spec.containers[0].image}')).toBe('app:2');
  expect(await text('rollout', 'undo', set)).toBe(`${name} rolled back\n`);
  expect(await text('get', set, '-o=jsonpath={.spec.template.spec.containers[0].image}')).toBe('app:1');
  // The old revision has come to the front; the next change is number four.
  await apply(kind, 'app:3', 'third', 4);
  const numbers = (await text('rollout', 'history', set)).split('\n').map((line) => line.split(/\s+/)[0]);
  expect(numbers.slice(2, 5)).toEqual(['2', '3', '4']);
  expect(await text('rollout', 'undo', set, '--to-revision=2')).toBe(`${name} rolled back\n`);
  expect(await text('get', set, '-o=jsonpath={.spec.template.spec.containers[0].image}')).toBe('app:2');
}
