// The lines at the foot of the terminal in which progress is seen: listr2 draws them, and what is printed meanwhile
// goes above. Only whoever holds a terminal opens one, and one at a time.
import type { Writable } from 'node:stream';
import { DefaultRenderer, Listr, ListrDefaultRendererLogLevels, ListrLogger, ProcessOutput } from 'listr2';
import type { Io } from '../io.ts';
import { isColoured } from '../print/style.ts';
import type { ProgressView } from './progress.ts';

const TICK_MS = 100;
const MOST_ROWS = 10;
/** Lines of the terminal that stay for what was printed. */
const SPARE_LINES = 4;
/** What a row begins with. */
const ROW = '  ›';

type Write = (chunk: Uint8Array | string, ...rest: unknown[]) => boolean;

/** Shows what `view` answers until the function that is returned is called. */
export function openBoard(io: Io, view: () => ProgressView): () => void {
  const foot = new Foot(io);
  let finish!: () => void;
  const over = new Promise<void>((resolve) => (finish = resolve));
  const rows = Math.max(1, Math.min(MOST_ROWS, (foot.rows ?? 24) - SPARE_LINES));
  const task = {
    title: view().title,
    task: async (_: unknown, handle: { title: string; output: string }): Promise<void> => {
      const look = (): void => {
        const now = view();
        handle.title = now.title;
        handle.output = shortened(now.rows ?? [], rows);
      };
      look();
      const timer = setInterval(look, TICK_MS);
      await over;
      clearInterval(timer);
    },
  };
  const logger = new ListrLogger({ processOutput: new FootOutput(foot) });
  const icon = { [ListrDefaultRendererLogLevels.OUTPUT]: ROW };
  const rendererOptions = { logger, icon, clearOutput: true, formatOutput: 'truncate' as const, indentation: 0 };
  // Signals are for the command itself, and for the foot.
  const list = new Listr([task], { renderer: OurRenderer, rendererOptions, registerSignalListeners: false });
  void list.run();
  return () => {
    foot.close();
    finish();
  };
}

const shortened = (rows: readonly string[], most: number): string => {
  const shown = rows.length > most ? [...rows.slice(0, most - 1), `and ${rows.length - most + 1} more`] : rows;
  return shown.join(`\n${ROW} `);
};

/** listr2 looks at process.stdout, which may be a file; whether there is a terminal was asked before. */
class OurRenderer extends DefaultRenderer {
  static override nonTTY = true;
}

/** listr2 would keep back what others print, to show it at the end. */
class FootOutput extends ProcessOutput {
  private readonly foot: Foot;
  constructor(foot: Foot) {
    super();
    this.foot = foot;
  }
  override get stdout(): NodeJS.WriteStream {
    return this.foot as unknown as NodeJS.WriteStream;
  }
  override hijack(): void {}
  override release(): void {}
}

/**
 * The stream that listr2 draws on. Each of its frames is the removal of the one before and new lines; what is on the
 * terminal is remembered, so that it can be taken away while something else is printed:
 *
 *     ⠋ applying 3 of 40          configmap/c created
 *                         becomes ⠋ applying 4 of 40
 */
class Foot {
  private readonly io: Io;
  private readonly restores: (() => void)[] = [];
  private readonly raw: Write;
  private readonly plain: boolean;
  /** What listr2 drew last. */
  private frame = '';
  private visible = false;
  /** The line above was not ended yet. */
  private broken = false;
  private closed = false;

  constructor(io: Io) {
    this.io = io;
    this.plain = !isColoured(io, 'stderr');
    this.raw = this.above(io.stderr);
    if (io.stdout.isTTY && io.stdout !== io.stderr) this.above(io.stdout);
    this.listen();
  }

  get isTTY(): boolean {
    return true;
  }
  get columns(): number | undefined {
    return (this.io.stderr as { columns?: number }).columns ?? this.io.stdout.columns;
  }
  get rows(): number | undefined {
    return (this.io.stderr as { rows?: number }).rows ?? this.io.stdout.rows;
  }

  /** From listr2. */
  write(text: string): boolean {
    if (this.closed) return true;
    const frame = text.replace(/^(?:\u001b\[2K|\u001b\[1A|\u001b\[G)+/, '');
    this.hide();
    this.frame = this.plain ? frame.replaceAll(/\u001b\[[\d;]*m/g, '') : frame;
    this.show();
    return true;
  }

  close(leave = false): void {
    if (this.closed) return;
    if (!leave) this.hide();
    this.closed = true;
    this.raw(SHOW_CURSOR);
    for (const restore of this.restores) restore();
  }

  private hide(): void {
    if (!this.visible) return;
    this.visible = false;
    this.raw(`\u001b[${this.frame.split('\n').length - 1}A\r\u001b[J`);
  }

  private show(): void {
    if (this.frame === '' || this.broken) return;
    this.visible = true;
    this.raw(this.frame);
  }

  /** Puts between the lines what is printed on a stream; answers how to write on it past this. */
  private above(stream: Writable): Write {
    const own = Object.getOwnPropertyDescriptor(stream, 'write');
    const raw = stream.write.bind(stream) as Write;
    const write: Write = (chunk, ...rest) => {
      // The cursor is hidden and shown by writes of their own.
      if (this.closed || chunk === SHOW_CURSOR || chunk === HIDE_CURSOR) return raw(chunk, ...rest);
      this.hide();
      const wrote = raw(chunk, ...rest);
      if (chunk.length > 0) this.broken = chunk.at(-1) !== (typeof chunk === 'string' ? '\n' : 0x0a);
      this.show();
      return wrote;
    };
    stream.write = write as Writable['write'];
    this.restores.push(() => {
      if (own) Object.defineProperty(stream, 'write', own);
      else delete (stream as { write?: unknown }).write;
    });
    return raw;
  }

  /** Whoever ends the command by a signal sees where it was; a stopped one leaves the terminal as it found it. */
  private listen(): void {
    const leave = (): void => this.close(true);
    const stop = (): void => {
      this.hide();
      this.raw(SHOW_CURSOR);
      process.kill(process.pid, 'SIGSTOP');
    };
    const handlers = [...ENDING.map((name) => [name, leave] as const), ['SIGTSTP', stop] as const];
    for (const [name, handler] of handlers) {
      // Where nobody listens the system ends the process, which a listener of this one would prevent.
      if (name !== 'SIGTSTP' && process.listenerCount(name) === 0) continue;
      process.prependListener(name, handler);
      this.restores.push(() => process.off(name, handler));
    }
    process.once('exit', leave);
    this.restores.push(() => process.off('exit', leave));
  }
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const SHOW_CURSOR = '\u001b[?25h';
const HIDE_CURSOR = '\u001b[?25l';
