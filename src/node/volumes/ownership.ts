// fsGroup: a volume's files belong to a group, which may do what their owner may. Upstream:
// pkg/volume/volume_linux.go (SetVolumeOwnership, changeFilePermission).
import { chmod, chown, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** `onRootMismatch` skips the walk when the volume's own folder is already right. */
export async function setGroup(path: string, gid: number, onRootMismatch: boolean): Promise<void> {
  const root = await lstat(path);
  const right = root.gid === gid && (root.mode & 0o2070) === 0o2070;
  if (onRootMismatch && right) return;
  await setOne(path, gid);
}

async function setOne(path: string, gid: number): Promise<void> {
  const stat = await lstat(path);
  if (stat.isSymbolicLink()) {
    await lchown(path, stat.uid, gid);
    return;
  }
  await chown(path, stat.uid, gid);
  if (!stat.isDirectory()) {
    await chmod(path, (stat.mode & 0o7777) | 0o660);
    return;
  }
  await chmod(path, (stat.mode & 0o7777) | 0o2770);
  for (const entry of await readdir(path)) await setOne(join(path, entry), gid);
}
