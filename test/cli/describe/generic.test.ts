import { expect, it } from 'vitest';
import { smartLabel } from '../../../src/cli/describe/_generic.ts';
import { rfc1123z } from '../../../src/cli/describe/_document.ts';
import { policyRows } from '../../../src/cli/describe/_rbac.ts';

it.each([
  ['apiVersion', 'API Version'],
  ['creationTimestamp', 'Creation Timestamp'],
  ['uid', 'UID'],
  ['f:labels', 'f:labels'],
])('labels %s', (field, label) => {
  expect(smartLabel(field)).toBe(label);
});

it('prints times as Go does', () => {
  expect(rfc1123z(undefined)).toBe('Mon, 01 Jan 0001 00:00:00 +0000');
  expect(rfc1123z('2026-11-21T01:02:03Z')).toMatch(/^(Fri|Sat|Sun), 2\d Nov 2026 \d\d:\d\d:03 [-+]\d{4}$/);
});

it('joins the verbs of a resource and keeps URLs apart', () => {
  const rows = policyRows([
    { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
    { nonResourceURLs: ['/b', '/a'], verbs: ['get'] },
  ]);
  expect(rows.map((r) => `${r.resource}${r.nonResourceUrls}:${r.verbs}`)).toEqual([
    '/a:get',
    '/b:get',
    'pods:list,get',
  ]);
});
