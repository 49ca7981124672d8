// The lines of a terminal after all that was written to it: new lines, the cursor up, deletion. No colours, no wrapping.
export class Screen {
  raw = '';

  write(text: string): void {
    this.raw += text;
  }

  text(): string {
    const lines = [''];
    let [row, column] = [0, 0];
    for (const [part, up] of this.raw.matchAll(/\u001b\[(\d*)A|\u001b\[[?\d;]*[A-Za-z]|[\s\S]/gu)) {
      if (up !== undefined) row = Math.max(0, row - Number(up || 1));
      else if (part === '\u001b[J') {
        lines[row] = lines[row]!.slice(0, column);
        lines.length = row + 1;
      } else if (part === '\n') {
        lines[++row] ??= '';
        column = 0;
      } else if (part === '\r') column = 0;
      else if (!part.startsWith('\u001b')) {
        lines[row] = lines[row]!.slice(0, column).padEnd(column) + part + lines[row]!.slice(column + 1);
        column++;
      }
    }
    return lines.join('\n').replace(/\n+$/, '');
  }
}
