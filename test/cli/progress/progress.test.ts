// Progress at a terminal: when it is shown, and that what is printed meanwhile stands above it and is as without it.
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Io } from '../../../src/cli/io.ts';
import { ByteProgress } from '../../../src/cli/progress/bytes.ts';
import { openBoard } from '../../../src/cli/progress/board.ts';
import { bar, byteSize, rate, showsProgress } from '../../../src/cli/progress/progress.ts';
import { eventually } from '../../support/cli.ts';
import { Screen } from './screen.ts';

interface Fake extends Io {
  screen: Screen;
  /** All that went to standard output. */
  printed(): string;
}

function fakeIo({ env = {}, stdoutIsTTY = true, rows = 24 }: Partial<FakeOptions> = {}): Fake {
  const screen = new Screen();
  let printed = '';
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
    if (stdoutIsTTY) screen.write(chunk.toString());
  });
  stderr.on('data', (chunk: Buffer) => screen.write(chunk.toString()));
  const io: Io = {
    stdin: Readable.from([]) as Io['stdin'],
    stdout: Object.assign(stdout, stdoutIsTTY ? { isTTY: true, columns: 80, rows } : {}),
    stderr: Object.assign(stderr, { isTTY: true, rows }),
    env,
    cwd: '/',
    nowMs: () => Date.now(),
  };
  return Object.assign(io, { screen, printed: () => printed });
}
interface FakeOptions {
  env: Record<string, string>;
  stdoutIsTTY: boolean;
  rows: number;
}

describe('progress is shown', () => {
  it('at a terminal, and nowhere else', () => {
    expect(showsProgress(fakeIo())).toBe(true);
    expect(showsProgress(fakeIo({ env: { NO_COLOR: '1' } }))).toBe(true);
    expect(showsProgress(fakeIo({ env: { CI: 'true' } }))).toBe(false);
    expect(showsProgress(fakeIo({ env: { TERM: 'dumb' } }))).toBe(false);
    expect(showsProgress(fakeIo({ stdoutIsTTY: false }))).toBe(false);
    const sizeless = fakeIo();
    sizeless.stdout.columns = 0;
    expect(showsProgress(sizeless)).toBe(false);
    const plain = fakeIo();
    plain.stderr.isTTY = false;
    expect(showsProgress(plain)).toBe(false);
  });
});

describe('the board', () => {
  it('stays below what is printed, and leaves nothing behind', async () => {
    const io = fakeIo();
    let title = 'applying 1 of 2';
    const close = openBoard(io, () => ({ title, rows: ['configmap/a', 'failed: no'] }));
    await eventually(() => io.screen.text().includes('applying 1 of 2'));
    io.stdout.write('configmap/a created\n');
    title = 'applying 2 of 2';
    await eventually(() => io.screen.text().includes('applying 2 of 2'));
    io.stderr.write('Warning: old\n');
    const lines = io.screen.text().split('\n');
    expect(lines.slice(0, 2)).toEqual(['configmap/a created', 'Warning: old']);
    expect(lines[2]).toMatch(/^\S+ applying 2 of 2$/);
    expect(lines.slice(3)).toEqual(['  › configmap/a', '  › failed: no']);
    close();
    expect(io.screen.text()).toBe('configmap/a created\nWarning: old');
    io.stdout.write('configmap/b created\n');
    expect(io.printed()).toBe('configmap/a created\nconfigmap/b created\n');
    expect(Object.hasOwn(io.stdout, 'write')).toBe(false);
  });
  it('waits for the end of a line that was begun', async () => {
    const io = fakeIo();
    const close = openBoard(io, () => ({ title: 'working' }));
    await eventually(() => io.screen.text().includes('working'));
    io.stdout.write('Continue? ');
    expect(io.screen.text()).toBe('Continue? ');
    io.stdout.write('yes\n');
    expect(io.screen.text()).toMatch(/^Continue\? yes\n\S+ working$/);
    close();
    expect(io.screen.text()).toBe('Continue? yes');
  });
  it('counts the rows for which there is no room, and cuts long ones', async () => {
    const io = fakeIo({ rows: 8 });
    const rows = Array.from({ length: 30 }, (_, i) => `row ${i} ${'x'.repeat(200)}`);
    const close = openBoard(io, () => ({ title: 'many', rows }));
    await eventually(() => io.screen.text().includes('row 0'));
    const lines = io.screen.text().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines.at(-1)).toBe('  › and 27 more');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    close();
  });
  it('has no colour where that is not wanted', async () => {
    const drawn = async (env: Record<string, string>): Promise<string> => {
      const io = fakeIo({ env });
      const close = openBoard(io, () => ({ title: 'working' }));
      await eventually(() => io.screen.text().includes('working'));
      close();
      return io.screen.raw;
    };
    expect(await drawn({ NO_COLOR: '1' })).not.toMatch(/\u001b\[\d+m/);
  });
});

describe('what is counted', () => {
  it('has a bar, sizes and rates', () => {
    expect(bar(1, 4, 4)).toBe('█░░░ 1/4');
    expect(bar(5, 4, 4)).toBe('████ 5/4');
    expect(bar(0, 0, 4)).toBe('████ 0/0');
    expect([0, 1023, 1024, 1_500_000].map(byteSize)).toEqual(['0 B', '1023 B', '1.0 KiB', '1.4 MiB']);
    expect([rate(3, 0, 2000), rate(300, 0, 2000)]).toEqual([1.5, 150]);
  });
  it('of bytes knows how many are left', async () => {
    let now = 0;
    const progress = new ByteProgress('copying a', () => now);
    const counter = progress.counter();
    counter.resume();
    counter.write(Buffer.alloc(1024));
    await eventually(() => progress.view().title.includes('1.0 KiB'));
    now = 2000;
    progress.expect(4096);
    expect(progress.view().rows).toEqual(['█████░░░░░░░░░░░░░░░ 25% 1.0 KiB of 4.0 KiB, 512 B a second, 6s left']);
  });
});
