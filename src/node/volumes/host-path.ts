// hostPath volumes: what the type demands of the path. Upstream: pkg/volume/hostpath/host_path.go.
import { mkdir, open, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';

const CHECKS: Record<string, [(stat: Stats) => boolean, string]> = {
  Directory: [(s) => s.isDirectory(), 'a directory'],
  DirectoryOrCreate: [(s) => s.isDirectory(), 'a directory'],
  File: [(s) => s.isFile(), 'a file'],
  FileOrCreate: [(s) => s.isFile(), 'a file'],
  Socket: [(s) => s.isSocket(), 'a socket file'],
  CharDevice: [(s) => s.isCharacterDevice(), 'a character device'],
  BlockDevice: [(s) => s.isBlockDevice(), 'a block device'],
};

/** Makes what may be made, then checks. Without a type, a missing path becomes a folder, as Docker has always done. */
export async function prepareHostPath(path: string, type: string | undefined): Promise<void> {
  let found = await stat(path).catch(() => undefined);
  if (!found && (!type || type === 'DirectoryOrCreate')) {
    await mkdir(path, { recursive: true, mode: 0o755 });
    found = await stat(path);
  }
  if (!found && type === 'FileOrCreate') {
    await (await open(path, 'a', 0o644)).close();
    found = await stat(path);
  }
  if (!type) return;
  const check = CHECKS[type];
  if (!check) throw new Error(`${type} is an invalid volume type`);
  if (!found || !check[0](found)) throw new Error(`hostPath type check failed: ${path} is not ${check[1]}`);
}
