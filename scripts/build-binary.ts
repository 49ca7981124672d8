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

/** What lies in the folder where the program is called is no part of it: no settings and no code of a runtime. */
const settled = ['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'];

function run(program: string, args: readonly string[]): void {
  const { status, stderr, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`);
}

const folder = mkdtempSync(join(tmpdir(), 'sampan-binary-'));
try {
  const bundle = join(folder, 'bundle');
  await build({
    entryPoints: ['src/cli/run.ts'],
    absWorkingDir: root,
    outdir: bundle,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    // Packages as ES modules, where they have them: of the others import() loses the names.
    mainFields: ['module', 'main'],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [absentDaemons],
  });
  mkdirSync(dirname(target), { recursive: true });
  const compile = ['bun', 'build', '--compile', '--bytecode', '--format=esm', '--splitting', ...settled];
  run('npm', ['exec', '--yes', `--package=${BUN}`, '--', ...compile, join(bundle, 'run.js'), '--outfile', target]);
  run(target, ['version', '--client']);
  console.log(`${target} (${Math.round(statSync(target).size / 1e6)} MB)`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
