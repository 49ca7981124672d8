import { defineConfig } from 'vitest/config';

// Suites are told apart by their suffix: what must be real to run them (see docs/testing.md).
const real = ['test/**/*.{etcd,docker,kubectl,browser}.test.ts'];

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: real, testTimeout: 20_000 } },
      { test: { name: 'real', include: real, testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false } },
    ],
  },
});
