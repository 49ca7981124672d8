import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  canonicalResource,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityError,
  quantityMillis,
  quantityNumber,
  quantityValue,
} from '../../src/api/quantity.ts';

describe('quantities', () => {
  it.each([
    [1, '1'],
    [0.5, '500m'],
    ['0', '0'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['1.5', '1500m'],
    ['2000', '2k'],
    ['1024', '1024'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Gi', '512Mi'],
    ['100Mi', '100Mi'],
    ['1e3', '1e3'],
    ['1000e3', '1e6'],
    ['0.1Mi', '104857600m'],
    ['-5', '-5'],
    ['100u', '100u'],
    ['1Ei', '1Ei'],
    ['0Mi', '0'],
    ['9223372036854775807', '9223372036854775807'],
    ['0.500', '500m'],
    ['.250', '250m'],
    ['1.500', '1.500'],
    ['0.5e-2', '5e-3'],
    ['9Ei', '9223372036854775807'],
    ['-9Ei', '-9223372036854775807'],
    ['+1Ki', '+1Ki'],
    ['+100Ti', '100Ti'],
  ])('%s is %s', (text, canonical) => expect(canonicalQuantity(text)).toBe(canonical));

  it('rounds resources up to thousandths', () => {
    expect(canonicalResource('100u')).toBe('1m');
    expect(canonicalResource('0.1Mi')).toBe('104857600m');
    expect(canonicalResource('512Mi')).toBe('512Mi');
  });

  it.each([
    ['', 'quantities must match the regular expression'],
    ['abc', 'quantities must match the regular expression'],
    ['1x', 'quantities must match the regular expression'],
    ['1.2.3', 'quantities must match the regular expression'],
    ['1mM', "unable to parse quantity's suffix"],
    ['1K', "unable to parse quantity's suffix"],
  ])('%j is refused', (text, message) => expect(quantityError(text)).toContain(message));

  it('answers values, sums and order exactly', () => {
    expect(quantityValue('1.1')).toBe(2n);
    expect(quantityValue('16Ei')).toBe(9223372036854775807n);
    expect(quantityMillis('250m')).toBe(250);
    expect(quantityNumber('1Ki')).toBe(1024);
    expect(compareQuantities('1000m', '1')).toBe(0);
    expect(compareQuantities('1Gi', '1G')).toBeGreaterThan(0);
    expect(formatQuantity(addQuantities(parseQuantity('512Mi'), parseQuantity('512Mi')))).toBe('1Gi');
    expect(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('1Gi')))).toBe('1Gi');
    expect(formatQuantity(addQuantities(parseQuantity('100m'), parseQuantity('0.9')))).toBe('1');
  });
});
