// Sets of completion indexes, as ordered intervals: what `status.completedIndexes` says in text (`0,2-5,9,10`). Indexes
// are bounded by the job, and there may be many: nothing here is as long as the job is.
// Upstream: orderedIntervals in pkg/controller/job/indexed_job_utils.go.

export type Interval = readonly [first: number, last: number];
/** Ordered, neither overlapping nor touching. */
export type Intervals = readonly Interval[];

const INTEGER = /^[+-]?\d+$/;

/** What is out of range after a job was made smaller is dropped, and so is what is no index. */
export function parseIntervals(text: string | undefined, completions: number): Intervals {
  const result: [number, number][] = [];
  if (!text) return result;
  for (const part of text.split(',')) {
    const [from = '', to] = part.split('-');
    if (!INTEGER.test(from)) continue;
    const first = Number(from);
    if (first >= completions) break;
    if (to !== undefined && !INTEGER.test(to)) continue;
    const last = to === undefined ? first : Math.min(Number(to), completions - 1);
    const before = result.at(-1);
    if (before && before[1] === first - 1) before[1] = last;
    else result.push([first, last]);
  }
  return result;
}

/** Two neighbours are `3,4`, more are `3-5`. */
export function formatIntervals(intervals: Intervals): string {
  return intervals
    .map(([first, last]) => (last === first ? `${first}` : `${first}${last === first + 1 ? ',' : '-'}${last}`))
    .join(',');
}

export function mergeIntervals(a: Intervals, b: Intervals): Intervals {
  const result: [number, number][] = [];
  const add = ([first, last]: Interval): void => {
    const before = result.at(-1);
    if (!before || first > before[1] + 1) result.push([first, last]);
    else if (before[1] < last) before[1] = last;
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const takeA = j >= b.length || (i < a.length && a[i]![0] < b[j]![0]);
    add(takeA ? a[i++]! : b[j++]!);
  }
  return result;
}

/** In any order, with repetitions. */
export function withIndexes(intervals: Intervals, indexes: Iterable<number>): Intervals {
  const sorted = [...new Set(indexes)].sort((x, y) => x - y);
  return mergeIntervals(
    intervals,
    sorted.map((index): Interval => [index, index]),
  );
}

export function totalOf(intervals: Intervals): number {
  let total = 0;
  for (const [first, last] of intervals) total += last - first + 1;
  return total;
}

export function hasIndex(intervals: Intervals, index: number): boolean {
  let [low, high] = [0, intervals.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (intervals[middle]![1] >= index) high = middle;
    else low = middle + 1;
  }
  return low < intervals.length && intervals[low]![0] <= index;
}

/** How many indexes both have. */
export function overlapOf(a: Intervals, b: Intervals): number {
  let [i, j, common] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const [x, y] = [a[i]!, b[j]!];
    common += Math.max(0, Math.min(x[1], y[1]) - Math.max(x[0], y[0]) + 1);
    if (x[1] <= y[1]) i++;
    if (y[1] <= x[1]) j++;
  }
  return common;
}

/** The first `count` indexes below `completions` that `taken` lacks. */
export function firstFree(taken: Intervals, count: number, completions: number): number[] {
  const result: number[] = [];
  let candidate = 0;
  const fill = (end: number): void => {
    while (candidate < end && candidate < completions && result.length < count) result.push(candidate++);
  };
  for (const [first, last] of taken) {
    fill(first);
    candidate = Math.max(candidate, last + 1);
  }
  fill(completions);
  return result;
}
