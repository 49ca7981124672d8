// Who may import whom, as docs/architecture.md says it. test/tidy.test.ts runs it; type imports count.

/** Folder → what it may import of ours. */
const allowed = {
  'src/api': ['src/api'],
  'src/wire': ['src/wire'],
  'src/client': ['src/client', 'src/api', 'src/wire'],
  'src/cli': ['src/cli', 'src/api', 'src/client', 'src/wire'],
  'src/server/store': ['src/server/store'],
  'src/server/auth': ['src/server/auth', 'src/api', 'src/wire'],
  'src/server/admission': ['src/server/admission', 'src/server/auth/types', 'src/api', 'src/wire'],
  'src/server/apiserver': [
    'src/server/apiserver',
    'src/server/store',
    'src/server/auth',
    'src/server/admission',
    'src/api',
    'src/wire',
  ],
  'src/server/controllers': ['src/server/controllers', 'src/api', 'src/client'],
  // Its HTTP extenders are asked over the wire.
  'src/server/scheduler': ['src/server/scheduler', 'src/api', 'src/client', 'src/wire/http'],
  'src/gitops': ['src/gitops', 'src/api', 'src/client', 'src/wire'],
  'src/node': ['src/node', 'src/api', 'src/client', 'src/wire'],
};

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: { path: '^src' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src', pathNot: ['\\.d\\.ts$', '^src/(index|oclif)\\.ts$', '\\.gen\\.'] },
      to: {},
    },
    ...Object.entries(allowed).map(([folder, may]) => ({
      name: `imports-of-${folder.replaceAll('/', '-')}`,
      severity: 'error',
      // The process' entry is the one file of the CLI that knows the commands.
      from: { path: `^${folder}/`, pathNot: '^src/cli/main\\.ts$' },
      to: { path: '^src/', pathNot: may.map((m) => `^${m}(/|\\.|$)`) },
    })),
    {
      name: 'commands-load-daemons-lazily',
      severity: 'error',
      from: { path: '^src/commands/' },
      to: { path: '^src/(server|gitops|node)/', dependencyTypesNot: ['dynamic-import', 'type-only'] },
    },
    {
      name: 'plug-ins-are-islands',
      comment: 'Kinds, controllers, admission and scheduler plug-ins never import each other.',
      severity: 'error',
      from: {
        path: '^src/(server/controllers|server/scheduler/plugins|server/apiserver/resources|cli/describe)/([^_][^/]*)\\.ts$',
        pathNot: '(index\\.gen|/types|/run|/index)\\.ts$',
      },
      to: { path: '^src/$1/[^_][^/]*\\.ts$', pathNot: ['(/types|/run|/index)\\.ts$', '^src/$1/$2\\.ts$'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
