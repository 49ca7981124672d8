// The random end of generated names: no vowels, no digits that look like letters. Upstream: apimachinery/pkg/util/rand.
import { randomInt } from 'node:crypto';

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

export function randomNameSuffix(length = 5): string {
  let suffix = '';
  while (suffix.length < length) suffix += LETTERS[randomInt(LETTERS.length)]!;
  return suffix;
}
