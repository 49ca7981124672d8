// Upstream's tables of how many replicas a measure asks for (pkg/controller/podautoscaler/replica_calculator_test.go), and
// random lives of an autoscaler against its limits. SEED=n runs one of those, STEPS=n longer ones.
import type { HPAScalingPolicy } from 'kubernetes-types/autoscaling/v2.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { describe, expect, it } from 'vitest';
import {
  type Behavior,
  limitByBehavior,
  limitByDefault,
  newHistory,
  noteScaled,
} from '../../../src/server/controllers/podautoscaler/limits.ts';
import {
  type PodMetric,
  averageOf,
  podRequests,
  proposeFromPods,
  proposeFromShare,
  proposeFromTotal,
  utilizationOf,
} from '../../../src/server/controllers/podautoscaler/usage.ts';
import { random } from './faults.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const CONTAINERS = 2;
const HOT = new Date(NOW).toISOString();
const COOL = new Date(NOW - 3_600_000).toISOString();

interface Case {
  current: number;
  /** Of each container, in thousandths; one pod each. Empty: the pods ask for nothing. */
  requests?: number[];
  /** What each container uses; pods beyond the list are not measured. */
  levels: number[];
  target: number;
  /** T, F: ready or not. */
  ready?: string;
  /** R, P, F: Running, Pending, Failed. */
  phase?: string;
  /** h, c: started just now, or long ago. */
  start?: string;
  /** d: on its way out. */
  going?: string;
  names?: string[];
}

function podsOf({ current, requests, ready, phase, start, going }: Case): Pod[] {
  const count = Math.max(current, requests?.length ?? 0, ready?.length ?? 0);
  return Array.from({ length: count }, (_, i) => {
    const startTime = (start?.[i] === 'h' ? HOT : COOL) as never;
    const request = requests?.[i];
    const resources = request === undefined ? {} : { requests: { cpu: `${request}m` } };
    const status = ready?.[i] === 'F' ? 'False' : 'True';
    return {
      metadata: { name: `pod-${i}`, ...(going?.[i] === 'd' ? { deletionTimestamp: HOT as never } : {}) },
      spec: { containers: Array.from({ length: CONTAINERS }, (_c, c) => ({ name: `c${c}`, image: 'i', resources })) },
      status: {
        phase: { R: 'Running', P: 'Pending', F: 'Failed' }[phase?.[i] ?? 'R']!,
        startTime,
        conditions: [{ type: 'Ready', status, lastTransitionTime: startTime }],
      },
    };
  });
}

const metricsOf = ({ levels, names }: Case, containers: number): Map<string, PodMetric> =>
  new Map(
    levels.map((level, i) => [
      names?.[i] ?? `pod-${i}`,
      { value: level * containers, timestampMs: NOW, windowMs: 60_000 },
    ]),
  );

const byUtilization = (c: Case) => {
  const pods = podsOf(c);
  const requests = podRequests(pods, '', 'cpu');
  return proposeFromPods({
    current: c.current,
    pods,
    metrics: metricsOf(c, CONTAINERS),
    resource: 'cpu',
    nowMs: NOW,
    usage: (measured) => utilizationOf(measured, requests, c.target),
    assumed: (name) => Math.trunc(((requests.get(name) ?? 0) * Math.max(100, c.target)) / 100),
  });
};
const byPods = (c: Case) =>
  proposeFromPods({
    current: c.current,
    pods: podsOf(c),
    metrics: metricsOf(c, 1),
    resource: '',
    nowMs: NOW,
    usage: (measured) => averageOf(measured, c.target),
    assumed: () => c.target,
  });

const of = (count: number, amount = 1000): number[] => Array.from({ length: count }, () => amount);

