// The queue: order, back-off, and who is woken by what.
import { describe, expect, it } from 'vitest';
import { Heap } from '../../../src/server/scheduler/heap.ts';
import { fitMessage } from '../../../src/server/scheduler/messages.ts';
import { feasibleNodesToFind } from '../../../src/server/scheduler/cycle.ts';
import { Rejections, unresolvable, unschedulable } from '../../../src/server/scheduler/framework.ts';
import { NodeInfo } from '../../../src/server/scheduler/node-info.ts';
import { PodInfo } from '../../../src/server/scheduler/pod-info.ts';
import { profileOf } from '../../../src/server/scheduler/profile.ts';
import { SchedulingQueue } from '../../../src/server/scheduler/queue.ts';
import { FakeClock } from '../controllers/clock.ts';
import { infoOf, makeNode, makePod } from './objects.ts';

function setup() {
  const clock = new FakeClock();
  const queue = new SchedulingQueue({
    profiles: new Map([['default-scheduler', profileOf('default-scheduler')]]),
    clock,
    signal: new AbortController().signal,
  });
  const names = () => {
    const popped = [];
    for (let item = queue.pop(); item; item = queue.pop()) popped.push(item.pod.pod.metadata?.name);
    return popped;
  };
  return { clock, queue, names };
}

const nodeEvent = (name: string, spec = {}) => {
  const node = new NodeInfo(name);
  node.setNode(makeNode(name, { spec }));
  return { resource: 'Node', actions: ['add'], node } as const;
};

describe('the scheduling queue', () => {
  it('gives the most important first, then the oldest', async () => {
    const { clock, queue, names } = setup();
    queue.add(infoOf('a'));
    await clock.advance(1);
    queue.add(infoOf('b'));
    queue.add(infoOf('urgent', { spec: { priority: 9 } }));
    expect(names()).toEqual(['urgent', 'a', 'b']);
  });

  it('wakes a rejected pod only for what may help it, and not before its back-off is over', async () => {
    const { clock, queue, names } = setup();
    const pod = infoOf('p', { requests: { cpu: '2' } });
    queue.add(pod);
    queue.reject(queue.pop()!, new Set(['NodeResourcesFit']));
    queue.moveFor({ resource: 'Node', actions: ['updateLabels'] });
    expect(queue.size).toMatchObject({ unschedulable: 1, backoff: 0 });
    const small = nodeEvent('small');
    small.node.allocatable.milliCpu = 1000;
    queue.moveFor(small);
    expect(queue.size).toMatchObject({ unschedulable: 1, backoff: 0 });
    queue.moveFor(nodeEvent('large'));
    expect(queue.size).toMatchObject({ unschedulable: 0, backoff: 1 });
    await clock.advance(999);
    expect(names()).toEqual([]);
    await clock.advance(1);
    expect(names()).toEqual(['p']);
  });

  it('doubles the back-off up to ten seconds', async () => {
    const { clock, queue } = setup();
    queue.add(infoOf('p'));
    const waits = [];
    for (let i = 0; i < 6; i++) {
      queue.reject(queue.pop()!, new Set());
      let waited = 0;
      for (; queue.size.active === 0; waited++) await clock.advance(1_000);
      waits.push(waited);
    }
    expect(waits).toEqual([1, 2, 4, 8, 10, 10]);
  });

  it('tries everybody again after five minutes', async () => {
    const { clock, queue, names } = setup();
    queue.add(infoOf('p'));
    queue.reject(queue.pop()!, new Set(['NodeName']));
    await clock.advance(5 * 60_000);
    queue.flushLeftover();
    expect(names()).toEqual([]);
    await clock.advance(1);
    queue.flushLeftover();
    expect(names()).toEqual(['p']);
  });

  it('holds gated pods until the gate is gone', () => {
    const { queue, names } = setup();
    const gated = makePod('p', { spec: { schedulingGates: [{ name: 'wait' }] } });
    queue.add(new PodInfo(gated));
    expect(queue.size).toMatchObject({ gated: 1, active: 0 });
    queue.update(new PodInfo({ ...gated, spec: { ...gated.spec!, schedulingGates: [] } }), true);
    expect(names()).toEqual(['p']);
  });
});

describe('the heap', () => {
  it('keeps order under updates and removals', () => {
    const heap = new Heap<{ id: string; n: number }>(
      (x) => x.id,
      (a, b) => a.n - b.n,
    );
    const numbers = [5, 3, 8, 1, 9, 2, 7, 4, 6, 0];
    for (const n of numbers) heap.push({ id: `i${n}`, n });
    heap.delete('i3');
    heap.push({ id: 'i8', n: -1 });
    const out = [];
    for (let x = heap.pop(); x; x = heap.pop()) out.push(x.n);
    expect(out).toEqual([-1, 0, 1, 2, 4, 5, 6, 7, 9]);
  });
});

describe('what a user is told', () => {
  const rejections = new Rejections();
  rejections.add(new NodeInfo('a'), unschedulable('Insufficient cpu', 'Insufficient memory'));
  rejections.add(new NodeInfo('b'), unschedulable('Insufficient cpu'));
  rejections.add(new NodeInfo('c'), unresolvable('node(s) had untolerated taint {a: b}'));

  it('counts reasons, in text order', () => {
    const postFilter = 'preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.';
    expect(fitMessage({ nodeCount: 3, rejections, postFilter })).toBe(
      '0/3 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint {a: b}, 2 Insufficient cpu. ' +
        'preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
    );
  });

  it('names what kept nodes from being tried', () => {
    const untried = "node(s) didn't satisfy plugin(s) [NodeAffinity]";
    expect(fitMessage({ nodeCount: 5, rejections, untried })).toContain(`2 ${untried}`);
    expect(fitMessage({ nodeCount: 5, rejections: new Rejections(), preFilter: 'pod affinity terms conflict' })).toBe(
      '0/5 nodes are available: pod affinity terms conflict.',
    );
  });
});

describe('sampling', () => {
  it.each([
    [0, 50, 50],
    [0, 100, 100],
    [0, 1000, 420],
    [0, 5000, 500],
    [0, 6000, 300],
    [40, 1000, 400],
    [5, 1000, 100],
    [100, 5000, 5000],
  ])('%i percent of %i nodes: %i', (percentage, nodes, wanted) =>
    expect(feasibleNodesToFind(percentage, nodes)).toBe(wanted),
  );
});
