// The folders of pods on this machine: D/nodes/<node>/pods/<uid>/, with volumes/<plugin>/<name>, containers/<name>
// and the files that appear in every container. Upstream's layout under /var/lib/kubelet.
import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unmountBelow } from './mounts.ts';
import { DOOMED, removeFolder } from './remove-folder.ts';

export class PodDirectories {
  constructor(readonly root: string) {}

  pod(uid: string): string {
    return join(this.root, 'pods', uid);
  }

  volume(uid: string, plugin: string, name: string): string {
    return join(this.pod(uid), 'volumes', `kubernetes.io~${plugin}`, name);
  }

  /** A file beside the volumes, replaced only when its text changes, in place: containers hold it by inode. */
  async writeFile(uid: string, name: string, text: string): Promise<string> {
    const path = join(this.pod(uid), name);
    if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return path;
    await mkdir(this.pod(uid), { recursive: true, mode: 0o750 });
    await writeFile(path, text, { mode: 0o644 });
    return path;
  }

  /** An empty file that anybody in the container may write its last words to. */
  async terminationLog(uid: string, container: string, attempt: number): Promise<string> {
    const folder = join(this.pod(uid), 'containers', container);
    await mkdir(folder, { recursive: true, mode: 0o750 });
    const path = join(folder, `termination-log-${attempt}`);
    await writeFile(path, '');
    await chmod(path, 0o666);
    return path;
  }

  /** Pods that have a folder here. */
  async list(): Promise<string[]> {
    const names = await readdir(join(this.root, 'pods')).catch(() => [] as string[]);
    return names.filter((name) => !name.endsWith(DOOMED));
  }

  /** Unmounts and removes; idempotent. */
  async remove(uid: string): Promise<void> {
    const folder = this.pod(uid);
    await unmountBelow(folder);
    await removeFolder(folder);
  }
}

/** The end of a file, as text: termination messages are cut to what the API takes. */
export async function readTail(path: string, maxBytes: number): Promise<string> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  return bytes.subarray(Math.max(0, bytes.length - maxBytes)).toString('utf8');
}
