// Commands near a mistyped one. Upstream: cobra's SuggestionsFor (distance 2, or a prefix).
import { rootCommandNames } from './topics.ts';

export function suggestionsFor(typed: string, names: readonly string[] = rootCommandNames): string[] {
  const lower = typed.toLowerCase();
  return names.filter((name) => distance(lower, name) <= 2 || name.startsWith(lower));
}

/** Levenshtein's. */
export function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(previous[j]! + 1, row[j - 1]! + 1, swap);
    }
    previous = row;
  }
  return previous[b.length]!;
}
