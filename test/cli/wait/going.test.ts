import { expect, it } from 'vitest';
import { whyStillThere } from '../../../src/cli/wait/going.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const object = (metadata: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata }) as never;

it('says why a deleted object is still there', () => {
  const gone = '2026-01-01T00:00:00Z';
  expect(whyStillThere(object({ deletionTimestamp: '2026-01-01T00:00:12Z' }), now)).toBe(
    'its period of grace ends in 12s',
  );
  expect(whyStillThere(object({ deletionTimestamp: gone, finalizers: ['a/b'] }), now)).toBe(
    'finalizer a/b has not been removed',
  );
  expect(whyStillThere(object({ deletionTimestamp: gone, finalizers: ['a/b', 'c'] }), now)).toBe(
    'finalizers a/b, c have not been removed',
  );
  expect(whyStillThere(object({ deletionTimestamp: gone }), now)).toBe('its node has not yet said that it ended');
});