describe('the utilization of a resource', () => {
  const levels5 = [100, 300, 500, 250, 250];
  it.each<[name: string, given: Case, replicas: number, utilization: number, value: number]>([
    ['ScaleUp', { current: 3, requests: of(3), levels: [300, 500, 700], target: 30 }, 5, 50, 500],
    [
      'ScaleUpUnreadyLessScale',
      { current: 3, requests: of(3), levels: [300, 500, 700], target: 30, ready: 'FTT' },
      4,
      60,
      600,
    ],
    [
      'ScaleUpHotCpuLessScale',
      { current: 3, requests: of(3), levels: [300, 500, 700], target: 30, start: 'hcc' },
      4,
      60,
      600,
    ],
    [
      'ScaleUpUnreadyNoScale',
      { current: 3, requests: of(3), levels: [400, 500, 700], target: 30, ready: 'TFF' },
      3,
      40,
      400,
    ],
    [
      'ScaleHotCpuNoScale',
      { current: 3, requests: of(3), levels: [400, 500, 700], target: 30, ready: 'TFF', start: 'chh' },
      3,
      40,
      400,
    ],
    [
      'ScaleUpIgnoresFailedPods',
      { current: 2, requests: of(4), levels: [500, 700], target: 30, ready: 'TTFF', phase: 'RRFF' },
      4,
      60,
      600,
    ],
    [
      'ScaleUpIgnoresDeletionPods',
      { current: 2, requests: of(4), levels: [500, 700], target: 30, ready: 'TTFF', going: '--dd' },
      4,
      60,
      600,
    ],
    ['ScaleDown', { current: 5, requests: of(5), levels: levels5, target: 50 }, 3, 28, 280],
    [
      'ScaleDownIncludeUnreadyPods',
      { current: 5, requests: of(5), levels: levels5, target: 50, ready: 'TTTFF' },
      2,
      30,
      300,
    ],
    [
      'ScaleDownExcludeUnscheduledPods',
      { current: 5, requests: of(5), levels: [100], target: 50, ready: 'TFFFF', phase: 'RPPPP' },
      1,
      10,
      100,
    ],
    [
      'ScaleDownIgnoreHotCpuPods',
      { current: 5, requests: of(5), levels: levels5, target: 50, start: 'ccchh' },
      2,
      30,
      300,
    ],
    [
      'ScaleDownIgnoresFailedPods',
      { current: 5, requests: of(7), levels: levels5, target: 50, ready: 'TTTTTFF', phase: 'RRRRRFF' },
      3,
      28,
      280,
    ],
    [
      'ScaleDownIgnoresDeletionPods',
      { current: 5, requests: of(7), levels: levels5, target: 50, ready: 'TTTTTFF', going: '-----dd' },
      3,
      28,
      280,
    ],
    ['Tolerance', { current: 3, requests: [900, 1000, 1100], levels: [1010, 1030, 1020], target: 100 }, 3, 102, 1020],
    [
      'SuperfluousMetrics',
      { current: 4, requests: of(4), levels: [4000, 9500, 3000, 7000, 3200, 2000], target: 100 },
      24,
      587,
      5875,
    ],
    ['MissingMetrics', { current: 4, requests: of(4), levels: [400, 95], target: 100 }, 3, 24, 247.5],
    ['MissingMetricsNoChangeEq', { current: 2, requests: of(2), levels: [1000], target: 100 }, 2, 100, 1000],
    ['MissingMetricsNoChangeGt', { current: 2, requests: of(2), levels: [1900], target: 100 }, 2, 190, 1900],
    ['MissingMetricsNoChangeLt', { current: 2, requests: of(2), levels: [600], target: 100 }, 2, 60, 600],
    [
      'MissingMetricsUnreadyChange',
      { current: 3, requests: of(3), levels: [100, 450], target: 50, ready: 'FTT' },
      3,
      45,
      450,
    ],
    [
      'MissingMetricsHotCpuNoChange',
      { current: 3, requests: of(3), levels: [100, 450], target: 50, start: 'hcc' },
      3,
      45,
      450,
    ],
    [
      'MissingMetricsUnreadyScaleUp',
      { current: 3, requests: of(3), levels: [100, 2000], target: 50, ready: 'FTT' },
      4,
      200,
      2000,
    ],
    [
      'MissingMetricsHotCpuScaleUp',
      { current: 3, requests: of(3), levels: [100, 2000], target: 50, ready: 'FTT', start: 'hcc' },
      4,
      200,
      2000,
    ],
    [
      'MissingMetricsUnreadyScaleDown',
      { current: 4, requests: of(4), levels: [100, 100, 100], target: 50, ready: 'FTTT' },
      3,
      10,
      100,
    ],
    ['DuringRollingUpdateWithMaxSurge', { current: 2, requests: of(3), levels: [100, 100], target: 50 }, 2, 10, 100],
  ])('%s', (_name, given, replicas, utilization, value) => {
    expect(byUtilization(given)).toEqual({ replicas, utilization, average: value * CONTAINERS });
  });

  it.each<[name: string, given: Case, message: string]>([
    [
      'DisjointResourcesMetrics',
      { current: 1, requests: of(1), levels: [100], target: 100, names: ['an-older-pod-name'] },
      'no metrics returned matched known pods',
    ],
    ['EmptyCPURequest', { current: 1, requests: [], levels: [200], target: 100 }, 'missing request for'],
  ])('%s', (_name, given, message) => {
    expect(() => byUtilization(given)).toThrow(message);
  });
});

