// Builds dist/: the CLI as one bundle with a V8 code cache, the daemons and the library as ES modules that share
// chunks. The CLI reaches the daemons only by import(), so its bundle stays small and starts at once.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { type BuildOptions, type Plugin, build } from 'esbuild';
import { daemons } from './daemons.ts';
import { warmServer } from './warm-server.ts';

const root = resolve(import.meta.dirname, '..');
/** Built aside and swapped in whole: a build that fails, or a command that runs meanwhile, finds the old one. */
const dist = join(root, `dist.${process.pid}`);

const common: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  absWorkingDir: root,
  legalComments: 'none',
  logLevel: 'warning',
  charset: 'ascii',
  loader: { '.json': 'json' },
};

/** In the CLI's bundle, import('../server/server.ts') becomes import('./server.mjs') beside it. */
const daemonsApart: Plugin = {
  name: 'daemons-apart',
  setup(b) {
    b.onResolve({ filter: /\/(server|gitops|node)\/.*\.ts$/ }, (args) => {
      const name = daemons[relative(root, resolve(args.resolveDir, args.path))];
      return name ? { path: `./${name}.mjs`, external: true } : undefined;
    });
  },
};

async function buildCli(): Promise<void> {
  const file = join(dist, 'cli.cjs');
  await build({
    ...common,
    entryPoints: ['src/cli/main.ts'],
    outfile: file,
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    plugins: [daemonsApart],
    external: ['lmdb', 'etcd3', 'pino', 'prom-client', 'undici', '@peculiar/x509', 'reflect-metadata', 'dns-packet'],
    define: { 'import.meta.url': '__filename_url', 'import.meta.dirname': '__dirname' },
    banner: {
      js: '(function(exports,require,module,__filename,__dirname,__import){var __filename_url=require("node:url").pathToFileURL(__filename).href;',
    },
    footer: { js: '})' },
  });
  // import() in a script with a code cache has lost its way to the loader: the launcher lends its own.
  const bundle = readFileSync(file, 'utf8').replaceAll(/\bimport\((?=")/g, '__import(');
  writeFileSync(file, bundle);
  await writeCodeCache(file);
}

/** Runs the commonest command and keeps what V8 compiled for it. */
async function writeCodeCache(file: string): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'sampan-build-'));
  const server = await warmServer();
  try {
    const kubeconfig = join(home, 'config');
    writeFileSync(kubeconfig, server.kubeconfig);
    const env = {
      PATH: process.env['PATH'],
      HOME: home,
      SAMPAN_DIST: dist,
      SAMPAN_WRITE_CODE_CACHE: `${file}.cache`,
      KUBECONFIG: kubeconfig,
    };
    // The second run finds discovery on the disk, as most runs do.
    for (let run = 0; run < 2; run++) await runBuilt(['get', 'pods'], env);
  } finally {
    server.close();
    rmSync(home, { recursive: true, force: true });
  }
}

function runBuilt(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((done, fail) => {
    execFile(process.execPath, [join(root, 'bin/sampan'), ...args], { env }, (error, _stdout, stderr) => {
      if (error) fail(new Error(`the built CLI does not run:\n${stderr}`));
      else done();
    });
  });
}

async function buildModules(): Promise<void> {
  const entries = Object.entries(daemons).filter(([source]) => existsSync(join(root, source)));
  await build({
    ...common,
    entryPoints: [
      ...entries.map(([source, name]) => ({ in: source, out: name })),
      ...(existsSync(join(root, 'src/index.ts'))
        ? [
            { in: 'src/index.ts', out: 'index' },
            { in: 'src/oclif.ts', out: 'oclif' },
          ]
        : []),
    ],
    outdir: dist,
    format: 'esm',
    splitting: true,
    packages: 'external',
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
  });
}

/** Declarations for programs that import the package. Type errors are `npm run check`'s to tell. */
function buildTypes(): void {
  const tsc = join(root, 'node_modules/ts7/bin/tsc');
  spawnSync(process.execPath, [tsc, '-p', 'tsconfig.types.json', '--outDir', join(dist, 'types')], { cwd: root });
  if (!existsSync(join(dist, 'types/index.d.ts'))) throw new Error('the declarations could not be made');
}

mkdirSync(dist, { recursive: true });
try {
  buildTypes();
  await buildModules();
  await buildCli();
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  writeFileSync(join(dist, 'version.json'), JSON.stringify({ version, builtAt: new Date().toISOString() }));
  const target = join(root, 'dist');
  const old = `${dist}.old`;
  if (existsSync(target)) renameSync(target, old);
  renameSync(dist, target);
  rmSync(old, { recursive: true, force: true });
} finally {
  rmSync(dist, { recursive: true, force: true });
}
