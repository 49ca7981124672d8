// tmpfs mounts on this machine, through mount(8) and umount(8), and the kernel's list of what is mounted.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Mount points, as /proc/self/mountinfo lists them (octal escapes decoded). */
export async function mountPoints(): Promise<string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8');
  return text
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path !== '')
    .map((path) => path.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))));
}

/** Mounts a tmpfs unless one is there already. */
export async function mountTmpfs(path: string, sizeBytes: number | undefined): Promise<void> {
  if ((await mountPoints()).includes(path)) return;
  const options = sizeBytes === undefined ? [] : ['-o', `size=${sizeBytes}`];
  await run('mount', ['-t', 'tmpfs', ...options, 'tmpfs', path]);
}

/** Mount points at or below a folder, the deepest first. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const inside = (await mountPoints()).filter((path) => path === folder || path.startsWith(`${folder}/`));
  return inside.sort((a, b) => b.length - a.length);
}

/** Unmounts everything at or below a folder, the deepest first. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const path of await mountsBelow(folder)) await run('umount', [path]);
}

/** The same for a folder that somebody may still have open; what cannot be unmounted stays. */
export async function detachBelow(folder: string, except = (_path: string): boolean => false): Promise<void> {
  for (const path of await mountsBelow(folder)) {
    if (!except(path)) await run('umount', ['-l', path]).catch(() => undefined);
  }
}
