// Aligned columns as kubectl's tables have them: cells three spaces apart, at least six wide, the last one not padded,
// widths remembered from one flush to the next. Upstream: liggitt/tabwriter with RememberWidths.

const MIN_WIDTH = 6;
const PADDING = 3;

/** How wide a text is in code points, as Go counts it. */
function widthOf(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return [...text].length;
  return text.length;
}

export class Columns {
  private rows: string[][] = [];
  private widths: number[] = [];
  /** Changes how a cell looks, not how wide it is. */
  private readonly style?: (cell: string, column: number) => string;

  constructor(style?: (cell: string, column: number) => string) {
    this.style = style;
  }

  add(cells: string[]): void {
    this.rows.push(cells);
  }

  /** The rows since the last flush as lines. */
  flush(): string {
    const widths = this.widths;
    for (const row of this.rows) {
      for (let i = 0; i < row.length - 1; i++) {
        const width = widthOf(row[i]!) + PADDING;
        if (width > (widths[i] ?? MIN_WIDTH)) widths[i] = width;
        else widths[i] ??= MIN_WIDTH;
      }
    }
    const lines: string[] = [];
    for (const row of this.rows) {
      let line = '';
      for (let i = 0; i < row.length; i++) {
        const cell = row[i]!;
        const shown = this.style ? this.style(cell, i) : cell;
        line += i < row.length - 1 ? shown + ' '.repeat(widths[i]! - widthOf(cell)) : shown;
      }
      lines.push(line);
    }
    this.rows = [];
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }

  /** Starts a table of other columns. */
  forget(): void {
    this.widths = [];
  }
}

/** Escape sequences must not reach the terminal. Upstream: printers.EscapeTerminal. */
export function escapeTerminal(text: string): string {
  return text.replaceAll('\u001b', '^[').replaceAll('\r', '\\r');
}
