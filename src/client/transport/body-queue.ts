// The body of an answer between its connection and its reader. The connection is told to wait while much is unread.

/** As much as a few reads of a socket. */
const FULL_BYTES = 1 << 20;

export interface Source {
  pause(): void;
  resume(): void;
  /** The reader wants no more. */
  abandon(): void;
}

export class BodyQueue implements AsyncIterable<Uint8Array> {
  private readonly source: Source;
  private chunks: Uint8Array[] = [];
  private size = 0;
  private paused = false;
  private outcome?: { error?: Error };
  private waiting?: () => void;

  constructor(source: Source) {
    this.source = source;
  }

  push(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
    if (this.size >= FULL_BYTES && !this.paused) {
      this.paused = true;
      this.source.pause();
    }
    this.wake();
  }

  /** Without an error: that was all. Only the first call counts. */
  end(error?: Error): void {
    this.outcome ??= error ? { error } : {};
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let whole = false;
    try {
      for (;;) {
        const ready = this.chunks;
        this.chunks = [];
        this.size = 0;
        for (const chunk of ready) yield chunk;
        if (this.paused) {
          this.paused = false;
          this.source.resume();
        }
        if (this.chunks.length > 0) continue;
        if (this.outcome) break;
        await new Promise<void>((wake) => (this.waiting = wake));
      }
      whole = true;
      if (this.outcome.error) throw this.outcome.error;
    } finally {
      if (!whole) this.source.abandon();
    }
  }

  private wake(): void {
    const wake = this.waiting;
    this.waiting = undefined;
    wake?.();
  }
}
