// Aligned columns as kubectl's tables have them: cells three spaces apart, at least six wide, the last one not padded,
// widths remembered from one flush to the next. Upstream: liggitt/tabwriter with RememberWidths.
// On a terminal a table that is too wide loses the ends of its longest cells (fit.ts), which kubectl's tables never do.
import { fitted, shortened } from './fit.ts';

const MIN_WIDTH = 6;
const PADDING = 3;

/** How wide a text is in code points, as Go counts it. */
function widthOf(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return [...text].length;
  return text.length;
}

/** Changes how a cell looks. `title` is what the first row has in its column. */
export type CellStyle = (cell: string, title?: string, row?: readonly string[]) => string;

export class Columns {
  private rows: string[][] = [];
  private widths: number[] = [];
  /** The first row since the columns changed. */
  private head?: readonly string[];
  /** Changes how a cell looks, not how wide it is. */
  private readonly style?: CellStyle;
  /** How many characters a line may have. */
  private readonly lineWidth?: number;

  constructor(style?: CellStyle, lineWidth?: number) {
    this.style = style;
    this.lineWidth = lineWidth;
  }

  add(cells: string[]): void {
    this.head ??= cells;
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
    const limits = this.limits();
    const lines: string[] = [];
    for (const row of this.rows) {
      let line = '';
      for (let i = 0; i < row.length; i++) {
        const cell = row[i]!;
        const fit = limits ? shortened(cell, limits[i]!) : cell;
        const shown = this.style ? this.style(cell, this.head?.[i], row).replace(cell, () => fit) : fit;
        const width = limits ? limits[i]! + PADDING : widths[i]!;
        line += i < row.length - 1 ? shown + ' '.repeat(width - widthOf(fit)) : shown;
      }
      lines.push(line);
    }
    this.rows = [];
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }

  /** The most characters that each column may show; undefined when everything has room. */
  private limits(): number[] | undefined {
    if (this.lineWidth === undefined || !this.head) return undefined;
    const last = this.rows.reduce((most, row) => Math.max(most, widthOf(row.at(-1) ?? '')), 0);
    const wanted = [...this.widths.map((w) => w - PADDING), last];
    return fitted(wanted, this.head, this.lineWidth - PADDING * this.widths.length);
  }

  /** Starts a table of other columns. */
  forget(): void {
    this.widths = [];
    this.head = undefined;
  }
}

/** Escape sequences must not reach the terminal. Upstream: printers.EscapeTerminal. */
export function escapeTerminal(text: string): string {
  return text.replaceAll('\u001b', '^[').replaceAll('\r', '\\r');
}
