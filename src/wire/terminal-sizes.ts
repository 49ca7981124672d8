// Terminal sizes on their way: a queue of which only the newest counts, and the JSON form of the resize stream.
import type { TerminalSize } from './streams.ts';

export class TerminalSizes implements AsyncIterable<TerminalSize> {
  #latest: TerminalSize | undefined;
  #ended = false;
  #wake: (() => void) | undefined;
  #text = '';

  push(size: TerminalSize): void {
    this.#latest = size;
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** JSON objects, `{"Width":80,"Height":24}`, one after the other, cut anywhere. */
  pushJson(chunk: Uint8Array): void {
    this.#text += Buffer.from(chunk).toString();
    for (let end = this.#text.indexOf('}'); end >= 0; end = this.#text.indexOf('}')) {
      const size = parseSize(this.#text.slice(0, end + 1));
      this.#text = this.#text.slice(end + 1);
      if (size) this.push(size);
    }
    // No size is as long as this: it is not the protocol.
    if (this.#text.length > 1024) this.#text = '';
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TerminalSize> {
    for (;;) {
      const latest = this.#latest;
      this.#latest = undefined;
      if (latest) yield latest;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** Go's decoder does not mind the case of names. */
function parseSize(text: string): TerminalSize | undefined {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const field = (name: string) => Number(value[name] ?? value[name.toLowerCase()]);
    const [width, height] = [field('Width'), field('Height')];
    return width > 0 && height > 0 ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}

export const sizeJson = ({ width, height }: TerminalSize): Buffer =>
  Buffer.from(`${JSON.stringify({ Width: width, Height: height })}\n`);
