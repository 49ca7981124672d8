// Made by `npm run generate` from the files of this folder. Do not edit.
export default {
  annotate: () => import('./annotate.ts'),
  apply: () => import('./apply.ts'),
  create: () => import('./create.ts'),
  delete: () => import('./delete.ts'),
  describe: () => import('./describe.ts'),
  get: () => import('./get.ts'),
  label: () => import('./label.ts'),
  options: () => import('./options.ts'),
  'rollout/status': () => import('./rollout/status.ts'),
  scale: () => import('./scale.ts'),
  server: () => import('./server.ts'),
  version: () => import('./version.ts'),
  wait: () => import('./wait.ts'),
} as const;
