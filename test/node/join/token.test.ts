// The join token: its form, and the pin of the CA's key.
import { expect, test } from 'vitest';
import { caHashOf, parseJoinToken } from '../../../src/node/join/token.ts';
import { memoryPemStore, openPki } from '../../../src/server/pki/pki.ts';
import { servingNames } from '../../../src/server/pki/host-names.ts';

const hash = 'a'.repeat(64);

test('has three parts', () => {
  expect(parseJoinToken(`abcdef.0123456789abcdef.${hash}\n`)).toEqual({
    bootstrap: 'abcdef.0123456789abcdef',
    caHash: hash,
  });
});

test.each(['', 'abcdef.0123456789abcdef', `ABCDEF.0123456789abcdef.${hash}`, `abcdef.0123456789abcdef.${hash}0`])(
  '%j is malformed, and the message says where to find a good one',
  (text) => {
    expect(() => parseJoinToken(text)).toThrow(/^the join token is malformed: .*node\.token$/);
  },
);

test('pins the key that the server itself names', async () => {
  const pki = await openPki(memoryPemStore(), servingNames('10.96.0.1', 'cluster.local', []));
  expect(caHashOf(pki.authority.certificate)).toBe(pki.caHash);
});
