// Commands near a mistyped one. Upstream: cobra's SuggestionsFor (distance 2, or a prefix).
import { ownCommandNames, rootCommandNames } from './topics.ts';

/** Other programs' words. Upstream: SuggestFor of the commands. */
const meant: Record<string, readonly string[]> = { list: ['get', 'wait'], ps: ['get', 'wait'], rm: ['delete'] };

/** kubectl's commands, and those that it does not have only when none of its own is near. */
export function suggestionsFor(typed: string): string[] {
  const lower = typed.toLowerCase();
  const isNear = (name: string): boolean =>
    distance(lower, name) <= 2 || name.startsWith(lower) || (meant[lower]?.includes(name) ?? false);
  const near = rootCommandNames.filter(isNear);
  const upstream = near.filter((name) => !ownCommandNames.includes(name));
  return upstream.length > 0 ? upstream : near;
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

/** Two neighbours changed places: the commonest slip of all. */
function swapped(a: string, b: string): boolean {
  const at = [...a].findIndex((c, i) => c !== b[i]);
  return (
    a.length === b.length &&
    at >= 0 &&
    a[at] === b[at + 1] &&
    a[at + 1] === b[at] &&
    a.slice(at + 2) === b.slice(at + 2)
  );
}

/** The name that was most likely meant; undefined when none is near. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  const lower = typed.toLowerCase();
  const most = Math.max(1, Math.min(3, Math.floor(lower.length / 3)));
  let best: string | undefined;
  let bestDistance = most + 1;
  for (const name of names) {
    if (Math.abs(name.length - lower.length) >= bestDistance) continue;
    const far = swapped(lower, name.toLowerCase()) ? 1 : distance(lower, name.toLowerCase());
    if (far < bestDistance) [best, bestDistance] = [name, far];
  }
  return best ?? (lower.length >= 3 ? names.find((name) => name.toLowerCase().startsWith(lower)) : undefined);
}
