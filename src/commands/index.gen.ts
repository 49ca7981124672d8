// Made by `npm run generate` from the files of this folder. Do not edit.
export default {
  get: () => import('./get.ts'),
  options: () => import('./options.ts'),
  version: () => import('./version.ts'),
} as const;
