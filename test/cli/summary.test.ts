import { expect, test } from 'vitest';
import { summaryText, typed } from '../../src/cli/local/summary.ts';

test('up names its program as it can be typed', () => {
  expect(typed('no-such-program', '/src/sampan/bin/sampan', '/src/sampan')).toBe('./bin/sampan');
  expect(typed('no-such-program', '/src/sampan/bin/sampan', '/home')).toBe('/src/sampan/bin/sampan');
  expect(typed('sh', '/src/sampan/bin/sh', '/src/sampan')).toBe('sh');
});

test('up says what runs, and what to try only when there is an example', () => {
  const base = {
    wasRunning: false,
    server: 'https://h:1',
    nodes: 2,
    context: 'sampan',
    kubeconfig: '/k',
    dataDir: '/d',
  };
  expect(summaryText({ ...base, docker: false })).toBe(
    'The cluster is running.\n\n  API server   https://h:1 (2 simulated nodes)\n  Context      sampan in /k\n  Data, logs   /d, /d/log',
  );
  const example = { url: 'http://h:2', program: './bin/sampan' };
  expect(summaryText({ ...base, docker: true, example })).toContain('\n  ./bin/sampan get pods -A -o wide\n');
});
