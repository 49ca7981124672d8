// Marks what is abnormal in the pages of `describe`, and added and removed lines of a `diff`. Pure: text in, text out.
import type { Paint } from './style.ts';

/** Conditions that are bad when they are true. */
const badWhenTrue = /(?:Pressure|NetworkUnavailable|ReplicaFailure|DisruptionTarget|Stalled)$/;

/** A page of `describe`: columns stand two spaces or more apart. */
export function paintPage(text: string, style: (cell: string) => string, paint: Paint): string {
  return text
    .split('\n')
    .map((line) => paintLine(line, style, paint))
    .join('\n');
}

function paintLine(line: string, style: (cell: string) => string, paint: Paint): string {
  const label = /^\s*(\S+)\s/.exec(line)?.[1] ?? '';
  if (badWhenTrue.test(label)) return line.replace(/\bTrue\b/, (word) => paint.bad(word));
  return line
    .split(/(\s{2,})/)
    .map((part, i) => (i % 2 === 1 ? part : part.includes(': ') ? paintValue(part, style) : paintCell(part, style)))
    .join('');
}

/** What stands last in a line may be followed by one space. */
function paintCell(part: string, style: (cell: string) => string): string {
  const cell = part.trimEnd();
  return style(cell) + part.slice(cell.length);
}

/** `Label: value`, where the label left one space. */
function paintValue(part: string, style: (cell: string) => string): string {
  const at = part.indexOf(': ') + 2;
  return part.slice(0, at) + style(part.slice(at));
}

/** Unified diff: as `diff --color` does. */
export function paintDiff(text: string, paint: Paint): string {
  return text
    .split('\n')
    .map((line) => {
      if (/^(?:\+\+\+|---|diff) /.test(line)) return paint.strong(line);
      if (line.startsWith('@@')) return paint.nth(0, line);
      if (line.startsWith('+')) return paint.good(line);
      return line.startsWith('-') ? paint.bad(line) : line;
    })
    .join('\n');
}
