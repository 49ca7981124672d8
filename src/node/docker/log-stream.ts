// Docker's multiplexed stream, decoded. A container without a terminal sends frames of
//   [stream: 1 byte (0 stdin, 1 stdout, 2 stderr)] [0 0 0] [length: 4 bytes, big endian] [payload]
// A container with a terminal sends its bytes as they are. No I/O here: chunks in, frames out.
import { Transform, type Writable } from 'node:stream';

export interface Frame {
  stream: 'stdout' | 'stderr';
  data: Buffer;
}

const HEADER_BYTES = 8;

/** Feeds on chunks however they are cut and answers the payload bytes that are complete so far. */
export class FrameDecoder {
  private header = Buffer.alloc(HEADER_BYTES);
  private headerFilled = 0;
  private remaining = 0;
  private stream: Frame['stream'] = 'stdout';

  /** Parts of one frame may come in several answers: payload is passed on, never collected. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let offset = 0;
    while (offset < chunk.length) {
      if (this.remaining === 0) {
        const take = Math.min(HEADER_BYTES - this.headerFilled, chunk.length - offset);
        chunk.copy(this.header, this.headerFilled, offset, offset + take);
        this.headerFilled += take;
        offset += take;
        if (this.headerFilled < HEADER_BYTES) break;
        this.headerFilled = 0;
        this.stream = this.header[0] === 2 ? 'stderr' : 'stdout';
        this.remaining = this.header.readUInt32BE(4);
        continue;
      }
      const take = Math.min(this.remaining, chunk.length - offset);
      frames.push({ stream: this.stream, data: chunk.subarray(offset, offset + take) });
      this.remaining -= take;
      offset += take;
    }
    return frames;
  }
}

/** A Transform that drops the frame headers and merges stdout and stderr in order. */
export function mergeFrames(): Transform {
  const decoder = new FrameDecoder();
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (const frame of decoder.push(chunk)) this.push(frame.data);
      done();
    },
  });
}

/** Pumps a multiplexed stream into two writables, waiting for slow ones; the writables are left open. */
export async function splitFrames(
  source: AsyncIterable<Buffer>,
  stdout: Writable | undefined,
  stderr: Writable | undefined,
): Promise<void> {
  const decoder = new FrameDecoder();
  for await (const chunk of source) {
    for (const frame of decoder.push(chunk)) {
      const target = frame.stream === 'stderr' ? stderr : stdout;
      if (target && !target.destroyed) await writeAll(target, frame.data);
    }
  }
}

/** Writes and waits for the drain; resolves too when the target goes away. */
export function writeAll(target: Writable, data: Uint8Array): Promise<void> {
  if (target.write(data)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      target.off('drain', done).off('close', done).off('error', done);
      resolve();
    };
    target.on('drain', done).on('close', done).on('error', done);
  });
}
