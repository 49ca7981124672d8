// Sub-paths of volumes: made when missing, and never outside of the volume, whatever links lie on the way. A container
// that swaps a folder for a link between this check and Docker's mount is not defended against: upstream holds
// file descriptors open for that (pkg/volume/util/subpath), which Docker's API has no place for. Messages as upstream's
// (kubelet_pods.go makeMounts): they say nothing of what lies on the node's disk.
import { chmod, lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, sep } from 'node:path';

/** The real path of `subPath` inside `volume`; `user` names the mount in messages. */
export async function resolveSubPath(volume: string, subPath: string, user: string): Promise<string> {
  if (isAbsolute(subPath)) throw new Error(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split('/').includes('..')) {
    throw new Error(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
  }
  const root = await realpath(volume);
  const wanted = join(root, subPath);
  if (!(await stat(wanted).catch(() => undefined))) {
    await make(root, wanted).catch(() => {
      throw new Error(`failed to create subPath directory for ${user}`);
    });
  }
  return inside(root, wanted).catch(() => {
    throw new Error(`failed to prepare subPath for ${user}`);
  });
}

/** What is made has the volume's mode, set-group bit included, so that whoever may write there may write here. */
async function make(root: string, wanted: string): Promise<void> {
  let existing = wanted;
  while (!(await lstat(existing).catch(() => undefined))) existing = dirname(existing);
  await inside(root, existing);
  const mode = (await stat(root)).mode & 0o7777;
  await mkdir(wanted, { recursive: true, mode });
  await chmod(wanted, mode);
}

async function inside(root: string, path: string): Promise<string> {
  const real = await realpath(path);
  if (real !== root && !real.startsWith(root + sep)) throw new Error('outside of the volume');
  return real;
}
