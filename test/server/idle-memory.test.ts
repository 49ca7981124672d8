// When a server that worked much has been idle for long enough to collect its garbage.
import { expect, it } from 'vitest';
import { IdleWatch } from '../../src/server/idle-memory.ts';

const collections = (...samples: number[]): number[] => {
  const watch = new IdleWatch();
  return samples.flatMap((sample, i) => (watch.sample(sample) ? [i] : []));
};
const times = (count: number, value: number): number[] => Array.from({ length: count }, () => value);

it.each([
  ['never without work', times(50, 0.03), []],
  ['once after work, a minute later', [0.9, ...times(50, 0.03)], [6]],
  ['not while work goes on', [...times(20, 0.9)], []],
  ['from the end of the work on', [0.9, ...times(4, 0.1), 0.3, ...times(10, 0.1)], [11]],
  ['again after the next', [0.9, ...times(8, 0), 0.5, ...times(8, 0)], [6, 15]],
])('%s', (_, samples, expected) => {
  expect(collections(...samples)).toEqual(expected);
});
