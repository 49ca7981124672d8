// Made by `npm run generate` from the files of this folder. Do not edit.
export default {
  annotate: () => import('./annotate.ts'),
  apply: () => import('./apply.ts'),
  create: () => import('./create.ts'),
  delete: () => import('./delete.ts'),
  get: () => import('./get.ts'),
  label: () => import('./label.ts'),
  options: () => import('./options.ts'),
  scale: () => import('./scale.ts'),
  version: () => import('./version.ts'),
  wait: () => import('./wait.ts'),
} as const;
