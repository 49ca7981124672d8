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
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as tar from 'tar-stream';

/** An archive of a file or folder whose entries are called `name`. */
export function packPath(source: string, name: string): Readable {
  const pack = tar.pack();
  void addPath(pack, source, name).then(
    () => pack.finalize(),
    (error: Error) => pack.destroy(error),
  );
  return pack as unknown as Readable;
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

/**
 * Writes an archive's files. Entries begin with `prefix` (the remote path); what would land outside of the destination
 * is left out with a word about it, links too.
 */
export async function unpackTo(
  archive: Readable,
  prefix: string,
  target: string,
  warn: (text: string) => void,
): Promise<void> {
  const remote = prefix.replace(/^\/+/, '').replace(/\/+$/, '');
  const isFolder = existsSync(target) && statSync(target).isDirectory();
  const destination = isFolder ? join(target, basename(remote)) : target;
  const extract = tar.extract();
  archive.pipe(extract);
  archive.on('error', (error) => extract.destroy(error));
  for await (const entry of extract) {
    const { name, type, mode } = entry.header;
    const below = relative(remote, name.replace(/^\/+/, ''));
    const path = below === '' ? destination : resolve(destination, below);
    if (path !== destination && !path.startsWith(destination + sep)) {
      warn(`warning: file ${JSON.stringify(name)} is outside target destination, skipping\n`);
    } else if (type === 'directory') mkdirSync(path, { recursive: true });
    else if (type === 'file') {
      mkdirSync(dirname(path), { recursive: true });
      await pipeline(entry, createWriteStream(path, { mode: mode === undefined ? 0o644 : mode & 0o777 }));
      continue;
    } else if (type === 'symlink') {
      warn(`warning: skipping symlink: ${JSON.stringify(path)} -> ${JSON.stringify(entry.header.linkname)}\n`);
    }
    entry.resume();
  }
}
