// Server-side apply and updates, told as stories over a made-up kind. What must come out is what upstream's tables say:
// structured-merge-diff merge/*_test.go, but for null, where an empty map stays empty here.
import { describe, expect, it } from 'vitest';
import type { Schema } from '../../../src/api/schema/schema.ts';
import { type Content, type Step, type Story, type World, tell } from './ownership.ts';

const text: Schema = { type: 'string' };
const number: Schema = { type: 'number' };
const struct = (properties: Record<string, Schema>, more: Schema = {}): Schema => ({
  type: 'object',
  properties,
  ...more,
});
const byKeys = (items: Schema, ...listMapKeys: string[]): Schema => ({
  type: 'array',
  items,
  listType: 'map',
  listMapKeys,
});
const setOf = (items: Schema): Schema => ({ type: 'array', items, listType: 'set' });
const open: Schema = { type: 'object', preserveUnknownFields: true };

const schema = struct({
  count: number,
  word: text,
  set: setOf(text),
  numbers: setOf(number),
  people: byKeys(
    struct({ name: text, age: number, likes: setOf(text), notes: { type: 'object', additionalProperties: text } }),
    'name',
  ),
  ports: byKeys(struct({ port: number, protocol: { ...text, default: 'TCP' }, name: text }), 'port', 'protocol'),
  whole: { type: 'array', items: text, listType: 'atomic' },
  piece: struct({ a: text, b: number }, { mapType: 'atomic' }),
  part: struct({ a: text, b: text, deeper: struct({ c: text }) }),
  tree: { type: 'object', additionalProperties: open },
});
const world: World = { schema };
const people = (...names: string[]): Content => ({ people: names.map((name) => ({ name })) });
const run = (stories: Story[], told: World = world): void =>
  void it.each(stories.map((story) => [story.name, story] as const))('%s', (_, story) => tell(told, story));

describe('leaves', () => {
  run([
    {
      name: 'are shared by those who set them alike',
      steps: [
        ['apply', 'one', { count: 1 }],
        ['apply', 'two', { count: 1, word: 'a' }],
      ],
      content: { count: 1, word: 'a' },
      owners: { one: ['.count'], two: ['.count', '.word'] },
    },
    {
      name: 'stay while another applies them, and go with the last',
      steps: [
        ['apply', 'one', { count: 1, word: 'a' }],
        ['apply', 'two', { count: 1 }],
        ['apply', 'one', {}],
      ],
      content: { count: 1 },
      owners: { two: ['.count'] },
    },
    {
      name: 'that an update changed are lost to it, and conflict',
      steps: [
        ['apply', 'one', { count: 1, word: 'a' }],
        ['update', 'kubelet', { count: 2, word: 'a' }],
        ['conflict', 'one', { count: 1, word: 'a' }, ['.count']],
      ],
      content: { count: 2, word: 'a' },
      owners: { kubelet: ['.count'], one: ['.word'] },
    },
    {
      name: 'are taken by force, and given up by not applying them again',
      steps: [
        ['apply', 'one', { count: 1 }],
        ['force', 'two', { count: 2 }],
        ['apply', 'one', {}],
      ],
      content: { count: 2 },
      owners: { two: ['.count'] },
    },
    {
      name: 'that an update removed belong to nobody',
      steps: [
        ['apply', 'one', { count: 1, word: 'a' }],
        ['update', 'kubelet', { word: 'a' }],
      ],
      content: { word: 'a' },
      owners: { one: ['.word'] },
    },
    {
      name: 'that an update set stay when their applier drops them',
      steps: [
        ['update', 'kubelet', { count: 1 }],
        ['apply', 'one', { count: 1 }],
        ['apply', 'one', {}],
      ],
      content: { count: 1 },
      owners: { kubelet: ['.count'] },
    },
    {
      name: 'set to the zero value are set',
      steps: [['apply', 'one', { count: 0, word: '' }]],
      content: { count: 0, word: '' },
      owners: { one: ['.count', '.word'] },
    },
  ]);
});

