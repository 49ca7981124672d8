import { defineConfig } from 'vitest/config';

// Suites are told apart by their suffix: what must be real to run them (see docs/testing.md).
const real = ['test/**/*.{etcd,docker,kubectl,client}.test.ts'];

export default defineConfig({
  // The examples import the package by its name; here it is the sources.
  resolve: { alias: { sampan: new URL('./src/index.ts', import.meta.url).pathname } },
  test: {
    // A loaded machine is slow, not wrong.
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: real,
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: { name: 'real', include: real, testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false },
      },
    ],
  },
});
