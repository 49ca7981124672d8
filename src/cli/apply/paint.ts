// The colours of what `apply` and `undo` did: one sees at once what is new, what is other, and what went.
import type { Paint } from '../print/style.ts';

/** Paints a line of text by the operation, or by the sign of a field's change, that it tells of. */
export function paintOperation({ good, waiting, bad, dim }: Paint, operation: string, text: string): string {
  const paints: Record<string, (text: string) => string> = {
    created: good,
    recreated: good,
    '+': good,
    configured: waiting,
    restored: waiting,
    '~': waiting,
    unchanged: dim,
    pruned: bad,
    deleted: bad,
    '-': bad,
  };
  const paint = paints[operation];
  return paint ? `${paint(text.trimEnd())}\n` : text;
}

/** Paints a line of a difference by its sign. */
export const paintChange = (paint: Paint, line: string): string => paintOperation(paint, line.slice(2, 3), line);