describe('sets', () => {
  run([
    {
      name: 'lose what is no longer applied, and keep what others added',
      steps: [
        ['apply', 'one', { set: ['a', 'b'] }],
        ['update', 'kubelet', { set: ['a', 'b', 'c'] }],
        ['apply', 'one', { set: ['a', 'd'] }],
      ],
      content: { set: ['a', 'c', 'd'] },
      owners: { kubelet: ['.set[="c"]'], one: ['.set[="a"]', '.set[="d"]'] },
    },
    {
      name: 'take the order of the last who applied them',
      steps: [
        ['apply', 'one', { set: ['a', 'b', 'c', 'd'] }],
        ['apply', 'one', { set: ['a', 'd', 'c', 'b'] }],
      ],
      content: { set: ['a', 'd', 'c', 'b'] },
      owners: { one: ['.set[="a"]', '.set[="b"]', '.set[="c"]', '.set[="d"]'] },
    },
    {
      name: 'of numbers are in the order of numbers',
      steps: [['apply', 'one', { numbers: [10, 9] }]],
      content: { numbers: [10, 9] },
      owners: { one: ['.numbers[=9]', '.numbers[=10]'] },
    },
    {
      name: 'with a value twice, which an update made, lose both when one is applied',
      steps: [
        ['update', 'old', { set: ['a', 'a', 'b'] }],
        ['force', 'one', { set: ['a'] }],
      ],
      content: { set: ['a', 'b'] },
      owners: { old: ['.set', '.set[="b"]'], one: ['.set[="a"]'] },
    },
  ]);
  it('may not be applied with a value twice', async () => {
    const steps: Step[] = [['apply', 'one', { set: ['a', 'a'] }]];
    await expect(tell(world, { name: '', steps, content: {}, owners: {} })).rejects.toThrow(
      'duplicate entries for key',
    );
  });
});

describe('lists by keys', () => {
  run([
    {
      name: 'lose the items that their only applier drops',
      steps: [
        ['apply', 'one', people('a', 'b', 'c')],
        ['apply', 'two', people('c', 'd')],
        ['apply', 'one', people('a')],
      ],
      content: people('a', 'c', 'd'),
      owners: {
        one: ['.people[name="a"]', '.people[name="a"].name'],
        two: ['.people[name="c"]', '.people[name="c"].name', '.people[name="d"]', '.people[name="d"].name'],
      },
    },
    {
      name: 'conflict by the item',
      steps: [
        ['apply', 'one', { people: [{ name: 'a', age: 1 }] }],
        ['conflict', 'two', { people: [{ name: 'a', age: 2 }] }, ['.people[name="a"].age']],
      ],
      content: { people: [{ name: 'a', age: 1 }] },
      owners: { one: ['.people[name="a"]', '.people[name="a"].age', '.people[name="a"].name'] },
    },
    {
      name: 'change an item’s key by another item',
      steps: [
        ['apply', 'one', { people: [{ name: 'a', age: 1 }] }],
        ['apply', 'one', { people: [{ name: 'b', age: 1 }] }],
      ],
      content: { people: [{ name: 'b', age: 1 }] },
      owners: { one: ['.people[name="b"]', '.people[name="b"].age', '.people[name="b"].name'] },
    },
    {
      name: 'keep what others put into an item that still has an owner',
      steps: [
        ['apply', 'one', { people: [{ name: 'a', likes: ['tea'] }] }],
        ['apply', 'two', { people: [{ name: 'a', likes: ['rain'] }] }],
        ['update', 'kubelet', { people: [{ name: 'a', likes: ['tea', 'rain'], notes: { x: 'y' } }] }],
        ['apply', 'one', {}],
      ],
      content: { people: [{ name: 'a', likes: ['rain'], notes: { x: 'y' } }] },
      owners: {
        two: ['.people[name="a"]', '.people[name="a"].likes[="rain"]', '.people[name="a"].name'],
        kubelet: ['.people[name="a"].notes', '.people[name="a"].notes.x'],
      },
    },
    {
      name: 'lose an item with all that others put into it when its last owner drops it',
      steps: [
        ['apply', 'one', people('a', 'b')],
        ['update', 'kubelet', { people: [{ name: 'a', age: 3 }, { name: 'b' }] }],
        ['apply', 'one', people('b')],
      ],
      content: people('b'),
      owners: { one: ['.people[name="b"]', '.people[name="b"].name'] },
    },
    {
      name: 'fill a key that is left out with its default',
      steps: [
        ['apply', 'one', { ports: [{ port: 80 }, { port: 80, protocol: 'UDP' }] }],
        ['apply', 'two', { ports: [{ port: 80, protocol: 'TCP', name: 'web' }] }],
      ],
      content: {
        ports: [
          { port: 80, protocol: 'TCP', name: 'web' },
          { port: 80, protocol: 'UDP' },
        ],
      },
      owners: {
        one: [
          '.ports[port=80,protocol="TCP"]',
          '.ports[port=80,protocol="TCP"].port',
          '.ports[port=80,protocol="UDP"]',
          '.ports[port=80,protocol="UDP"].port',
          '.ports[port=80,protocol="UDP"].protocol',
        ],
        two: [
          '.ports[port=80,protocol="TCP"]',
          '.ports[port=80,protocol="TCP"].name',
          '.ports[port=80,protocol="TCP"].port',
          '.ports[port=80,protocol="TCP"].protocol',
        ],
      },
    },
  ]);
  it.each([
    [{ ports: [{ port: 1 }, { port: 1, protocol: 'TCP' }] }, 'duplicate entries for key [port=1,protocol="TCP"]'],
    [{ people: [{ age: 1 }] }, 'omits all key fields ["name"]'],
    [{ people: [null] }, 'may not have a null element'],
  ])('refuse %j', async (content, message) => {
    await expect(
      tell(world, { name: '', steps: [['apply', 'one', content]], content: {}, owners: {} }),
    ).rejects.toThrow(message);
  });
});

