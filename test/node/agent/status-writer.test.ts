// What a pod's next status is derived from while the last one is on its way.
import type { Pod, PodStatus } from 'kubernetes-types/core/v1.js';
import { expect, it } from 'vitest';
import type { AgentContext } from '../../../src/node/agent/context.ts';
import { StatusWriter } from '../../../src/node/agent/status-writer.ts';

it('is the status that was given last, and once that is written, what the API server shows', async () => {
  const pod: Pod = { metadata: { name: 'p', uid: 'u', resourceVersion: '1' }, status: { phase: 'Running' } };
  const arrived: ((pod: Pod) => void)[] = [];
  const patches: unknown[] = [];
  const context = {
    client: {
      patch: (_type: unknown, _key: unknown, _how: unknown, patch: unknown) => {
        patches.push(patch);
        return new Promise<Pod>((resolve) => arrived.push(resolve));
      },
    },
    signal: new AbortController().signal,
  } as unknown as AgentContext;
  const writer = new StatusWriter(context, pod);
  const ended: PodStatus = { phase: 'Failed' };
  writer.write(ended);
  expect([writer.newest.status, writer.current.status]).toEqual([ended, { phase: 'Running' }]);
  writer.observe({ ...pod, metadata: { ...pod.metadata, resourceVersion: '2', labels: { a: 'b' } } });
  expect(writer.newest).toMatchObject({ metadata: { labels: { a: 'b' } }, status: ended });
  arrived[0]!({ ...pod, metadata: { ...pod.metadata, resourceVersion: '3' }, status: ended });
  await writer.flush();
  expect([writer.newest, patches.length]).toEqual([writer.current, 1]);
  expect(writer.current).toMatchObject({ metadata: { resourceVersion: '3' }, status: ended });
});
