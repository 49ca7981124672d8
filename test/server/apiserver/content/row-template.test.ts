// Rows that are kept say what rows made anew say, at any time.
import { expect, it } from 'vitest';
import { stringifyJson } from '../../../../src/api/codec/json.ts';
import kinds from '../../../../src/api/kinds/index.gen.ts';
import { columnsOf, rowFor } from '../../../../src/api/table.ts';
import type { AnyKind } from '../../../../src/api/kind.ts';
import type { Unstructured } from '../../../../src/api/types.ts';
import { encodeStored } from '../../../../src/server/apiserver/cache/encoding.ts';
import { Entry } from '../../../../src/server/apiserver/cache/entry.ts';
import type { Endpoint } from '../../../../src/server/apiserver/registry.ts';
import { rowTemplate, rowText } from '../../../../src/server/apiserver/content/row-template.ts';

const kindOf = (name: string): AnyKind => kinds.find(({ kind }) => kind === name)!;
const CREATED = '2026-01-01T00:00:00Z';
const START = Date.parse(CREATED);
const TIMES = [0, 5_000, 119_000, 130_000, 3_600_000, 86_400_000 * 400].map((ms) => START + ms);

function entryOf(kind: string, rest: object, metadata: object = {}): Entry {
  const object = {
    kind,
    apiVersion: 'v1',
    metadata: { name: 'a', uid: 'u', creationTimestamp: CREATED, managedFields: [], ...metadata },
    ...rest,
  };
  return new Entry('a', encodeStored(object as unknown as Unstructured), 7, 7);
}

/** What rows need of an endpoint. */
const endpointOf = (definition: AnyKind): Endpoint => ({ definition, kind: { custom: false } }) as unknown as Endpoint;
const text = (kind: AnyKind, entry: Entry, nowMs: number): string =>
  rowText(rowTemplate(endpointOf(kind), entry, nowMs), endpointOf(kind), entry, nowMs);
const anew = (kind: AnyKind, entry: Entry, nowMs: number): string =>
  stringifyJson(rowFor(kind, entry.object(), nowMs, 'None'));

const restarted = {
  status: {
    phase: 'Running',
    containerStatuses: [
      { name: 'c', restartCount: 3, lastState: { terminated: { finishedAt: '2026-01-01T00:00:04Z', exitCode: 1 } } },
    ],
  },
  spec: { containers: [{ name: 'c' }] },
};

it.each([
  ['Pod', { spec: { containers: [{ name: 'c' }] }, status: { phase: 'Running' } }, {}],
  ['Pod', { spec: { containers: [] }, status: { phase: 'Succeeded' } }, {}],
  ['Pod', restarted, {}],
  ['Pod', {}, { creationTimestamp: undefined, name: 'quo"te\u2028' }],
  ['Job', { spec: { completions: 2 }, status: { startTime: '2026-01-01T00:00:09Z' } }, {}],
  ['CronJob', { spec: { schedule: '@daily' }, status: { lastScheduleTime: '2026-01-01T00:00:09Z' } }, {}],
  ['Event', { involvedObject: { kind: 'Pod', name: 'p' }, firstTimestamp: CREATED, lastTimestamp: CREATED }, {}],
  ['ConfigMap', { data: { a: 'b' } }, {}],
  ['CustomResourceDefinition', {}, {}],
  ['StorageClass', { provisioner: 'p' }, {}],
] as const)('%s %#', (name, rest, metadata) => {
  const kind = kindOf(name);
  const entry = entryOf(name, rest, metadata);
  for (const nowMs of TIMES) expect(`${text(kind, entry, nowMs)}}`).toBe(anew(kind, entry, nowMs));
});

it('every kind has rows', () => {
  for (const kind of kinds) {
    if (kind.virtual) continue;
    const entry = entryOf(kind.kind, { spec: {}, status: {} });
    const rows = (): string[] => TIMES.map((nowMs) => `${text(kind, entry, nowMs)}}`);
    let expected: string[];
    try {
      expected = TIMES.map((nowMs) => anew(kind, entry, nowMs));
    } catch {
      continue;
    }
    expect(rows()).toEqual(expected);
  }
});

it('other columns make other rows of the same object', () => {
  const kind = kindOf('ConfigMap');
  const entry = entryOf('ConfigMap', { data: { a: 'b' } });
  text(kind, entry, START);
  const changed = { ...kind, columns: columnsOf(kind).slice(1, 2) };
  expect(`${text(changed, entry, START)}}`).toBe(anew(changed, entry, START));
});