describe('pieces', () => {
  run([
    {
      name: 'belong to one, whole',
      steps: [
        ['apply', 'one', { piece: { a: 'x' }, whole: ['a'] }],
        ['conflict', 'two', { piece: { b: 1 }, whole: ['b'] }, ['.piece', '.whole']],
        ['force', 'two', { piece: { b: 1 }, whole: ['b'] }],
      ],
      content: { piece: { b: 1 }, whole: ['b'] },
      owners: { two: ['.piece', '.whole'] },
    },
    {
      name: 'that a later schema makes of fields belong to those who owned a field',
      steps: [
        ['apply', 'one', { part: { a: 'x' } }],
        ['schema', struct({ ...schema.properties, part: struct({ a: text, b: text }, { mapType: 'atomic' }) })],
        ['conflict', 'two', { part: { b: 'y' } }, ['.part']],
        ['force', 'two', { part: { b: 'y' } }],
      ],
      content: { part: { b: 'y' } },
      owners: { two: ['.part'] },
    },
    {
      name: 'that a later schema divides stay as they are until somebody applies',
      steps: [
        ['apply', 'one', { piece: { a: 'x' } }],
        ['schema', struct({ ...schema.properties, piece: struct({ a: text, b: number }) })],
        ['apply', 'two', { piece: { b: 2 } }],
      ],
      content: { piece: { a: 'x', b: 2 } },
      owners: { one: ['.piece'], two: ['.piece.b'] },
    },
  ]);
});

