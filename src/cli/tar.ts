// Tar archives of files here: packing a path under another name, unpacking below a folder and nowhere else.
import {
  createReadStream,
  createWriteStream,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as tar from 'tar-stream';

/** An archive of a file or folder whose entries are called `name`. */
export function packPath(source: string, name: string): Readable {
  const pack = tar.pack();
  void addPath(pack, source, name).then(
    () => pack.finalize(),
    (error: Error) => pack.destroy(error),
  );
  // The archive is no stream of node's own; exec wants one that can be taken off its pipe.
  const bytes = new PassThrough();
  pipeline(pack as unknown as Readable, bytes).catch(() => undefined);
  return bytes;
}

async function addPath(pack: tar.Pack, source: string, name: string): Promise<void> {
  const stat = lstatSync(source);
  const header = { name, mode: stat.mode & 0o7777, mtime: stat.mtime };
  if (stat.isSymbolicLink()) {
    pack.entry({ ...header, type: 'symlink', linkname: readlinkSync(source) });
  } else if (stat.isDirectory()) {
    pack.entry({ ...header, type: 'directory' });
    for (const entry of readdirSync(source).sort()) await addPath(pack, join(source, entry), `${name}/${entry}`);
  } else if (stat.isFile()) {
    await pipeline(createReadStream(source), pack.entry({ ...header, size: stat.size }));
  }
}

/** How much the files hold that `packPath` would pack. */
export function bytesBelow(source: string): number {
  const stat = lstatSync(source);
  if (!stat.isDirectory()) return stat.isFile() ? stat.size : 0;
  return readdirSync(source).reduce((sum, entry) => sum + bytesBelow(join(source, entry)), 0);
}

export interface UnpackOptions {
  /** The remote path that was packed; entries begin with it. */
  prefix: string;
  /** Where it goes, as the user wrote it. */
  target: string;
  cwd: string;
  /** What follows the first warning about a link. */
  advice: string;
  warn(text: string): void;
}

/**
 * Writes an archive's files below the target. What would land outside of it is left out with a word about it, links
 * too. A single file goes into a target that is a folder, where upstream fails.
 */
export async function unpackTo(archive: Readable, options: UnpackOptions): Promise<void> {
  const { target, cwd, warn } = options;
  const remote = options.prefix.replace(/^\/+/, '').replace(/\/+$/, '');
  const destination = resolve(cwd, target);
  const shown = (below: string): string => JSON.stringify(join(target, below));
  let { advice } = options;
  const extract = tar.extract();
  archive.pipe(extract);
  archive.on('error', (error) => extract.destroy(error));
  for await (const entry of extract) {
    const { name, type, mode, linkname } = entry.header;
    const below = relative(remote, name.replace(/^\/+/, ''));
    const path = fileInFolder(resolve(destination, below), type === 'file' && below === '', basename(remote));
    if (path !== destination && !path.startsWith(destination + sep)) {
      warn(`warning: file ${shown(below)} is outside target destination, skipping\n`);
    } else if (type === 'directory') mkdirSync(path, { recursive: true });
    else if (type === 'file') {
      mkdirSync(dirname(path), { recursive: true });
      await pipeline(entry, createWriteStream(path, { mode: mode === undefined ? 0o644 : mode & 0o777 }));
      continue;
    } else if (type === 'symlink') {
      warn(`warning: skipping symlink: ${shown(below)} -> ${JSON.stringify(linkname)}${advice}\n`);
      advice = '';
    }
    entry.resume();
  }
}

const fileInFolder = (path: string, alone: boolean, name: string): string =>
  alone && existsSync(path) && statSync(path).isDirectory() ? join(path, name) : path;
