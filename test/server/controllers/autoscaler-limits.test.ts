// How far and how soon an autoscaler may go: upstream's cases, one a line (TestScalingWithRules and
// TestNormalizeDesiredReplicasWithBehavior of pkg/controller/podautoscaler/horizontal_test.go). Events are
// `replicas@seconds ago`, policies `pods/seconds` or `percent%/seconds`.
import { readFileSync } from 'node:fs';
import type { HPAScalingRules } from 'kubernetes-types/autoscaling/v2.js';
import { describe, expect, it } from 'vitest';
import { limitByBehavior, newHistory } from '../../../src/server/controllers/podautoscaler/limits.ts';

const NOW = 1_000_000_000;
const lines = (file: string): string[][] =>
  readFileSync(new URL(`../../golden/autoscaler/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
const events = (text: string) =>
  text === '-'
    ? []
    : text.split(' ').map((event) => {
        const [value, seconds] = event.split('@');
        return { value: Number(value), atMs: NOW - Number(seconds) * 1000 };
      });

function rules(text: string): HPAScalingRules {
  const [selectPolicy, ...policies] = text.split(' ');
  return {
    selectPolicy,
    stabilizationWindowSeconds: 0,
    policies: policies.map((policy) => {
      const [, value, percent, seconds] = /^(\d+)(%?)\/(\d+)$/.exec(policy)!;
      return { type: percent ? 'Percent' : 'Pods', value: Number(value), periodSeconds: Number(seconds) };
    }),
  };
}

describe('policies', () => {
  it.each(lines('rates.tsv'))(
    '%s to %s in %s…%s, grew %s, shrank %s; up %s, down %s: %s, %s',
    (current, desired, min, max, ups, downs, scaleUp, scaleDown, replicas, reason) => {
      const asked = { current: Number(current), desired: Number(desired), min: Number(min), max: Number(max) };
      const history = { ...newHistory(), ups: events(ups!), downs: events(downs!) };
      const behavior = { scaleUp: rules(scaleUp!), scaleDown: rules(scaleDown!) };
      const answer = limitByBehavior({ ...asked, nowMs: NOW }, behavior, history);
      expect([answer.replicas, answer.limit.reason]).toEqual([Number(replicas), reason]);
    },
  );
});

describe('windows', () => {
  it.each(lines('windows.tsv'))(
    '%s to %s, %s s up and %s s down, after %s: %s',
    (current, desired, up, down, recommendations, replicas) => {
      const asked = { current: Number(current), desired: Number(desired), min: 0, max: 1_000_000, nowMs: NOW };
      const history = { ...newHistory(), recommendations: events(recommendations!) };
      const free = (seconds: string): HPAScalingRules => ({
        stabilizationWindowSeconds: Number(seconds),
        policies: [{ type: 'Pods', value: 1_000_000, periodSeconds: 60 }],
      });
      const answer = limitByBehavior(asked, { scaleUp: free(up!), scaleDown: free(down!) }, history);
      expect(answer.replicas).toBe(Number(replicas));
    },
  );
});
