// Schedules: which values match, and what is said of bad ones.
import { describe, expect, it } from 'vitest';
import { parseCron } from '../../src/api/cron.ts';

const minutes = (schedule: string): number[] => {
  const parsed = parseCron(schedule);
  return 'minute' in parsed ? [...parsed.minute.values] : [parsed.everyMs];
};

describe('parseCron', () => {
  it.each<[string, number[]]>([
    ['5 * * * *', [5]],
    ['1,3-5 * * * *', [1, 3, 4, 5]],
    ['50/5 * * * *', [50, 55]],
    ['*/20 ? * jan-Mar sun', [0, 20, 40]],
    ['@daily', [0]],
    ['@every 90m', [5_400_000]],
    ['@every 1ms', [1000]],
  ])('reads %s', (schedule, expected) => {
    expect(minutes(schedule)).toEqual(expected);
  });

  it('knows which days were left open', () => {
    const parsed = parseCron('0 0 */2 * *');
    expect('minute' in parsed && [parsed.dayOfMonth.star, parsed.dayOfWeek.star]).toEqual([false, true]);
  });

  it.each([
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['*/2/3 * * * *', 'too many slashes: */2/3'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['@often', 'unrecognized descriptor: @often'],
    ['@every x', 'failed to parse duration @every x: time: invalid duration "x"'],
  ])('refuses %s', (schedule, message) => {
    expect(() => parseCron(schedule)).toThrow(message);
  });
});