describe('a metric of pods', () => {
  it.each<[name: string, given: Case, replicas: number, average: number]>([
    ['ScaleUpCM', { current: 3, levels: [20000, 10000, 30000], target: 15000 }, 4, 20000],
    [
      'ScaleUpCMUnreadyHotCpuNoLessScale',
      { current: 3, levels: [50000, 10000, 30000], target: 15000, ready: 'TTF', start: 'cch' },
      6,
      30000,
    ],
    [
      'ScaleUpCMUnreadyHotCpuScaleWouldScaleDown',
      { current: 3, levels: [50000, 15000, 30000], target: 15000, ready: 'FTF', start: 'hch' },
      7,
      31666,
    ],
    ['ScaleUpCMExternal', { current: 1, levels: [8600], target: 4400 }, 2, 8600],
    ['ScaleDownCM', { current: 5, levels: of(5, 12000), target: 20000 }, 3, 12000],
    ['ToleranceCM', { current: 3, levels: [20000, 21000, 21000], target: 20000 }, 3, 20666],
  ])('%s', (_name, given, replicas, average) => {
    expect(byPods(given)).toEqual({ replicas, average });
  });
});

describe('one measure for all', () => {
  it.each<[name: string, current: number, usage: number, target: number, ready: string, replicas: number]>([
    ['ScaleUpCMObject', 3, 20000, 15000, 'TTT', 4],
    ['ScaleUpCMObjectIgnoresUnreadyPods', 3, 50000, 10000, 'FTF', 5],
    ['ScaleUpCMExternalIgnoresUnreadyPods', 3, 8600, 4400, 'FTF', 2],
    ['ScaleDownCMObject', 5, 12000, 20000, 'TTTTT', 3],
    ['ScaleDownCMExternal', 5, 8600, 14334, 'TTTTT', 3],
    ['ToleranceCMObject', 3, 20666, 20000, 'TTT', 3],
    ['ToleranceCMExternal', 3, 8600, 8888, 'TTT', 3],
  ])('%s', (_name, current, usage, target, ready, replicas) => {
    const pods = podsOf({ current, levels: [], target, ready });
    expect(proposeFromTotal(current, usage, target, pods)).toEqual({ replicas, average: usage });
  });

  it.each<[name: string, current: number, usage: number, target: number, replicas: number, average: number]>([
    ['ScaleUpCMPerPodObject', 3, 20000, 5000, 4, 6667],
    ['ScaleUpPerPodCMExternal', 3, 8600, 2150, 4, 2867],
    ['ScaleDownPerPodCMObject', 5, 6000, 2000, 3, 1200],
    ['ScaleDownPerPodCMExternal', 5, 8600, 2867, 3, 1720],
    ['TolerancePerPodCMObject', 4, 20166, 5000, 4, 5042],
    ['TolerancePerPodCMExternal', 3, 8600, 2900, 3, 2867],
  ])('%s', (_name, current, usage, target, replicas, average) => {
    expect(proposeFromShare(current, usage, target)).toEqual({ replicas, average });
  });
});

const steps = Number(process.env['STEPS'] ?? 400);
const seeds = process.env['SEED'] ? [Number(process.env['SEED'])] : Array.from({ length: 20 }, (_, i) => i + 1);

interface Scaled {
  atMs: number;
  from: number;
  to: number;
}

