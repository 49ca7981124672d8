// The folders of host path volumes on this machine: D/nodes/<node>/volumes/<volume>_<namespace>_<claim>. They outlive
// pods, the daemon and `down`. Nothing outside of that one folder is ever made or removed.
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { folderIn } from '../../api/host-path.ts';
import { removeFolder } from './remove-folder.ts';

export class VolumeFolders {
  constructor(readonly root: string) {}

  private folder(path: string): string {
    const name = folderIn(this.root, path);
    if (name === undefined) throw new Error(`${path} is no volume of this node`);
    return join(this.root, name);
  }

  /** True for a path that this node keeps for a volume. */
  has(path: string): boolean {
    return folderIn(this.root, path) !== undefined;
  }

  /** Anybody may write to it: which user the containers run as is not known here. */
  async make(path: string): Promise<void> {
    const folder = this.folder(path);
    const made = await mkdir(folder, { recursive: true });
    if (made !== undefined) await chmod(folder, 0o777);
    if (!(await lstat(folder)).isDirectory()) throw new Error(`${path} is not a folder`);
  }

  /** Idempotent. */
  async remove(path: string): Promise<void> {
    await removeFolder(this.folder(path));
  }
}
