// Builds the CLI as one executable file, without Node beside it: esbuild bundles it, Bun's compiler (from the npm registry)
// puts it with its bytecode into a runtime. `npx tsx scripts/build-binary.ts [FILE]`; the default is dist/sampan-OS-CPU.
// The daemons are no part of it: commands that start them say so.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { daemons } from './daemons.ts';

const BUN = 'bun@1.3.14';
const root = resolve(import.meta.dirname, '..');
const target = resolve(process.argv[2] ?? join(root, `dist/sampan-${process.platform}-${process.arch}`));

/** What only daemons load, besides their own entry points. */
const DAEMON_PACKAGES = /^(?:lmdb|etcd3|pino|prom-client)$/;

const absentDaemons: Plugin = {
  name: 'absent-daemons',
  setup(b) {
    b.onResolve({ filter: /\/(server|gitops|node)\/.*\.ts$/ }, (args) =>
      daemons[relative(root, resolve(args.resolveDir, args.path))]
        ? { path: args.path, namespace: 'absent' }
        : undefined,
    );
    b.onResolve({ filter: DAEMON_PACKAGES }, ({ path }) => ({ path, namespace: 'absent' }));
    b.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
      contents: `throw new Error('this program is the client alone: install the npm package sampan to run a cluster')`,
    }));
  },
};

function run(program: string, args: readonly string[]): void {
  const { status, stderr, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`);
}

const folder = mkdtempSync(join(tmpdir(), 'sampan-binary-'));
try {
  const bundle = join(folder, 'sampan.cjs');
  await build({
    entryPoints: ['src/cli/run.ts'],
    absWorkingDir: root,
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [absentDaemons],
    define: { 'import.meta.url': '__program_url', 'import.meta.dirname': '__dirname' },
    banner: { js: 'var __program_url=require("node:url").pathToFileURL(process.execPath).href;' },
  });
  mkdirSync(dirname(target), { recursive: true });
  const compile = ['bun', 'build', '--compile', '--bytecode', bundle, '--outfile', target];
  run('npm', ['exec', '--yes', `--package=${BUN}`, '--', ...compile]);
  run(target, ['version', '--client']);
  console.log(`${target} (${Math.round(statSync(target).size / 1e6)} MB)`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
