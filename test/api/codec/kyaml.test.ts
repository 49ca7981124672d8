// The expected texts are what kubectl 1.36 prints for the same objects.
import { describe, expect, it } from 'vitest';
import { stringifyKyaml } from '../../../src/api/codec/kyaml.ts';

describe('KYAML', () => {
  it('quotes texts always, and keys that a reader could take for something else', () => {
    const data = {
      'a.b': 'x',
      true: '1',
      no: '2',
      '1.5': '3',
      '1e3': '4',
      '0x1F': '5',
      _x: '6',
      '-a': '7',
      n: '8',
      '2020-01-02': '9',
      nan: '10',
      Inf: '11',
      '1_000': '12',
      '0o7': '1',
      'a-': '5',
      'tabs.yaml': 'a:\n\tb: c\n',
      quote: 'a"b',
      uni: 'h\u00e9llo\u2603',
    };
    expect(stringifyKyaml({ kind: 'ConfigMap', data })).toBe(`---
{
  data: {
    "-a": "7",
    "0o7": "1",
    "0x1F": "5",
    "1.5": "3",
    "1_000": "12",
    "1e3": "4",
    "2020-01-02": "9",
    "Inf": "11",
    _x: "6",
    "a-": "5",
    a.b: "x",
    "n": "8",
    "nan": "10",
    "no": "2",
    quote: "a\\"b",
    tabs.yaml: "\\
       a:\\n\\
      \\\tb: c\\n\\
      ",
    "true": "1",
    uni: "h\u00e9llo\u2603",
  },
  kind: "ConfigMap",
}
`);
  });

  it('puts structures into the brackets of their list, and other items on lines of their own', () => {
    const value = { items: [{ a: 1, b: [] }, {}], args: ['x', 'y\nz'], none: null, big: 2n ** 60n, yes: true };
    expect(stringifyKyaml(value)).toBe(`---
{
  args: [
    "x",
    "\\
       y\\n\\
       z\\
      ",
  ],
  big: 1152921504606846976,
  items: [{
    a: 1,
    b: [],
  }, {}],
  none: null,
  "yes": true,
}
`);
  });

  it('keeps the order of typed objects and leaves out the empty creation time', () => {
    expect(stringifyKyaml({ kind: 'Pod', apiVersion: 'v1', metadata: { creationTimestamp: null, name: 'p' } }, true))
      .toBe(`---
{
  kind: "Pod",
  apiVersion: "v1",
  metadata: {
    name: "p",
  },
}
`);
  });
});
