// Go's text/tabwriter for describe's nested layouts: a column is a block of consecutive lines that have a cell ended
// by a tab there, and each block has its own width. Text in, text out; nothing is streamed.
// Example (padding 2): `a\tb\nlong\tc\n` is `a     b\nlong  c\n`.

export interface TabOptions {
  minWidth?: number;
  padding?: number;
}

/** Formats lines whose cells end in tabs; what stands after the last tab is not padded. */
export function tabulate(text: string, options: TabOptions = {}): string {
  const { minWidth = 0, padding = 2 } = options;
  const lines = text.split('\n').map((line) => line.split('\t'));
  const widths: number[][] = lines.map(() => []);
  block(lines, widths, 0, lines.length, 0, minWidth, padding);
  return lines
    .map((cells, l) =>
      cells
        .map((cell, c) => (c < cells.length - 1 ? cell + ' '.repeat(widths[l]![c]! - lengthOf(cell)) : cell))
        .join(''),
    )
    .join('\n');
}

const lengthOf = (text: string): number => [...text].length;

/** Gives every run of lines with a tab after cell `column` one width, then looks at the next column inside the run. */
function block(
  lines: readonly string[][],
  widths: number[][],
  from: number,
  to: number,
  column: number,
  minWidth: number,
  padding: number,
): void {
  let line = from;
  while (line < to) {
    if (lines[line]!.length - 1 <= column) {
      line++;
      continue;
    }
    let end = line;
    let width = minWidth;
    while (end < to && lines[end]!.length - 1 > column) {
      width = Math.max(width, lengthOf(lines[end]![column]!) + padding);
      end++;
    }
    for (let i = line; i < end; i++) widths[i]![column] = width;
    block(lines, widths, line, end, column + 1, minWidth, padding);
    line = end;
  }
}
