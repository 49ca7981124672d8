import { describe, expect, it } from 'vitest';
import { ageOf, formatDuration, humanDuration, parseDuration, shortHumanDuration } from '../../src/api/duration.ts';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

describe('durations', () => {
  it.each([
    [-2 * S, '<invalid>', '<invalid>'],
    [-S, '0s', '0s'],
    [0, '0s', '0s'],
    [119 * S, '119s', '1m'],
    [2 * M, '2m', '2m'],
    [3 * M + 5 * S, '3m5s', '3m'],
    [179 * M, '179m', '2h'],
    [3 * H, '3h', '3h'],
    [3 * H + 20 * M, '3h20m', '3h'],
    [47 * H, '47h', '1d'],
    [2 * D + 3 * H, '2d3h', '2d'],
    [8 * D, '8d', '8d'],
    [729 * D, '729d', '1y'],
    [2 * 365 * D + 5 * D, '2y5d', '2y'],
    [9 * 365 * D, '9y', '9y'],
  ])('%d ms: %s, short %s', (ms, long, short) => {
    expect(humanDuration(ms)).toBe(long);
    expect(shortHumanDuration(ms)).toBe(short);
  });

  it.each([
    ['1h30m', 90 * M],
    ['1.5s', 1500],
    ['-2m', -2 * M],
    ['0', 0],
    ['300ms', 300],
    ['10us', 0.01],
  ])('parses %s', (text, ms) => expect(parseDuration(text)).toBeCloseTo(ms));
  it.each([
    ['', 'time: invalid duration ""'],
    ['5', 'time: missing unit in duration "5"'],
    ['5x', 'time: unknown unit "x" in duration "5x"'],
    ['5mx', 'time: unknown unit "mx" in duration "5mx"'],
    ['abc', 'time: invalid duration "abc"'],
  ])('refuses %j', (text, message) => expect(() => parseDuration(text)).toThrow(message));
  it.each([
    [90 * M, '1h30m0s'],
    [1500, '1.5s'],
    [300, '300ms'],
    [0, '0s'],
    [-30 * S, '-30s'],
  ])('formats %d', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it('says when there is no time stamp', () => {
    expect(ageOf(undefined, 0)).toBe('<unknown>');
    expect(ageOf('1970-01-01T00:00:00Z', 5 * M)).toBe('5m');
  });
});
