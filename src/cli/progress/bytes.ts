// The progress of bytes that are copied: how many, how fast, how many are left.
import { pipeline, type Readable, Transform } from 'node:stream';
import { humanDuration } from '../../api/duration.ts';
import { bar, byteSize, type ProgressView } from './progress.ts';

/** The rate is that of the last moments. */
const WINDOW_MS = 5000;

export class ByteProgress {
  private readonly what: string;
  private readonly nowMs: () => number;
  /** Of all, where that is known. */
  private total = 0;
  private done = 0;
  /** Bytes that were there before this copy. */
  private before = 0;
  private readonly marks: { atMs: number; done: number }[] = [];

  constructor(what: string, nowMs: () => number) {
    this.what = what;
    this.nowMs = nowMs;
    this.marks.push({ atMs: nowMs(), done: 0 });
  }

  expect(total: number): void {
    this.total = total;
  }

  /** A copy that goes on, or begins anew, with so many bytes behind it. */
  from(bytes: number): void {
    this.before = bytes;
    this.done = 0;
    this.marks.splice(0, this.marks.length, { atMs: this.nowMs(), done: 0 });
  }

  /** Counts what goes through it. */
  counter(): Transform {
    return new Transform({
      transform: (chunk: Uint8Array, _encoding, next) => {
        this.done += chunk.length;
        next(null, chunk);
      },
    });
  }

  /** The same bytes, counted. */
  through(source: Readable): Readable {
    const counter = this.counter();
    // What fails before it fails here, too, for who reads.
    pipeline(source, counter, () => undefined);
    return counter;
  }

  view(): ProgressView {
    const perSecond = this.rate();
    const copied = this.before + this.done;
    if (this.total === 0) return { title: `${this.what}: ${byteSize(copied)}, ${byteSize(perSecond)} a second` };
    // A tar archive holds more than the files.
    const whole = Math.max(this.total, copied);
    const left = perSecond > 0 ? `, ${humanDuration(((whole - copied) / perSecond) * 1000)} left` : '';
    const share = Math.floor((copied / whole) * 100);
    const amount = `${byteSize(copied)} of ${byteSize(whole)}, ${byteSize(perSecond)} a second${left}`;
    return { title: this.what, rows: [`${bar(share, 100).replace(/ \d+\/100$/, '')} ${share}% ${amount}`] };
  }

  private rate(): number {
    const atMs = this.nowMs();
    this.marks.push({ atMs, done: this.done });
    while (this.marks.length > 2 && this.marks[0]!.atMs < atMs - WINDOW_MS) this.marks.shift();
    const first = this.marks[0]!;
    return Math.round((this.done - first.done) / Math.max(0.1, (atMs - first.atMs) / 1000));
  }
}
