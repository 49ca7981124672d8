// The files of one commit, in memory: what `git archive` packed. Symbolic links inside of the tree are followed when
// reading; links that lead out of it are absent, like everything else that is not there.
import { createHash } from 'node:crypto';
import { posix } from 'node:path';

export interface FileTree {
  /** `main@sha1:<commit>` */
  revision: string;
  files: ReadonlyMap<string, Uint8Array>;
  sizeBytes: number;
  /** `sha256:…` of all paths and contents. */
  digest: string;
  /** First line of the commit's message. */
  subject: string;
  /** The patterns that took files out. */
  ignore?: string;
}

/** A file that is as it was keeps its bytes' identity: what was made of them can be found again. */
export function reuseUnchanged(
  files: ReadonlyMap<string, Uint8Array>,
  previous: ReadonlyMap<string, Uint8Array> | undefined,
): ReadonlyMap<string, Uint8Array> {
  if (!previous) return files;
  return new Map(
    [...files].map(([path, content]) => {
      const known = previous.get(path);
      return [path, known && Buffer.compare(known, content) === 0 ? known : content];
    }),
  );
}

export function digestOf(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha256');
  for (const path of [...files.keys()].sort()) {
    const content = files.get(path)!;
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return `sha256:${hash.digest('hex')}`;
}

export const MAX_TREE_BYTES = 256 * 1024 * 1024;

/** Puts links' targets in place of links; folders by their files. */
export function resolveLinks(
  files: ReadonlyMap<string, Uint8Array>,
  links: ReadonlyMap<string, string>,
): Map<string, Uint8Array> {
  const resolved = new Map(files);
  for (const [link, target] of links) {
    const path = posix.normalize(posix.join(posix.dirname(link), target));
    if (path.startsWith('..') || posix.isAbsolute(target)) continue;
    const file = files.get(path);
    if (file) resolved.set(link, file);
    else
      for (const [name, content] of files)
        if (name.startsWith(`${path}/`)) resolved.set(link + name.slice(path.length), content);
  }
  return resolved;
}
