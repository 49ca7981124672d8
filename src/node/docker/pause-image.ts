// The image of the sandbox container, made here so that no registry is needed: one file, /pause, which sleeps for
// ever and lets the kernel reap what is orphaned onto it (a shared process namespace makes it everybody's init).
// On x86-64 the file is a 160-byte ELF program written out below; elsewhere it is the machine's static busybox.
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import type { DockerClient } from './client.ts';

export const PAUSE_IMAGE = 'sampan/pause:1';
const BUSYBOX = '/bin/busybox';

/**
 * rt_sigaction(SIGCHLD, {SIG_IGN}); for (;;) pause();
 * Ignoring SIGCHLD makes the kernel reap children by itself, so that no wait loop is needed.
 */
function pauseProgram(): Buffer {
  const code = Buffer.from([
    ...[0xb8, 0x0d, 0x00, 0x00, 0x00], // mov eax, 13          rt_sigaction
    ...[0xbf, 0x11, 0x00, 0x00, 0x00], // mov edi, 17          SIGCHLD
    ...[0x48, 0x8d, 0x35, 0x13, 0x00, 0x00, 0x00], // lea rsi, [rip+19]    the action, behind the code
    ...[0x31, 0xd2], // xor edx, edx
    ...[0x41, 0xba, 0x08, 0x00, 0x00, 0x00], // mov r10d, 8          size of the signal mask
    ...[0x0f, 0x05], // syscall
    ...[0xb8, 0x22, 0x00, 0x00, 0x00], // mov eax, 34          pause
    ...[0x0f, 0x05], // syscall
    ...[0xeb, 0xf7], // jmp                  back to pause
  ]);
  const action = Buffer.alloc(32);
  action.writeUInt8(1, 0); // handler: SIG_IGN
  const base = 0x400000;
  const headerBytes = 64 + 56;
  const size = headerBytes + code.length + action.length;
  const elf = Buffer.alloc(headerBytes);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(elf);
  elf.writeUInt16LE(2, 16); // an executable
  elf.writeUInt16LE(62, 18); // for x86-64
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(BigInt(base + headerBytes), 24); // entry
  elf.writeBigUInt64LE(64n, 32); // program headers start here
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, 64); // load
  elf.writeUInt32LE(5, 68); // readable, executable
  elf.writeBigUInt64LE(BigInt(base), 80);
  elf.writeBigUInt64LE(BigInt(base), 88);
  elf.writeBigUInt64LE(BigInt(size), 96);
  elf.writeBigUInt64LE(BigInt(size), 104);
  elf.writeBigUInt64LE(4096n, 112);
  return Buffer.concat([elf, code, action]);
}

async function busybox(): Promise<Buffer> {
  try {
    return await readFile(BUSYBOX);
  } catch {
    throw new Error(
      `the pause image ${PAUSE_IMAGE} is not there and cannot be made: install a static busybox at ${BUSYBOX}, ` +
        `or pull an image of your own and tag it ${PAUSE_IMAGE}`,
    );
  }
}

/** Imports the image when Docker does not have it. */
export async function ensurePauseImage(docker: DockerClient): Promise<void> {
  if (await docker.inspectImage(PAUSE_IMAGE)) return;
  const own = process.arch === 'x64';
  const tar = pack();
  tar.entry({ name: 'pause', mode: 0o755 }, own ? pauseProgram() : await busybox());
  tar.finalize();
  const entrypoint = own ? ['/pause'] : ['/pause', 'sleep', '2147483647'];
  const [repository, tag] = PAUSE_IMAGE.split(':') as [string, string];
  await docker.importImage(Readable.from(tar), repository, tag, [`ENTRYPOINT ${JSON.stringify(entrypoint)}`]);
}
