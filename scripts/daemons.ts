// The entry points of the daemons, by the source file that commands import: builds keep them apart from the CLI.
export const daemons: Readonly<Record<string, string>> = {
  'src/server/server.ts': 'server',
  'src/server/scheduler/run.ts': 'scheduler',
  'src/server/controllers/run.ts': 'controllers',
  'src/node/cleanup.ts': 'cleanup',
  'src/gitops/gitops.ts': 'gitops',
  'src/node/node.ts': 'node',
  'src/node/simulated/run.ts': 'simulated',
};
