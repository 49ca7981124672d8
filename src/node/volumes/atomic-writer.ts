// Writes a set of files so that readers see all of the old or all of the new. The layout is upstream's
// (pkg/volume/util/atomic_writer.go):
//
//   <volume>/..2026_11_21_00_00_00.123456/<files>   the payload
//   <volume>/..data -> ..2026_11_21_00_00_00.123456  swapped by rename, which is the one atomic step
//   <volume>/<name> -> ..data/<name>                 what the container opens
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface PayloadFile {
  data: Uint8Array;
  mode: number;
  /** Owner of the file; root when absent. */
  uid?: number;
}
/** Relative paths to files. */
export type Payload = ReadonlyMap<string, PayloadFile>;

const DATA = '..data';
const DATA_TEMPORARY = '..data_tmp';

/** True when the files changed. `gid` (fsGroup) becomes the group, which may then read. */
export async function writePayload(volume: string, payload: Payload, gid: number | undefined): Promise<boolean> {
  await mkdir(volume, { recursive: true });
  await chmod(volume, gid === undefined ? 0o777 : 0o2777);
  const oldTarget = await readlink(join(volume, DATA)).catch(() => undefined);
  if (oldTarget !== undefined && (await isCurrent(join(volume, oldTarget), payload, gid))) return false;

  const name = `..${stamp()}`;
  const folder = join(volume, name);
  await mkdir(folder, { mode: 0o755 });
  await chmod(folder, 0o755);
  for (const [path, file] of payload) await writeOne(join(folder, path), file, gid);

  await rm(join(volume, DATA_TEMPORARY), { force: true });
  await symlink(name, join(volume, DATA_TEMPORARY));
  await rename(join(volume, DATA_TEMPORARY), join(volume, DATA));

  const visible = new Set([...payload.keys()].map((path) => path.split('/')[0]!));
  for (const entry of visible) {
    const there = await lstat(join(volume, entry)).catch(() => undefined);
    if (!there) await symlink(join(DATA, entry), join(volume, entry));
  }
  for (const entry of await readdir(volume)) {
    if (entry === DATA || entry === name) continue;
    if (entry.startsWith('..') || !visible.has(entry)) await rm(join(volume, entry), { recursive: true, force: true });
  }
  return true;
}

async function writeOne(path: string, file: PayloadFile, gid: number | undefined): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, file.data);
  if (file.uid !== undefined || gid !== undefined) await chown(path, file.uid ?? process.getuid?.() ?? 0, gid ?? 0);
  await chmod(path, effectiveMode(file, gid));
}

const effectiveMode = (file: PayloadFile, gid: number | undefined): number =>
  gid === undefined ? file.mode : file.mode | 0o440;

async function isCurrent(folder: string, payload: Payload, gid: number | undefined): Promise<boolean> {
  const present = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (!present) return false;
  if (present.filter((entry) => entry.isFile()).length !== payload.size) return false;
  for (const [path, file] of payload) {
    const at = join(folder, path);
    const stat = await lstat(at).catch(() => undefined);
    if (
      !stat?.isFile() ||
      (stat.mode & 0o7777) !== effectiveMode(file, gid) ||
      stat.uid !== (file.uid ?? process.getuid?.() ?? 0)
    )
      return false;
    if (!(await readFile(at)).equals(file.data)) return false;
  }
  return true;
}

let last = 0;
/** Unique within the process, and readable. */
function stamp(): string {
  last = Math.max(Date.now(), last + 1);
  return new Date(last)
    .toISOString()
    .replaceAll(/[-:T]/g, '_')
    .replace('Z', `${process.pid % 1000}`);
}
