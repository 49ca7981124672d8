// The smallest valid pod, and one with something added: what the tables of refusals start from.
import pod from '../../../../src/api/kinds/core/pod.ts';
import { refusalsOfAll } from '../lifecycle.ts';

export type Document = Record<string, unknown>;

export const container = (extra: object = {}): Document => ({ name: 'c', image: 'i:1', ...extra });

export const podOf = (spec: object = {}, metadata: object = {}): Document => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n', ...metadata },
  spec: { containers: [container()], ...spec },
});

/** What is wrong with it. */
export const refusals = (spec: object, metadata: object = {}): string[] => refusalsOfAll(pod, podOf(spec, metadata));
