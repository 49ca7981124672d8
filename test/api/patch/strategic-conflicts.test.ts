// kubectl apply --overwrite=false: which changes of others stand in the way of a three-way patch. What must come out is
// what upstream's tables say (apimachinery pkg/util/strategicpatch/patch_test.go).
import { describe, expect, it } from 'vitest';
import { createThreeWayMergePatch } from '../../../src/api/patch/strategic.ts';
import { builtinSchemas } from '../../../src/api/schema/builtin.ts';

const pod = builtinSchemas.forKind('', 'v1', 'Pod')!;
type Containers = Record<string, unknown>[];
const spec = (containers: Containers, more: object = {}): object => ({ spec: { containers, ...more } });
const three = (original: object, modified: object, current: object): unknown =>
  createThreeWayMergePatch(original, modified, current, pod, builtinSchemas, false);

const a = { name: 'a', image: 'a:1' };
const b = { name: 'b', image: 'b:1' };

describe('no conflict', () => {
  it.each<[string, object, object, object]>([
    ['others added a container', spec([a]), spec([{ ...a, image: 'a:2' }]), spec([a, b])],
    [
      'others changed another field of the same container',
      spec([a]),
      spec([{ ...a, image: 'a:2' }]),
      spec([{ ...a, tty: true }]),
    ],
    ['others made the same change', spec([a]), spec([{ ...a, image: 'a:2' }]), spec([{ ...a, image: 'a:2' }])],
    [
      'others added to a list of scalars',
      { metadata: { finalizers: ['x'] } },
      { metadata: { finalizers: ['x', 'y'] } },
      { metadata: { finalizers: ['x', 'z'] } },
    ],
    ['both took the same container away', spec([a, b]), spec([a]), spec([a])],
    ['others set what is applied now for the first time to the same', {}, spec([a]), spec([a])],
  ])('when %s', (_, original, modified, current) => {
    expect(() => three(original, modified, current)).not.toThrow();
  });

  it('gives the patch that overwriting gives', () => {
    const [original, modified, current] = [spec([a]), spec([{ ...a, image: 'a:2' }]), spec([a, b])];
    expect(three(original, modified, current)).toEqual(
      createThreeWayMergePatch(original, modified, current, pod, builtinSchemas),
    );
  });
});

describe('a conflict', () => {
  it.each<[string, object, object, object]>([
    [
      'others changed another container that is applied as it was',
      spec([a, b]),
      spec([{ ...a, image: 'a:2' }, b]),
      spec([a, { ...b, image: 'b:9' }]),
    ],
    ['others changed the same field', spec([a]), spec([{ ...a, image: 'a:2' }]), spec([{ ...a, image: 'a:3' }])],
    ['others changed a container that goes', spec([a, b]), spec([a]), spec([a, { ...b, image: 'b:9' }])],
    ['others took away a container that changes', spec([a, b]), spec([a, { ...b, image: 'b:2' }]), spec([a])],
    [
      'others replaced a list that has no keys',
      spec([{ ...a, args: ['x'] }]),
      spec([{ ...a, args: ['y'] }]),
      spec([{ ...a, args: ['x', 'z'] }]),
    ],
    ['others changed a field that goes', spec([a], { nodeName: 'n' }), spec([a]), spec([a], { nodeName: 'm' })],
  ])('when %s', (_, original, modified, current) => {
    expect(() => three(original, modified, current)).toThrow('conflicts with changes made from original to current');
  });
});