describe('random lives', () => {
  const policies = (next: () => number): HPAScalingPolicy[] =>
    Array.from({ length: 1 + Math.floor(next() * 2) }, () => ({
      type: next() < 0.5 ? 'Pods' : 'Percent',
      value: 1 + Math.floor(next() * 40),
      periodSeconds: 15 * (1 + Math.floor(next() * 8)),
    }));

  /** What the most generous (or, for Min, the meanest) policy allowed since its period began. */
  const allowed = (
    list: readonly HPAScalingPolicy[],
    log: readonly Scaled[],
    now: number,
    current: number,
    up: boolean,
  ) =>
    list.map(({ type, value, periodSeconds }) => {
      const recent = log.filter(({ atMs }) => atMs > now - periodSeconds * 1000);
      const before = current - recent.reduce((sum, { from, to }) => sum + to - from, 0);
      if (type === 'Pods') return up ? before + value : before - value;
      return up ? Math.ceil(before * (1 + value / 100)) : Math.trunc(before * (1 - value / 100));
    });

  it.each(seeds)('with policies, seed %i', (seed) => {
    const next = random(seed);
    const selectPolicy = next() < 0.3 ? 'Min' : 'Max';
    const window = next() < 0.5 ? 0 : 60;
    const behavior: Behavior = {
      scaleUp: { policies: policies(next), selectPolicy, stabilizationWindowSeconds: 0 },
      scaleDown: { policies: policies(next), selectPolicy, stabilizationWindowSeconds: window },
    };
    const [min, max] = [1 + Math.floor(next() * 3), 20 + Math.floor(next() * 80)];
    const history = newHistory();
    const log: Scaled[] = [];
    let current = min;
    let now = NOW;
    for (let i = 0; i < steps; i++) {
      // A clock that stands still now and then, and reconciles that come in a row.
      now += next() < 0.2 ? 0 : Math.floor(next() * 40_000);
      const desired = Math.floor(next() * (max + 20));
      const { replicas, limited, stabilized } = limitByBehavior(
        { current, desired, min, max, nowMs: now },
        behavior,
        history,
      );
      const about = `SEED=${seed} step ${i}: ${current} asked ${desired} got ${replicas}`;
      if (replicas < Math.min(current, min) || replicas > Math.max(current, max))
        throw new Error(`${about}: out of bounds`);
      const up = replicas > current;
      const rules = up ? behavior.scaleUp! : behavior.scaleDown!;
      const bounds = allowed(rules.policies!, log, now, current, up);
      const most = up === (selectPolicy === 'Max') ? Math.max(...bounds) : Math.min(...bounds);
      if (up && replicas > Math.max(current, most)) throw new Error(`${about}: grows beyond ${most}`);
      if (replicas < current && replicas < Math.min(current, most)) throw new Error(`${about}: shrinks below ${most}`);
      if (window === 0 && stabilized.reason !== 'ReadyForNewScale') throw new Error(`${about}: ${stabilized.reason}`);
      if (window === 0 && !limited && replicas !== desired) throw new Error(`${about}: not what was asked`);
      // Every fifth write fails: what was not done is no step.
      if (replicas === current || next() < 0.2) continue;
      noteScaled(history, behavior, current, replicas, now);
      log.push({ atMs: now, from: current, to: replicas });
      current = replicas;
    }
    expect(log.length).toBeGreaterThan(0);
  });

  it.each(seeds)('without, seed %i', (seed) => {
    const next = random(seed);
    const [min, max] = [1 + Math.floor(next() * 3), 20 + Math.floor(next() * 80)];
    const history = newHistory();
    const asked: { atMs: number; desired: number }[] = [];
    let current = min;
    let now = NOW;
    for (let i = 0; i < steps; i++) {
      now += next() < 0.2 ? 0 : Math.floor(next() * 60_000);
      const desired = Math.floor(next() * (max + 20));
      asked.push({ atMs: now, desired });
      const { replicas } = limitByDefault({ current, desired, min, max, nowMs: now }, history);
      const about = `SEED=${seed} step ${i}: ${current} asked ${desired} got ${replicas}`;
      if (replicas < min || replicas > max) throw new Error(`${about}: out of bounds`);
      if (replicas > Math.max(2 * current, 4)) throw new Error(`${about}: grows too fast`);
      // It does not shrink below what was asked for within five minutes, as far as it may have that.
      const highest = Math.max(...asked.filter(({ atMs }) => atMs >= now - 300_000).map((a) => a.desired));
      const reach = Math.max(min, Math.min(highest, max, Math.max(2 * current, 4)));
      if (replicas !== reach) throw new Error(`${about}: not ${reach}`);
      if (next() < 0.8) current = replicas;
    }
  });
});