describe('maps', () => {
  run([
    {
      name: 'of which nothing is left, but that are still applied, stay empty',
      steps: [
        ['apply', 'one', { part: { a: 'x' } }],
        ['apply', 'one', { part: {} }],
      ],
      content: { part: {} },
      owners: { one: ['.part'] },
    },
    {
      name: 'keep what controllers put below what another applier still has, whatever version he spoke',
      steps: [
        ['apply', 'one', { tree: { a: { b: {} }, c: { d: {} } } }],
        ['apply', 'two', { tree: { a: {}, c: { d: {} } } }, 'v2'],
        ['update', 'kubelet', { tree: { a: { b: { x: {} } }, c: { d: { e: {} } } } }, 'v3'],
        ['apply', 'one', { tree: {} }, 'v4'],
      ],
      content: { tree: { a: {}, c: { d: { e: {} } } } },
      owners: { 'one@v4': ['.tree'], 'two@v2': ['.tree.a', '.tree.c', '.tree.c.d'], 'kubelet@v3': ['.tree.c.d.e'] },
    },
    {
      name: 'of which a value turns from a map into a scalar lose the map’s fields',
      steps: [
        ['update', 'one', { tree: { a: { b: { c: 1 } } } }],
        ['update', 'two', { tree: { a: { b: 'text' } } }],
      ],
      content: { tree: { a: { b: 'text' } } },
      owners: { one: ['.tree', '.tree.a'], two: ['.tree.a.b'] },
    },
  ]);
});

describe('objects of no schema', () => {
  run(
    [
      {
        name: 'merge their maps and take their lists whole',
        steps: [
          ['apply', 'one', { a: { x: 1 }, list: [1, 2] }],
          ['apply', 'two', { a: { y: 2 } }],
          ['conflict', 'two', { a: { y: 2 }, list: [3] }, ['.list']],
        ],
        content: { a: { x: 1, y: 2 }, list: [1, 2] },
        owners: { one: ['.a', '.a.x', '.list'], two: ['.a', '.a.y'] },
      },
    ],
    { schema: open },
  );
});

describe('versions', () => {
  const at = (version: string): Schema =>
    struct({ word: text, [`old_${version}`]: text, [`box_${version}`]: struct({ a: text, b: text }) });
  const rename = (content: Content, from: string, to: string): Content =>
    Object.fromEntries(
      Object.entries(content).map(([k, v]) => [k.endsWith(from) ? k.slice(0, -from.length) + to : k, v]),
    );
  const versioned: World = { schema: at('v1'), versions: { v2: at('v2'), v3: at('v3') }, convert: rename };
  run(
    [
      {
        name: 'each see their own names: what was applied in one is removed by applying in another',
        steps: [
          ['apply', 'one', { word: 'w', old_v1: 'x', box_v1: { a: '1' } }],
          ['apply', 'one', { word: 'w', box_v2: { a: '1' } }, 'v2'],
        ],
        content: { word: 'w', box_v2: { a: '1' } },
        owners: { 'one@v2': ['.box_v2.a', '.word'] },
      },
      {
        name: 'do not hide that others own a field',
        steps: [
          ['apply', 'one', { old_v1: 'x', box_v1: { a: '1' } }],
          ['apply', 'two', { old_v2: 'x' }, 'v2'],
          ['conflict', 'three', { old_v3: 'y' }, ['.old_v1', '.old_v2'], 'v3'],
          ['apply', 'one', {}, 'v3'],
        ],
        content: { old_v3: 'x' },
        owners: { 'two@v2': ['.old_v2'] },
      },
      {
        name: 'let an update take what was applied in another',
        steps: [
          ['apply', 'one', { box_v1: { a: '1', b: '2' } }],
          ['update', 'kubelet', { box_v2: { a: '9', b: '2' } }, 'v2'],
        ],
        content: { box_v2: { a: '9', b: '2' } },
        owners: { one: ['.box_v1.b'], 'kubelet@v2': ['.box_v2.a'] },
      },
      {
        name: 'that are gone take their owners along, and leave what was applied in them',
        steps: [
          ['apply', 'one', { word: 'w' }, 'v2'],
          ['update', 'two', { word: 'w', old_v3: 'x' }, 'v3'],
          ['drop version', 'v2'],
          ['apply', 'one', {}],
        ],
        content: { word: 'w', old_v1: 'x' },
        owners: { 'two@v3': ['.old_v3'] },
      },
    ],
    versioned,
  );
});
