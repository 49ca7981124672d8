// Sub-paths of volumes: made when missing, and never outside of the volume, whatever links lie on the way. A container
// that swaps a folder for a link between this check and Docker's mount is not defended against: upstream holds
// file descriptors open for that (pkg/volume/util/subpath), which Docker's API has no place for.
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, sep } from 'node:path';

/** The real path of `subPath` inside `volume`. */
export async function resolveSubPath(volume: string, subPath: string): Promise<string> {
  if (isAbsolute(subPath) || subPath.split('/').includes('..')) {
    throw new Error(`subPath ${JSON.stringify(subPath)} must be a relative path inside of the volume`);
  }
  const root = await realpath(volume);
  const wanted = join(root, subPath);
  let existing = wanted;
  while (!(await lstat(existing).catch(() => undefined))) existing = dirname(existing);
  await mustBeInside(root, existing, subPath);
  if (existing !== wanted) await mkdir(wanted, { recursive: true, mode: 0o750 });
  return mustBeInside(root, wanted, subPath);
}

async function mustBeInside(root: string, path: string, subPath: string): Promise<string> {
  const real = await realpath(path);
  if (real !== root && !real.startsWith(root + sep)) {
    throw new Error(`subPath ${JSON.stringify(subPath)} leads out of the volume`);
  }
  return real;
}
